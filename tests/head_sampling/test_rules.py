"""Rules: other percentages for some traces."""

import pytest
from pydantic import ValidationError

from collector import tracestate as ts
from processors.head_sampling import HeadSampling
from tests.head_sampling.support import counted, ot, private
from tests.helpers import batch, consume, make, span

GOLD = {
    "name": "gold",
    "match": {"match_type": "strict", "attributes": [{"key": "tier", "value": "gold"}]},
    "percentage": 100,
}
HEALTH = {
    "name": "health",
    "match": {"match_type": "regexp", "span_names": ["^GET /health"]},
    "percentage": 0,
}
STAGING = {
    "match": {"match_type": "strict", "resources": [{"key": "deployment", "value": "staging"}]},
    "percentage": 50,
}


def sampler(*rules, **settings):
    return make(HeadSampling, {"rules": list(rules), "percentage": 0, **settings})


def test_a_rule_has_a_percentage_of_its_own():
    head = sampler(GOLD, percentage=0)
    consume(head, batch(span(trace=1, attributes={"tier": "gold"}), span(trace=2)))
    assert [ot(record).get("th") for record in head.next.spans] == ["0", None]


def test_the_first_rule_that_matches_holds():
    both = span("GET /health", attributes={"tier": "gold"})
    for rules, sampled in (((GOLD, HEALTH), True), ((HEALTH, GOLD), False)):
        head = sampler(*rules, percentage=50)
        consume(head, batch(both))
        assert ("th" in ot(head.next.spans[0])) == sampled


def test_a_rule_may_match_the_resource():
    head = sampler(STAGING, mode="drop", key=[])
    spans = [span(trace=number) for number in range(1, 200)]
    consume(head, batch(*spans, resource={"deployment": "staging"}))
    assert 50 < len(head.next.spans) < 150
    assert {ot(record)["th"] for record in head.next.spans} == {"8"}


def test_every_span_of_the_trace_follows_the_rule_that_one_of_them_matches():
    head = sampler(GOLD, mode="drop")
    consume(head, batch(span(), span(attributes={"tier": "gold"}), span()))
    assert len(head.next.spans) == 3


def test_later_batches_follow_the_rule_too_and_say_so():
    head = sampler(GOLD)
    consume(head, batch(span()), batch(span(attributes={"tier": "gold"})), batch(span()))
    assert ["th" in ot(record) for record in head.next.spans] == [False, True, True]
    assert [private(record).get("r") for record in head.next.spans] == [None, "3", "3"]


def test_an_earlier_rule_found_later_replaces_the_one_before():
    head = sampler(HEALTH, GOLD)
    consume(head, batch(span(attributes={"tier": "gold"})), batch(span("GET /health")))
    assert ["th" in ot(record) for record in head.next.spans] == [True, False]


def test_for_how_many_traces_rules_are_remembered_is_bounded():
    head = sampler(GOLD, trace_cache_size=1)
    gold = [span(trace=number, attributes={"tier": "gold"}) for number in (1, 2)]
    consume(head, batch(*gold), batch(span(trace=1)), batch(span(trace=2)))
    assert ["th" in ot(record) for record in head.next.spans[2:]] == [False, True]


def test_a_threshold_that_came_in_is_not_lowered_by_a_rule():
    head = sampler(GOLD, mode="drop")
    earlier = "ot=rv:f0000000000000;th:c"
    consume(head, batch(span(attributes={"tier": "gold"}, trace_state=earlier)))
    assert head.next.spans[0].span.trace_state == earlier


def test_spans_are_counted_by_rule():
    head = sampler(GOLD, STAGING)
    consume(head, batch(span(trace=1, attributes={"tier": "gold"}), span(trace=1), span(trace=2)))
    assert counted(head, "sampled", "gold") == 2
    assert counted(head, "not_sampled") == 1


@pytest.mark.parametrize("name", ["default", "canary", "priority", "gold", "rule 2"])
def test_a_name_that_is_taken_is_a_mistake(name):
    rules = [GOLD, STAGING, GOLD | {"name": name}]
    with pytest.raises(ValidationError, match="choose another"):
        HeadSampling.Config.model_validate({"rules": rules})


@pytest.mark.parametrize(("priority", "sampled"), [(1, True), (0, False), ("0.0", False)])
def test_sampling_priority_decides_for_the_whole_trace(priority, sampled):
    head = make(HeadSampling, {"percentage": 0 if sampled else 100})
    consume(head, batch(span(), span(attributes={"sampling.priority": priority})), batch(span()))
    assert ["th" in ot(record) for record in head.next.spans] == [sampled] * 3
    assert counted(head, "sampled" if sampled else "not_sampled", "priority") == 3


def test_sampling_priority_beats_rules():
    head = sampler(GOLD)
    consume(head, batch(span(attributes={"sampling.priority": 0, "tier": "gold"})))
    assert "th" not in ot(head.next.spans[0])


def test_a_span_that_asks_to_be_kept_beats_one_of_the_trace_that_asks_not_to_be():
    head = sampler()
    wishes = [span(attributes={"sampling.priority": priority}) for priority in (0, 1)]
    consume(head, batch(*wishes))
    assert {ot(record).get("th") for record in head.next.spans} == {"0"}


@pytest.mark.parametrize("priority", [-1, True, "", "yes", "nan", [1]])
def test_a_priority_that_says_nothing_changes_nothing(priority):
    head = sampler()
    consume(head, batch(span(attributes={"sampling.priority": priority})))
    assert counted(head, "not_sampled") == 1


def test_sampling_priority_can_be_ignored():
    head = sampler(sampling_priority=False)
    consume(head, batch(span(attributes={"sampling.priority": 1})))
    assert "th" not in ot(head.next.spans[0])


def test_a_trace_that_is_kept_has_the_threshold_of_its_rule():
    half = GOLD | {"percentage": 50}
    head = sampler(half, percentage=100, mode="drop", key=[])
    spans = [span(trace=n, attributes={"tier": "gold"} if n % 2 else {}) for n in range(1, 100)]
    consume(head, batch(*spans))
    for record in head.next.spans:
        randomness = ts.parse_randomness(ot(record)["rv"])
        assert ot(record)["th"] == ("8" if record.span.trace_id[-1] % 2 else "0")
        assert randomness >= ts.parse_threshold(ot(record)["th"])
