"""The OpenAI Agents SDK, with an instrumentation of OpenTelemetry's or of OpenLLMetry's."""

import asyncio
import contextlib

import openai
from agents import (
    Agent,
    GuardrailFunctionOutput,
    InputGuardrail,
    InputGuardrailTripwireTriggered,
    OpenAIProvider,
    RunConfig,
    Runner,
    function_tool,
    set_trace_processors,
)
from opentelemetry.instrumentation.openai_agents import OpenAIAgentsInstrumentor
from tracing import FAILING, MODEL, QUESTION, run, tracer_provider
from tracing import weather as weather_in

provider = tracer_provider()
set_trace_processors([])  # not to OpenAI
OpenAIAgentsInstrumentor().instrument(tracer_provider=provider)
client = openai.AsyncOpenAI(max_retries=0)
config = RunConfig(model_provider=OpenAIProvider(openai_client=client))


@function_tool
def get_weather(city: str) -> str:
    """The weather in a city."""
    return weather_in(city)


weather_agent = Agent(name="weather_agent", model=MODEL, tools=[get_weather])


def agent() -> None:
    """A user's question."""
    ask(weather_agent, QUESTION)


def handoff() -> None:
    """One agent passes the question on to another, which has no tools."""
    teller = Agent(name="teller", model=MODEL)
    ask(Agent(name="triage", model=MODEL, handoffs=[teller]), QUESTION)


def guardrail() -> None:
    """A guardrail that stops the question before it is answered."""

    async def no_weather(*_: object) -> GuardrailFunctionOutput:
        return GuardrailFunctionOutput(output_info="no weather", tripwire_triggered=True)

    guard = InputGuardrail(no_weather, name="no_weather", run_in_parallel=False)
    with contextlib.suppress(InputGuardrailTripwireTriggered):
        ask(Agent(name="guarded", model=MODEL, input_guardrails=[guard]), QUESTION)


def error() -> None:
    """The provider says that the limit is reached."""
    with contextlib.suppress(openai.RateLimitError):
        ask(weather_agent, FAILING)


def ask(agent: Agent, question: str) -> None:
    """One run."""
    asyncio.run(Runner.run(agent, question, run_config=config))


run(
    {"agent": agent, "handoff": handoff, "guardrail": guardrail, "error": error},
    provider.shutdown,
)
