"""The Langfuse SDK: its wrapper of the OpenAI client, and its decorators above it."""

import json
from typing import Any

import openai_calls
from langfuse import get_client, observe, propagate_attributes
from langfuse.openai import openai
from tracing import MODEL, QUESTION, SESSION, USER, run
from tracing import weather as weather_in

langfuse = get_client()
openai_calls.client = openai.OpenAI(max_retries=0)


@observe(name="get_weather", as_type="tool")
def weather(city: str) -> str:
    """Stands as a tool's observation."""
    return weather_in(city)


@observe(name="weather_agent", as_type="agent")
def answer(question: str) -> Any:
    """Two calls of a model, and one of a tool between them."""
    create = openai_calls.client.chat.completions.create
    messages: list[Any] = [{"role": "user", "content": question}]
    offered: Any = [{"type": "function", "function": openai_calls.TOOL}]
    message = create(model=MODEL, messages=messages, tools=offered).choices[0].message
    call = message.tool_calls[0]
    said = weather(**json.loads(call.function.arguments))
    messages += [message, {"role": "tool", "tool_call_id": call.id, "content": said}]
    return create(model=MODEL, messages=messages, tools=offered).choices[0].message.content


def agent() -> None:
    """A user's question, in a session."""
    with propagate_attributes(user_id=USER, session_id=SESSION):
        answer(QUESTION)


def manual() -> None:
    """A generation whose usage and cost the program tells by itself, in exclusive buckets."""
    with langfuse.start_as_current_observation(
        name="own_model", as_type="generation", model=MODEL, input=QUESTION
    ) as generation:
        generation.update(
            output="Sunny.",
            usage_details={"input": 176, "input_cached_tokens": 1024, "output": 80},
            cost_details={"input": 0.0001, "output": 0.0002, "total": 0.0003},
        )


run({**openai_calls.CASES, "agent": agent, "manual": manual}, langfuse.shutdown)
