"""Renames a span's attributes from any known dialect into the current vocabulary."""

from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

import orjson

from collector import SpanRecord, Value
from collector.model_calls import FINISH_REASONS, OPERATION
from processors.genai.content import Content
from processors.genai.counts import Counts
from processors.genai.dialect import Dialect
from processors.genai.fields import Fields
from processors.genai.messages import Folded, Folder
from processors.genai.spans import Named, Spans

_ANY = "*"
_PROVIDER = "gen_ai.provider.name"
_LISTS = frozenset({FINISH_REASONS, "gen_ai.request.stop_sequences"})


class Row(NamedTuple):
    """A line of a dialect's table: where a value goes, and how it ranks among its rivals."""

    rank: int
    target: str


class _Plan:
    """What is to happen to one span; worked out in full before anything is touched."""

    __slots__ = ("gone", "kind", "moved", "written")

    def __init__(self) -> None:
        self.kind = ""  # the source that told the operation
        self.moved: dict[str, str] = {}  # target: the source that is taken as it is
        self.written: dict[str, Value] = {}  # target: a value made from its sources
        self.gone: set[str] = set()  # sources that the current vocabulary now tells in full


class Translator:
    """Dialect tables, made ready for looking up."""

    def __init__(
        self, dialects: Sequence[Dialect], providers: Mapping[str, str], *, keep_original: bool
    ) -> None:
        """`dialects` come in falling priority; `providers` maps lower-case names to well-known
        ones.
        """
        self._providers = providers
        self._keep_original = keep_original
        self._kinds = _kinds(dialects)
        self._misnamed = self._kinds.pop(OPERATION, {})
        self._span_names = _span_names(dialects)
        self._spans = Spans(dialects)
        self._copies = _copies(dialects)
        self._fields = Fields(dialects)
        self._common = _rows(dialect.rename for dialect in dialects)
        self._rows = {
            operation: _rows(_tables(dialects, operation))
            for dialect in dialects
            for operation in dialect.rename_by_operation
        }
        self._folder = Folder(dialects)
        self._content = Content(dialects)
        self._counts = Counts(dialects)
        self.names = frozenset().union(
            self._folder.names,
            self._content.names,
            self._counts.names,
            self._fields.names,
            self._common,
            self._kinds,
            *self._copies.values(),
            *self._rows.values(),
        )
        """A span with none of these attributes speaks the current vocabulary, or none at all."""

    def translate(self, record: SpanRecord) -> None:
        """Rewrite the span in place. Nothing that stands under a current name is overwritten."""
        values = record.attributes.values
        plan = _Plan()
        named = self._spans.read(record)
        operation = self._operation(values, plan, named.operation)
        _take_messages(self._folder.fold(values), values, plan)
        _take_messages(self._content.convert(operation, values), values, plan)
        plan.written.update(self._counts.read(values))
        self._correct_provider(values, plan)
        self._choose(values, self._rows.get(operation, self._common), plan)
        self._fill(record, operation, plan, named)
        if self._keep_original:
            _copy(record, plan)
        else:
            _rename(record, plan)
        for target, value in plan.written.items():
            record.attributes.set(target, value)

    def _operation(self, values: Mapping[str, Value], plan: _Plan, certain: str) -> str:
        if certain:
            plan.written[OPERATION] = certain
            return certain
        if OPERATION in values:
            told = _text(values[OPERATION])
            meant = self._misnamed.get(told.lower())
            if meant is None:
                return told
            plan.written[OPERATION] = meant
            return meant
        for key, operations in self._kinds.items():
            if key not in values:
                continue
            if found := operations.get(_text(values[key]).lower(), operations.get(_ANY)):
                plan.written[OPERATION] = found
                plan.kind = key
                return found
        return ""

    def _correct_provider(self, values: Mapping[str, Value], plan: _Plan) -> None:
        """Replace another name of a provider that stands under the current one."""
        told = values.get(_PROVIDER)
        known = self._providers.get(_text(told).lower())
        if known and known != told:
            plan.written[_PROVIDER] = known

    def _choose(self, values: Mapping[str, Value], rows: Mapping[str, Row], plan: _Plan) -> None:
        """For each current name, the source that ranks first among those present."""
        sources = sorted((rows[key], key) for key in values if key in rows)
        for (_, target), source in sources:
            value = values[source]
            if source in plan.gone or not _tells(target, value):
                continue
            made = self._made(target, value)
            told = _told(target, values, plan)
            if told is None:
                _take(plan, source, target, made)
            elif told == (value if made is None else made):
                plan.gone.add(source)

    def _fill(self, record: SpanRecord, operation: str, plan: _Plan, named: Named) -> None:
        """What no attribute tells by itself: from other attributes, fields of JSON, the name."""
        values = record.attributes.values

        def missing(target: str) -> bool:
            return _told(target, values, plan) is None

        for source, target in self._copies.get(operation, {}).items():
            if (text := _text(values.get(source))) and missing(target):
                plan.written[target] = text
        for target, told in self._fields.read(operation, values, missing):
            made = self._made(target, told)
            plan.written[target] = told if made is None else made
        if named.text and named.target and missing(named.target):
            plan.written[named.target] = named.text
        if named.provider and missing(_PROVIDER):
            plan.written[_PROVIDER] = named.provider
        whole = self._span_names.get((plan.kind, operation))
        if whole and missing(whole) and (name := record.span.name):
            plan.written[whole] = name

    def _made(self, target: str, value: Value) -> Value:
        """The value as `target` wants it; None where it can stay as it is."""
        if target == _PROVIDER:
            return self._providers.get(_text(value).lower())
        if target in _LISTS and not isinstance(value, list):
            return [value]
        if target.endswith("_tokens") and value.__class__ is not int:
            return _whole_number(value)
        return None


