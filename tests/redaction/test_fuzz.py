r"""Whatever is put together: no crash, nothing planted comes out, nothing is slow.

For a longer hunt, in other texts, give the seconds and the first seed. What was tried is logged:

    WINNOW_FUZZ_SECONDS=1200 WINNOW_FUZZ_SEED=1000000 \
    pytest --log-cli-level=INFO tests/redaction/test_fuzz.py
"""

import base64
import json
import logging
import os
import random
import string
import time
from collections.abc import Callable, Iterator
from functools import partial
from itertools import count
from urllib.parse import quote

import pytest

from processors.redaction.json_text import is_json
from tests.redaction.conftest import started
from tests.redaction.hostile import SHAPES, SIZE, UNITS, timed
from tests.redaction.pieces import CONTEXT, NOISE

log = logging.getLogger(__name__)

SECONDS = float(os.environ.get("WINNOW_FUZZ_SECONDS", "20"))
FIRST_SEED = int(os.environ.get("WINNOW_FUZZ_SEED", "0"))
FRAGMENTS = [*CONTEXT, *NOISE, *UNITS.values()]


class Generator:
    """Texts of one seed, each with a value planted in it."""

    def __init__(self, seed: int) -> None:
        self._random = random.Random(seed)

    def planted(self) -> str:
        """Something that is found wherever it stands between quotes, blanks or line ends."""
        chosen = self._random
        digits = "".join(chosen.choices(string.digits, k=4))
        token = "".join(chosen.choices(string.ascii_letters + string.digits, k=36))
        return chosen.choice(
            [
                f"leak{digits}@corp{digits}.example.com",
                f"415-555-{digits}",
                f"536-90-{digits[:3]}1",
                f"203.0.113.{int(digits) % 250 + 1}",
                "sk-ant-api03-" + token,
                "AKIA" + token[:16].upper().translate(str.maketrans("0189", "ABCD")),
            ]
        )

    def text(self, planted: str) -> str:
        """Fragments, some of them many times, and what is planted on a line of its own."""
        pieces = [self._piece() for _ in range(self._random.randrange(8))]
        pieces.insert(self._random.randrange(len(pieces) + 1), f"\n the value {planted} ;\n")
        return "".join(pieces)

    def _piece(self) -> str:
        fragment = self._random.choice([*FRAGMENTS, *SHAPES])
        most = self._random.choice([1, 1, 1, 30, 2000])
        piece = fragment * min(most, SIZE // 8 // len(fragment))
        return self._numbers(piece) if fragment in SHAPES else piece

    def _numbers(self, shapes: str) -> str:
        digits = iter(self._random.choices(string.digits, k=shapes.count("#")))
        return "".join(next(digits) if sign == "#" else sign for sign in shapes)

    def wrapped(self, text: str) -> str:
        """The text inside of none, one or some formats."""
        for _ in range(self._random.choice([0, 1, 1, 2, 3])):
            if len(text) < SIZE // 2:
                text = self._random.choice(WRAPPERS)(text)
        return text


def in_base64(text: str) -> str:
    return base64.b64encode(text.encode("utf-8", "replace")).decode()


def cut_off(text: str) -> str:
    return json.dumps({"content": text, "more": "x" * 9})[:-4]


WRAPPERS: list[Callable[[str], str]] = [
    lambda text: json.dumps([{"role": "user", "parts": [{"content": text}]}]),
    lambda text: json.dumps({"a": 1, text: [0.5, text], "n": 1e300}, ensure_ascii=False),
    lambda text: json.dumps({"arguments": json.dumps({"q": text})}),
    lambda text: "https://x.io/?q=" + quote(text.encode("utf-8", "replace"), safe="") + "&page=2",
    in_base64,
    lambda text: f"data:text/plain;base64,{in_base64(text)}",
    cut_off,
]


@pytest.fixture(scope="module")
def processor():
    return started(cache_bytes=0)  # what was seen before costs nothing


def cases(seconds: float) -> Iterator[tuple[int, str, str]]:
    """Seed, text and planted value, until the time is over."""
    end = time.monotonic() + seconds
    for seed in count(FIRST_SEED):
        if time.monotonic() > end:
            return
        made = Generator(seed)
        planted = made.planted()
        yield seed, made.wrapped(made.text(planted)), planted


@pytest.mark.slow
def test_nothing_passes_and_nothing_is_slow(processor):
    number, slowest = 0, 0.0
    for seed, text, planted in cases(SECONDS):
        (redacted, _), seconds = timed(partial(processor.redact, text))
        number, slowest = number + 1, max(slowest, seconds)
        assert planted not in readings(redacted), f"seed {seed}"
        assert seconds < 0.25 * max(1, len(text) / SIZE), f"seed {seed}"
        if is_json(text):
            assert is_json(redacted), f"seed {seed}"
    log.info("%d texts, the slowest took %.0f ms of CPU", number, slowest * 1000)
    assert number > 10 * SECONDS


def readings(text: str) -> str:
    """The text as it is, and as it reads in whatever it was wrapped."""
    from tests.redaction.unwrapped import unwrapped

    return "\n".join(unwrapped(text))
