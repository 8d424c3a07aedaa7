"""Processors: one module or package a component; they meet only through the collector."""
