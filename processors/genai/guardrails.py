"""Which spans tell of a guardrail that intervened, by a table of rules."""

import functools
from collections.abc import Callable, Iterable, Sequence
from typing import Any, Literal

from pydantic import Field, TypeAdapter, field_validator

from collector import Attributes, ConfigModel, SpanRecord, Value
from collector.attributes import decode
from collector.model_calls import FINISH_REASONS, MODEL_CALLS, OPERATION, model_call, operation
from collector.wire import serialized
from processors.genai.dialect import read_table

FIRED = "winnow.guardrail.fired"
POLICY = "winnow.guardrail.policy"
ACTION = "winnow.guardrail.action"
_EXCEPTION = "exception.type"
_STATUS = "span.status"
_NAME = "span.name"
_MESSAGE = "span.message"
_OF_EVERY_SPAN = frozenset({_NAME, _STATUS, _MESSAGE})
_STATUS_CODES = ("UNSET", "OK", "ERROR")


class Above(ConfigModel):
    """A number above a limit."""

    above: float
    """The limit; itself not above."""


class Present(ConfigModel):
    """An attribute with any value but an empty one."""

    present: Literal[True]
    """Always `true`."""


class StartsWith(ConfigModel):
    """A text by its beginning."""

    starts_with: str = Field(min_length=1)
    """The beginning, without regard to case."""


Wanted = bool | str | list[str] | Above | Present | StartsWith
"""What a rule asks of one attribute."""


class GuardrailRule(ConfigModel):
    """Says when a guardrail has fired, and what to call it."""

    name: str = "guardrail"
    """The policy, where none of `policy_from` names it."""
    when: dict[str, Wanted] = Field(min_length=1)
    """Attributes with the value, the list of values, `{above: number}`, `{present: true}` or
    `{starts_with: text}` that they must have, all of them. An array matches if one of its values
    does; strings compare without regard to case. `span.name`, `span.status` (`ERROR`, `OK`,
    `UNSET`), `span.message` (of the status) and `exception.type` (of the span's exception events,
    without its module) may be asked for too."""
    policy_from: list[str] = []
    """Attributes that name the policy; the first that is present is taken."""
    action: str = "block"
    """What the guardrail did, where none of `action_from` tells."""
    action_from: list[str] = []
    """Attributes that tell what the guardrail did."""

    @field_validator("when")
    @classmethod
    def _needs_a_start(cls, when: dict[str, Any]) -> dict[str, Any]:
        if not when.keys() - _OF_EVERY_SPAN:
            raise ValueError("name at least one attribute, or exception.type, beside span.*")
        return when

    @property
    def key(self) -> str:
        """The attribute that makes the rule worth a look."""
        return next(key for key in self.when if key not in _OF_EVERY_SPAN)


@functools.cache
def built_in_rules() -> tuple[GuardrailRule, ...]:
    """The rules that ship beside this module."""
    return TypeAdapter(tuple[GuardrailRule, ...]).validate_python(read_table("guardrails.yaml"))


_Matches = Callable[[Iterable[str]], bool]


class _Compiled:
    """A rule whose conditions are ready to be asked."""

    def __init__(self, rule: GuardrailRule) -> None:
        self.rule = rule
        self.first = _matcher(rule.when[rule.key])
        self._rest = [
            (key, _matcher(wanted)) for key, wanted in rule.when.items() if key != rule.key
        ]

    def holds(self, record: SpanRecord, texts: Iterable[str]) -> bool:
        """Whether the rule holds for a span that has `texts` under the rule's own key."""
        return self.first(texts) and all(matches(_read(record, key)) for key, matches in self._rest)


class _KeyRules:
    """The rules that start from one attribute."""

    def __init__(self) -> None:
        self.candidates: list[_Compiled] = []
        self.accepted: frozenset[str] | None = frozenset()
        """Every value that some rule starts from; None where one of them takes others, too."""

    def add(self, rule: GuardrailRule) -> None:
        self.candidates.append(_Compiled(rule))
        wanted = rule.when[rule.key]
        if isinstance(wanted, Above | Present | StartsWith):
            self.accepted = None
        elif self.accepted is not None:
            self.accepted |= _accepted(wanted)


