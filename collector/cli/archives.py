"""Which archive a command means, and what reads it."""

from pathlib import Path
from typing import Any

import click
from pydantic import ValidationError

from collector.config.load import CollectorConfig
from collector.config.messages import explain
from collector.registry import BrokenComponentError, Registry

_TYPE = "archive"


def own_place(config: CollectorConfig, path: Path) -> str:
    """The url of the configuration's archive. Raises click.ClickException where it has none."""
    settings = _settings(config)
    if not settings:
        raise click.ClickException(f"{path}: no pipeline has an archive: say --archive PATH")
    return str(settings[0].url)


def reader(config: CollectorConfig | None, place: str) -> Any:
    """Reads the archive at `place`, as the configuration's own where that is the same or in the
    same bucket.

    Raises click.ClickException for a place that can be no archive, and StartError.
    """
    try:
        component: Any = Registry().load("exporters", _TYPE)
        own = _settings(config) if config else []
        settings = next((found for found in own if _store(found.url) == _store(place)), None)
        if settings is None:
            settings = component.Config(url=place)
        return component.reader(settings.model_copy(update={"url": place}))
    except (KeyError, BrokenComponentError) as error:
        raise click.ClickException(f"no archive exporter: {error}") from error
    except ValidationError as error:
        raise click.ClickException(f"{place}: {explain(error.errors()[0])}") from error


def _store(url: str) -> str:
    """The bucket, whatever the prefix in it; or the directory."""
    return "/".join(url.split("/")[:3]) if "://" in url else url


def _settings(config: CollectorConfig) -> list[Any]:
    """Those of the configuration's archives."""
    specs = config.exporters.values()
    return [spec.config for spec in specs if spec.id.partition("/")[0] == _TYPE]
