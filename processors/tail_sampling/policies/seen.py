"""Policies that keep a trace for one span that they saw in it."""

from collections.abc import Iterator, Sequence
from typing import Self

from pydantic import Field, model_validator

from collector import Attributes, ConfigModel, SpanRecord, Value
from collector.model_calls import MODEL_CALLS, model_call, operation
from processors.tail_sampling.policies.base import Observer, S, Setup, Verdict
from processors.tail_sampling.summary import Summary

_EVALUATED = "gen_ai.evaluation.result"
_NAME = "gen_ai.evaluation.name"
_SCORE = "gen_ai.evaluation.score.value"
_LABEL = "gen_ai.evaluation.score.label"
_FIRED = "winnow.guardrail.fired"
_POLICY = "winnow.guardrail.policy"
_ACTION = "winnow.guardrail.action"


class SeenPolicy(Observer[S]):
    """Base of the policies that look for one span."""

    lasting = True

    def matches(self, record: SpanRecord) -> bool:
        """Whether it is the span that is looked for."""
        raise NotImplementedError

    def observe(self, summary: Summary, records: Sequence[SpanRecord]) -> None:
        """Remember that a span matched."""
        if not summary.state[self.slot] and any(map(self.matches, records)):
            summary.state[self.slot] = True

    def decide(self, summary: Summary) -> Verdict:
        """Sampled if a span matched."""
        return Verdict.of(bool(summary.state[self.slot]))


class ContextUtilizationSettings(ConfigModel):
    """How full a context window is."""

    min_ratio: float = Field(default=0.9, gt=0)
    """Input tokens of one model call by the context window of its model, at least."""


class ContextUtilization(SeenPolicy[ContextUtilizationSettings]):
    """Keeps traces in which a model call nearly filled its context window.

    It reads `winnow.context.utilization`, which the `cost` processor writes.
    """

    Settings = ContextUtilizationSettings

    def matches(self, record: SpanRecord) -> bool:
        """Whether it is a model call that used so much."""
        if operation(record.attributes) not in MODEL_CALLS:
            return False
        ratio = model_call(record.attributes).utilization
        return ratio is not None and ratio >= self.settings.min_ratio


class FinishReasonSettings(ConfigModel):
    """How a model call ends."""

    reasons: list[str] = Field(default=["length", "max_tokens", "content_filter"], min_length=1)
    """Finish reasons to look for, in the provider's own words, upper or lower case."""


class FinishReason(SeenPolicy[FinishReasonSettings]):
    """Keeps traces in which a model call ended for one of the given reasons."""

    Settings = FinishReasonSettings

    def __init__(self, settings: FinishReasonSettings, setup: Setup) -> None:
        super().__init__(settings, setup)
        self._wanted = _folded(settings.reasons)

    def matches(self, record: SpanRecord) -> bool:
        """Whether it is a model call with such a reason."""
        if operation(record.attributes) not in MODEL_CALLS:
            return False
        return any(
            reason.lower() in self._wanted for reason in model_call(record.attributes).reasons
        )


class EvaluationSettings(ConfigModel):
    """What an evaluation finds. Without `below`, `above` and `labels`, anything."""

    names: list[str] = []
    """Evaluations to look at (`gen_ai.evaluation.name`), upper or lower case; all if not given."""
    below: float | None = None
    """The score (`gen_ai.evaluation.score.value`) is below this."""
    above: float | None = None
    """The score is above this; with `below` too, outside of the range between them."""
    labels: list[str] = []
    """Or the label (`gen_ai.evaluation.score.label`) is one of these, upper or lower case."""

    @model_validator(mode="after")
    def _leaves_a_range(self) -> Self:
        if self.below is not None and self.above is not None and self.below > self.above:
            raise ValueError("above is less than below: every score would match")
        return self


class Evaluation(SeenPolicy[EvaluationSettings]):
    """Keeps traces that were evaluated badly, as far as this is known when they are decided.

    Looks at events `gen_ai.evaluation.result`, and at the same attributes on spans.
    """

    Settings = EvaluationSettings

    def __init__(self, settings: EvaluationSettings, setup: Setup) -> None:
        super().__init__(settings, setup)
        self._names = _folded(settings.names)
        self._labels = _folded(settings.labels)
        self._any = settings.below is None and settings.above is None and not settings.labels

    def matches(self, record: SpanRecord) -> bool:
        """Whether it carries such an evaluation."""
        return any(self._bad(found) for found in _evaluations(record))

    def _bad(self, found: Attributes) -> bool:
        name = found.text(_NAME).lower()
        if self._names and name not in self._names:
            return False
        if self._any or found.text(_LABEL).lower() in self._labels:
            return True
        score, settings = _number(found.get(_SCORE)), self.settings
        return score is not None and (
            (settings.below is not None and score < settings.below)
            or (settings.above is not None and score > settings.above)
        )


def _evaluations(record: SpanRecord) -> Iterator[Attributes]:
    if _NAME in record.attributes:
        yield record.attributes
    for event in record.span.events:
        if event.name == _EVALUATED:
            yield Attributes(event.attributes)


def _number(value: Value) -> float | None:
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    return float(value)


class GuardrailSettings(ConfigModel):
    """Which guardrails. Without any of these, all."""

    policies: list[str] = []
    """The guardrail's policy (`winnow.guardrail.policy`) is one of these, upper or lower case."""
    actions: list[str] = []
    """What it did (`winnow.guardrail.action`, such as `block`) is one of these."""


class Guardrail(SeenPolicy[GuardrailSettings]):
    """Keeps traces in which a guardrail intervened, as the `genai` processor says."""

    Settings = GuardrailSettings

    def __init__(self, settings: GuardrailSettings, setup: Setup) -> None:
        super().__init__(settings, setup)
        self._policies, self._actions = _folded(settings.policies), _folded(settings.actions)

    def matches(self, record: SpanRecord) -> bool:
        """Whether one of them intervened on the span."""
        if record.attributes.values.get(_FIRED) is not True:
            return False
        text = record.attributes.text
        return _among(self._policies, text(_POLICY)) and _among(self._actions, text(_ACTION))


def _folded(texts: Sequence[str]) -> frozenset[str]:
    return frozenset(text.lower() for text in texts)


def _among(wanted: frozenset[str], text: str) -> bool:
    return not wanted or text.lower() in wanted
