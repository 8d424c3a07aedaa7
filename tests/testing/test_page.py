"""docs/testing.md shows a file that works, and what it prints."""

import re
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "testing.md").read_text()


def test_the_example_prints_what_the_page_shows(tmp_path):
    example, output = re.search(
        r"^```yaml\n(.*?)^```.*?^```console\n\$ .*?\n(.*?)^```", PAGE, re.MULTILINE | re.DOTALL
    ).groups()
    shutil.copy(ROOT / "pipeline.yaml", tmp_path)
    (tmp_path / "support.test.yaml").write_text(example)
    # In a process of its own: memory_limiter refuses where other tests have filled this one's.
    command = [Path(sys.executable).with_name("winnow"), "test", "support.test.yaml"]
    answer = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert answer.stdout == output
    assert answer.returncode == 0, answer.stderr
