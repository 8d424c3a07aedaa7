"""A span's tracestate as the Collector reads and writes it.

Source: contrib `pkg/sampling`, v0.164.1 (`w3ctracestate.go`, `oteltracestate.go`). It is stricter
than `collector.tracestate` about what surrounds the `ot` member, and laxer about hex digits.
"""

import re

from collector import tracestate as ts

_MAX_LENGTH = 1024
_MAX_KEY, _MAX_TENANT, _MAX_SYSTEM = 256, 241, 14
_MAX_SCANNED = ts.MAX_MEMBERS - 1
"""The Collector counts from one, and gives up at the 32nd member."""
_KEY = r"(?:[a-z][a-z0-9_\-*/]*|[a-z0-9][a-z0-9_\-*/]*@[a-z][a-z0-9_\-*/]*)"
_VALUE = r"[\x20-\x2b\x2d-\x3c\x3e-\x7e]{0,255}[\x21-\x2b\x2d-\x3c\x3e-\x7e]"
_MEMBER = re.compile(f"({_KEY})=({_VALUE})")
_PAIR = r"[a-z][a-z0-9]*:[A-Za-z0-9._\-]*"
_PAIRS = re.compile(f"{_PAIR}(?:;{_PAIR})*")
_HEX = re.compile("[0-9a-fA-F]+")


class Carrier:
    """The sampling information of a span, and what else is in its tracestate."""

    def __init__(self, text: str) -> None:
        self.malformed = False
        """Whether the tracestate breaks a rule; what could be read is here nonetheless."""
        self.randomness: int | None = None
        self.threshold: int | None = None
        self._rv = self._th = ""
        self._pairs: list[str] = []
        self._members: list[str] = []
        if text:  # most spans have none
            self._read(text)

    def set_randomness(self, randomness: int) -> None:
        """Carry explicit randomness."""
        self.randomness, self._rv = randomness, ts.format_randomness(randomness)

    def clear_threshold(self) -> None:
        """Forget a threshold that is not true."""
        self.threshold, self._th = None, ""

    def raise_threshold(self, threshold: int) -> None:
        """Carry `threshold`, unless there is a higher one."""
        if self.threshold is None or threshold >= self.threshold:
            self.threshold, self._th = threshold, ts.format_threshold(threshold)

    def __str__(self) -> str:
        pairs = [f"rv:{self._rv}"] if self._rv else []
        pairs += [f"th:{self._th}"] if self._th else []
        pairs += self._pairs
        return ",".join([f"ot={';'.join(pairs)}", *self._members] if pairs else self._members)

    def _read(self, text: str) -> None:
        members = text.split(",")
        if not members[-1]:
            members.pop()
        stripped = [member.strip(" \t") for member in members]
        found = [(member, _MEMBER.fullmatch(member)) for member in stripped]
        if len(text) > _MAX_LENGTH or any(member and not match for member, match in found):
            self.malformed = True
            return
        for _, match in found[:_MAX_SCANNED]:
            if match is not None:
                self._take(match[0], match[1], match[2])
        self.malformed |= len(found) > _MAX_SCANNED

    def _take(self, member: str, key: str, value: str) -> None:
        tenant, _, system = key.rpartition("@")
        if len(key) > _MAX_KEY or (
            tenant and (len(tenant) > _MAX_TENANT or len(system) > _MAX_SYSTEM)
        ):
            self.malformed = True
        elif key == "ot":
            self._read_ot(value)
        else:
            self._members.append(member)

    def _read_ot(self, value: str) -> None:
        """Where there are several `ot` members, the last one holds."""
        self.randomness = self.threshold = None
        self._rv = self._th = ""
        self._pairs = []
        if not _PAIRS.fullmatch(value):
            self.malformed = True
            return
        for pair in value.split(";"):
            key, _, text = pair.partition(":")
            if key == "rv":
                self.randomness = _hex(text) if len(text) == 14 else None
                self._rv = text if self.randomness is not None else ""
                self.malformed |= self.randomness is None
            elif key == "th":
                self.threshold = ts.parse_threshold(text.lower())
                self._th = text if self.threshold is not None else ""
                self.malformed |= self.threshold is None
            else:
                self._pairs.append(pair)


def _hex(text: str) -> int | None:
    return int(text, 16) if _HEX.fullmatch(text) else None
