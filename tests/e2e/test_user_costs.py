"""A real daemon counts what its users spend: once, over crashes, and while it is asked."""

import json
import subprocess
import sys
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from tests.daemon import Daemon, eventually
from tests.doubles.otlp_grpc import GrpcSink
from tests.e2e.conftest import FAST_RETRIES
from tests.e2e.test_durability import send
from tests.helpers import request, span
from tests.user_costs.support import call, rows

NOTHING = [{"name": "none", "type": "latency", "latency": {"threshold_ms": 10_000_000}}]


@pytest.fixture
def configured(pipeline):
    """A chain with sampling that drops everything, behind `user_costs`."""

    def build(sink: GrpcSink, processors=None, **settings):
        chain = {
            **(processors or {}),
            "user_costs": {"flush_interval": "20ms", **settings},
            "tail_sampling": {"decision_wait": "100ms", "policies": NOTHING},
        }
        otlp = {"endpoint": sink.endpoint, "tls": {"insecure": True}}
        return pipeline(chain, {"otlp": otlp | {"retry_on_failure": FAST_RETRIES}})

    return build


def runs(count: int, first: int):
    """Requests with an agent's run each: two calls, and an agent span that repeats their usage."""
    made = []
    for n in range(first, first + count):
        user, now = f"user-{n % 5}", time.time()
        run = call(user, operation="invoke_agent", tokens=(20, 10), cost=0.5, trace=n, start=now)
        calls = [
            call(user, tokens=(10, 5), cost=0.25, trace=n, start=now, parent=run.span_id)
            for _ in range(2)
        ]
        made.append((user, request(*calls, run)))
    return made


def winnow_costs(daemon: Daemon, *arguments: str) -> subprocess.CompletedProcess[str]:
    command = [Path(sys.executable).with_name("winnow"), "costs", "--config", daemon.config_path]
    return subprocess.run(
        [*command, *arguments], cwd=daemon.directory, capture_output=True, text=True, check=False
    )


def test_kill_9_and_replay_count_nothing_twice_and_lose_nothing(configured, tmp_path):
    path = tmp_path / "state" / "user_costs.db"
    with GrpcSink() as sink, Daemon(tmp_path, configured(sink)) as daemon:
        everything = []
        for turn in range(3):
            sent = runs(150, 1 + 1000 * turn)
            everything += sent
            with ThreadPoolExecutor(1) as pool:
                sending = pool.submit(
                    send, daemon.endpoints["grpc"], [message for _, message in sent]
                )
                eventually(lambda: daemon.metric("winnow_receiver_accepted_spans_total") > 60)
                daemon.kill()
                sending.result()
            daemon.start()
            # The agents have heard no OK, or have and lost it: they send everything again.
            again = [message for _, message in sent]
            assert len(send(daemon.endpoints["grpc"], again)) == 3 * len(sent)
        eventually(lambda: daemon.metric("winnow_user_costs_backlog") == 0)
        assert daemon.metric("winnow_user_costs_calls_total", result="repeated") > 0
        found = Counter()
        for row in rows(path):
            found[row.user] += row.invocations
            assert row.input == 10 * row.invocations
            assert row.output == 5 * row.invocations
            assert row.cost == 0.25 * row.invocations
        assert found == Counter(user for user, _ in everything for _ in range(2))