class Guardrails:
    """Rules, made ready for looking up."""

    def __init__(self, rules: Sequence[GuardrailRule]) -> None:
        """The first of `rules` that holds names policy and action."""
        self._by_key: dict[str, _KeyRules] = {}
        for rule in rules:
            self._by_key.setdefault(rule.key, _KeyRules()).add(rule)
        self._exceptions = self._by_key.pop(_EXCEPTION, _KeyRules()).candidates
        self._rank = {key: rank for rank, key in enumerate(self._by_key)}.__getitem__
        self.names = frozenset(self._by_key)
        """A span with none of these attributes, and no exception, tells of no guardrail."""
        self.rare = self.names - {FINISH_REASONS}
        """What only spans with a guardrail have; finish reasons are on every model call."""
        self._usual = self.names & {FINISH_REASONS}

    def judge(self, record: SpanRecord) -> None:
        """Mark the span if a guardrail fired on it."""
        values = record.attributes.values
        if self.rare.isdisjoint(values):
            self.judge_usual(record)
            return
        present = sorted(self.names & values.keys(), key=self._rank)
        self._mark(record, self._attribute_rule(record, present) or self._exception_rule(record))

    def judge_usual(self, record: SpanRecord) -> None:
        """The same, for a span with none of the attributes in `rare`."""
        rule = None
        if FINISH_REASONS in record.attributes.values:
            rule = self._attribute_rule(record, self._usual)
        if rule is not None or record.failed:
            self._mark(record, rule or self._exception_rule(record))

    def _mark(self, record: SpanRecord, rule: GuardrailRule | None) -> None:
        if rule is None or FIRED in record.attributes:
            return
        policy = _first(record, rule.policy_from) or rule.name
        action = _first(record, rule.action_from) or rule.action
        record.attributes.set(FIRED, True)
        record.attributes.set(POLICY, policy)
        record.attributes.set(ACTION, action.lower())

    def _attribute_rule(self, record: SpanRecord, present: Iterable[str]) -> GuardrailRule | None:
        """The first rule that holds among those that start from a key in `present`."""
        attributes = record.attributes
        for key in present:
            rules = self._by_key[key]
            texts = _told(attributes, key)
            if rules.accepted is not None and rules.accepted.isdisjoint(texts):
                continue  # as on nearly every span: a finish reason `stop`
            for candidate in rules.candidates:
                if candidate.holds(record, texts):
                    return candidate.rule
        return None

    def _exception_rule(self, record: SpanRecord) -> GuardrailRule | None:
        if not self._exceptions or not record.failed:
            return None
        texts = _exceptions(record)
        found = (candidate for candidate in self._exceptions if candidate.holds(record, texts))
        return next((candidate.rule for candidate in found), None)


def _matcher(wanted: Wanted) -> _Matches:
    if isinstance(wanted, Present):
        return any
    if isinstance(wanted, Above):
        return lambda texts: any(_number(text) > wanted.above for text in texts)
    if isinstance(wanted, StartsWith):
        start = wanted.starts_with.lower()
        return lambda texts: any(text.startswith(start) for text in texts)
    accepted = _accepted(wanted)
    return lambda texts: not accepted.isdisjoint(texts)


def _accepted(wanted: bool | str | list[str]) -> frozenset[str]:
    choices = wanted if isinstance(wanted, list) else [str(wanted)]
    return frozenset(choice.lower() for choice in choices)


def _read(record: SpanRecord, key: str) -> list[str]:
    """What the span says under `key`, in lower case."""
    if key == _NAME:
        return [record.span.name.lower()]
    if key == _STATUS:
        return [_STATUS_CODES[record.span.status.code].lower()]
    if key == _MESSAGE:
        return [record.span.status.message.lower()]
    if key == _EXCEPTION:
        return _exceptions(record)
    value = record.attributes.get(key)
    return [] if value is None else _texts(value)


def _exceptions(record: SpanRecord) -> list[str]:
    types = [
        str(value)
        for event in record.span.events
        for key, value in map(decode, serialized(event))
        if key == _EXCEPTION
    ]
    return [name.rpartition(".")[2].lower() for name in types]


def _told(attributes: Attributes, key: str) -> list[str]:
    """What stands at `key`, in lower case; what others ask for too is read once for all."""
    if key == OPERATION:
        return [operation(attributes).lower()]
    if key == FINISH_REASONS and operation(attributes) in MODEL_CALLS:
        return [reason.lower() for reason in model_call(attributes).reasons]
    return _texts(attributes.values[key])


def _texts(value: Value) -> list[str]:
    return [str(item).lower() for item in (value if isinstance(value, list) else [value])]


def _number(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        return float("-inf")


def _first(record: SpanRecord, keys: Iterable[str]) -> str:
    for key in keys:
        text = record.span.name if key == _NAME else record.attributes.text(key)
        if text:
            return text
    return ""
