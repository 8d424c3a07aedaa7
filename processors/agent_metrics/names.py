"""Names of metrics and labels: what Prometheus takes, and what is taken already."""

import re

_METRIC = re.compile(r"[a-zA-Z_:][a-zA-Z0-9_:]*", re.ASCII)
_LABEL = re.compile(r"[a-zA-Z_][a-zA-Z0-9_]*", re.ASCII)
_SUFFIXES = {
    "counter": ("", "_total", "_created"),
    "gauge": ("",),
    "histogram": ("", "_bucket", "_sum", "_count", "_created"),
}
_RESERVED = ("winnow_", "process_", "python_")
"""The collector's own metrics, and those of its process, begin with these."""

BUILT_IN = {
    "gen_ai_client_operation_duration_seconds": "histogram",
    "gen_ai_client_token_usage": "histogram",
    "llm_tokens": "counter",
    "llm_cost_usd": "counter",
    "llm_finish_reason": "counter",
    "llm_unpriced_calls": "counter",
    "llm_context_utilization_ratio": "histogram",
    "llm_context_growth_ratio": "histogram",
    "agent_run_duration_seconds": "histogram",
    "agent_retries": "counter",
    "agent_outcomes": "counter",
    "agent_time_to_good_output_seconds": "histogram",
    "tool_call_duration_seconds": "histogram",
    "tool_calls": "counter",
    "guardrail_violations": "counter",
    "pii_entities": "counter",
}
"""Kinds of the metrics that Winnow has, by name; counters go without `_total`."""


def exposed(name: str, kind: str) -> set[str]:
    """Every name that a metric takes up on a page of metrics."""
    base = name.removesuffix("_total") if kind == "counter" else name
    return {base + suffix for suffix in _SUFFIXES[kind]}


_TAKEN = {taken: name for name, kind in BUILT_IN.items() for taken in exposed(name, kind)}


def check_metric_name(name: str) -> str:
    """The name as it is. Raises ValueError where Prometheus refuses it or Winnow has it."""
    if not _METRIC.fullmatch(name):
        raise ValueError(
            f"{name!r} is no name for a metric: use letters, digits and _, no digit first, "
            f"such as {_mended(name)!r}"
        )
    if name.startswith(_RESERVED):
        raise ValueError(f"{name!r}: names with {name.partition('_')[0]}_ are the collector's own")
    return name


def check_not_built_in(name: str, kind: str) -> None:
    """Raises ValueError where the metric would get in the way of one that Winnow has."""
    clash = next((_TAKEN[one] for one in sorted(exposed(name, kind)) if one in _TAKEN), None)
    if clash:
        raise ValueError(f"{name!r} is taken by Winnow's own metric {clash}: choose another name")


def check_label_name(name: str, kind: str) -> None:
    """Raises ValueError where Prometheus refuses the label."""
    if not _LABEL.fullmatch(name) or name.startswith("__"):
        raise ValueError(
            f"{name!r} is no name for a label: use letters, digits and _, no digit and no __ first,"
            f" such as {_mended(name).lstrip('_:').replace(':', '_') or 'label'!r}"
        )
    if name == "le" and kind == "histogram":
        raise ValueError("a histogram's label 'le' is the bucket's bound: choose another name")


def _mended(name: str) -> str:
    text = re.sub(r"[^a-zA-Z0-9_:]", "_", name)
    return f"_{text}" if not text or text[0].isdigit() else text
