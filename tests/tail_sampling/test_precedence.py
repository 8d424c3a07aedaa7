"""How the verdicts of several policies become one decision, against a plain model."""

from hypothesis import given, settings
from hypothesis import strategies as st

from tests.helpers import batch, consume, metric, span
from tests.tail_sampling.support import sampler, wait

HIT, MISS = ["hit"], ["miss"]


def attribute(values, invert=False):
    section = {"key": "k", "values": values, "invert_match": invert}
    return {"type": "string_attribute", "string_attribute": section}


def nested(kind, *subs):
    return {"type": kind, kind: {f"{kind}_sub_policy": [{"name": "s"} | sub for sub in subs]}}


VERDICTS = {
    "sampled": [
        {"type": "always_sample"},
        attribute(HIT),
        nested("and", attribute(HIT), attribute(MISS, invert=True)),
        {"type": "not", "not": {"not_sub_policy": {"name": "s"} | attribute(MISS)}},
    ],
    "not_sampled": [
        attribute(MISS),
        nested("and", attribute(HIT), attribute(HIT, invert=True)),
        nested("drop", attribute(HIT), attribute(MISS)),
        {"type": "not", "not": {"not_sub_policy": {"name": "s"} | attribute(HIT)}},
    ],
    "dropped": [nested("drop", attribute(HIT)), nested("drop", attribute(MISS, invert=True))],
    "inverted_sampled": [attribute(MISS, invert=True)],
    "inverted_not_sampled": [attribute(HIT, invert=True)],
}
choices = [(verdict, policy) for verdict, found in VERDICTS.items() for policy in found]


def model(verdicts):
    """The Collector's README, "Policy Decision Flow": the outcome and whose verdict it was."""
    for verdict, outcome in (("dropped", "dropped"), ("inverted_not_sampled", "not_sampled")):
        if verdict in verdicts:
            return outcome, str(verdicts.index(verdict))
    if "sampled" in verdicts:
        return "sampled", str(verdicts.index("sampled"))
    if "inverted_sampled" in verdicts and "not_sampled" not in verdicts:
        return "sampled", str(verdicts.index("inverted_sampled"))
    return "not_sampled", "none"


@settings(max_examples=300)
@given(st.lists(st.sampled_from(choices), min_size=1, max_size=6))
def test_drop_beats_inverted_not_beats_sample_beats_inverted_sample(chosen):
    policies = [{"name": str(i)} | policy for i, (_, policy) in enumerate(chosen)]
    tail = sampler(*policies)
    consume(tail, batch(span(attributes={"k": "hit"})))
    wait(tail)
    outcome, policy = model([verdict for verdict, _ in chosen])
    assert bool(tail.next.spans) is (outcome == "sampled")
    counted = {"decision": outcome, "policy": policy}
    assert metric(tail, "winnow_tail_sampling_traces_total", **counted) == 1
