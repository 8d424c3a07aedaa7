"""Pricing costs next to nothing beside what else is done to a span."""

import sys
import time

import pytest

from collector.model_calls import Usage
from processors.cost.book import PriceBook

NOON = 1_763_640_000 * 10**9
CALLS = [
    ("openai", "gpt-4o", Usage(12_000, 300, 8_000)),
    ("anthropic", "claude-sonnet-4-5", Usage(250_000, 900, 200_000, 4_000)),
    ("aws.bedrock", "us.anthropic.claude-sonnet-4-5-20250929-v1:0", Usage(9_000, 100)),
    ("gcp.gemini", "gemini-2.5-pro", Usage(210_000, 2_000, 0, 0, 1_500)),
    ("deepseek", "deepseek-chat", Usage(3_000, 200)),
]
ROUNDS = 20_000


@pytest.mark.slow
def test_a_hundred_thousand_calls_a_second(capsys: pytest.CaptureFixture[str]) -> None:
    book = PriceBook([])
    for provider, model, usage in CALLS:
        book.price(provider, model, NOON).cost(usage, NOON)
    began = time.thread_time()
    for number in range(ROUNDS):
        at = NOON + number * 10**9
        for provider, model, usage in CALLS:
            book.history(provider, model, model, "").at(at).cost(usage, at)
    rate = ROUNDS * len(CALLS) / (time.thread_time() - began)
    with capsys.disabled():
        sys.stdout.write(f"\n{rate:,.0f} calls priced a second on one core\n")
    assert rate > 100_000


def test_the_books_memory_is_bounded() -> None:
    book = PriceBook([])
    for number in range(5_000):
        book.history("nobody", f"model-{number}", "", "")
    assert book.history.cache_info().currsize == 4_096  # type: ignore[attr-defined]
