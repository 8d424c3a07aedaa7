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
class Offer:
    """Something that an installed distribution offers through an entry point."""

    entry_point: EntryPoint

    @property
    def name(self) -> str:
        """What it is called in configurations."""
        return self.entry_point.name

    @property
    def distribution(self) -> str:
        """Name and version of the distribution that brings it."""
        found = self.entry_point.dist
        return f"{found.name} {found.version}" if found else "an unknown distribution"

    def resolve(self) -> Any:
        """Import what the entry point names. Raises BrokenComponentError."""
        try:
            return self.entry_point.load()
        except Exception as error:
            first_line = str(error).partition("\n")[0]
            raise self.broken(f"{type(error).__name__}: {first_line}") from error

    def broken(self, reason: str) -> BrokenComponentError:
        """The error that says whose it is, why it cannot be used, and a remedy."""
        return BrokenComponentError(
            f"{self.entry_point.value} of {self.distribution} cannot be loaded ({reason}): "
            "upgrade, reinstall or uninstall that distribution"
        )


def offers(group: str) -> dict[str, list[Offer]]:
    """What the installed distributions offer in a group of entry points, by name."""
    found: dict[str, list[Offer]] = {}
    for point in entry_points(group=group):
        found.setdefault(point.name, []).append(Offer(point))
    return found


@dataclass(frozen=True)
class Registration(Offer):
    """A component type that some installed distribution offers."""

    kind: Kind

    def load(self) -> type[Component[Any]]:
        """Import the class. Raises BrokenComponentError."""
        loaded = self.resolve()
        self._check(loaded)
        component: type[Component[Any]] = loaded
        return component

    def _check(self, loaded: Any) -> None:
        base, settings = _BASES[self.kind]
        if not (isinstance(loaded, type) and issubclass(loaded, base)):
            raise self.broken(f"it is not a subclass of collector.{base.__name__}")
        config = getattr(loaded, "Config", None)
        if not (isinstance(config, type) and issubclass(config, settings)):
            raise self.broken(f"its Config is not a subclass of collector.{settings.__name__}")


class Registry:
    """Every component type that is installed. Nothing is imported before it is asked for."""

    def __init__(self) -> None:
        """Reads the entry points of the installed distributions."""
        self._found: dict[tuple[Kind, str], list[Registration]] = {}
        for kind in KINDS:
            for point in entry_points(group=f"winnow.{kind}"):
                offer = Registration(point, kind)
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
        found = self._found[kind, name]
        if len(found) > 1:
            raise BrokenComponentError(clash(name, found))
        return found[0].load()


def clash(name: str, found: Sequence[Offer]) -> str:
    """What to tell where several distributions offer the same type."""
    owners = " and ".join(offer.distribution for offer in found)
    return f"the type {name!r} is offered by {owners}: uninstall one of them"
