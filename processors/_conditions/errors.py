"""What can go wrong with a condition: while it is read, and while it is asked."""


class ConditionSyntaxError(ValueError):
    """The condition cannot be read; the message says at which column, and what to write."""

    def __init__(self, column: int, problem: str) -> None:
        """`column` counts characters from 1."""
        super().__init__(f"column {column}: {problem}")
        self.column = column


class ConditionError(Exception):
    """The condition has no answer for this span, such as the length of a number."""
