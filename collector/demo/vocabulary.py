"""How spans are described: in OpenTelemetry's GenAI conventions, or in OpenInference's.

Each method gives the attributes of one kind of span. The names are those of the GenAI semantic
conventions (operation names `invoke_agent`, `chat`, `execute_tool`, `run_guardrail`) and of
OpenInference's span kinds (AGENT, LLM, TOOL, GUARDRAIL).
"""

import json
from typing import Protocol, TypeAlias

from collector.demo.cast import Model, Tool

Attributes: TypeAlias = dict[str, str | int | bool | list[str]]


class Vocabulary(Protocol):
    """One way to describe what an agent does."""

    fired_is_error: bool
    """Whether a guardrail that fired is told by the status of its span."""

    def agent(self, name: str, session: str) -> Attributes:
        """A run of the agent `name` in a conversation."""
        ...

    def call(self, model: Model, messages: list[tuple[str, str]]) -> Attributes:
        """A model called with (role, text) messages."""
        ...

    def answer(self, model: Model, usage: tuple[int, int], text: str, finish: str) -> Attributes:
        """What the model answered; `usage` is input and output tokens."""
        ...

    def tool(self, tool: Tool, arguments: str) -> Attributes:
        """A tool called with JSON arguments."""
        ...

    def guardrail(self, name: str, fired: bool) -> Attributes:
        """A guardrail that looked at the input."""
        ...


class GenAI:
    """The current OpenTelemetry GenAI conventions."""

    fired_is_error = False

    def agent(self, name: str, session: str) -> Attributes:
        """A run of the agent `name` in a conversation."""
        return {
            "gen_ai.operation.name": "invoke_agent",
            "gen_ai.agent.name": name,
            "gen_ai.conversation.id": session,
        }

    def call(self, model: Model, messages: list[tuple[str, str]]) -> Attributes:
        """A model called with (role, text) messages."""
        return {
            "gen_ai.operation.name": "chat",
            "gen_ai.provider.name": model.provider,
            "gen_ai.request.model": model.name,
            "gen_ai.input.messages": json.dumps([_message(*message) for message in messages]),
        }

    def answer(self, model: Model, usage: tuple[int, int], text: str, finish: str) -> Attributes:
        """What the model answered; `usage` is input and output tokens."""
        message = _message("assistant", text) | {"finish_reason": finish}
        return {
            "gen_ai.response.model": model.name,
            "gen_ai.response.finish_reasons": [finish],
            "gen_ai.usage.input_tokens": usage[0],
            "gen_ai.usage.output_tokens": usage[1],
            "gen_ai.output.messages": json.dumps([message]),
        }

    def tool(self, tool: Tool, arguments: str) -> Attributes:
        """A tool called with JSON arguments."""
        return {
            "gen_ai.operation.name": "execute_tool",
            "gen_ai.tool.name": tool.name,
            "gen_ai.tool.type": "function",
            "gen_ai.tool.call.arguments": arguments,
        }

    def guardrail(self, name: str, fired: bool) -> Attributes:
        """A guardrail that looked at the input."""
        return {
            "gen_ai.operation.name": "run_guardrail",
            "gen_ai.guardrail.name": name,
            "gen_ai.guardrail.verdict.type": "deny" if fired else "allow",
            "gen_ai.guardrail.action.type": "block" if fired else "none",
        }


class OpenInference:
    """OpenInference, as Phoenix's instrumentations send it."""

    fired_is_error = True

    def agent(self, name: str, session: str) -> Attributes:
        """A run of the agent `name` in a conversation."""
        return {"openinference.span.kind": "AGENT", "agent.name": name, "session.id": session}

    def call(self, model: Model, messages: list[tuple[str, str]]) -> Attributes:
        """A model called with (role, text) messages."""
        attributes: Attributes = {
            "openinference.span.kind": "LLM",
            "llm.provider": model.provider,
            "llm.model_name": model.name,
        }
        for number, (role, text) in enumerate(messages):
            attributes[f"llm.input_messages.{number}.message.role"] = role
            attributes[f"llm.input_messages.{number}.message.content"] = text
        return attributes

    def answer(self, model: Model, usage: tuple[int, int], text: str, finish: str) -> Attributes:
        """What the model answered; OpenInference has no agreed name for the finish reason."""
        del model, finish
        return {
            "llm.token_count.prompt": usage[0],
            "llm.token_count.completion": usage[1],
            "llm.token_count.total": sum(usage),
            "llm.output_messages.0.message.role": "assistant",
            "llm.output_messages.0.message.content": text,
        }

    def tool(self, tool: Tool, arguments: str) -> Attributes:
        """A tool called with JSON arguments."""
        return {
            "openinference.span.kind": "TOOL",
            "tool.name": tool.name,
            "input.value": arguments,
            "input.mime_type": "application/json",
        }

    def guardrail(self, name: str, fired: bool) -> Attributes:
        """A guardrail that looked at the input; it fired where the span's status is ERROR."""
        del fired
        return {"openinference.span.kind": "GUARDRAIL", "guardrail.name": name}


def _message(role: str, text: str) -> dict[str, object]:
    return {"role": role, "parts": [{"type": "text", "content": text}]}
