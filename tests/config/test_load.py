"""A configuration loads as a whole, or every mistake in it is told at once."""

import sys
from pathlib import Path

import pytest
import yaml
from hypothesis import example, given
from hypothesis import strategies as st

from collector import ConfigError
from collector.config.load import load_config
from tests.config.conftest import SERVICE, Load, Problems, with_step
from tests.config.trees import TREES, lines_of

BASE = "receivers: {source: }\nprocessors: {step: }\nexporters: {drain: }\n"


def test_every_mistake_is_told_in_one_run_in_the_order_of_the_file(problems: Problems):
    text = """\
receivers:
  source: {listn: "127.0.0.1:1"}
processors:
  step:
    threshold: lots
  stepp: {}
exporters:
  drain:
    retry_on_failure: {max_interval: 5}
service:
  pipelines:
    traces:
      receivers: [source]
      processors: [step, setp]
      exporters: [drain]
"""
    assert problems(text) == [
        "2:12: receivers.source.listn: unknown key (did you mean 'listen'?)",
        "5:16: processors.step.threshold: must be a whole number",
        "6:3: processors.stepp: unknown processor type 'stepp' (did you mean 'step'?)",
        "9:38: exporters.drain.retry_on_failure.max_interval: 5 is not a duration: write a number "
        "with a unit (ms, s, m, h), such as 30s",
        "14:26: service.pipelines.traces.processors[1]: 'setp' is not defined (did you mean "
        "'step'?)",
    ]


def test_what_is_between_sections_does_not_wait_for_mistakes_within_them(problems: Problems):
    text = """\
receivers: {source: {listn: "h:1"}}
processors:
  tail_sampling: {decision_wait: 30}
  step: {threshold: lots}
exporters: {drain: {retry_on_failure: {max_interval: 5}}}
service:
  pipelines:
    traces: {receivers: [source], processors: [tail_sampling, step, gone], exporters: [drain]}
"""
    found = problems(text)
    assert [problem.partition(": ")[0] for problem in found] == [
        *("1:22", "3:34", "4:21", "5:54", "8:63", "8:69")
    ]
    assert "processors[1]: comes after 'tail_sampling', which writes spans down" in found[4]
    assert "processors[2]: 'gone' is not defined" in found[5]


def test_what_several_settings_of_a_component_get_wrong_is_told_at_once(problems: Problems):
    text = """\
receivers: {source: }
processors:
  memory_limiter:
    limit_mib: 100
    spike_limit_mib: 100
    min_gc_interval_when_soft_limited: 0
  redaction:
    actions:
      EMAIL_ADRESS: {action: keep}
      PERSON: {action: keep}
      IBAN_CODE: {action: encrypt}
    attributes:
      - {match: a, actions: {URL: {action: keep}}}
  tail_sampling:
    max_age: 1h
    policies:
      - {name: all, type: always_sample}
      - {name: all, type: guardrail}
    decision_wait_after_root_received: 1m
exporters: {drain: }
service:
  pipelines:
    traces:
      receivers: [source]
      processors: [memory_limiter, redaction, tail_sampling]
      exporters: [drain]
"""
    assert [problem.partition(": ")[0] for problem in problems(text)] == [
        *("5:5", "6:5", "9:7", "10:7", "11:7", "13:30", "15:5", "18:9", "19:5")
    ]
    found = [problem.split(": ")[1] for problem in problems(text)]
    assert found[2] == "processors.redaction.actions.EMAIL_ADRESS"
    assert found[5] == "processors.redaction.attributes[0].actions.URL"
    assert found[7] == "processors.tail_sampling.policies[1]"


def test_a_configuration_loads_to_the_classes_and_settings_that_run(load: Load):
    config = load(with_step("threshold: 7"))
    spec = config.processors["step"]
    assert (spec.id, spec.cls.__name__, spec.config.threshold) == ("step", "Step", 7)
    assert list(config.receivers) == ["source"]
    assert list(config.exporters) == ["drain"]
    assert config.pipelines["traces"].processors == ("step",)
    assert config.service.telemetry.endpoint == "127.0.0.1:8888"
    assert config.service.drain_timeout == 10
    assert config.service.storage.directory == Path("data/state")
    assert config.warnings == ()


def test_storage_may_be_memory_only(load: Load):
    assert load(BASE + SERVICE + "  storage: {directory: null}\n").service.storage.directory is None


def test_a_type_may_be_used_twice_under_names(load: Load):
    text = """\
receivers: {source: }
processors: {step/strict: {threshold: 9}, step/loose: {threshold: 1}}
exporters: {drain: }
service:
  pipelines:
    traces: {receivers: [source], processors: [step/strict, step/loose], exporters: [drain]}
"""
    config = load(text)
    assert config.pipelines["traces"].processors == ("step/strict", "step/loose")
    assert config.processors["step/strict"].config.threshold == 9


