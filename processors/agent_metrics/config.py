"""Settings of `agent_metrics`."""

from collections import Counter
from itertools import pairwise
from typing import Annotated, Literal, Self

from pydantic import Field, FiniteFloat, field_validator, model_validator

from collector import ComponentConfig, ConfigModel, MistakesError
from collector.model_calls import RETRY_ATTRIBUTES
from processors._match import MatchProperties
from processors.agent_metrics.names import (
    check_label_name,
    check_metric_name,
    check_not_built_in,
    exposed,
)

RATIO = (0.05, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 0.95, 1.0)

Name = Annotated[str, Field(min_length=1)]


class SignalSettings(ConfigModel):
    """A metric made of what spans or their events say."""

    name: str
    """The metric's name. A counter gets `_total` at the end if it has none."""
    type: Literal["histogram", "gauge", "counter"]
    """`histogram` counts values by size, `gauge` shows the last one, `counter` adds them up."""
    attribute: Name | None = None
    """The span's attribute with the value. A number, or a text that is one; true is 1, false 0.
    A counter counts any other value as 1."""
    event: Name | None = None
    """The name of the events to look at, in the place of `attribute`."""
    field: Name | None = None
    """The event's attribute with the value; without it, a counter counts the events."""
    labels: dict[str, Name] = Field(default={}, max_length=8)
    """Labels, each with the attribute that its value is read from: the event's, or else the
    span's, or else the resource's. Empty where there is none; a list is joined with commas."""
    buckets: list[FiniteFloat] = Field(default=list(RATIO), min_length=1, max_length=50)
    """Upper bounds of a histogram's buckets, rising. The default suits scores from 0 to 1."""
    match: MatchProperties | None = None
    """Only these spans; all that have the attribute or event if not given."""
    help: str = ""
    """What the metric says, for those who look at it."""

    @field_validator("name")
    @classmethod
    def _name_is_good(cls, name: str) -> str:
        return check_metric_name(name)

    @field_validator("buckets")
    @classmethod
    def _buckets_rise(cls, buckets: list[float]) -> list[float]:
        if any(low >= high for low, high in pairwise(buckets)):
            raise ValueError("buckets must rise: put them in order, each once")
        return buckets

    @model_validator(mode="after")
    def _fits_together(self) -> Self:
        check_not_built_in(self.name, self.type)
        for label in self.labels:
            check_label_name(label, self.type)
        if (self.attribute is None) == (self.event is None):
            raise ValueError("give one of attribute and event")
        if self.field is not None and self.event is None:
            raise ValueError("field is an event's: give event, or say attribute in its place")
        if self.event is not None and self.field is None and self.type != "counter":
            raise ValueError(f"a {self.type} needs a value: give field")
        if "buckets" in self.model_fields_set and self.type != "histogram":
            raise ValueError(f"a {self.type} has no buckets: remove them, or use type: histogram")
        return self


class OutcomeSettings(ConfigModel):
    """How spans tell what became of an agent's answer."""

    attributes: list[Name] = ["agent.outcome"]
    """Attributes whose value is the outcome, on any span of the trace. It counts as told when the
    span ends."""
    events: dict[Name, Name] = {
        "agent.outcome.accepted": "accepted",
        "agent.outcome.regenerated": "regenerated",
        "agent.outcome.abandoned": "abandoned",
    }
    """Outcomes by the names of the events that tell them, on any span but model and tool calls."""
    accepted: list[Name] = ["accepted"]
    """Outcomes that mean that the output was good."""


class AgentMetricsConfig(ComponentConfig):
    """Settings of `agent_metrics`."""

    stage_attribute: str = "agent.stage"
    """The attribute of a span, or else of its resource, that the label `stage` is read from."""
    session_attributes: list[Name] = ["gen_ai.conversation.id", "session.id"]
    """Attributes of a model call that name its session; the first that it has is taken."""
    retry_attributes: list[str] = list(RETRY_ATTRIBUTES)
    """Attributes with a number that is above 0 on a call that was made again."""
    agent_usage: bool = True
    """Count tokens and cost that an agent's span tells where no model call of its run does."""
    outcomes: OutcomeSettings = OutcomeSettings()
    """What became of an agent's answers."""
    signals: list[SignalSettings] = Field(default=[], max_length=100)
    """Metrics of your own, made of attributes and events."""
    max_label_values: int = Field(default=200, ge=1)
    """How many values a label may take; what comes after is counted as `other`."""
    max_series: int = Field(default=2000, ge=1)
    """How many series a metric may have; what comes after is counted with each label `other`."""
    max_traces: int = Field(default=20_000, ge=1)
    """How many recent traces are remembered, some 300 bytes each, so that what arrives in parts
    is not counted twice, and outcomes find their run."""
    max_calls: int = Field(default=20_000, ge=1)
    """How many recent model calls are remembered, some 500 bytes each, and as many tool calls, so
    that one whose spans come in several batches, or again, is counted once."""
    max_sessions: int = Field(default=20_000, ge=1)
    """How many recent sessions are remembered, some 250 bytes each, for the context's growth."""

    @model_validator(mode="after")
    def _signals_are_apart(self) -> Self:
        names = Counter(
            name for signal in self.signals for name in exposed(signal.name, signal.type)
        )
        shared = [
            (number, min(twice))
            for number, signal in enumerate(self.signals)
            if (twice := [name for name in exposed(signal.name, signal.type) if names[name] > 1])
        ]
        if shared:
            raise MistakesError(
                (("signals", number), f"two signals share the name {name!r}: rename one of them")
                for number, name in shared
            )
        return self
