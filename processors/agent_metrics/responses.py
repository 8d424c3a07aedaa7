"""Responses that two instrumentations tell of, each in a batch of its own."""

import threading
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import TypeAlias

from collector import SpanRecord, Transaction
from collector.model_calls import RESPONSE_ID, told_once

_Telling: TypeAlias = tuple[int, int, int]
"""Who told of a response, and when the call began and ended: the hash of the scope's name, and
nanoseconds. A plain tuple: there is one a call."""


class Responses:
    """Leaves out calls that another scope has told of by `gen_ai.response.id`. Thread-safe.

    In a batch that is `told_once`. Across batches the one that comes first is counted.
    """

    def __init__(self, limit: int, forgotten: Callable[[int], None]) -> None:
        """Remembers `limit` responses, at least the latest half; tells how many had to go."""
        self._half = max(1, limit // 2)
        self._forgotten = forgotten
        self._newer: dict[int, _Telling] = {}
        self._older: dict[int, _Telling] = {}
        self._trials: list[Mapping[int, _Telling]] = []
        self._lock = threading.Lock()

    def pick(self, calls: Sequence[SpanRecord], transaction: Transaction) -> Sequence[SpanRecord]:
        """Those of `calls` to count; they are remembered once the transaction is committed.

        Until then they are taken for counted, so that no other batch counts them meanwhile.
        """
        calls = told_once(calls)
        told = _told(calls)
        if told:
            with self._lock:
                known = self._known(told)
                if known:
                    calls = [call for call in calls if not _is_known(call, known)]
                    told = _told(calls)
                self._trials.append(told)
            transaction.on_commit(lambda: self._end(told, owned=True))
            transaction.on_rollback(lambda: self._end(told, owned=False))
        return calls

    def _known(self, told: Mapping[int, _Telling]) -> dict[int, _Telling]:
        known: dict[int, _Telling] = {}
        for tellings in (self._older, self._newer, *self._trials):
            # Of two views the shorter one is walked; of a view and a dict the dict, however long.
            for key in tellings.keys() & told.keys():
                known[key] = tellings[key]
        return known

    def _end(self, told: Mapping[int, _Telling], *, owned: bool) -> None:
        with self._lock:
            self._trials = [trial for trial in self._trials if trial is not told]
            if owned:
                self._newer.update(told)
                if len(self._newer) >= self._half:
                    self._forgotten(len(self._older))
                    self._newer, self._older = {}, self._newer


def _told(calls: Iterable[SpanRecord]) -> dict[int, _Telling]:
    """What calls tell of, by the hash of the response's id."""
    told: dict[int, _Telling] = {}
    scope, who = None, 0
    for call in calls:
        response = call.attributes.values.get(RESPONSE_ID)
        if response and response.__class__ is str:
            if call.scope is not scope:
                scope = call.scope
                who = hash(scope.scope.name)
            span = call.span
            told[hash(response)] = who, span.start_time_unix_nano, span.end_time_unix_nano
    return told


def _is_known(call: SpanRecord, known: Mapping[int, _Telling]) -> bool:
    """Whether another scope told of the call: one happened within the other's time."""
    other = known.get(hash(call.attributes.text(RESPONSE_ID)))
    if other is None:
        return False
    begin, end = call.span.start_time_unix_nano, call.span.end_time_unix_nano
    return hash(call.scope.scope.name) != other[0] and (
        (begin <= other[1] and other[2] <= end) or (other[1] <= begin and end <= other[2])
    )
