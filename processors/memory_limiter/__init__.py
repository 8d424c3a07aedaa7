"""Refuses spans while the process uses too much memory."""

from processors.memory_limiter.limiter import MemoryLimiter

__all__ = ["MemoryLimiter"]
