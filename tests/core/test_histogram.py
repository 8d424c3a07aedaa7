"""The batch histogram is exposed exactly as prometheus_client's own."""

from hypothesis import given
from hypothesis import strategies as st
from prometheus_client import CollectorRegistry, Histogram, generate_latest

from collector.telemetry.metrics import Metrics

BUCKETS = (0.5, 1.0, 10.0)
values = st.lists(st.sampled_from([0.0, 0.5, 0.7, 1.0, 3.0, 10.0, 11.0]), max_size=20)


@given(st.lists(st.tuples(st.sampled_from(["a", 'quo"ted']), values), max_size=6))
def test_a_scrape_shows_what_prometheus_clients_own_would(batches):
    metrics, registry = Metrics(), CollectorRegistry()
    ours = metrics.histogram("seconds", "How long.", ("kind",), buckets=BUCKETS)
    theirs = Histogram("seconds", "How long.", ("kind",), registry=registry, buckets=BUCKETS)
    for kind, observed in batches:
        ours.labels(kind).observe(observed)
        for value in observed:
            theirs.labels(kind).observe(value)
        theirs.labels(kind)
    assert generate_latest(metrics.registry) == generate_latest(registry)