def test_a_class_that_no_configuration_uses_is_not_imported(load: Load):
    load(with_step("{}"))
    assert "acme_winnow_heavy" not in sys.modules


def test_a_disabled_component_is_taken_out_of_every_list_and_not_imported(load: Load):
    text = """\
receivers: {source: }
processors: {heavy: {enabled: false}, step: }
exporters:
  drain: {processors: [heavy, step]}
  needy: {enabled: false}
service:
  pipelines:
    traces: {receivers: [source], processors: [heavy, step], exporters: [drain, needy]}
"""
    config = load(text)
    assert config.pipelines["traces"].processors == ("step",)
    assert config.pipelines["traces"].exporters == ("drain",)
    assert config.exporters["drain"].config.processors == ["step"]
    assert "acme_winnow_heavy" not in sys.modules
    assert config.warnings == ()


def test_a_pipeline_whose_exporters_are_all_disabled_is_off_and_warned_about(load: Load):
    text = """\
receivers: {source: , source/idle: }
exporters: {drain: , needy: {enabled: false}}
service:
  pipelines:
    traces: {receivers: [source], processors: [step], exporters: [drain]}
    traces/needy: {receivers: [source/idle], exporters: [needy]}
"""
    config = load("processors: {step: }\n" + text)
    assert list(config.pipelines) == ["traces"]
    assert list(config.receivers) == ["source"]
    (warning,) = config.warnings
    assert "yaml:7:5: service.pipelines.traces/needy: is off" in warning


def test_it_is_a_mistake_when_every_pipeline_is_off(problems: Problems):
    text = "receivers: {source: }\nexporters: {drain: {enabled: false}}\n" + SERVICE.replace(
        "[step]", "[]"
    )
    assert problems(text) == [
        "5:5: service.pipelines.traces: is off: all its receivers, or all its exporters, are "
        "disabled"
    ]


UNREDACTED = "service.pipelines.traces: nothing in it redacts"


@pytest.mark.parametrize(
    ("steps", "own", "told"),
    [
        ("", "", True),
        ("genai", "", True),
        ("genai, step", "", False),
        ("genai", "step", False),
        ("genai, step/off", "", False),
    ],
)
def test_a_pipeline_without_redaction_is_warned_about(load: Load, steps: str, own: str, told: bool):
    config = load(f"""\
receivers: {{source: }}
processors: {{step: , genai: , step/off: {{enabled: false}}}}
exporters: {{drain: {{processors: [{own}]}}}}
service:
  pipelines:
    traces: {{receivers: [source], processors: [{steps}], exporters: [drain]}}
""")
    assert any(UNREDACTED in warning for warning in config.warnings) is told


def test_what_no_pipeline_uses_is_warned_about_and_not_loaded(load: Load):
    config = load(BASE.replace("{drain: }", "{drain: , drain/spare: }") + SERVICE)
    assert list(config.exporters) == ["drain"]
    (warning,) = config.warnings
    assert "yaml:3:22: exporters.drain/spare: is defined, but no pipeline uses it" in warning


def test_what_no_pipeline_uses_is_checked_all_the_same(problems: Problems):
    text = BASE.replace("{drain: }", "{drain: , drain/spare: {tokn: x}}") + SERVICE
    assert problems(text)[0].startswith("3:36: exporters.drain/spare.tokn: unknown key")


