"""A configuration as plain data to be shown: every default filled in, no secret."""

from typing import Any

from collector.config.fields import Secret
from collector.config.secrets import HIDDEN, hide_user_info
from collector.config.spec import CollectorConfig

_DUMPED_SECRET = str(Secret("any"))
"""How pydantic writes a secret that is not empty."""


def printed(config: CollectorConfig) -> dict[str, Any]:
    """The configuration in the layout of the file.

    Hidden are secrets, the values of headers, and user names and passwords in URLs.
    """
    kinds = {
        "receivers": config.receivers,
        "processors": config.processors,
        "exporters": config.exporters,
    }
    shown: dict[str, Any] = {
        kind: {spec.id: spec.config.model_dump(mode="json") for spec in specs.values()}
        for kind, specs in kinds.items()
    }
    shown["service"] = config.service.model_dump(mode="json")
    shown["service"]["pipelines"] = {
        pipeline.name: {kind: list(getattr(pipeline, kind)) for kind in kinds}
        for pipeline in config.pipelines.values()
    }
    return {key: _without_secrets(value) for key, value in shown.items()}


def _without_secrets(value: Any) -> Any:
    if isinstance(value, dict):
        return {
            key: dict.fromkeys(child, HIDDEN)
            if key == "headers" and isinstance(child, dict)
            else _without_secrets(child)
            for key, child in value.items()
        }
    if isinstance(value, list):
        return [_without_secrets(child) for child in value]
    if value == _DUMPED_SECRET:
        return HIDDEN
    return hide_user_info(value) if isinstance(value, str) else value
