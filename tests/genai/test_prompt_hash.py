"""The same system instructions have the same hash, and the hash does not give them away."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from processors.genai import GenAI
from tests.genai.through import translated
from tests.helpers import attributes, batch, consume, make, span

HASH = "winnow.prompt.hash"
LONG = "You are a support agent. Answer briefly, cite the policy, and never guess at prices."
SHORT = "You help Jane Miller."
KEY = {"prompt_hash_key": "a key for tests"}


def hashed(told: dict[str, Any], settings: dict[str, Any] | None = None) -> Any:
    return translated({"gen_ai.operation.name": "chat", **told}, settings).get(HASH)


def part(text: str) -> dict[str, str]:
    return {"type": "text", "content": text}


def message(role: str, text: str) -> dict[str, Any]:
    return {"role": role, "parts": [part(text)]}


WAYS = {
    "instructions as JSON": {"gen_ai.system_instructions": json.dumps([part(LONG)])},
    "instructions as an array": {"gen_ai.system_instructions": [part(LONG)]},
    "instructions as text": {"gen_ai.system_instructions": LONG},
    "a system message": {
        "gen_ai.input.messages": json.dumps([message("system", LONG), message("user", "Hi")])
    },
    "a developer message, compact": {
        "gen_ai.input.messages": json.dumps([message("developer", LONG)], separators=(",", ":"))
    },
    "messages as an array": {"gen_ai.input.messages": [message("system", LONG)]},
    "flattened messages": {
        "gen_ai.prompt.0.role": "system",
        "gen_ai.prompt.0.content": LONG,
        "gen_ai.prompt.1.role": "user",
        "gen_ai.prompt.1.content": "Hi",
    },
    "another SDK's messages": {
        "ai.prompt.messages": json.dumps([{"role": "system", "content": LONG}])
    },
}


@pytest.mark.parametrize("told", WAYS.values(), ids=WAYS)
@pytest.mark.parametrize("settings", [{}, KEY], ids=["no key", "key"])
def test_it_is_the_same_however_the_instructions_are_told(
    told: dict[str, Any], settings: dict[str, Any]
) -> None:
    assert hashed(told, settings) == hashed({"gen_ai.system_instructions": LONG}, settings)


def test_it_is_the_same_on_every_host_and_in_every_release() -> None:
    told = {"gen_ai.system_instructions": LONG}
    assert hashed(told) == "d902716e3f6b35e316caf617ffdd2501"
    assert hashed(told, KEY) == "30b039ba72e0af15f05a2f5a96374b15"


def test_it_tells_instructions_and_keys_apart() -> None:
    told = {"gen_ai.system_instructions": LONG}
    changed = {"gen_ai.system_instructions": LONG.replace("briefly", "at length")}
    other = {"prompt_hash_key": "another key"}
    hashes = {hashed(told), hashed(changed), hashed(told, KEY), hashed(told, other)}
    assert len(hashes) == 4


@pytest.mark.parametrize(
    "guessable",
    [
        SHORT,
        f"{LONG} The customer is jane@example.com.",
        f"{LONG} Call +1 415 555 0132.",
        f"{LONG} Account 4929 3813 3266 4295.",
    ],
    ids=["short", "e-mail", "phone", "card"],
)
def test_without_a_key_nothing_is_said_of_what_could_be_guessed(guessable: str) -> None:
    told = {"gen_ai.system_instructions": guessable}
    assert hashed(told) is None
    assert hashed(told, KEY) is not None


def test_what_the_user_says_is_not_part_of_it() -> None:
    both = [message("system", LONG), message("user", "Hi"), message("system", "later")]
    told = {"gen_ai.input.messages": json.dumps(both)}
    assert hashed(told) == hashed({"gen_ai.system_instructions": LONG})


@pytest.mark.parametrize(
    "told",
    [
        {},
        {"gen_ai.input.messages": json.dumps([message("user", f"system {LONG}")])},
        {"gen_ai.input.messages": '[{"role":"system","parts"'},
        {"gen_ai.input.messages": "system"},
        {"gen_ai.system_instructions": "[]"},
        {"gen_ai.operation.name": "invoke_agent", "gen_ai.system_instructions": LONG},
        {"gen_ai.operation.name": "", "gen_ai.system_instructions": LONG},
    ],
    ids=["none", "user only", "broken", "no JSON", "empty", "agent", "unknown"],
)
def test_there_is_none_without_instructions_of_a_model_call(told: dict[str, Any]) -> None:
    assert hashed(told) is None


def test_what_stands_there_already_stays() -> None:
    assert hashed({"gen_ai.system_instructions": LONG, HASH: "theirs"}) == "theirs"


_ROLES = st.sampled_from(["system", "developer", "user", "tool"])
_HISTORY = st.lists(st.tuples(_ROLES, st.sampled_from([LONG, SHORT, 'a "system" of', "Hi"])))


@given(st.lists(_HISTORY, min_size=1, max_size=6), st.booleans())
def test_what_was_seen_before_changes_nothing(
    histories: list[list[tuple[str, str]]], compact: bool
) -> None:
    separators = (",", ":") if compact else None
    texts = [
        json.dumps([message(*said) for said in history], separators=separators)
        for history in histories
    ]
    calls = [{"gen_ai.operation.name": "chat", "gen_ai.input.messages": text} for text in texts]
    processor = make(GenAI, KEY)
    consume(processor, batch(*(span(attributes=call) for call in calls)))
    together = [result.get(HASH) for result in attributes(processor.next.spans)]
    assert together == [hashed(call, KEY) for call in calls]


@given(st.text(), st.text())
def test_any_text_is_hashed_and_never_shown(first: str, second: str) -> None:
    told = [{"gen_ai.system_instructions": json.dumps([part(text)])} for text in (first, second)]
    hashes = [hashed(each, KEY) for each in told]
    assert all(digest is None or len(digest) == 32 for digest in hashes)
    assert (hashes[0] == hashes[1]) == (first == second)
