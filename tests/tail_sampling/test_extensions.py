"""Policies of other people's distributions, installed the way anybody's are."""

import json
import os
import re
import subprocess
import sys
from contextlib import ExitStack
from pathlib import Path

import pytest

from processors.tail_sampling.policies.extensions import extensions
from processors.tail_sampling.policies.registry import POLICIES
from tests.config.plugins import on_path, write_distribution

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "CONTRIBUTING.md").read_text()
(PREMIUM,) = re.findall(r'^```python\n("""The `premium` policy.*?)^```', PAGE, re.M | re.S)
BROKEN = """
from collector import ConfigModel
from processors.tail_sampling.policies import Policy

def function(): ...

class Loose(Policy):
    Settings = dict

class Unfinished(ConfigModel):
    field: "NeverDefined"

class Undefined(Policy):
    Settings = Unfinished
"""
ENTRY_POINTS = """
[winnow.tail_sampling_policies]
premium = acme_winnow_policies:Premium
crash = acme_winnow_broken_import:Crash
gone = acme_winnow_broken:Gone
function = acme_winnow_broken:function
loose = acme_winnow_broken:Loose
undefined = acme_winnow_broken:Undefined
latency = acme_winnow_policies:Premium
name = acme_winnow_policies:Premium
json = acme_winnow_policies:Premium
not-a-key = acme_winnow_policies:Premium
"""
CONFIG = """\
receivers: {otlp: {}}
exporters: {debug: {}}
service:
  storage: null
  pipelines:
    traces: {receivers: [otlp], processors: [tail_sampling], exporters: [debug]}
processors:
  tail_sampling:
    policies:
"""
GOOD = """\
      - {name: errors, type: status_code, status_code: {status_codes: [ERROR]}}
      - {name: paying, type: premium, premium: {tenants: [acme]}}
      - {name: both, type: and, and: {and_sub_policy: [
          {name: paid, type: premium, premium: {tenants: [acme]}}]}}
"""
DECIDE = """
import acme_winnow_policies  # as a test of the plugin does: before anything of the sampler
from tests.helpers import batch, consume, span
from tests.tail_sampling.support import sampler, wait

tail = sampler({"name": "paying", "type": "premium", "premium": {"tenants": ["acme"]}})
consume(tail, batch(span(trace=1, attributes={"tenant.id": "acme"}), span(trace=2)))
wait(tail)
print([record.span.trace_id[-1] for record in tail.next.spans])
"""


@pytest.fixture(scope="module")
def plugin(tmp_path_factory):
    directory = tmp_path_factory.mktemp("site")
    write_distribution(directory, "acme-policies", ENTRY_POINTS)
    (directory / "acme_winnow_policies.py").write_text(PREMIUM)
    (directory / "acme_winnow_broken.py").write_text(BROKEN)
    (directory / "acme_winnow_broken_import.py").write_text("import not_installed_anywhere\n")
    return directory


def run(plugin, code, *arguments):
    """A process of its own, since the policies are looked up once a process."""
    return subprocess.run(
        [sys.executable, "-c", code, *arguments],
        cwd=ROOT,
        env=os.environ | {"PYTHONPATH": f"{plugin}{os.pathsep}{ROOT}"},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


def winnow(plugin, *arguments):
    return run(plugin, "from collector.cli import main; main()", *arguments)


def validate(plugin, tmp_path, policies):
    file = tmp_path / "pipeline.yaml"
    file.write_text(CONFIG + policies)
    return winnow(plugin, "validate", str(file))


def test_a_policy_is_configured_like_any_other_beside_broken_ones(plugin, tmp_path):
    done = validate(plugin, tmp_path, GOOD)
    told = [line for line in done.stderr.splitlines() if "nothing in it redacts" not in line]
    assert (done.returncode, told) == (0, [])


def test_a_mistake_in_its_settings_is_told_with_its_place(plugin, tmp_path):
    bad = "      - {name: paying, type: premium, premium: {tenant: [acme]}}\n"
    done = validate(plugin, tmp_path, bad)
    assert done.returncode == 1
    assert "pipeline.yaml:10:49: processors.tail_sampling.policies[0].premium" in done.stderr
    assert "did you mean" in done.stderr


def test_a_broken_policy_is_told_where_it_is_used_and_whose_it_is(plugin, tmp_path):
    used = "".join(f"      - {{name: {kind}, type: {kind}}}\n" for kind in ("crash", "latency"))
    done = validate(plugin, tmp_path, used)
    assert done.returncode == 1
    crash, shadow = [line for line in done.stderr.splitlines() if "acme-policies 1.2" in line]
    assert "pipeline.yaml:10:" in crash
    assert "acme_winnow_broken_import:Crash" in crash
    assert "ModuleNotFoundError" in crash
    assert "pipeline.yaml:11:" in shadow
    assert "'latency' is built in" in shadow


def test_the_json_schema_describes_it(plugin):
    done = winnow(plugin, "schema")
    assert done.returncode == 0, done.stderr
    settings = json.loads(done.stdout)["$defs"]["PremiumSettings"]
    assert settings["properties"]["tenants"]["description"] == "Values of `tenant.id`."


def test_it_decides(plugin):
    done = run(plugin, DECIDE)
    assert done.stdout.strip() == "[1]", done.stderr


def found(*directories):
    with ExitStack() as stack:
        for directory in directories:
            stack.enter_context(on_path(directory))
        return {one.name: one for one in extensions(POLICIES, {"name", "type", "json"})}


@pytest.mark.parametrize(
    ("name", "says"),
    [
        ("crash", "ModuleNotFoundError: No module named 'not_installed_anywhere'"),
        ("gone", "AttributeError"),
        ("function", "not a subclass of processors.tail_sampling.policies.Policy"),
        ("loose", "its Settings is not a subclass of collector.ConfigModel"),
        ("undefined", "its Settings: "),
        ("latency", "the policy 'latency' is built in"),
        ("name", "'name' cannot be a key of a policy"),
        ("json", "'json' cannot be a key of a policy"),
        ("not-a-key", "'not-a-key' cannot be a key of a policy"),
    ],
)
def test_what_is_wrong_with_a_policy_names_its_distribution_and_entry_point(plugin, name, says):
    offered = found(plugin)
    assert offered["premium"].policy is not None
    broken = offered[name]
    assert broken.policy is None
    assert broken.problem.startswith("acme_winnow_")
    assert "of acme-policies 1.2 cannot be loaded" in broken.problem
    assert says in broken.problem


def test_two_distributions_that_offer_the_same_policy_are_both_named(plugin, tmp_path):
    points = "[winnow.tail_sampling_policies]\npremium = acme_winnow_policies:Premium\n"
    write_distribution(tmp_path, "rival-policies", points)
    problem = found(plugin, tmp_path)["premium"].problem
    assert "acme-policies 1.2" in problem
    assert "rival-policies 1.2" in problem
