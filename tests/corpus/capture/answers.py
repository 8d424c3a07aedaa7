"""What the model double answers: the tokens that every expectation of the corpus is written from.

Prices, where an expectation has a cost, are those that OpenAI and Anthropic publish.
"""

import itertools
from typing import NamedTuple

TEXT = "The weather in Paris is sunny, 21 degrees."
ARGUMENTS = '{"city": "Paris"}'
FAILURE = "Please fail."
"""A prompt that ends so is answered with HTTP 429."""

_numbers = itertools.count(1)
_FULL_NAMES = {
    "gpt-4o-mini": "gpt-4o-mini-2024-07-18",
    "o4-mini": "o4-mini-2025-04-16",
    "claude-sonnet-4-5": "claude-sonnet-4-5-20250929",
    "claude-haiku-4-5": "claude-haiku-4-5-20251001",
}


class Tokens(NamedTuple):
    """Tokens of one answer. `input` contains both cache kinds, `output` the reasoning."""

    input: int
    output: int
    cache_read: int = 0
    cache_write: int = 0
    reasoning: int = 0


EMBEDDING = Tokens(12, 0)
_OPENAI = {
    "plain": Tokens(1200, 80, cache_read=1024),
    "reasoning": Tokens(300, 900, reasoning=640),
    "tool_call": Tokens(150, 20),
    "tool_result": Tokens(1190, 30, cache_read=1152),
}
_ANTHROPIC = {
    "plain": Tokens(1456, 80, cache_read=1024, cache_write=256),
    "mostly_fresh": Tokens(3000, 90, cache_read=1024, cache_write=256),
    "tool_call": Tokens(400, 50),
    "tool_result": Tokens(2560, 60, cache_read=2048),
}


def full_name(model: str) -> str:
    """The dated name under which the double answers."""
    return _FULL_NAMES.get(model, model)


def openai_tokens(model: str, turn: str) -> Tokens:
    """`turn` is plain, tool_call or tool_result."""
    return _OPENAI["reasoning" if model.startswith("o4") and turn == "plain" else turn]


def anthropic_tokens(model: str, turn: str) -> Tokens:
    """`turn` is plain, tool_call or tool_result."""
    haiku = model.startswith("claude-haiku") and turn == "plain"
    return _ANTHROPIC["mostly_fresh" if haiku else turn]


def new_id(prefix: str) -> str:
    """An id that no other answer has."""
    return f"{prefix}{next(_numbers):04}"
