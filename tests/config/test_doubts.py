"""What is valid, but hardly meant, is warned about at the place where it stands."""

import pytest

from tests.config.conftest import Load

ALWAYS = "tail_sampling: {policies: [{name: all, type: always_sample}]}"
HEAD = "{name: chosen, type: head_sampled}"
TAIL = f"tail_sampling: {{policies: [{HEAD}]}}"
INNER = f"{{name: both, type: and, and: {{and_sub_policy: [{HEAD}]}}}}"


def warnings(load: Load, processors: str, chain: str, own: str = "") -> list[str]:
    """Line, column, path and message of each."""
    config = load(f"""\
receivers: {{source: }}
processors: {{step: , {processors}}}
exporters: {{drain: {{processors: [{own}]}}}}
service:
  pipelines:
    traces: {{receivers: [source], processors: [step, {chain}], exporters: [drain]}}
""")
    return [warning.partition("pipeline.yaml:")[2] for warning in config.warnings]


def test_marks_that_nothing_goes_by_are_warned_about(load: Load):
    (warning,) = warnings(load, "head_sampling: ", "head_sampling")
    assert warning.startswith(
        "6:54: service.pipelines.traces.processors[1]: mode defer only marks spans"
    )
    assert "add tail_sampling, or set `mode: drop`" in warning


@pytest.mark.parametrize(
    ("processors", "chain", "own"),
    [
        ("head_sampling: {mode: drop}", "head_sampling", ""),
        ("head_sampling: , tail_sampling: ", "head_sampling, tail_sampling", ""),
        ("head_sampling/a: , tail_sampling/b: ", "head_sampling/a, tail_sampling/b", ""),
        ("head_sampling: , tail_sampling: ", "head_sampling", "tail_sampling"),
        ("head_sampling: , tail_sampling: ", "", "head_sampling, tail_sampling"),
        ("head_sampling: {enabled: false}", "head_sampling", ""),
        (f"head_sampling: , {ALWAYS}", "head_sampling, tail_sampling", ""),
    ],
)
def test_marks_that_somebody_goes_by_are_not(load: Load, processors: str, chain: str, own: str):
    assert warnings(load, processors, chain, own) == []


def test_tail_sampling_in_front_goes_by_no_marks(load: Load):
    processors = f"head_sampling: , {ALWAYS}"
    (warning,) = warnings(load, processors, "tail_sampling, head_sampling")
    assert "traces.processors[2]: mode defer only marks spans" in warning


def test_tail_sampling_that_is_switched_off_goes_by_no_marks(load: Load):
    processors = "head_sampling: , tail_sampling: {enabled: false}"
    (warning,) = warnings(load, processors, "head_sampling, tail_sampling")
    assert "traces.processors[1]: mode defer only marks spans" in warning


@pytest.mark.parametrize("policies", [HEAD, INNER])
def test_a_policy_for_a_sample_that_nobody_draws_is_warned_about(load: Load, policies: str):
    processors = f"tail_sampling: {{policies: [{policies}]}}"
    (warning,) = warnings(load, processors, "tail_sampling")
    assert warning.startswith(
        "6:54: service.pipelines.traces.processors[1]: nothing before it draws the head sample "
        "that 'chosen' (head_sampled) looks for: add head_sampling before it, unless spans come "
        "with `ot=th` in their tracestate"
    )


def test_in_an_exporters_own_chain_the_place_is_there(load: Load):
    (warning,) = warnings(load, TAIL, "", "tail_sampling")
    assert warning.startswith("3:34: exporters.drain.processors[0]: nothing before it draws")


@pytest.mark.parametrize(
    ("processors", "chain", "own"),
    [
        (f"{TAIL}, head_sampling: {{mode: drop}}", "head_sampling, tail_sampling", ""),
        (f"{TAIL}, head_sampling: ", "head_sampling", "tail_sampling"),
        (f"{TAIL}, probabilistic_sampler: ", "probabilistic_sampler, tail_sampling", ""),
        ("tail_sampling: ", "tail_sampling", ""),
        (ALWAYS, "tail_sampling", ""),
    ],
)
def test_a_sample_that_is_drawn_or_not_asked_for_is_not(
    load: Load, processors: str, chain: str, own: str
):
    assert warnings(load, processors, chain, own) == []
