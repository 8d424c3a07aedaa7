"""A part of a condition that has been read."""

from typing import Any, NamedTuple

from processors._conditions.errors import ConditionSyntaxError
from processors._conditions.paths import Getter


class Node(NamedTuple):
    """What a part is worth, and where it may stand."""

    get: Getter
    column: int
    operand: bool = True
    """It may be compared, calculated with, and be an argument."""
    truth: bool = False
    """It may be a condition, or a part of `and`, `or` and `not`."""
    value: Any = None
    """What a literal is worth."""

    def text(self) -> str:
        """The literal text that this is. Raises ConditionSyntaxError for anything else."""
        if isinstance(self.value, str):
            return self.value
        raise ConditionSyntaxError(self.column, "expected a text in double quotes")


def literal(value: Any, column: int) -> Node:
    """A value that stands in the condition itself."""
    return Node(lambda *_: value, column, truth=isinstance(value, bool), value=value)
