"""The policy on conditions, in a subset of OTTL."""

from collections.abc import Sequence
from typing import Literal, Self

from pydantic import model_validator

from collector import ConfigModel, SpanRecord
from processors._conditions import (
    ConditionError,
    EventCondition,
    SpanCondition,
    event_condition,
    span_condition,
)
from processors.tail_sampling.policies.base import Observer, Setup, Verdict
from processors.tail_sampling.summary import Summary


class OttlConditionSettings(ConfigModel):
    """Conditions, of which one is enough. docs/sampling.md says what they may contain."""

    span: list[SpanCondition] = []
    """On every span, such as `attributes["http.status_code"] >= 500`."""
    spanevent: list[EventCondition] = []
    """On every event of every span, such as `name == "exception"`."""
    error_mode: Literal["ignore", "silent", "propagate"] = "ignore"
    """What a condition without an answer does, such as the length of a number: `silent` takes it
    for not met; `ignore` counts it too; with `propagate` the policy has no say on the trace."""

    @model_validator(mode="after")
    def _has_conditions(self) -> Self:
        if not self.span and not self.spanevent:
            raise ValueError("there is no condition: give span, spanevent or both")
        return self


class OttlCondition(Observer[OttlConditionSettings]):
    """Keeps traces with a span, or an event of a span, that meets a condition."""

    Settings = OttlConditionSettings
    lasting = True

    def __init__(self, settings: OttlConditionSettings, setup: Setup) -> None:
        super().__init__(settings, setup)
        self._span = [span_condition(text) for text in settings.span]
        self._event = [event_condition(text) for text in settings.spanevent]
        self._strict = settings.error_mode == "propagate"

    def observe(self, summary: Summary, records: Sequence[SpanRecord]) -> None:
        """Remember that a condition was met, or with `propagate`, that one had no answer before.

        Raises the first ConditionError of the spans where it is to be counted.
        """
        if summary.state[self.slot] is not None:
            return
        errors: list[ConditionError] = []
        for record in records:
            if self._met(record, errors):
                summary.state[self.slot] = True
                break
            if errors and self._strict:
                summary.state[self.slot] = errors[0]
                return
        if errors and self.settings.error_mode == "ignore":
            raise errors[0]

    def _met(self, record: SpanRecord, errors: list[ConditionError]) -> bool:
        for test in self._span:
            try:
                if test(record):
                    return True
            except ConditionError as error:
                errors.append(error)
                if self._strict:
                    return False
        return bool(self._event) and self._met_by_event(record, errors)

    def _met_by_event(self, record: SpanRecord, errors: list[ConditionError]) -> bool:
        for event in record.span.events:
            for test in self._event:
                try:
                    if test(record, event):
                        return True
                except ConditionError as error:
                    errors.append(error)
                    if self._strict:
                        return False
        return False

    def decide(self, summary: Summary) -> Verdict:
        """Sampled if a condition was met. Raises the ConditionError that came first."""
        state = summary.state[self.slot]
        if isinstance(state, ConditionError):
            raise state
        return Verdict.of(state is not None)
