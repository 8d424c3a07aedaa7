"""docs/testing.md shows a file that works, and what it prints."""

import re
import shutil
from pathlib import Path

from click.testing import CliRunner

from collector.cli.test import test as command

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "testing.md").read_text()


def test_the_example_prints_what_the_page_shows(tmp_path, monkeypatch):
    example, output = re.search(
        r"^```yaml\n(.*?)^```.*?^```console\n\$ .*?\n(.*?)^```", PAGE, re.MULTILINE | re.DOTALL
    ).groups()
    monkeypatch.chdir(tmp_path)
    shutil.copy(ROOT / "pipeline.yaml", tmp_path)
    Path("support.test.yaml").write_text(example)
    answer = CliRunner().invoke(command, ["support.test.yaml"])
    assert answer.stdout == output
