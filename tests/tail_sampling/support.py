"""A tail sampler on a clock that the test moves."""

from typing import Any

from processors.tail_sampling import TailSampling
from tests.helpers import ManualClock, batch, consume, make, metric

ALWAYS = {"name": "all", "type": "always_sample"}
ERRORS = {"name": "errors", "type": "status_code", "status_code": {"status_codes": ["ERROR"]}}
HEAD = {"name": "sampled", "type": "head_sampled"}


def sampler(*policies: dict[str, Any], **settings: Any) -> TailSampling:
    """A sampler that was not started: its tables are there, its thread is not.

    It decides early only where that is asked for.
    """
    overrides = {
        key: settings.pop(key) for key in ("clock", "storage", "metrics") if key in settings
    }
    settings.setdefault("decide_early", False)
    if policies:
        settings["policies"] = list(policies)
    made = make(TailSampling, settings, **{"clock": ManualClock()} | overrides)
    made.open_store()
    return made


def wait(tail: TailSampling, seconds: float = 60.0) -> None:
    """Let time pass, and let the sampler decide."""
    tail.context.clock.advance(seconds)  # type: ignore[attr-defined]
    tail.decide_due()


def kept(policy: dict[str, Any], *traces: list[Any]) -> list[bool]:
    """Whether a sampler with this one policy keeps each of the traces."""
    tail = sampler({"name": "policy", **policy})
    return [_kept(tail, spans) for spans in traces]


def _kept(tail: TailSampling, spans: list[Any]) -> bool:
    before = len(tail.next.spans)
    consume(tail, batch(*spans))
    wait(tail)
    arrived = len(tail.next.spans) - before
    assert arrived in (0, len(spans))
    return arrived > 0


def ids(records: Any) -> list[bytes]:
    """The ids of spans, in order."""
    return [record.span.span_id for record in records]


def held(tail: TailSampling) -> float:
    """The gauge of held spans."""
    return metric(tail, "winnow_pipeline_held_spans", pipeline="traces", component="test")


def dropped(tail: TailSampling, reason: str) -> float:
    """The counter of dropped spans."""
    return metric(tail, "winnow_dropped_spans_total", component="test", reason=reason)


def stored(tail: TailSampling) -> list[Any]:
    """The chunks in the store."""
    return list(tail._chunks.all())


def reasons(tail: TailSampling, reason: str) -> float:
    """The counter of decisions that came for this reason."""
    return metric(tail, "winnow_tail_sampling_decisions_total", reason=reason)


def drop(*subs: dict[str, Any]) -> dict[str, Any]:
    """A policy that drops what all of these sample."""
    return {"name": "no", "type": "drop", "drop": {"drop_sub_policy": list(subs)}}


def policies_of(tail: TailSampling) -> list[str]:
    """What the spans that came out say about who kept them."""
    return [record.attributes.text("winnow.sampling.policy") for record in tail.next.spans]


def followed(tail: TailSampling, when: str, decision: str) -> float:
    """The counter of spans that met a decision."""
    name = "winnow_tail_sampling_followed_spans_total"
    return metric(tail, name, when=when, decision=decision)
