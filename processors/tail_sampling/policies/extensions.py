"""Policies of other people's distributions, found through their entry points."""

from collections.abc import Collection, Iterator
from typing import Any, NamedTuple

from collector import ConfigModel
from collector.registry import BrokenComponentError, Offer, clash, offers
from processors.tail_sampling.policies.base import Policy

GROUP = "winnow.tail_sampling_policies"


class Extension(NamedTuple):
    """A policy type that is installed: its class, or what is wrong with it."""

    name: str
    policy: type[Policy[Any]] | None
    problem: str = ""


def extensions(built_in: Collection[str], reserved: Collection[str]) -> Iterator[Extension]:
    """Every policy type that an installed distribution offers.

    None of them may have the name of a built-in one, and none may be called like one of the
    `reserved` keys of a policy's configuration.
    """
    for name, found in offers(GROUP).items():
        try:
            yield Extension(name, _policy(name, found, built_in, reserved))
        except BrokenComponentError as error:
            yield Extension(name, None, str(error))


def _policy(
    name: str, found: list[Offer], built_in: Collection[str], reserved: Collection[str]
) -> type[Policy[Any]]:
    offer = found[0]
    if len(found) > 1:
        raise BrokenComponentError(clash(name, found))
    if name in built_in:
        raise offer.broken(f"the policy {name!r} is built in")
    if not name.isidentifier() or name.startswith(("_", "model_")) or name in reserved:
        raise offer.broken(f"{name!r} cannot be a key of a policy")
    loaded = offer.resolve()
    if not (isinstance(loaded, type) and issubclass(loaded, Policy)):
        raise offer.broken("it is not a subclass of processors.tail_sampling.policies.Policy")
    settings = getattr(loaded, "Settings", None)
    if not (isinstance(settings, type) and issubclass(settings, ConfigModel)):
        raise offer.broken("its Settings is not a subclass of collector.ConfigModel")
    try:
        settings.model_rebuild()
    except Exception as error:
        raise offer.broken(f"its Settings: {type(error).__name__}") from error
    return loaded
