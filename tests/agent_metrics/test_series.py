"""Series are bounded, also for threads that ask at once, and every overflow is counted."""

import sys
from collections import Counter as Tallied
from concurrent.futures import ThreadPoolExecutor
from itertools import count

from collector.telemetry.metrics import BoundedLabel
from processors.agent_metrics import AgentMetrics, names
from processors.agent_metrics.series import Series
from tests.agent_metrics.test_agent_metrics import CALL, counted
from tests.helpers import START, batch, make, metric, span


class Made:
    """A metric that counts how often each child is asked for."""

    def __init__(self) -> None:
        self.asked: Tallied[tuple[str, ...]] = Tallied()

    def labels(self, *values: str) -> tuple[str, ...]:
        self.asked[values] += 1
        return values


def test_threads_that_ask_at_once_get_no_more_series_than_the_limit() -> None:
    metric, overflows = Made(), count()
    series = Series(metric.labels, [BoundedLabel(1_000)], 20, lambda: next(overflows))
    wanted = [(str(number % 200),) for number in range(4_000)]
    interval = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    try:
        with ThreadPoolExecutor(8) as pool:
            answers = list(pool.map(series.child, wanted))
    finally:
        sys.setswitchinterval(interval)
    assert len(set(answers) - {("other",)}) == 20
    assert set(metric.asked.values()) == {1}
    assert next(overflows) == sum(answer == ("other",) for answer in answers)


def test_each_limit_is_counted_by_metric() -> None:
    spans = [span(attributes=CALL | {"gen_ai.request.model": f"m{n}"}) for n in range(5)]
    processor = counted(*spans, max_label_values=3)
    overflowed = "winnow_agent_metrics_overflowed_total"
    assert metric(processor, overflowed, metric="llm_finish_reason") == 2
    assert metric(processor, overflowed, metric="agent_run_duration_seconds") == 0


def test_every_metric_is_on_the_list_of_names_that_signals_cannot_take() -> None:
    registry = counted().context.counts.metrics.registry
    made = {
        family.name: family.type
        for family in registry.collect()
        if not family.name.startswith("winnow_")
    }
    assert made.items() <= names.BUILT_IN.items()


def test_threads_that_count_at_once_lose_nothing() -> None:
    processor = make(
        AgentMetrics,
        {f"max_{what}": 5 for what in ("traces", "calls", "sessions")} | {"max_series": 3},
    )

    def send(number: int) -> None:
        told = CALL | {"session.id": f"s{number % 9}", "gen_ai.request.model": f"m{number % 9}"}
        item = batch(span(attributes=told, trace=number + 1, start=START + number))
        processor.consume(item)
        item.transaction.committed()

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(send, range(300)))
    samples = [
        sample.value
        for family in processor.context.counts.metrics.registry.collect()
        for sample in family.samples
        if sample.name == "llm_tokens_total"
    ]
    assert len(samples) <= 3 + 1
    assert sum(samples) == 300 * (1_000 + 100)
