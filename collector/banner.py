"""What the daemon says when it is up: where to send spans, where they go, where to look."""

from collections.abc import Iterable
from typing import Any

from collector import __version__
from collector.component import Receiver
from collector.config.fields import ComponentConfig
from collector.config.load import CollectorConfig
from collector.config.secrets import hide_user_info

_ADDRESSES = ("url", "endpoint", "host")


def banner(config: CollectorConfig, receivers: Iterable[Receiver[Any]], telemetry_port: int) -> str:
    """The text; only names and addresses, never a secret."""
    host = config.service.telemetry.endpoint.rpartition(":")[0]
    where = config.service.storage.directory or "memory (lost on restart)"
    lines = [
        f"winnow {__version__} is up.",
        "",
        *_senders(receivers),
        *_pipelines(config),
        *_destinations(config),
        f"  state       {where}",
        f"  look at     http://{host}:{telemetry_port}/metrics  /livez  /readyz",
    ]
    return "\n".join(lines)


def _senders(receivers: Iterable[Receiver[Any]]) -> list[str]:
    addresses = [
        (f"{receiver.context.component_id} {transport}", address)
        for receiver in receivers
        for transport, address in getattr(receiver, "endpoints", {}).items()
    ]
    return [f"  send spans  {address}  ({name})" for name, address in addresses]


def _destinations(config: CollectorConfig) -> list[str]:
    """The exporters that name a place; what a URL says after its `?` may be a key."""
    return [
        f"  delivers    {hide_user_info(address).partition('?')[0]}  ({spec.id})"
        for spec in config.exporters.values()
        if (address := _address(spec.config))
    ]


def _address(settings: ComponentConfig) -> str:
    """What the settings call an address; empty where they name none."""
    found = [getattr(settings, name, None) for name in _ADDRESSES]
    return next((str(address) for address in found if address), "")


def _pipelines(config: CollectorConfig) -> list[str]:
    return [
        f"  {name:<11} {' → '.join(pipeline.processors) or '(as they come)'}"
        f" → {', '.join(pipeline.exporters)}"
        for name, pipeline in config.pipelines.items()
    ]
