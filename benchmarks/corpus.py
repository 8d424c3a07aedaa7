"""Text of agents' traffic, made up from a seed: never the same twice."""

import argparse
import inspect
import json
import random
import string
import tarfile
import textwrap
from collections.abc import Iterator

SIZE = 10_000
"""Characters of a text."""
TURNS = 30
_WORDS = """
the order arrived on time but two parts were missing and the invoice shows the wrong sum please
check whether our policy covers a replacement before the customer travels next week we could offer
a refund or a credit note instead which of them is cheaper for everybody thanks for looking into
this again as far as I remember the warranty ended in spring so a repair may not be free however
the model answered with a long list of steps that nobody had asked for and then it stopped
""".split()  # noqa: SIM905 - a list a page long reads worse
_CODE = (argparse, tarfile, textwrap, inspect, json, random)
_PERSONAL = (
    "my card is {card}", "mail {user}@example.com", "call me at (415) 555-{four}",
    "my ssn is 212-34-{four}", "from 203.0.113.{byte}", "IBAN DE89370400440532013000",
    "phone +49 30 90{four}", "device 00:1A:2B:3C:4D:{hex}",
)  # fmt: skip


def prose(numbers: random.Random, size: int = SIZE) -> str:
    """Sentences without personal data."""
    parts: list[str] = []
    length = 0
    while length < size:
        sentence = " ".join(numbers.choices(_WORDS, k=numbers.randint(6, 18))).capitalize() + "."
        if numbers.random() < 0.1:
            sentence += f" That makes {numbers.randint(2, 900)} of {numbers.randint(1000, 9000)}."
        parts.append(sentence)
        length += len(sentence) + 1
    return " ".join(parts)[:size]


def code(numbers: random.Random, size: int = SIZE) -> str:
    """Python from the standard library, cut anywhere."""
    source = inspect.getsource(numbers.choice(_CODE))
    start = numbers.randrange(max(1, len(source) - size))
    return f"# {numbers.getrandbits(64):x}\n{source[start : start + size]}"


def json_text(numbers: random.Random, size: int = SIZE) -> str:
    """What a tool answers: rows with ids, times, scores and a remark."""
    rows: list[dict[str, object]] = []
    while len(json.dumps(rows)) < size:
        rows.append(
            {
                "id": numbers.getrandbits(40),
                "trace_id": f"{numbers.getrandbits(128):032x}",
                "at": f"2025-06-{numbers.randint(1, 28):02}T10:{numbers.randint(10, 59)}:07.123Z",
                "score": numbers.random(),
                "embedding": [round(numbers.uniform(-1, 1), 6) for _ in range(8)],
                "title": prose(numbers, 60),
                "version": f"1.{numbers.randint(0, 30)}.{numbers.randint(0, 9)}",
            }
        )
    return json.dumps(rows)


def dense(numbers: random.Random, size: int = SIZE) -> str:
    """Prose with something personal in every sentence."""
    parts: list[str] = []
    while sum(map(len, parts)) < size:
        personal = numbers.choice(_PERSONAL).format(
            card=numbers.choice(("4111 1111 1111 1111", "5555555555554444", "378282246310005")),
            user="".join(numbers.choices(string.ascii_lowercase, k=8)),
            four=f"{numbers.randint(1000, 9999)}",
            byte=numbers.randint(1, 254),
            hex=f"{numbers.getrandbits(8):02X}",
        )
        parts.append(f"{prose(numbers, 60)} {personal}. ")
    return "".join(parts)[:size]


def conversation(numbers: random.Random) -> Iterator[str]:
    """What an agent sends on each turn: all messages so far, as `gen_ai.input.messages`.

    Every fourth turn reads a file or calls a tool; some turns hold personal data.
    """
    messages = [_message("system", prose(numbers, 3000))]
    for turn in range(TURNS):
        messages.append(_message("user", prose(numbers, 300) + _remark(numbers, turn)))
        if turn % 4 == 1:
            messages.append(_message("tool", code(numbers, 6000)))
        if turn % 4 == 3:
            messages.append(_message("tool", json_text(numbers, 6000)))
        yield json.dumps(messages)
        messages.append(_message("assistant", prose(numbers, 900)))


def _message(role: str, text: str) -> dict[str, object]:
    return {"role": role, "parts": [{"type": "text", "content": text}]}


def _remark(numbers: random.Random, turn: int) -> str:
    return f" Write to {numbers.getrandbits(32):x}@example.com." if turn % 5 == 0 else ""
