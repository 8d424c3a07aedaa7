"""What RE2 can say of a pattern that RE2 itself cannot match: whether a match is possible at all.

The pattern is relaxed until it is in RE2's syntax: look-arounds, anchors and word boundaries go,
and classes are widened to Unicode. Whatever the pattern matches, the relaxed one matches too.
"""

import re
from collections.abc import Iterable

import re2
import regex

# RE2 follows an older Unicode than `regex`: here everything beyond ASCII may be of any class.
_BEYOND = r"\x{80}-\x{10ffff}"
_NAMED = {"d": rf"0-9{_BEYOND}", "w": rf"\w{_BEYOND}", "s": rf"\s\v\x{{1c}}-\x{{1f}}{_BEYOND}"}
# What `regex` takes for an i where case does not count, and RE2 does not.
_DOTTED_I = r"\x{130}"
_NEGATED = ("D", "W", "S")
_ANCHORS = ("b", "B", "A", "Z")
_LOOK_AROUND = re.compile(r"\(\?(?:=|!|<=|<!)")
_TOKEN = re.compile(r"\\u[0-9A-Fa-f]{4}|\\.|\[\^?\]?|\(\?[a-zA-Z]*[:)]|\(\?P?<\w+>|.", re.DOTALL)
_KNOWN_FLAGS = regex.IGNORECASE | regex.DOTALL | regex.MULTILINE | regex.ASCII | regex.UNICODE
_EVERY_TEXT = ""


def condition(patterns: Iterable[tuple[str, int]]) -> str:
    """A pattern for RE2 that is in every text in which one of `patterns` matches.

    A pattern comes with its flags of the `regex` module. "" is in every text: the answer where one
    of the patterns cannot be relaxed.
    """
    relaxed = [_relaxed(pattern, flags) for pattern, flags in patterns]
    if None in relaxed:
        return _EVERY_TEXT
    return "|".join(f"(?:{one})" for one in relaxed)


def _relaxed(pattern: str, flags: int) -> str | None:
    if flags & ~_KNOWN_FLAGS or re.search(r"\(\?[a-zA-Z]*[xXLV]", pattern):
        return None
    without = _without_look_arounds(pattern)
    widened = None if without is None else _widened(without)
    if widened is None:
        return None
    options = "i" * bool(flags & regex.IGNORECASE) + "s" * bool(flags & regex.DOTALL)
    made = f"(?{options}:{widened})" if options else widened
    return made if _compiles(made) else None


def _compiles(pattern: str) -> bool:
    options = re2.Options()
    options.log_errors = False
    try:
        re2.compile(pattern, options)
    except re2.error:
        return False
    return True


def _without_look_arounds(pattern: str) -> str | None:
    """An empty group stands for each of them, so that what follows repeats nothing else."""
    parts, position = [], 0
    while position < len(pattern):
        if _LOOK_AROUND.match(pattern, position):
            end = _group_end(pattern, position)
            if end is None:
                return None
            parts.append("(?:)")
        else:
            end = _token_end(pattern, position)
            parts.append(pattern[position:end])
        position = end
    return "".join(parts)


def _group_end(pattern: str, start: int) -> int | None:
    """Behind the parenthesis that closes the one at `start`."""
    depth, position = 0, start
    while position < len(pattern):
        end = _token_end(pattern, position)
        opens, closes = pattern[position] == "(", pattern[end - 1] == ")"
        depth += opens - (closes and pattern[position] != "\\" and pattern[position] != "[")
        if not depth:
            return end
        position = end
    return None


def _token_end(pattern: str, position: int) -> int:
    """Behind an escape, a whole class, or a character."""
    token = _TOKEN.match(pattern, position)
    end = token.end() if token else position + 1
    if pattern[position] != "[":
        return end
    while end < len(pattern) and pattern[end] != "]":
        end += 2 if pattern[end] == "\\" else 1
    return min(end + 1, len(pattern))


def _widened(pattern: str) -> str | None:
    parts, position = [], 0
    while position < len(pattern):
        end = _token_end(pattern, position)
        part = _wide_token(pattern[position:end])
        if part is None:
            return None
        parts.append(part)
        position = end
    return "".join(parts)


def _wide_token(token: str) -> str | None:
    """The token in RE2's syntax; None where it would match less there."""
    if token in {"^", "$"} or (token[0] == "\\" and token[1:] in _ANCHORS):
        return "(?:)"
    if token in {"i", "I"}:
        return f"[{token}{_DOTTED_I}]"
    if token[0] == "[":
        return _wide_class(token)
    if token[0] == "\\" and token[1:] in _NAMED:
        return f"[{_NAMED[token[1:]]}]"
    return _wide_escape(token)


def _wide_class(token: str) -> str | None:
    negated = token.startswith("[^")
    parts: list[str] = []
    position = 2 if negated else 1
    while position < len(token) - 1:
        end = position + (2 if token[position] == "\\" else 1)
        if token[position] == "\\" and token[position + 1] == "u":
            end = position + 6
        part = token[position:end]
        if negated and part[0] == "\\" and part[1:] in _NEGATED:
            return None  # RE2's own class is smaller
        at_edge = not parts or end == len(token) - 1
        parts.append(rf"\{part}" if part == "-" and at_edge else _wide_member(part, negated))
        position = end
    return f"[^{''.join(parts)}]" if negated else f"[{_DOTTED_I}{''.join(parts)}]"


def _wide_member(part: str, negated: bool) -> str:
    """What stands in a class for this; what is not in it, is in RE2's own, smaller one."""
    if part in {"[", "]"}:
        return rf"\{part}"
    if part[0] == "\\" and part[1:] in _NAMED:
        return part if negated else _NAMED[part[1:]]
    return _wide_escape(part)


def _wide_escape(token: str) -> str:
    if token.startswith("\\u"):
        return f"\\x{{{token[2:]}}}"
    # RE2 knows fewer signs that may be escaped for no reason.
    if len(token) == 2 and token[0] == "\\" and not token[1].isalnum():
        return re.escape(token[1]) if token[1].isascii() else token[1]
    return token
