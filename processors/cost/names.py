"""The many names of one model: providers under other ids, prefixes, ARNs, regions."""

from collections.abc import Iterable, Iterator, Mapping

PROVIDERS: Mapping[str, str] = {
    "azure.ai.inference": "azure",
    # Without these, genai-prices would take Azure's name for OpenAI's.
    "azure.ai.openai": "azure",
    "az.ai.openai": "azure",
    "azure_openai": "azure",
    "azureopenai": "azure",
    "az.ai.inference": "azure",
    "azure_ai": "azure",
    "fireworks_ai": "fireworks",
    "gcp.gen_ai": "google",
    "gcp.gemini": "google",
    "gcp.vertex_ai": "google",
    "mistral_ai": "mistral",
    "moonshot_ai": "moonshotai",
    "x_ai": "x-ai",
}
"""Values of gen_ai.provider.name, and prefixes, that genai-prices has another id for."""

_SPOKEN = frozenset({"", "openai", "litellm"})
"""Clients that speak to anybody's server: there a prefix tells more than the provider."""


def spellings(provider: str, models: Iterable[str]) -> Iterator[tuple[str, str]]:
    """Provider and model, in the ways that they may be listed, the likeliest first.

    As they are; with a prefix such as `bedrock/` taken apart; and the end of a path alone, as in
    ARNs (`…:foundation-model/…`) and in `us-east-1/…`. `model` and its spellings are lower case.
    """
    for model in models:
        yield provider, model
        prefix, slash, rest = model.partition("/")
        if not slash:
            continue
        plain = ":" not in prefix
        ways = [(provider, rest), (prefix, rest)] if plain else []
        yield from reversed(ways) if provider.lower() in _SPOKEN else ways
        last = model.rpartition("/")[2]
        if last != rest or not plain:
            yield provider, last
        if last != rest and plain:
            yield prefix, last
