"""Recall and precision by type: the measures that the project holds itself to."""

import json
import os
import random
import string
from pathlib import Path

import pytest

from benchmarks import presidio
from processors.redaction.config import ENTITIES
from processors.redaction.evaluation import evaluate
from processors.redaction.findings import Finding
from processors.redaction.labelled import load
from tests.redaction.population import population

RECALL = {"PHONE_NUMBER": 0.90}
OTHERS = 0.98
PRECISION = 0.95
LABELLED = os.environ.get("WINNOW_LABELLED_DATA", "")
"""A file of labelled texts, such as presidio-research's `tests/data/generated_large.json`."""


@pytest.fixture(scope="module")
def made_up():
    return list(population(random.Random(5), each=300))


@pytest.fixture(scope="module")
def ours(redaction, made_up):
    return evaluate(made_up, redaction.redact, ENTITIES)


@pytest.fixture(scope="module")
def theirs(made_up):
    return evaluate(made_up, stock, ENTITIES)


def stock(text):
    found = presidio.analyze(text)
    return text, [Finding(start, end, kind, 1.0) for kind, start, end in found]


@pytest.mark.parametrize("entity", ENTITIES)
def test_what_is_made_up_is_found(ours, entity):
    assert ours.types[entity].recall >= RECALL.get(entity, OTHERS)


@pytest.mark.parametrize("entity", ENTITIES)
def test_what_is_found_is_right(ours, entity):
    assert ours.types[entity].precision >= PRECISION


@pytest.mark.parametrize("entity", ENTITIES)
def test_nothing_is_worse_than_with_stock_presidio(ours, theirs, entity):
    assert ours.types[entity].recall >= theirs.types[entity].recall


@pytest.mark.skipif(not LABELLED, reason="WINNOW_LABELLED_DATA names no file")
def test_a_labelled_set_is_found(redaction):
    samples = load(Path(LABELLED))
    mine, their = (evaluate(samples, find, ENTITIES) for find in (redaction.redact, stock))
    for entity in ENTITIES:
        if mine.types[entity].labels:
            assert mine.types[entity].recall >= RECALL.get(entity, OTHERS)
            assert mine.types[entity].precision >= PRECISION
            assert mine.types[entity].recall >= their.types[entity].recall


def modules():
    folder = Path(string.__file__).parent
    paths = [*folder.glob("*.py"), *folder.glob("json/*.py"), *folder.glob("asyncio/*.py")]
    return {path.name: path.read_text(errors="replace") for path in sorted(paths)}


def test_the_standard_library_holds_few_numbers_of_persons(redaction):
    """1.5 MB and more of code, which has authors' mail addresses and examples of IP addresses."""
    found = [
        text[finding.start : finding.end]
        for name, text in modules().items()
        for finding in redaction.redact(text)[1]
        if finding.type in {"PHONE_NUMBER", "CREDIT_CARD", "IBAN_CODE", "US_SSN", "CRYPTO"}
    ]
    assert len(found) <= 5, found


def test_records_with_ids_times_and_vectors_are_left_alone(redaction):
    numbers = random.Random(3)
    records = [
        {
            "id": numbers.randrange(10**9, 10**10),
            "order_id": str(numbers.randrange(10**8, 10**12)),
            "phone_number_id": str(numbers.randrange(10**14, 2 * 10**14)),
            "trace_id": f"{numbers.getrandbits(128):032x}",
            "span_id": f"{numbers.getrandbits(64):016x}",
            "at": f"2025-06-{numbers.randint(1, 28):02}T10:11:12.{numbers.randrange(10**6):06}Z",
            "at_ms": 1_700_000_000_000 + numbers.randrange(10**10),
            "at_ns": 1_700_000_000_000_000_000 + numbers.randrange(10**16),
            "sum": round(numbers.uniform(1, 10**6), 2),
            "vector": [numbers.uniform(-1, 1) for _ in range(16)],
            "version": f"{numbers.randrange(30)}.{numbers.randrange(300)}.{numbers.randrange(999)}",
            "range": f"{numbers.randrange(10**6)}-{numbers.randrange(10**6)}",
            "hash": f"{numbers.getrandbits(256):064x}",
        }
        for _ in range(500)
    ]
    _, findings = redaction.redact(json.dumps(records))
    assert len(findings) <= 5
