"""Any data that YAML can hold."""

import re

from hypothesis import strategies as st

KEYS = st.text(st.characters(codec="utf-8", exclude_categories=("C", "Z")), min_size=1)
SCALARS = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text()
TREES = st.recursive(
    SCALARS, lambda below: st.lists(below) | st.dictionaries(KEYS | st.integers(), below)
)


def lines_of(text: str) -> list[str]:
    """The lines of a document, by what YAML 1.1 takes for line breaks."""
    return re.split("\r\n|[\r\n\x85\u2028\u2029]", text)
