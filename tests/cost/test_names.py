"""One model has many names: the price is that of who was called."""

import pytest

from processors.cost import Cost
from tests.cost.support import CALL, call, cost, priced
from tests.helpers import make

BEDROCK = "anthropic.claude-sonnet-4-5-20250929-v1:0"
GLOBAL = 1_000 * 3e-6 + 100 * 15e-6
REGIONAL = GLOBAL * 1.1


@pytest.mark.parametrize(
    ("model", "expected"),
    [
        (f"global.{BEDROCK}", GLOBAL),
        (f"us.{BEDROCK}", REGIONAL),
        (f"eu.{BEDROCK}", REGIONAL),
        (BEDROCK, REGIONAL),
        (f"arn:aws:bedrock:us-east-1:123456789012:inference-profile/us.{BEDROCK}", REGIONAL),
        (f"arn:aws:bedrock:us-east-1:123456789012:inference-profile/global.{BEDROCK}", GLOBAL),
        (f"arn:aws:bedrock:us-east-1::foundation-model/{BEDROCK}", REGIONAL),
        (f"bedrock/{BEDROCK}", REGIONAL),
        (f"bedrock/us-east-1/{BEDROCK}", REGIONAL),
    ],
)
def test_bedrock_has_a_regional_premium(model: str, expected: float) -> None:
    assert cost(call(model, "aws.bedrock")) == pytest.approx(expected)


def rule(provider: str, model: str) -> str:
    quote = make(Cost).quote(provider, model, {"input": 1, "output": 1}, None)
    return quote.rule if quote else "unpriced"


@pytest.mark.parametrize("provider", ["azure.ai.openai", "az.ai.openai", "azure_openai"])
def test_azure_is_priced_as_azure(provider: str) -> None:
    dear = cost(call("text-embedding-3-large", provider, **{"gen_ai.operation.name": "embeddings"}))
    assert dear == pytest.approx(1_000 * 0.13e-6)
    assert rule(provider, "o3-mini") == "genai-prices: azure/o3-mini"


@pytest.mark.parametrize(
    ("provider", "model", "expected"),
    [
        ("openai", "azure/gpt-4o", "azure/gpt-4o"),
        ("azure.ai.openai", "openai/gpt-4o", "azure/gpt-4o"),
        ("azure.ai.inference", "phi-4", "azure/phi-4"),
        ("openai", "anthropic/claude-sonnet-4-5", "anthropic/claude-sonnet-4-5"),
        ("litellm", "gemini/gemini-2.5-pro", "google/gemini-2.5-pro"),
        ("", "xai/grok-3", "x-ai/grok-3"),
        ("x_ai", "grok-3", "x-ai/grok-3"),
        ("gcp.gen_ai", "gemini-2.5-pro", "google/gemini-2.5-pro"),
        ("gcp.gemini", "models/gemini-2.5-pro", "google/gemini-2.5-pro"),
        ("gcp.vertex_ai", "publishers/anthropic/models/claude-sonnet-4-5", "google/claude-"),
    ],
)
def test_a_prefix_names_the_server_where_the_provider_is_only_the_client(
    provider: str, model: str, expected: str
) -> None:
    assert rule(provider, model).startswith(f"genai-prices: {expected}")


@pytest.mark.parametrize(
    ("provider", "model", "expected"),
    [
        ("", "text-embedding-3-small", "openai/text-embedding-3-small"),
        ("strands-agents", "gpt-4o-mini", "openai/gpt-4o-mini"),
        ("Langchain", "gpt-4o-mini", "openai/gpt-4o-mini"),
        ("crewai", "gpt-4o-mini", "openai/gpt-4o-mini"),
        ("litellm", "gpt-4o-mini", "openai/gpt-4o-mini"),
        ("strands-agents", "anthropic/claude-sonnet-4-5", "anthropic/claude-sonnet-4-5"),
    ],
)
def test_where_nobody_names_the_provider_the_model_tells(
    provider: str, model: str, expected: str
) -> None:
    assert rule(provider, model).startswith(f"genai-prices: {expected}")


def test_a_provider_that_nobody_knows_is_not_passed_over() -> None:
    assert rule("acme", "text-embedding-3-small") == rule("acme", "gpt-4o") == "unpriced"


def test_what_is_sold_under_no_other_name_is_unpriced() -> None:
    result = priced(call("ibm/granite-13b-chat-v2", "ibm.watsonx.ai"))
    assert result["winnow.cost.source"] == "unpriced"


@pytest.mark.parametrize("model", ["/", "//", "a/", "/b", "arn:/", "x" * 10_000, "openai/" * 50])
def test_strange_names_are_unpriced(model: str) -> None:
    result = priced(CALL | {"gen_ai.request.model": model})
    assert result["winnow.cost.source"] == "unpriced"
    assert "gen_ai.usage.cost" not in result