def _take_messages(found: Iterable[Folded], values: Mapping[str, Value], plan: _Plan) -> None:
    for target, messages, keys in found:
        if target in values or target in plan.written:
            continue
        plan.written[target] = orjson.dumps(messages).decode()
        plan.gone.update(keys)
        reasons = [message["finish_reason"] for message in messages if "finish_reason" in message]
        if reasons and FINISH_REASONS not in values:
            plan.written[FINISH_REASONS] = reasons


def _tells(target: str, value: Value) -> bool:
    """Whether the value says anything that `target` can hold."""
    return isinstance(value, str | list) if target == FINISH_REASONS else value != ""


def _told(target: str, values: Mapping[str, Value], plan: _Plan) -> Value:
    """What the span says under `target`, now or once the plan is carried out."""
    if target in plan.written:
        return plan.written[target]
    return values[target] if target in values else values.get(plan.moved.get(target, ""))


def _text(value: Value) -> str:
    return value if isinstance(value, str) else ""


def _take(plan: _Plan, source: str, target: str, made: Value) -> None:
    if made is None:
        plan.moved[target] = source
    else:
        plan.written[target] = made
        plan.gone.add(source)


def _copy(record: SpanRecord, plan: _Plan) -> None:
    for target, source in plan.moved.items():
        record.attributes.set(target, record.attributes.get(source))


def _rename(record: SpanRecord, plan: _Plan) -> None:
    record.attributes.delete(*plan.gone)
    record.attributes.rename({source: target for target, source in plan.moved.items()})


def _whole_number(value: Value) -> int | None:
    if isinstance(value, str) and value.isdecimal() and len(value) < 16:
        return int(value)
    if isinstance(value, float) and value.is_integer() and abs(value) < 2**53:
        return int(value)
    return None


def _tables(dialects: Iterable[Dialect], operation: str) -> Iterable[Mapping[str, str]]:
    for dialect in dialects:
        yield dialect.rename_by_operation.get(operation, {})
        yield dialect.rename


def _rows(tables: Iterable[Mapping[str, str]]) -> dict[str, Row]:
    rows: dict[str, Row] = {}
    lines = (line for table in tables for line in table.items())
    for rank, (source, target) in enumerate(lines):
        rows.setdefault(source, Row(rank, target))
    return rows


def _kinds(dialects: Iterable[Dialect]) -> dict[str, dict[str, str]]:
    kinds: dict[str, dict[str, str]] = {}
    for dialect in dialects:
        for key, operations in dialect.operations.items():
            table = kinds.setdefault(key, {})
            for value, operation in operations.items():
                table.setdefault(value.lower(), operation)
    return kinds


def _copies(dialects: Iterable[Dialect]) -> dict[str, dict[str, str]]:
    copies: dict[str, dict[str, str]] = {}
    for dialect in dialects:
        for operation, table in dialect.copy_by_operation.items():
            known = copies.setdefault(operation, {})
            known.update({source: table[source] for source in table if source not in known})
    return copies


def _span_names(dialects: Iterable[Dialect]) -> dict[tuple[str, str], str]:
    names: dict[tuple[str, str], str] = {}
    for dialect in dialects:
        for key in dialect.operations:
            for operation, target in dialect.span_name.items():
                names.setdefault((key, operation), target)
    return names
