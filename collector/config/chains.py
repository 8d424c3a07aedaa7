"""What processors say of where they stand among others."""

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from collector.config.definitions import Reference
from collector.config.problems import Problem
from collector.config.spec import ComponentSpec


class Step(NamedTuple):
    """A processor where a pipeline, or an exporter's own chain, names it."""

    reference: Reference
    spec: ComponentSpec


def doubts(
    steps: Sequence[Step], before: Sequence[Step] = (), behind: Sequence[Step] = ()
) -> Iterator[Problem]:
    """What is hardly meant in a chain that spans enter from `before` and leave for `behind`."""
    for number, (reference, spec) in enumerate(steps):
        earlier = _types([*before, *steps[:number]])
        later = _types([*steps[number + 1 :], *behind])
        for message in spec.cls.doubts(spec.config, earlier, later):
            yield Problem(reference.place, reference.path, message)


def _types(steps: Sequence[Step]) -> frozenset[str]:
    return frozenset(step.spec.id.partition("/")[0] for step in steps)
