"""Generated spans of one trace, and policies to ask about them."""

from typing import Any

from hypothesis import strategies as st
from opentelemetry.proto.trace.v1.trace_pb2 import Span

from collector import Batch, SpanRecord, write_value
from tests.helpers import request

START = 1_750_000_000_000_000_000
VALUES = st.sampled_from(["gold", "goldfish", "lead", "", 1, 7, 700, -3, 7.5, True, False])
STATES = ["", "tier=gold", "tier=lead,a=b", "tier=gold,tier=gold", "a=b,tier=gold"]


@st.composite
def spans(draw: Any) -> Span:
    """A span of trace 1: times out of order or absent, every status, attributes of any kind."""
    start = draw(st.sampled_from([0, START, START + 10**8, START + 10**9, START - 10**9]))
    made = Span(
        trace_id=(1).to_bytes(16, "big"),
        span_id=draw(st.binary(min_size=8, max_size=8)),
        parent_span_id=draw(st.sampled_from([b"", b"parent01"])),
        name=draw(st.sampled_from(["chat", "step"])),
        start_time_unix_nano=start,
        end_time_unix_nano=draw(
            st.sampled_from([0, start + 10**7, start + 2 * 10**8, START + 2 * 10**9])
        ),
        flags=draw(st.sampled_from([0, 1, 0x101])),
        trace_state=draw(st.sampled_from(STATES)),
    )
    if draw(st.booleans()):
        made.status.code = draw(st.sampled_from([0, 1, 2]))
    for key, value in draw(st.dictionaries(st.sampled_from("kn"), VALUES)).items():
        write_value(made.attributes.add(key=key).value, value)
    if draw(st.booleans()):
        write_value(made.attributes.add(key="winnow.guardrail.fired").value, draw(st.booleans()))
    for name in draw(st.lists(st.sampled_from(["exception", "log"]), max_size=2)):
        made.events.add(name=name)
    return made


def records(*made: Span) -> list[SpanRecord]:
    """The spans as a policy sees them."""
    return Batch(request(*made)).spans


def policy(kind: str, **settings: Any) -> dict[str, Any]:
    """An entry of `policies`."""
    return {"name": kind, "type": kind} | ({kind: settings} if settings else {})


LASTING = [
    policy("always_sample"),
    policy("status_code", status_codes=["ERROR"]),
    policy("status_code", status_codes=["OK", "UNSET"]),
    policy("latency", threshold_ms=50),
    policy("latency", threshold_ms=1500),
    policy("span_count", min_spans=3),
    policy("probabilistic", sampling_percentage=40),
    policy("probabilistic", sampling_percentage=90),
    policy("string_attribute", key="k", values=["gold"]),
    policy("string_attribute", key="k", values=["^g"], enabled_regex_matching=True),
    policy("numeric_attribute", key="n", min_value=5, max_value=100),
    policy("boolean_attribute", key="n", value=False),
    policy("trace_state", key="tier", values=["gold"]),
    policy("trace_flags"),
    policy("guardrail"),
    policy("ottl_condition", span=['name == "chat"', 'Len(attributes["k"]) > 4']),
    policy("ottl_condition", spanevent=['name == "exception"'], error_mode="propagate"),
    policy("ottl_condition", span=['Len(attributes["k"]) == 4'], error_mode="propagate"),
]
FLEETING = [
    policy("latency", threshold_ms=50, upper_threshold_ms=1500),
    policy("span_count", min_spans=1, max_spans=3),
    policy("string_attribute", key="k", values=["gold"], invert_match=True),
    policy("numeric_attribute", key="n", min_value=5, invert_match=True),
    policy("boolean_attribute", key="n", value=False, invert_match=True),
    policy("rate_limiting", spans_per_second=5),
    policy("bytes_limiting", bytes_per_second=500),
    policy("cost", min_usd=0.1),
    policy("head_sampled"),
    policy("latency_percentile"),
    policy("not", not_sub_policy=policy("trace_flags")),
    policy("composite", max_total_spans_per_second=5, composite_sub_policy=[LASTING[0]]),
]
