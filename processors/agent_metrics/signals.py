"""Metrics that a configuration makes of attributes and events."""

import math
from collections.abc import Callable, Iterable, Sequence

from collector import Attributes, SpanRecord, Value
from processors._match import as_text, matcher
from processors.agent_metrics.config import SignalSettings
from processors.agent_metrics.instruments import Maker
from processors.agent_metrics.series import Labels
from processors.agent_metrics.tally import Tally

_Put = Callable[[Tally, Labels, float], None]
_MOST_EVENTS = 128
"""Events of a span that are looked at: the SDKs' own limit."""


class Signal:
    """One of the metrics."""

    def __init__(self, settings: SignalSettings, make: Maker) -> None:
        """Raises ValueError where a metric of the name has another form."""
        self.name = settings.name
        self._key = settings.attribute or settings.field
        self._counts = settings.type == "counter"
        self._labels = tuple(settings.labels.values())
        self._matches = None if settings.match is None else matcher(settings.match)
        self._put = _putter(settings, make)

    def read(self, record: SpanRecord, told: Attributes, tally: Tally) -> bool:
        """Put the value that stands in `told`, of the span or an event of it, into `tally`.

        False if it has one that cannot be taken.
        """
        key = self._key
        if key is not None and key not in told.values:
            return True
        if self._matches is not None and not self._matches(record):
            return True
        value = 1.0 if key is None else self._number(told.values[key])
        if value is None or (self._counts and value < 0):
            return False
        places = told, record.attributes, record.resource.attributes
        self._put(tally, tuple([_label(name, places) for name in self._labels]), value)
        return True

    def _number(self, value: Value) -> float | None:
        number, is_number = as_number(value)
        return number if is_number or not self._counts else 1.0


class Signals:
    """All of them, read from the spans of a batch."""

    def __init__(self, settings: Sequence[SignalSettings], make: Callable[[], Maker]) -> None:
        """Each metric gets a maker of its own, so that none takes up the others' room.

        Raises ValueError where a metric of a signal's name exists already in another form.
        """
        self._on_attributes: list[tuple[str, Signal]] = []
        self._on_events: dict[str, list[Signal]] = {}
        for one in settings:
            signal = Signal(one, make())
            if one.attribute is not None:
                self._on_attributes.append((one.attribute, signal))
            if one.event is not None:
                self._on_events.setdefault(one.event, []).append(signal)
        self._refused = make().counter(
            "winnow_agent_metrics_refused_values",
            "Values that a signal could not take: no finite number, or below 0 in a counter.",
            "signal",
        )

    def read(self, record: SpanRecord, tally: Tally) -> None:
        """Put what one span says into `tally`."""
        values = record.attributes.values
        present = [signal for key, signal in self._on_attributes if key in values]
        if present:
            self._read(present, record, record.attributes, tally)
        if self._on_events:
            for event in record.span.events[:_MOST_EVENTS]:
                signals = self._on_events.get(event.name)
                if signals:
                    self._read(signals, record, Attributes(event.attributes), tally)

    def _read(
        self, signals: Iterable[Signal], record: SpanRecord, told: Attributes, tally: Tally
    ) -> None:
        for signal in signals:
            if not signal.read(record, told, tally):
                tally.add(self._refused, (signal.name,))


def as_number(value: Value) -> tuple[float | None, bool]:
    """A finite number, None for all else, and whether the value is a number at all.

    Texts count that are one, as some instrumentations know nothing else.
    """
    if not isinstance(value, bool | int | float | str):
        return None, False
    try:
        number = float(value)
    except (ValueError, OverflowError):
        return None, not isinstance(value, str)
    return (number if math.isfinite(number) else None), True


def _putter(settings: SignalSettings, make: Maker) -> _Put:
    name, labels = settings.name, tuple(settings.labels)
    text = settings.help or f"Of {settings.attribute or settings.event} on spans."
    if settings.type == "counter":
        counter = make.counter(name.removesuffix("_total"), text, *labels)
        return lambda tally, values, amount: tally.add(counter, values, amount)
    if settings.type == "gauge":
        gauge = make.gauge(name, text, *labels)
        return lambda tally, values, value: tally.set(gauge, values, value)
    histogram = make.histogram(name, text, labels, settings.buckets)
    return lambda tally, values, value: tally.observe(histogram, values, (value,))


def _label(key: str, places: Iterable[Attributes]) -> str:
    for place in places:
        if key in place.values:
            value = place.values[key]
            items = value if isinstance(value, list) else [value]
            return ",".join(filter(None, map(as_text, items)))
    return ""
