"""The component that CONTRIBUTING.md shows works as it stands there. Its policy is tested in
tests/tail_sampling/test_extensions.py.
"""

import re
import sys
import types
from pathlib import Path

from collector import Processor

PAGE = (Path(__file__).parents[2] / "CONTRIBUTING.md").read_text()


def test_the_example_component_passes_its_example_test(monkeypatch):
    component, test, _ = re.findall(r"^```python\n(.*?)^```", PAGE, re.MULTILINE | re.DOTALL)
    module = types.ModuleType("processors.team")
    monkeypatch.setitem(sys.modules, "processors.team", module)
    exec(compile(component, "processors/team.py", "exec"), module.__dict__)
    assert issubclass(module.Team, Processor)
    names: dict[str, object] = {}
    exec(compile(test, "tests/team/test_team.py", "exec"), names)
    names["test_the_owner_of_the_service_stands_on_its_spans"]()
