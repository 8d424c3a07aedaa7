"""The W3C tracestate, and the `ot` member in which consistent probability sampling is written.

Sources: W3C Trace Context, section 3.3 (list members, their order and their number);
OpenTelemetry specification, "TraceState: Probability Sampling" (`th`, `rv`, their encoding) and
contrib `pkg/sampling` (how a probability becomes a threshold of so many hex digits).
"""

import math
import re

RANDOMNESS_BITS = 56
NEVER = 1 << RANDOMNESS_BITS
"""The rejection threshold that no randomness reaches."""
MAX_MEMBERS = 32
MAX_VALUE = 256
"""Characters of a member's value, by W3C and by OpenTelemetry for `ot`."""
_DIGITS = 14
_KEY = re.compile(
    r"[a-z][a-z0-9_*/-]{0,255}|[a-z0-9][a-z0-9_*/-]{0,240}@[a-z][a-z0-9_*/-]{0,13}", re.ASCII
)
_VALUE = re.compile(r"[\x20-\x2b\x2d-\x3c\x3e-\x7e]{0,255}[\x21-\x2b\x2d-\x3c\x3e-\x7e]")
_PAIR = re.compile(r"([a-z][a-z0-9]*):([A-Za-z0-9._-]*)")
_FIRST = ("rv", "th")


def member(tracestate: str, key: str) -> str:
    """The value of the list member `key`; empty where there is none."""
    wanted = f"{key}="
    for entry in tracestate.split(","):
        stripped = entry.strip()
        if stripped.startswith(wanted):
            return stripped[len(wanted) :]
    return ""


def members(tracestate: str) -> dict[str, str] | None:
    """Every list member; None for a tracestate that breaks W3C's rules, which is to be ignored."""
    found: dict[str, str] = {}
    for entry in filter(None, tracestate.split(",")):
        key, _, value = entry.partition("=")
        key, value = key.lstrip(" \t"), value.rstrip(" \t")
        if key in found or not _KEY.fullmatch(key) or not _VALUE.fullmatch(value):
            return None
        found[key] = value
    return found if len(found) <= MAX_MEMBERS else None


def with_member(tracestate: str, key: str, value: str) -> str:
    """The tracestate with `key` set to `value` and moved to the front; an empty value removes it.

    Where there would be more than 32 members, the last ones go, as W3C says.
    """
    entries = map(str.strip, tracestate.split(","))
    others = [entry for entry in entries if entry and not entry.startswith(f"{key}=")]
    members = [f"{key}={value}", *others] if value else others
    return ",".join(members[:MAX_MEMBERS])


def subkeys(value: str) -> dict[str, str]:
    """`th:8;rv:…` as a dict, the last where a key stands twice.

    Malformed parts are left out; nothing is read from a value of more than 256 characters.
    """
    if len(value) > MAX_VALUE:
        return {}
    pairs = (_PAIR.fullmatch(part) for part in value.split(";"))
    return {pair[1]: pair[2] for pair in pairs if pair}


def join_subkeys(pairs: dict[str, str]) -> str:
    """The reverse of `subkeys`: `rv` and `th` first, then what fits into 256 characters."""
    others = [key for key in pairs if key not in _FIRST]
    written = ""
    for key in [*(key for key in _FIRST if key in pairs), *others]:
        longer = f"{written};{key}:{pairs[key]}" if written else f"{key}:{pairs[key]}"
        if len(longer) <= MAX_VALUE:
            written = longer
    return written


def parse_threshold(text: str | None) -> int | None:
    """`th` as a rejection threshold of 56 bits; None where it is absent or malformed."""
    if text is None or not 1 <= len(text) <= _DIGITS:
        return None
    value = _parse_hex(text)
    return None if value is None else value << 4 * (_DIGITS - len(text))


def format_threshold(threshold: int) -> str:
    """`th` for a rejection threshold below 2^56: lowercase hex, trailing zeros stripped."""
    return f"{threshold:014x}".rstrip("0") or "0"


def parse_randomness(text: str | None) -> int | None:
    """`rv` as 56 random bits; None where it is absent or malformed."""
    return None if text is None or len(text) != _DIGITS else _parse_hex(text)


def format_randomness(randomness: int) -> str:
    """`rv` for 56 random bits: exactly 14 hex digits."""
    return f"{randomness:014x}"


def threshold_for(probability: float, precision: int = 4) -> int:
    """The rejection threshold that keeps `probability` (0 to 1) of all randomness values.

    It has `precision` significant hex digits, and more where the probability is close to 0 or 1.
    NEVER for a probability below 2^-56.
    """
    if probability < 1 / NEVER:
        return NEVER
    if probability >= 1:
        return 0
    # Not floor(x + 0.5), which is inexact where x has no bits to spare.
    scaled = probability * NEVER
    kept = math.floor(scaled) + (scaled % 1 >= 0.5)
    exact = NEVER - kept
    leading = (int(math.frexp(p)[1] / -4) for p in (probability, 1 - probability))
    digits = min(_DIGITS, max(precision + zeros for zeros in leading))
    dropped = 4 * (_DIGITS - digits)
    return (exact + (1 << dropped >> 1)) >> dropped << dropped


def _parse_hex(text: str) -> int | None:
    if set(text) <= set("0123456789abcdef"):
        return int(text, 16)
    return None
