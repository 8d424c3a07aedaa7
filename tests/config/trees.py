"""Any data that YAML can hold."""

from hypothesis import strategies as st

KEYS = st.text(st.characters(codec="utf-8", exclude_categories=("C", "Z")), min_size=1)
SCALARS = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text()
TREES = st.recursive(
    SCALARS, lambda below: st.lists(below) | st.dictionaries(KEYS | st.integers(), below)
)
