"""What holds for the life of every exporter here."""

import pytest

from collector import RetryableError
from exporters.debug import Debug
from exporters.langfuse import Langfuse
from exporters.otlp import Otlp
from exporters.otlphttp import OtlpHttp
from exporters.tempo import Tempo
from tests.helpers import batch, make, span

REMOTE = [
    (Otlp, {"endpoint": "127.0.0.1:9"}),
    (Tempo, {"endpoint": "127.0.0.1:9"}),
    (OtlpHttp, {"endpoint": "http://127.0.0.1:9"}),
    (Langfuse, {"public_key": "pk-lf-1", "secret_key": "sk-lf-1", "host": "http://127.0.0.1:9"}),
]


@pytest.mark.parametrize(("component", "settings"), [*REMOTE, (Debug, {})])
def test_shutdown_may_come_twice_or_without_a_start(component, settings):
    make(component, settings).shutdown()
    exporter = make(component, settings)
    exporter.start()
    exporter.shutdown()
    exporter.shutdown()


@pytest.mark.parametrize(("component", "settings"), REMOTE)
def test_a_push_before_the_start_or_after_the_shutdown_can_be_tried_again(component, settings):
    exporter = make(component, settings)
    with pytest.raises(RetryableError, match="not running"):
        exporter.push(batch(span()))
    exporter.start()
    exporter.shutdown()
    with pytest.raises(RetryableError, match="not running"):
        exporter.push(batch(span()))


@pytest.mark.parametrize(("component", "settings"), REMOTE)
def test_a_backend_that_is_down_is_no_reason_not_to_start(component, settings):
    exporter = make(component, settings)
    exporter.start()
    with pytest.raises(RetryableError):
        exporter.push(batch(span()))
    exporter.shutdown()
