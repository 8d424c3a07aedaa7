"""What metrics count, asked for by name and some of the labels."""

import math
from collections import Counter
from collections.abc import Iterator
from typing import NamedTuple

from prometheus_client import CollectorRegistry
from prometheus_client.parser import text_string_to_metric_families
from prometheus_client.samples import Sample

from collector.config.problems import did_you_mean

_SUFFIXES = ("_total", "_count", "_sum", "_bucket")


class Series(NamedTuple):
    """Series of a metric: those that have these labels, whatever others they have."""

    name: str
    labels: dict[str, str]


def read_series(text: str) -> Series:
    """Reads `llm_tokens_total{model="gpt-4o"}`. Raises ValueError for what is none."""
    try:
        ((sample,),) = [family.samples for family in text_string_to_metric_families(f"{text} 0\n")]
    except (ValueError, KeyError, IndexError):
        raise ValueError(
            f'{text!r} is no metric: write it as in /metrics, such as llm_tokens_total{{model="x"}}'
        ) from None
    return Series(sample.name, sample.labels)


def total(registry: CollectorRegistry, series: Series) -> float:
    """What the series add up to.

    Raises ValueError where no metric has that name, or none of its series one of the labels.
    """
    names = {family.name for family in registry.collect()}
    known = names | {name + suffix for name in names for suffix in _SUFFIXES}
    if series.name not in known:
        raise ValueError(f"there is no metric of that name{did_you_mean(series.name, known)}")
    samples = list(_samples(registry, series.name))
    labels = set().union(*(sample.labels for sample in samples))
    for label in series.labels if samples else ():
        if label not in labels:
            raise ValueError(f"it has no label {label!r}{did_you_mean(label, labels)}")
    asked = series.labels.items()
    return math.fsum(sample.value for sample in samples if asked <= sample.labels.items())


def by_label(registry: CollectorRegistry, name: str, label: str) -> Counter[str]:
    """What a counter counts for each value of a label."""
    counts: Counter[str] = Counter()
    for sample in _samples(registry, name):
        counts[sample.labels[label]] += int(sample.value)
    return counts


def label_values(registry: CollectorRegistry) -> Iterator[str]:
    """Every value of every label."""
    for sample in _samples(registry):
        yield from sample.labels.values()


def _samples(registry: CollectorRegistry, name: str = "") -> Iterator[Sample]:
    for family in registry.collect():
        yield from (sample for sample in family.samples if name in ("", sample.name))
