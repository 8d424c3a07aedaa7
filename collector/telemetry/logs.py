"""Logs: one line an event on standard error, JSON or for people to read."""

import logging
import sys
import traceback
from pathlib import Path
from typing import Literal

import structlog
from structlog.typing import EventDict, FilteringBoundLogger, Processor

Level = Literal["debug", "info", "warning", "error"]
Encoding = Literal["console", "json"]


def configure_logs(level: Level, encoding: Encoding) -> None:
    """Send structlog's events, and the libraries' warnings, to standard error."""
    shared: list[Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        without_values,
    ]
    structlog.configure(
        processors=[*shared, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        wrapper_class=structlog.make_filtering_bound_logger(_number(level)),
        logger_factory=structlog.stdlib.LoggerFactory(),
        cache_logger_on_first_use=False,
    )
    formatter = structlog.stdlib.ProcessorFormatter(
        foreign_pre_chain=shared,
        processors=[
            structlog.stdlib.ProcessorFormatter.remove_processors_meta,
            _renderer(encoding),
        ],
    )
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(formatter)
    logging.basicConfig(handlers=[handler], level=logging.WARNING, force=True)
    logging.getLogger("winnow").setLevel(_number(level))


def get_logger(**bound: object) -> FilteringBoundLogger:
    """A logger whose every event carries `bound`."""
    logger: FilteringBoundLogger = structlog.get_logger("winnow")
    return logger.bind(**bound)


def without_values(_logger: object, _method: str, event: EventDict) -> EventDict:
    """Replace an exception by its type and where it was raised.

    Its message and its frames' variables are left out: they may hold what people wrote.
    """
    error = event.pop("exc_info", None)
    if error is True:
        error = sys.exc_info()[1]
    elif isinstance(error, tuple):
        error = error[1]
    if isinstance(error, BaseException):
        event["error"] = type(error).__name__
        frames = traceback.extract_tb(error.__traceback__)
        event["where"] = " > ".join(
            f"{Path(frame.filename).name}:{frame.lineno} {frame.name}" for frame in frames
        )
    return event


def _renderer(encoding: Encoding) -> Processor:
    if encoding == "json":
        return structlog.processors.JSONRenderer()
    return structlog.dev.ConsoleRenderer(colors=sys.stderr.isatty())


def _number(level: Level) -> int:
    return logging.getLevelNamesMapping()[level.upper()]
