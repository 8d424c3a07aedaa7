"""presidio_analyzer, without spaCy unless somebody needs it. The only place that imports it.

Its `nlp_engine` package imports spaCy, thinc and numpy (65 MB), and transformers and torch where
they are installed, of which its pattern recognizers use nothing. So, where spaCy is not loaded yet,
import statements of presidio_analyzer itself get stand-ins for these packages. They are enough for
annotations, base classes and decorators. Other code that imports spaCy gets the real one, at any
time. Presidio's own NLP engines then raise NotLoadedError when they are used.
"""

import builtins
import contextlib
import importlib
import importlib.util
import logging
import sys
from collections.abc import Iterator
from typing import Any

_log = logging.getLogger("winnow")
_PRESIDIO = "presidio_analyzer"
_DEFERRED = ("spacy", "thinc", "stanza", "transformers", "torch")


class NotLoadedError(RuntimeError):
    """Presidio was imported without the package that something of it needs."""


class _StandIn(type):
    """What a name of a package that is not loaded stands for: a class without anything."""

    usable = False
    """Whether Presidio is being imported: only then it has attributes, and decorates."""

    def __getattr__(cls, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        full = f"{cls.__name__}.{name}"
        _check_usable(full)
        return _StandIn(full, (), {})

    def __call__(cls, *_args: object, **_settings: object) -> Any:
        """A decorator that changes nothing."""
        _check_usable(cls.__name__)
        return lambda decorated: decorated


def _check_usable(name: str) -> None:
    if not _StandIn.usable:
        raise NotLoadedError(
            f"{name} was not loaded, because no NER was wanted when Presidio was: set `ner` of the "
            "redaction processor, or import the package before presidio_analyzer"
        )


@contextlib.contextmanager
def _stand_ins() -> Iterator[None]:
    """While this lasts, presidio_analyzer's own import statements get stand-ins."""
    real = builtins.__import__
    deferred = {name for name in _DEFERRED if name not in sys.modules and _installed(name)}

    # The names of the parameters are those of the built-in function.
    def import_(
        name: str,
        globals: Any = None,  # noqa: A002
        locals: Any = None,  # noqa: A002
        fromlist: Any = (),
        level: int = 0,
    ) -> Any:
        root = name.partition(".")[0]
        if level == 0 and root in deferred and _of_presidio((globals or {}).get("__name__")):
            return _StandIn(name if fromlist else root, (), {})
        return real(name, globals, locals, fromlist, level)

    builtins.__import__, _StandIn.usable = import_, True
    try:
        yield
    finally:
        builtins.__import__, _StandIn.usable = real, False


def _installed(package: str) -> bool:
    return importlib.util.find_spec(package) is not None


def _of_presidio(module: object) -> bool:
    return isinstance(module, str) and module.partition(".")[0] == _PRESIDIO


def _imported() -> Any:
    if _PRESIDIO in sys.modules or "spacy" in sys.modules:
        return importlib.import_module(_PRESIDIO)
    try:
        with _stand_ins():
            return importlib.import_module(_PRESIDIO)
    except Exception as error:  # another version, which does more with spaCy when it is imported
        _log.debug("presidio_analyzer is imported again, with spaCy: %s", type(error).__name__)
    for module in filter(_of_presidio, list(sys.modules)):
        del sys.modules[module]
    return importlib.import_module(_PRESIDIO)


_presidio = _imported()


def __getattr__(name: str) -> Any:
    """What presidio_analyzer or its predefined_recognizers have under this name."""
    for module in (_presidio, _presidio.predefined_recognizers):
        if hasattr(module, name):
            return getattr(module, name)
    raise AttributeError(name)
