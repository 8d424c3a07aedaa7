"""User, session, tags and trace name on every span."""

import threading

import pytest
from hypothesis import given
from hypothesis import strategies as st

from collector import Batch
from exporters.langfuse.traces import MAX_REMEMBERED, TraceMemory
from tests.helpers import attributes, batch, span

CHILD = b"parent-1"


def spread(*batches: Batch, limit: int = 100) -> list[dict[str, object]]:
    """The attributes of all spans, after one memory has spread what it knows."""
    memory = TraceMemory(limit)
    for item in batches:
        memory.spread(item)
    return [found for item in batches for found in attributes(item.spans)]


@pytest.mark.parametrize(
    ("source", "written"),
    [
        ("langfuse.user.id", "langfuse.user.id"),
        ("user.id", "langfuse.user.id"),
        ("ai.telemetry.metadata.userId", "langfuse.user.id"),
        ("langfuse.session.id", "langfuse.session.id"),
        ("session.id", "langfuse.session.id"),
        ("gen_ai.conversation.id", "langfuse.session.id"),
        ("ai.telemetry.metadata.sessionId", "langfuse.session.id"),
        ("langfuse.trace.tags", "langfuse.trace.tags"),
        ("langfuse.tags", "langfuse.trace.tags"),
        ("tag.tags", "langfuse.trace.tags"),
        ("langfuse.trace.name", "langfuse.trace.name"),
    ],
)
def test_what_any_span_carries_comes_to_every_span_of_its_trace(source, written):
    spans = spread(batch(span(parent=CHILD), span(parent=CHILD, attributes={source: "it"}), span()))
    assert [found.get(written) or found.get(source) for found in spans] == ["it"] * 3


def test_what_the_resource_carries_comes_to_every_span():
    (found,) = spread(batch(span(), resource={"user.id": "ann", "session.id": "s1"}))
    assert (found["langfuse.user.id"], found["langfuse.session.id"]) == ("ann", "s1")


def test_a_span_beats_the_resource():
    found = spread(batch(span(attributes={"user.id": "ann"}), span(), resource={"user.id": "svc"}))
    assert found[1]["langfuse.user.id"] == "ann"


def test_tags_stay_a_list():
    found = spread(batch(span(attributes={"langfuse.trace.tags": ["a", "b"]}), span()))
    assert found[1]["langfuse.trace.tags"] == ["a", "b"]


def test_the_root_s_name_is_the_trace_s():
    found = spread(batch(span("child", parent=CHILD), span("checkout")))
    assert [item["langfuse.trace.name"] for item in found] == ["checkout", "checkout"]


def test_a_trace_without_its_root_has_no_name():
    (found,) = spread(batch(span("child", parent=CHILD)))
    assert "langfuse.trace.name" not in found


def test_a_named_trace_keeps_its_name():
    found = spread(batch(span("root"), span(parent=CHILD, attributes={"langfuse.trace.name": "x"})))
    assert [item["langfuse.trace.name"] for item in found] == ["x", "x"]


def test_the_better_source_wins_over_the_worse_on_every_span():
    found = spread(
        batch(
            span(attributes={"session.id": "session"}),
            span(attributes={"gen_ai.conversation.id": "conversation"}, parent=CHILD),
        )
    )
    assert found[1]["langfuse.session.id"] == "session"


def test_a_span_with_its_own_keeps_it():
    found = spread(
        batch(
            span(attributes={"user.id": "ann"}), span(attributes={"user.id": "bob"}, parent=CHILD)
        )
    )
    assert "langfuse.user.id" not in found[1]
    assert found[1]["user.id"] == "bob"


def test_the_root_s_user_is_the_trace_s_where_spans_disagree():
    found = spread(
        batch(
            span(attributes={"user.id": "bob"}, parent=CHILD),
            span(parent=CHILD),
            span(attributes={"user.id": "ann"}),
        )
    )
    assert found[1]["langfuse.user.id"] == "ann"


def test_empty_values_are_none():
    found = spread(batch(span(attributes={"user.id": ""}), span(attributes={"user.id": "ann"})))
    assert found[1]["user.id"] == "ann"
    (alone,) = spread(batch(span(attributes={"user.id": ""})))
    assert "langfuse.user.id" not in alone


def test_an_empty_value_is_written_over():
    found = spread(
        batch(span(attributes={"user.id": "ann"}), span(attributes={"langfuse.user.id": ""}))
    )
    assert found[1]["langfuse.user.id"] == "ann"


def test_traces_do_not_mix():
    found = spread(batch(span("a", trace=1, attributes={"user.id": "ann"}), span("b", trace=2)))
    assert "langfuse.user.id" not in found[1]
    assert found[1]["langfuse.trace.name"] == "b"


def test_only_so_many_traces_are_remembered_the_last_used_longest():
    def root(trace: int) -> Batch:
        return batch(span("root", trace=trace))

    def late(trace: int) -> Batch:
        return batch(span("late", trace=trace, parent=CHILD))

    found = spread(root(1), root(2), late(1), root(3), late(1), late(2), limit=2)
    assert ["langfuse.trace.name" in item for item in found] == [True] * 5 + [False]


def test_nothing_is_remembered_with_a_limit_of_0():
    found = spread(batch(span("root")), batch(span("late", parent=CHILD)), limit=0)
    assert "langfuse.trace.name" not in found[1]


def test_very_long_values_are_spread_but_not_remembered():
    tags = {"langfuse.tags": "x" * (MAX_REMEMBERED + 1)}
    found = spread(batch(span(attributes=tags), span(parent=CHILD)), batch(span(parent=CHILD)))
    assert "langfuse.trace.tags" in found[1]
    assert "langfuse.trace.tags" not in found[2]


def test_threads_share_one_memory():
    memory = TraceMemory(50)
    batches = [
        [
            batch(span(trace=n, attributes={"user.id": f"u{n}"}), span(trace=n))
            for n in range(1, 200)
        ]
        for _ in range(4)
    ]

    def work(mine: list[Batch]) -> None:
        for item in mine:
            memory.spread(item)

    threads = [threading.Thread(target=work, args=(mine,)) for mine in batches]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for mine in batches:
        assert [attributes(item.spans)[1]["langfuse.user.id"] for item in mine] == [
            f"u{n}" for n in range(1, 200)
        ]


KEYS = ["langfuse.user.id", "user.id", "session.id", "gen_ai.conversation.id", "tag.tags"]
carried = st.dictionaries(st.sampled_from(KEYS), st.sampled_from(["", "a", "b"]), max_size=3)


@given(st.lists(st.tuples(st.integers(1, 3), st.booleans(), carried), min_size=1, max_size=8))
def test_where_one_span_of_a_trace_has_a_user_every_span_has_one(described):
    item = batch(
        *(
            span(trace=trace, parent=CHILD if child else b"", attributes=own)
            for trace, child, own in described
        )
    )
    before = [bool(user(found)) for found in attributes(item.spans)]
    TraceMemory(10).spread(item)
    for trace in {trace for trace, _, _ in described}:
        places = [n for n, (other, _, _) in enumerate(described) if other == trace]
        after = {bool(user(attributes(item.spans)[n])) for n in places}
        assert after == {any(before[n] for n in places)}


def user(found: dict[str, object]) -> object:
    """The user that Langfuse reads from these attributes."""
    return found.get("langfuse.user.id") or found.get("user.id")