def test_the_processors_of_an_exporter_are_used(load: Load):
    text = BASE.replace("{drain: }", "{drain: {processors: [step]}}") + SERVICE.replace(
        "processors: [step]", "processors: []"
    )
    config = load(text)
    assert list(config.processors) == ["step"]
    assert config.warnings == ()


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", "1:1: service: is required"),
        ("- a\n", "1:1: must be a mapping"),
        (BASE, "1:1: service: is required"),
        (BASE + "service: {}\n", "4:1: service.pipelines: is required"),
        (BASE + "service: {pipelines: }\n", "4:11: service.pipelines: must be a mapping"),
        (BASE + "service: {pipelines: {}}\n", "service.pipelines: must have at least 1 entry"),
        (
            BASE + "exporter: {}\n" + SERVICE,
            "4:1: exporter: unknown key (did you mean 'exporters'?)",
        ),
        (BASE + "connectors: {}\n" + SERVICE, "4:1: connectors: unknown key; known are exporters,"),
        (BASE + SERVICE.replace("[source]", "[]"), "must have at least 1 entry"),
        (BASE + SERVICE.replace("receivers: [source], ", ""), "traces.receivers: is required"),
        (BASE + SERVICE.replace("[drain]", "drain"), "traces.exporters: must be a list"),
        (BASE + SERVICE.replace("[drain]", "[step]"), "'step' is defined under processors"),
        (BASE + SERVICE.replace("[drain]", "[tempo]"), "'tempo' is not defined: add it under exp"),
        (BASE + SERVICE.replace("[step]", "[step, step]"), "processors[1]: 'step' is named twice"),
        (BASE + SERVICE.replace("traces", "metrics"), "6:5: service.pipelines.metrics: Winnow"),
        (BASE + SERVICE + "  drain_timout: 5s\n", "(did you mean 'drain_timeout'?)"),
        (BASE.replace("step:", "step/:") + SERVICE, "2:14: processors.step/: not a component id"),
        (BASE.replace("step:", "7:") + SERVICE, "2:14: processors[7]: not a component id"),
        (BASE.replace("step:", "step: , step:") + SERVICE, "2:22: processors.step: duplicate key"),
        (BASE.replace("{step: }", "[step]") + SERVICE, "2:13: processors: must be a mapping"),
        (
            BASE.replace("{drain: }", "{drain: {processors: [stp]}}") + SERVICE,
            "processors[0]: 'stp'",
        ),
        (BASE.replace("{drain: }", "{needy: }") + SERVICE, "exporters.needy.address: is required"),
        (BASE.replace("step:", "crash:") + SERVICE, "processors.crash: acme_winnow_crash:Crash of"),
    ],
)
def test_each_mistake_has_its_line(problems: Problems, text: str, expected: str):
    found = problems(text)
    assert any(expected in line for line in found), found
    assert all(line.split(":")[0].isdecimal() for line in found), found


@pytest.mark.parametrize(
    "text",
    [
        BASE + SERVICE.replace("exporters:", "exporter:"),
        BASE + SERVICE.replace("service:", "sevice:"),
        BASE.replace("step:", "stepp:") + SERVICE,
        BASE.replace("step:", "stepp:") + SERVICE.replace("[step]", "[stepp]"),
        BASE.replace("{drain: }", "{needy: {adress: 'h:1'}}") + SERVICE.replace("drain", "needy"),
    ],
)
def test_one_slip_of_the_pen_is_one_problem(problems: Problems, text: str):
    (problem,) = problems(text)
    assert "did you mean" in problem


def test_a_validator_that_fails_is_a_problem_of_its_component(problems: Problems):
    text = BASE.replace("step:", "clumsy:") + SERVICE
    assert problems(text)[0] == (
        "2:14: processors.clumsy: ClumsyConfig cannot be checked: TypeError in its validators"
    )


@given(TREES)
@example(["\x85", None])
def test_no_settings_whatever_break_the_loading(tmp_path_factory, tree: object):
    path = tmp_path_factory.mktemp("config") / "pipeline.yaml"
    block = yaml.safe_dump({"step": tree, "drain": tree, "traces": tree}, allow_unicode=True)
    indented = "".join(f"  {line}\n" for line in block.split("\n"))
    path.write_text(
        f"processors:\n{indented}exporters:\n{indented}service:\n{indented}", encoding="utf-8"
    )
    lines = lines_of(path.read_text(encoding="utf-8"))
    with pytest.raises(ConfigError) as caught:
        load_config(path, environ={})
    for problem in caught.value.problems:
        line, column = problem.removeprefix(f"{path}:").split(":")[:2]
        assert 1 <= int(column) <= len(lines[int(line) - 1]) + 1


def test_a_broken_component_does_not_hide_other_mistakes(problems: Problems):
    found = problems(BASE.replace("{step: }", "{crash: , step: {treshold: 1}}") + SERVICE)
    assert len(found) == 2


def test_a_broken_component_harms_no_configuration_without_it(load: Load):
    assert load(BASE + SERVICE).processors["step"].cls.__name__ == "Step"


@given(line=st.integers(0, 5), mistake=st.sampled_from(["threshold: x", "labell: x", "wait: 5"]))
def test_a_mistake_is_found_on_the_very_line_it_is_on(tmp_path_factory, line: int, mistake: str):
    settings = ["mode: fast", "share: 0.5", "names: []", "prices: {}", "either: 1"]
    settings.insert(line, mistake)
    path = tmp_path_factory.mktemp("config") / "pipeline.yaml"
    path.write_text(with_step("\n".join(settings)))
    with pytest.raises(ConfigError) as caught:
        load_config(path, environ={})
    (problem,) = caught.value.problems
    assert problem.startswith(f"{path}:{line + 3}:")
    assert f"processors.step.{mistake.partition(':')[0]}:" in problem
