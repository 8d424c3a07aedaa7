"""traceloop-sdk: an agent and a tool by decorators, above OpenLLMetry's OpenAI spans."""

import json
from typing import Any

from opentelemetry import trace
from traceloop.sdk import Traceloop
from traceloop.sdk.decorators import agent, tool, workflow
from traceloop.sdk.instruments import Instruments
from tracing import MODEL, QUESTION, SESSION, USER, run
from tracing import weather as weather_in

Traceloop.init(
    app_name="weather-service", telemetry_enabled=False, instruments={Instruments.OPENAI}
)

import openai_calls  # noqa: E402 - after the instrumentation

create = openai_calls.client.chat.completions.create


@tool(name="get_weather")
def weather(city: str) -> str:
    """Stands as a tool's span."""
    return weather_in(city)


@agent(name="weather_agent")
def answer(question: str) -> Any:
    """Two calls of a model, and one of a tool between them."""
    messages: list[Any] = [{"role": "user", "content": question}]
    offered: Any = [{"type": "function", "function": openai_calls.TOOL}]
    first = create(model=MODEL, messages=messages, tools=offered)
    call = first.choices[0].message.tool_calls[0]
    said = weather(**json.loads(call.function.arguments))
    messages += [
        first.choices[0].message,
        {"role": "tool", "tool_call_id": call.id, "content": said},
    ]
    return create(model=MODEL, messages=messages, tools=offered).choices[0].message.content


@workflow(name="weather_workflow")
def agent_case() -> None:
    """A user's question, in a session."""
    Traceloop.set_association_properties({"user_id": USER, "session_id": SESSION})
    answer(QUESTION)


run({"agent": agent_case}, lambda: trace.get_tracer_provider().shutdown())
