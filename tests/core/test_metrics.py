"""Labels are bounded, and components of one type share their metrics."""

from concurrent.futures import ThreadPoolExecutor

from collector.telemetry.metrics import OTHER, BoundedLabel, Metrics


def test_the_first_values_of_a_label_are_kept_and_the_rest_are_other():
    label = BoundedLabel(limit=2)
    assert [label(value) for value in ("a", "b", "c", "a")] == ["a", "b", OTHER, "a"]


def test_a_long_value_is_other_and_takes_no_room():
    label = BoundedLabel(limit=1, max_length=3)
    assert [label(value) for value in ("long", "abc")] == [OTHER, "abc"]


def test_the_bound_holds_for_threads_that_ask_at_once():
    label = BoundedLabel(limit=50)
    values = [str(number) for number in range(2_000)]
    with ThreadPoolExecutor(8) as pool:
        answers = set(pool.map(label, values))
    assert len(answers - {OTHER}) == 50


def test_a_metric_is_made_once_and_shared():
    metrics = Metrics()
    first, second = (metrics.counter("things", "Things.", ("kind",)) for _ in range(2))
    first.labels("a").inc()
    second.labels("a").inc()
    assert metrics.registry.get_sample_value("things_total", {"kind": "a"}) == 2
