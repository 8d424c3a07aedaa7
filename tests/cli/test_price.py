"""`winnow price`: what a call costs, and why."""

import json
from pathlib import Path
from typing import Any

import pytest
import yaml
from click.testing import CliRunner, Result

from collector.cli.price import price


def run(*arguments: object) -> Result:
    return CliRunner().invoke(price, [str(argument) for argument in arguments])


def numbers(*arguments: object) -> dict[str, Any]:
    answer = run("--json", *arguments)
    assert answer.exit_code == 0, answer.output
    return json.loads(answer.stdout)


def config(tmp_path: Path, processors: dict[str, Any]) -> Path:
    path = tmp_path / "mine.yaml"
    document = {
        "receivers": {"otlp": {}},
        "processors": processors,
        "exporters": {"debug": {}},
        "service": {
            "pipelines": {
                "traces": {
                    "receivers": ["otlp"],
                    "processors": list(processors),
                    "exporters": ["debug"],
                }
            }
        },
    }
    path.write_text(yaml.safe_dump(document, sort_keys=False))
    return path


GPT = ("--model", "gpt-4o", "--input", 1_000, "--output", 100)


def test_the_answer_names_the_total_its_parts_its_source_and_the_rule() -> None:
    told = numbers(*GPT, "--provider", "openai", "--cache-read", 400)
    assert told["usd"] == pytest.approx(600 * 2.5e-6 + 400 * 1.25e-6 + 100 * 10e-6)
    assert told["components"] == pytest.approx(
        {"input": 0.0015, "cache_read": 0.0005, "output": 0.001}
    )
    assert told["source"] == "genai-prices"
    assert told["version"].count(".") == 2
    assert told["rule"] == "genai-prices: openai/gpt-4o"
    assert told["context_utilization"] == pytest.approx(1_000 / 128_000)


def test_people_read_the_same() -> None:
    answer = run(*GPT)
    assert answer.exit_code == 0
    assert "USD" in answer.stdout
    assert "0.00350000" in answer.stdout
    assert "rule:   genai-prices: openai/gpt-4o" in answer.stdout
    assert "window: 128,000 tokens, 0.8% used" in answer.stdout


def test_every_kind_of_token_is_a_part() -> None:
    told = numbers(
        *("--model", "claude-sonnet-4-5", "--provider", "anthropic", "--at", "2025-12-01"),
        *("--input", 1_000, "--cache-read", 300, "--cache-write", 200, "--cache-write-1h", 50),
        *("--output", 100, "--reasoning", 40, "--web-searches", 2),
    )
    assert told["components"] == pytest.approx(
        {
            "input": 500 * 3e-6,
            "cache_read": 300 * 0.3e-6,
            "cache_write": 150 * 3.75e-6,
            "cache_write_1h": 50 * 6e-6,
            "output": 60 * 15e-6,
            "reasoning": 40 * 15e-6,
            "web_searches": 0.02,
        }
    )
    assert told["usd"] == pytest.approx(sum(told["components"].values()))


def test_the_date_and_the_tier_count() -> None:
    o3 = ("--model", "o3", "--input", 1_000, "--output", 0)
    assert numbers(*o3, "--at", "2025-05-01")["usd"] == pytest.approx(0.01)
    assert numbers(*o3, "--at", "2025-09-01T12:00")["usd"] == pytest.approx(0.002)
    late = ("--at", "2026-11-20")
    assert numbers(*o3, *late, "--batch")["usd"] == pytest.approx(0.001)
    assert numbers(*o3, *late, "--tier", "batch") == numbers(*o3, *late, "--batch")


def test_a_tier_without_a_price_of_its_own_is_told() -> None:
    told = numbers("--model", "grok-3", "--input", 1, "--output", 0, "--tier", "flex")
    assert told["rule"] == "genai-prices: x-ai/grok-3, standard: it has no price for flex"
    batch = numbers(*GPT, "--at", "2026-11-20", "--batch")
    assert batch["rule"] == "genai-prices: openai/gpt-4o, batch"


def test_a_configuration_brings_its_own_prices(tmp_path: Path) -> None:
    settings = {"prices": [{"match": "gpt-4*", "input": 1, "context_window": 2_000}]}
    told = numbers(*GPT, "--config", config(tmp_path, {"cost": settings}))
    assert told["usd"] == pytest.approx(0.001)
    assert told["source"] == "config"
    assert told["rule"] == "prices[0]: gpt-4*"
    assert told["context_utilization"] == 0.5


def test_an_unknown_model_exits_with_1_and_near_names() -> None:
    answer = run("--model", "gtp-4o-mini", "--input", 1, "--output", 1)
    assert answer.exit_code == 1
    assert answer.stdout == ""
    assert "no price is known for 'gtp-4o-mini'" in answer.stderr
    assert "near it: gpt-4o-mini" in answer.stderr


def test_near_names_come_from_the_provider_and_from_ones_own_prices(tmp_path: Path) -> None:
    settings = {"prices": [{"match": "house-model", "input": 1}]}
    path = config(tmp_path, {"cost": settings})
    answer = run("--model", "hause-model", "--input", 1, "--output", 1, "--config", path)
    assert "near it: house-model" in answer.stderr
    grok = run("--model", "grook-3", "--provider", "x_ai", "--input", 1, "--output", 1)
    assert "near it: grok-3" in grok.stderr


@pytest.mark.parametrize(
    "arguments",
    [
        ("--input", 10, "--output", 1, "--cache-read", 6, "--cache-write", 6),
        ("--input", 10, "--output", 1, "--cache-write-1h", 1),
        ("--input", 10, "--output", 1, "--reasoning", 2),
        ("--input", -1, "--output", 1),
        ("--input", 10),
    ],
)
def test_a_usage_that_cannot_be_is_refused(arguments: tuple[object, ...]) -> None:
    assert run("--model", "gpt-4o", *arguments).exit_code == 2


def test_a_configuration_without_the_processor_is_told(tmp_path: Path) -> None:
    answer = run(*GPT, "--config", config(tmp_path, {"genai": {}}))
    assert answer.exit_code == 1
    assert "no pipeline has an enabled cost processor: add one" in answer.stderr
