"""Receivers: the ways into the collector."""