def test_the_top_spenders_are_told_while_the_daemon_runs(configured, tmp_path):
    with GrpcSink() as sink, Daemon(tmp_path, configured(sink)) as daemon:
        now = time.time()
        acme = {"organization.id": "acme", "gen_ai.agent.name": "planner"}
        spans = [
            call("ada", cost=2.0, start=now, attributes=acme),
            call("bob", cost=0.5, start=now),
            call("bob", cost=0.25, start=now, model="gpt-5"),
            call("old", cost=9.0, start=now - 5 * 86400),
        ]
        send(daemon.endpoints["grpc"], [request(*spans)])
        eventually(lambda: daemon.metric("winnow_user_costs_rows_total") >= 3)

        def top(*arguments: str) -> list[dict]:
            outcome = winnow_costs(daemon, "--json", *arguments)
            assert outcome.returncode == 0, outcome.stderr
            return json.loads(outcome.stdout)

        assert top("--since", "1d") == [
            {
                "user": "ada",
                "cost_usd": 2.0,
                "invocations": 1,
                "input_tokens": 10,
                "output_tokens": 5,
            },
            {
                "user": "bob",
                "cost_usd": 0.75,
                "invocations": 2,
                "input_tokens": 20,
                "output_tokens": 10,
            },
        ]
        assert [one["user"] for one in top()] == ["old", "ada", "bob"]
        assert [one["user"] for one in top("--top", "1")] == ["old"]
        by_model = top("--by", "model", "--since", "24h")
        assert by_model == [
            {"model": "gpt-4o", "cost_usd": 2.5},
            {"model": "gpt-5", "cost_usd": 0.25},
        ]
        by_feature = top("--by", "feature", "--since", "24h")
        assert by_feature == [
            {"feature": "planner", "cost_usd": 2.0},
            {"feature": "agent", "cost_usd": 0.75},
        ]
        table = winnow_costs(daemon, "--by", "organisation", "--since", "1d").stdout.splitlines()
        assert [line.split() for line in table] == [
            ["organization", "USD", "calls", "input", "tokens", "output", "tokens"],
            ["acme", "2.0000", "1", "10", "5"],
            ["(not", "told)", "0.7500", "2", "20", "10"],
            ["all", "2", "2.7500", "3", "30", "15"],
        ]
        table = winnow_costs(daemon, "--top", "2").stdout.splitlines()
        assert [line.split() for line in table[-2:]] == [
            ["these", "2", "11.0000", "2", "20", "10"],
            ["all", "3", "11.7500", "4", "40", "20"],
        ]
        table = winnow_costs(daemon, "--by", "model", "--top", "1").stdout.splitlines()
        assert [line.split() for line in table[-2:]] == [
            ["these", "1", "11.5000"],
            ["all", "2", "11.7500"],
        ]
        table = winnow_costs(daemon, "--since", "2100-01-01").stdout.splitlines()
        assert [line.split() for line in table[1:]] == [["all", "0", "0.0000", "0", "0", "0"]]


def test_what_cannot_be_told_is_said_with_its_remedy(configured, pipeline, tmp_path):
    with GrpcSink() as sink:
        daemon = Daemon(tmp_path, configured(sink))
    outcome = winnow_costs(daemon)
    assert outcome.returncode == 1
    assert "no collector has written it yet" in outcome.stderr
    outcome = winnow_costs(daemon, "--since", "yesterday")
    assert "write 7d, 24h, 2026-03-01" in outcome.stderr
    Daemon(tmp_path, pipeline({"user_costs": {}}, {"debug": {}}, durable=False))
    assert "in the collector's memory: set path, or url" in winnow_costs(daemon).stderr
    Daemon(tmp_path, pipeline({}, {"debug": {}}))
    assert "no pipeline has an enabled user_costs processor" in winnow_costs(daemon).stderr


def test_behind_redaction_users_are_pseudonyms_in_every_file(configured, tmp_path):
    redaction = {
        "pseudonym_key": "a key of more than sixteen bytes",
        "actions": {"EMAIL_ADDRESS": {"action": "pseudonym"}},
    }
    with GrpcSink() as sink:
        with Daemon(tmp_path, configured(sink, {"redaction": redaction})) as daemon:
            mail, now = "jane@planted-domain.com", time.time()
            spans = [call(mail, start=now), call(mail, start=now), span("x", start=now)]
            send(daemon.endpoints["grpc"], [request(*spans)])
            eventually(lambda: daemon.metric("winnow_user_costs_rows_total") == 1)
            (row,) = rows(tmp_path / "state" / "user_costs.db")
            assert row.user.startswith("<EMAIL_ADDRESS_")
            assert row.invocations == 2
        assert b"planted-domain" not in daemon.everything_written()


def test_a_postgres_gets_the_same_over_crashes(configured, database, tmp_path):
    import psycopg

    with GrpcSink() as sink, Daemon(tmp_path, configured(sink, url=database)) as daemon:
        sent = [message for _, message in runs(100, 1)]
        with ThreadPoolExecutor(1) as pool:
            sending = pool.submit(send, daemon.endpoints["grpc"], sent)
            eventually(lambda: daemon.metric("winnow_receiver_accepted_spans_total") > 60)
            daemon.kill()
            sending.result()
        daemon.start()
        send(daemon.endpoints["grpc"], sent)
        eventually(lambda: daemon.metric("winnow_user_costs_backlog") == 0)
        with psycopg.connect(database) as connection:
            found = connection.execute("SELECT sum(invocations), sum(cost_usd) FROM user_costs")
            assert found.fetchone() == (200, 50.0)
        outcome = winnow_costs(daemon, "--json", "--by", "model")
        assert json.loads(outcome.stdout) == [{"model": "gpt-4o", "cost_usd": 50.0}]
        outcome = winnow_costs(daemon, "--json")
        assert [one["invocations"] for one in json.loads(outcome.stdout)] == [40] * 5
        table = winnow_costs(daemon, "--top", "2").stdout.splitlines()
        assert [line.split()[:4] for line in table[-2:]] == [
            ["these", "2", "20.0000", "80"],
            ["all", "5", "50.0000", "200"],
        ]
