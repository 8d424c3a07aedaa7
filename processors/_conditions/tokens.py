"""The words of a condition. The syntax is that of OTTL, contrib `pkg/ottl/grammar.go`."""

import re
from typing import NamedTuple

from processors._conditions.errors import ConditionSyntaxError

END = "end"

_TOKEN = re.compile(
    r"""\s*(?:
      (?P<bytes>  0x[0-9a-fA-F]+ )
    | (?P<float>  (?:\d+\.\d*|\.\d+)(?:[eE][-+]?\d+)? )
    | (?P<int>    \d+ )
    | (?P<string> "(?:\\.|[^"\\])*" )
    | (?P<name>   [A-Za-z_][A-Za-z0-9_]* )
    | (?P<sign>   ==|!=|<=|>=|[<>()\[\],.+\-*/] )
    )""",
    re.VERBOSE | re.DOTALL,
)
_ESCAPE = re.compile(r"\\(x[0-9a-fA-F]{2}|u[0-9a-fA-F]{4}|U[0-9a-fA-F]{8}|[0-7]{3}|.)", re.DOTALL)
_ESCAPES = dict(zip('abfnrtv\\"', '\a\b\f\n\r\t\v\\"', strict=True))


class Token(NamedTuple):
    """One word and where it stands."""

    kind: str
    """`bytes`, `float`, `int`, `string`, `name`, `sign` or `end`."""
    text: str
    """As it was written; a string without its quotes and escapes."""
    column: int
    """From 1, in characters."""


def tokenize(text: str) -> list[Token]:
    """The words of a condition and an `end`. Raises ConditionSyntaxError."""
    tokens, position, end = [], 0, len(text.rstrip())
    while position < end:
        match = _TOKEN.match(text, position)
        if match is None:
            raise _unknown(text, position)
        kind = str(match.lastgroup)
        word, column = match[kind], match.start(kind) + 1
        tokens.append(Token(kind, _plain(word, column) if kind == "string" else word, column))
        position = match.end()
    return [*tokens, Token(END, "the end", end + 1)]


def _unknown(text: str, position: int) -> ConditionSyntaxError:
    position += len(text[position:]) - len(text[position:].lstrip())
    character, column = text[position], position + 1
    if character == '"':
        return ConditionSyntaxError(column, 'this text does not end: write a closing "')
    if character == "'":
        return ConditionSyntaxError(column, 'texts stand in double quotes: write "…"')
    if character in "=!&|":
        return ConditionSyntaxError(column, "write ==, !=, and, or, not")
    return ConditionSyntaxError(column, f"{character!r} has no meaning here: remove it")


def _plain(quoted: str, column: int) -> str:
    def character(match: re.Match[str]) -> str:
        code = match[1]
        if code in _ESCAPES:
            return _ESCAPES[code]
        number = _number(code)
        if number is None:
            raise ConditionSyntaxError(
                column + match.start(), rf"\{code} is no escape: write \\{code} for a backslash"
            )
        return chr(number)

    return _ESCAPE.sub(character, quoted)[1:-1]


def _number(code: str) -> int | None:
    """The character that an escape such as `u00e9` or `101` stands for; None for no such escape."""
    if len(code) == 1:
        return None
    number = int(code[1:], 16) if code[0] in "xuU" else int(code, 8)
    return number if number < 0x110000 and not 0xD800 <= number < 0xE000 else None
