"""Spans for the long run: Parquet files on disk or in an object store."""

from exporters.archive.exporter import Archive

__all__ = ["Archive"]
