"""The agent program: answers customers with models and tools, and not always well."""

import json
from collections.abc import Iterator
from contextlib import AbstractContextManager
from random import Random

from opentelemetry.trace import Span, SpanKind, Status, StatusCode

from collector.demo import cast
from collector.demo.cast import Model, Tool, User
from collector.demo.tracing import Tracing
from collector.demo.vocabulary import Attributes, GenAI, OpenInference, Vocabulary

USERS = 40
OPENINFERENCE = 0.2
RATE_LIMITED = 0.02
JAILBREAKS = 0.05
STALLS = 0.01
RESEARCH = 0.02
ATTEMPTS = 3
Messages = list[tuple[str, str]]


class RateLimitError(Exception):
    """The provider answered 429."""


class ToolError(Exception):
    """A tool could not do what it was asked to."""


def play(tracing: Tracing, traces: int, seed: int) -> Iterator[int]:
    """Trace the work of a shop's agents; yields how many traces were sent so far."""
    chance = Random(seed)  # noqa: S311 - a play, not a secret
    users = cast.users(USERS, chance)
    sent = 0
    while sent < traces:
        vocabulary = OpenInference() if chance.random() < OPENINFERENCE else GenAI()
        session = Session(tracing, vocabulary, chance.choice(users), chance)
        turns = min(chance.randrange(1, 5), traces - sent)
        for _ in range(turns):
            session.answer()
        tracing.flush()
        sent += turns
        yield sent


class Session:
    """A user's conversation with an agent: every `answer` is a trace."""

    def __init__(
        self, tracing: Tracing, vocabulary: Vocabulary, user: User, chance: Random
    ) -> None:
        """All that happens follows from `chance`."""
        self._tracing = tracing
        self._vocabulary = vocabulary
        self._user = user
        self._chance = chance
        self._id = f"session-{chance.getrandbits(32):08x}"
        self._agent = chance.choice(("support", "billing"))
        self._model = chance.choices(cast.MODELS, [model.share for model in cast.MODELS])[0]
        self._history: Messages = [("system", cast.SYSTEM)]
        tracing.rewind(chance.uniform(300, 900))

    def answer(self) -> None:
        """Take one request of the user; what goes wrong is in the trace."""
        jailbreak = self._chance.random() < JAILBREAKS
        text = (
            cast.fill(cast.JAILBREAK, self._user, self._chance)
            if jailbreak
            else cast.request(self._user, self._chance)
        )
        try:
            with self._step(
                f"invoke_agent {self._agent}", self._vocabulary.agent(self._agent, self._id)
            ):
                self._guard(jailbreak)
                if not jailbreak:
                    self._work([*self._history, ("user", text)])
        except (RateLimitError, ToolError):
            pass  # the customer is told to try again later
        self._tracing.spend(self._chance.uniform(5, 30))

    def _guard(self, jailbreak: bool) -> None:
        attributes = self._vocabulary.guardrail("jailbreak", jailbreak)
        with self._step("run_guardrail jailbreak", attributes) as span:
            self._tracing.spend(self._chance.uniform(0.02, 0.08))
            if jailbreak and self._vocabulary.fired_is_error:
                span.set_status(Status(StatusCode.ERROR, "the input asks to ignore instructions"))

    def _work(self, messages: Messages) -> None:
        model = cast.RESEARCH_MODEL if self._chance.random() < RESEARCH else self._model
        for _ in range(self._chance.randrange(3)):
            self._chat(model, messages, "tool_calls")
            self._use(self._chance.choice(cast.TOOLS))
            messages.append(("tool", f"found for {self._user.email}"))
        self._chat(model, messages, "stop")
        self._history = [*messages, ("assistant", f"Thank you, {self._user.name}.")]

    def _chat(self, model: Model, messages: Messages, finish: str) -> None:
        """Call the model; a rate limit is waited out and tried again."""
        for attempt in range(1, ATTEMPTS + 1):
            try:
                self._call(model, messages, finish)
            except RateLimitError:
                if attempt == ATTEMPTS:
                    raise
                self._tracing.spend(2.0**attempt)
            else:
                return

    def _call(self, model: Model, messages: Messages, finish: str) -> None:
        attributes = self._vocabulary.call(model, messages)
        with self._step(f"chat {model.name}", attributes, SpanKind.CLIENT) as span:
            if self._chance.random() < RATE_LIMITED:
                self._tracing.spend(0.1)
                raise RateLimitError("429: too many requests")
            usage = self._usage(model, messages)
            self._tracing.spend(0.3 + usage[1] / model.tokens_per_second + self._stall())
            text = f"I have written to {self._user.email}."
            span.set_attributes(self._vocabulary.answer(model, usage, text, finish))

    def _usage(self, model: Model, messages: Messages) -> tuple[int, int]:
        """Input tokens grow with the history; research reads whole manuals."""
        read = sum(len(text) for _, text in messages) // 4
        context = 120_000 if model is cast.RESEARCH_MODEL else 400
        return read + int(context * self._chance.uniform(0.5, 1.5)), self._chance.randrange(20, 600)

    def _stall(self) -> float:
        return self._chance.uniform(30, 90) if self._chance.random() < STALLS else 0.0

    def _use(self, tool: Tool) -> None:
        """Run a tool, and once more if it failed."""
        try:
            self._execute(tool)
        except ToolError:
            self._execute(tool)

    def _execute(self, tool: Tool) -> None:
        arguments = json.dumps({"customer": self._user.id, "contact": self._user.email})
        with self._step(f"execute_tool {tool.name}", self._vocabulary.tool(tool, arguments)):
            self._request(tool)
            if self._chance.random() < tool.failure_rate:
                raise ToolError(f"{tool.name} answered 502")

    def _request(self, tool: Tool) -> None:
        """The tool's own HTTP call: a span that says nothing about models."""
        attributes: Attributes = {
            "http.request.method": "POST",
            "url.full": f"https://shop.example.com/api/{tool.name}",
            "server.address": "shop.example.com",
        }
        with self._tracing.step("POST", attributes, SpanKind.CLIENT):
            self._tracing.spend(tool.seconds * self._chance.lognormvariate(0, 0.4))

    def _step(
        self, name: str, attributes: Attributes, kind: SpanKind = SpanKind.INTERNAL
    ) -> AbstractContextManager[Span]:
        """A span that says whose it is."""
        whose = {"user.id": self._user.id, "session.id": self._id}
        return self._tracing.step(name, attributes | whose, kind)
