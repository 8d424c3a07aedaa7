"""What a command lends a component that it runs outside of a collector."""

import logging
import sys

import structlog
from structlog.typing import FilteringBoundLogger

from collector.clock import SystemClock
from collector.component import Context
from collector.storage import Storage
from collector.telemetry.metrics import Metrics
from collector.telemetry.spans import SpanCounts


def lone_context(component_id: str) -> Context:
    """Memory, metrics that nobody reads, and warnings on standard error."""
    return Context(
        component_id=component_id,
        state_key=component_id,
        counts=SpanCounts(Metrics(), component_id),
        storage=Storage(),
        clock=SystemClock(),
        logger=_warnings(component_id),
    )


def _warnings(component_id: str) -> FilteringBoundLogger:
    """A logger that keeps out of standard output, and tells only what is wrong."""
    logger: FilteringBoundLogger = structlog.wrap_logger(
        structlog.PrintLogger(sys.stderr),
        wrapper_class=structlog.make_filtering_bound_logger(logging.WARNING),
        component=component_id,
    )
    return logger
