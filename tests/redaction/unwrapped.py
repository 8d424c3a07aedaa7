"""What somebody reads who looks behind every format: the scanner of tests about leaks.

Nothing in it is taken from the product: it is meant to see what the product may have missed.
"""

import base64
import binascii
import re
from collections.abc import Iterator
from urllib.parse import unquote

_WORD = re.compile(r"[A-Za-z0-9+/_-]{12,}")
_UNICODE = re.compile(r"\\+u([0-9a-fA-F]{4})")
_LINE_END = re.compile(r"(?<=[A-Za-z0-9+/]{60})(?:\\+n|\r?\n)(?=[A-Za-z0-9+/])")
_LEVELS = 8


def unwrapped(text: str, levels: int = _LEVELS) -> Iterator[str]:
    """The text, and what is in it behind percent signs, backslashes and base64, level by level."""
    yield text
    if not levels:
        return
    plain = _UNICODE.sub(lambda match: chr(int(match[1], 16)), unquote(text))
    plain = _LINE_END.sub("", re.sub(r'\\+(["/])', r"\1", plain))
    if "+" in text:
        yield unquote(text.replace("+", " "))
    if plain != text:
        yield from unwrapped(plain, levels - 1)
    for word in _WORD.findall(text):
        # What stands before it may be of the alphabet too.
        for inner in filter(None, (decoded(word[shift:]) for shift in range(4))):
            yield from unwrapped(inner, levels - 1)


def decoded(word: str) -> str | None:
    """The text in a word of base64, without what is cut off; None where there is none."""
    word = word.translate(str.maketrans("-_", "+/"))
    try:
        held = base64.b64decode(word[: len(word) // 4 * 4] if len(word) % 4 == 1 else word + "==")
    except binascii.Error:
        return None
    text = held.decode("latin-1")
    return text if held and sum(32 <= byte < 127 for byte in held) > len(held) * 0.8 else None
