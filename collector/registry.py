"""Finds components, the built-in ones and anybody's, through Python entry points."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from importlib.metadata import EntryPoint, entry_points
from typing import Any, Literal

from collector.component import Component, Exporter, Processor, Receiver
from collector.config.fields import ComponentConfig
from collector.delivery.settings import ExporterConfig
from collector.errors import WinnowError

Kind = Literal["receivers", "processors", "exporters"]
KINDS: tuple[Kind, ...] = ("receivers", "processors", "exporters")

_BASES: dict[Kind, tuple[type[Component[Any]], type[ComponentConfig]]] = {
    "receivers": (Receiver, ComponentConfig),
    "processors": (Processor, ComponentConfig),
    "exporters": (Exporter, ExporterConfig),
}


class BrokenComponentError(WinnowError):
    """A component is installed but cannot be loaded; the message says whose it is, and a remedy."""


@dataclass(frozen=True)
class Registration:
    """A component type that some installed distribution offers."""

    kind: Kind
    name: str
    """The type, as configurations name it."""
    entry_point: EntryPoint

    @property
    def distribution(self) -> str:
        """Name and version of the distribution that brings the component."""
        found = self.entry_point.dist
        return f"{found.name} {found.version}" if found else "an unknown distribution"

    def load(self) -> type[Component[Any]]:
        """Import the class. Raises BrokenComponentError."""
        try:
            loaded = self.entry_point.load()
        except Exception as error:
            first_line = str(error).partition("\n")[0]
            raise self._broken(f"{type(error).__name__}: {first_line}") from error
        self._check(loaded)
        component: type[Component[Any]] = loaded
        return component

    def _check(self, loaded: Any) -> None:
        base, settings = _BASES[self.kind]
        if not (isinstance(loaded, type) and issubclass(loaded, base)):
            raise self._broken(f"it is not a subclass of collector.{base.__name__}")
        config = getattr(loaded, "Config", None)
        if not (isinstance(config, type) and issubclass(config, settings)):
            raise self._broken(f"its Config is not a subclass of collector.{settings.__name__}")

    def _broken(self, reason: str) -> BrokenComponentError:
        return BrokenComponentError(
            f"{self.entry_point.value} of {self.distribution} cannot be loaded ({reason}): "
            "upgrade, reinstall or uninstall that distribution"
        )


class Registry:
    """Every component type that is installed. Nothing is imported before it is asked for."""

    def __init__(self) -> None:
        """Reads the entry points of the installed distributions."""
        self._found: dict[tuple[Kind, str], list[Registration]] = {}
        for kind in KINDS:
            for point in entry_points(group=f"winnow.{kind}"):
                offer = Registration(kind, point.name, point)
                self._found.setdefault((kind, point.name), []).append(offer)

    def types(self, kind: Kind) -> list[str]:
        """The names of all types of a kind, sorted."""
        return sorted(name for found_kind, name in self._found if found_kind == kind)

    def registrations(self) -> Iterator[Registration]:
        """Every offer, by kind and type."""
        for kind in KINDS:
            for name in self.types(kind):
                yield from self._found[kind, name]

    def load(self, kind: Kind, name: str) -> type[Component[Any]]:
        """The class of a type.

        Raises KeyError if there is none, BrokenComponentError if it cannot be loaded or two
        distributions offer it.
        """
        offers = self._found[kind, name]
        if len(offers) > 1:
            raise BrokenComponentError(_clash(name, offers))
        return offers[0].load()


def _clash(name: str, offers: Sequence[Registration]) -> str:
    owners = " and ".join(offer.distribution for offer in offers)
    return f"the type {name!r} is offered by {owners}: uninstall one of them"
