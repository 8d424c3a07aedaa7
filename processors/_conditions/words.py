"""The words of a condition, taken one after the other."""

from processors._conditions.errors import ConditionSyntaxError
from processors._conditions.tokens import END, Token, tokenize


class Words:
    """Where the parser stands. Raises ConditionSyntaxError where another word is expected."""

    def __init__(self, text: str) -> None:
        self._tokens = tokenize(text)
        self._position = 0

    @property
    def next(self) -> Token:
        """The next word; it stays."""
        return self._tokens[self._position]

    def take(self) -> Token:
        """The next word; it is taken, unless it is the end."""
        token = self.next
        if token.kind != END:
            self._position += 1
        return token

    def next_is(self, *signs: str) -> bool:
        """Whether the next word is one of these signs."""
        return self.next.kind == "sign" and self.next.text in signs

    def accept(self, word: str, kind: str) -> bool:
        """Take the next word if it is this one."""
        found = self.next.text == word and self.next.kind == kind
        if found:
            self.take()
        return found

    def expect(self, sign: str) -> None:
        """Take this sign."""
        if not self.accept(sign, "sign"):
            raise ConditionSyntaxError(
                self.next.column, f"expected {sign!r}, not {shown(self.next)}"
            )

    def expect_name(self) -> Token:
        """Take a name."""
        token = self.take()
        if token.kind != "name":
            raise ConditionSyntaxError(token.column, "expected a name after the dot")
        return token


def shown(token: Token) -> str:
    """The word as an error shows it."""
    return token.text if token.kind == END else repr(token.text)
