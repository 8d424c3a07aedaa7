"""What is done to a finding, by its type, and to a value, by its key."""

import functools
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import NamedTuple

KEEP = "keep"
DROP = "drop"
WHOLE = "ATTRIBUTE"
"""The entity type of a value that is replaced whatever it holds."""


class Rule(NamedTuple):
    """What is done to findings of a type."""

    action: str
    replace: Callable[[str], str]


@dataclass(frozen=True, eq=False)
class Treatment:
    """What is done to the values under a key."""

    rules: Mapping[str, Rule]
    """For findings, by entity type."""
    whole: Rule | None = None
    """For the value as a whole, whatever it holds."""
    searched: bool = True
    """Whether findings are looked for at all."""

    @functools.cached_property
    def in_json(self) -> "Treatment":
        """The same inside a JSON text: there is no attribute to drop, only the finding."""
        rules = {entity: _in_json(rule) for entity, rule in self.rules.items()}
        whole = self.whole and _in_json(self.whole)
        if (rules, whole) == (self.rules, self.whole):
            return self
        return replace(self, rules=rules, whole=whole)


def _in_json(rule: Rule) -> Rule:
    return rule._replace(action="redact") if rule.action == DROP else rule
