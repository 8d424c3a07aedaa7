"""The Claude Agent SDK: what Claude Code traces by itself, or OpenInference of the SDK.

Claude Code runs in a home directory and an environment of its own, so that it finds nothing of
whoever captures.
"""

import asyncio
import contextlib
import os
import sys
import tempfile
from pathlib import Path
from typing import Any

import claude_agent_sdk
from claude_agent_sdk import ClaudeAgentOptions, create_sdk_mcp_server, tool
from openinference.instrumentation import using_attributes
from openinference.instrumentation.claude_agent_sdk import ClaudeAgentSDKInstrumentor
from tracing import CLAUDE, FAILING, QUESTION, SESSION, USER, run, tracer_provider
from tracing import weather as weather_in

KEPT = ("PATH", "OTEL_", "ANTHROPIC_BASE_URL", "ANTHROPIC_API_KEY", "NO_PROXY")
for name in list(os.environ):
    if not name.startswith(KEPT):
        del os.environ[name]
os.environ["CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC"] = "1"

OWN = {
    "CLAUDE_CODE_ENABLE_TELEMETRY": "1",
    "CLAUDE_CODE_ENHANCED_TELEMETRY_BETA": "1",
    "OTEL_TRACES_EXPORTER": "otlp",
}


@tool("get_weather", "The weather in a city.", {"city": str})
async def get_weather(arguments: dict[str, Any]) -> dict[str, Any]:
    """The weather in a city."""
    return {"content": [{"type": "text", "text": weather_in(arguments["city"])}]}


async def ask(question: str, told: dict[str, str]) -> None:
    """A question to Claude Code with one tool and no other."""
    with tempfile.TemporaryDirectory() as home:
        (Path(home) / "work").mkdir()
        options = ClaudeAgentOptions(
            model=CLAUDE,
            tools=[],
            allowed_tools=["mcp__weather__get_weather"],
            mcp_servers={"weather": create_sdk_mcp_server("weather", tools=[get_weather])},
            setting_sources=[],
            cwd=str(Path(home) / "work"),
            env={"HOME": home, "CLAUDE_CODE_MAX_RETRIES": "0", **told},
            system_prompt="You are a helpful weather service.",
        )
        async for _ in claude_agent_sdk.query(prompt=question, options=options):
            pass


def own(question: str) -> None:
    """With Claude Code's own spans."""
    asyncio.run(ask(question, OWN))


def instrumented() -> None:
    """A user's question, in a session, with OpenInference's spans."""
    provider = tracer_provider()
    ClaudeAgentSDKInstrumentor().instrument(tracer_provider=provider)
    with using_attributes(user_id=USER, session_id=SESSION):
        asyncio.run(ask(QUESTION, {}))
    provider.shutdown()


def error() -> None:
    """The provider says that the limit is reached."""
    with contextlib.suppress(Exception):
        own(FAILING)


CASES = {
    "own": lambda: own(QUESTION),
    "own-error": error,
    "openinference": instrumented,
}
run(CASES, sys.stdout.flush)
