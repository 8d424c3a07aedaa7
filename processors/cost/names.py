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
    "togetherai": "together",
    # Agent frameworks and clients that put themselves in the provider's place.
    "strands-agents": "",
    "langchain": "",
    "langgraph": "",
    "crewai": "",
    "litellm": "",
}
"""Values of gen_ai.provider.name, and prefixes, that genai-prices has another id for; an empty one
where the value names no provider, so that the model alone tells."""

UNCLAIMED: Mapping[str, str] = {"text-embedding-3-": "openai", "text-embedding-ada-": "openai"}
"""Providers by the beginning of their models' names, where genai-prices sells a model but does not
find it by its name alone."""

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
