"""docs/testing.md shows a file that works, and what it prints."""

import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "testing.md").read_text()


EXAMPLE, SETTINGS = re.findall(r"^```yaml\n(.*?)^```", PAGE, re.MULTILINE | re.DOTALL)
OUTPUT = re.search(r"^```console\n\$ .*?\n(.*?)^```", PAGE, re.MULTILINE | re.DOTALL)[1]


@pytest.mark.parametrize("file", [EXAMPLE, EXAMPLE + SETTINGS], ids=["example", "with settings"])
def test_the_example_prints_what_the_page_shows(file, tmp_path):
    shutil.copy(ROOT / "pipeline.yaml", tmp_path)
    (tmp_path / "support.test.yaml").write_text(file)
    # In a process of its own: memory_limiter refuses where other tests have filled this one's.
    command = [Path(sys.executable).with_name("winnow"), "test", "support.test.yaml"]
    answer = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert answer.stdout == OUTPUT
    assert answer.returncode == 0, answer.stderr
