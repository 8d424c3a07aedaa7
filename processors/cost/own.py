"""Prices of one's own, as the configuration has them."""

from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, date, datetime, time
from fnmatch import fnmatchcase
from functools import cached_property
from typing import Literal, Self, TypeAlias

from pydantic import Field, model_validator

from collector import ConfigModel
from processors._regex import check_re2, searcher
from processors.cost.rates import Rates, Tariff

_REMEMBERED = 1024
_FIGURES = ("input", "output", "cache_read", "cache_write", "cache_write_1h", "reasoning")
_BEGINNING, _END = 0, 2**63

ServiceTier: TypeAlias = Literal["standard", "batch", "flex", "priority", "fast"]


class PriceStep(ConfigModel):
    """Prices of a long input, in USD per million tokens. What is not given is as below."""

    above: int = Field(gt=0)
    """A call with more input tokens than this is priced by this tier, from its first token on."""
    input: float | None = Field(default=None, ge=0, allow_inf_nan=False)
    """Input tokens."""
    output: float | None = Field(default=None, ge=0, allow_inf_nan=False)
    """Output tokens."""
    cache_read: float | None = Field(default=None, ge=0, allow_inf_nan=False)
    """Input tokens read from a cache."""
    cache_write: float | None = Field(default=None, ge=0, allow_inf_nan=False)
    """Input tokens written to a cache."""
    cache_write_1h: float | None = Field(default=None, ge=0, allow_inf_nan=False)
    """Input tokens written to a cache for an hour."""
    reasoning: float | None = Field(default=None, ge=0, allow_inf_nan=False)
    """Output tokens of reasoning."""


class UserPrice(ConfigModel):
    """A price of your own, in USD per million tokens, or a change to a listed one."""

    provider: str = "*"
    """Glob over `gen_ai.provider.name`, without regard to case."""
    match: str = Field(min_length=1)
    """Which models: a glob such as `gpt-4o*` or `my-llama-?b`, without regard to case. A name
    with a path, such as `openai/gpt-4o`, is also tried by its end."""
    match_type: Literal["glob", "regexp"] = "glob"
    """`regexp` makes `match` a regular expression (RE2) that is searched for in the name in lower
    case: anchor it with `^` and `$`."""
    service_tier: ServiceTier | None = None
    """Only calls that were served so; all if not given."""
    alias_of: str | None = Field(default=None, min_length=1)
    """Price these models as this one, `gpt-4o` or `openai/gpt-4o`, at whatever it costs."""
    effective_from: date | None = None
    """The first day (UTC) on which this holds, such as 2026-01-31."""
    effective_until: date | None = None
    """The first day (UTC) on which this no longer holds."""
    input: float | None = Field(default=None, ge=0, allow_inf_nan=False)
    """Input tokens. Without it the listed price holds, times `multiplier`."""
    output: float | None = Field(default=None, ge=0, allow_inf_nan=False)
    """Output tokens; they cost nothing if not given."""
    cache_read: float | None = Field(default=None, ge=0, allow_inf_nan=False)
    """Input tokens read from a cache; as `input` if not given."""
    cache_write: float | None = Field(default=None, ge=0, allow_inf_nan=False)
    """Input tokens written to a cache; as `input` if not given."""
    cache_write_1h: float | None = Field(default=None, ge=0, allow_inf_nan=False)
    """Input tokens written to a cache for an hour; as `cache_write` if not given."""
    reasoning: float | None = Field(default=None, ge=0, allow_inf_nan=False)
    """Output tokens of reasoning; as `output` if not given."""
    tiers: list[PriceStep] = []
    """Other prices where the input is long, by rising `above`."""
    multiplier: float = Field(default=1.0, ge=0, allow_inf_nan=False)
    """For a negotiated discount: 0.8 is 20% off, whether the prices stand here or are listed."""
    context_window: int | None = Field(default=None, gt=0)
    """Input tokens that the model can take."""

    @model_validator(mode="after")
    def _sound(self) -> Self:
        for wrong, told in self._mistakes():
            if wrong:
                raise ValueError(told)
        if self.match_type == "regexp":
            check_re2(self.match)
        return self

    def matches(self, provider: str, models: Sequence[str], tier: str) -> bool:
        """Whether this holds for one of `models` at `provider` (lower case), so served."""
        return (
            self.service_tier in (None, tier or "standard")
            and fnmatchcase(provider, self.provider.lower())
            and any(map(self._is_model, models))
        )

    @property
    def period(self) -> tuple[int, int]:
        """When it holds, in ns: from the first up to the second."""
        return _midnight(self.effective_from, _BEGINNING), _midnight(self.effective_until, _END)

    @property
    def limits(self) -> list[int]:
        """The times (ns) at which it begins and ceases to hold."""
        return [_midnight(day, 0) for day in (self.effective_from, self.effective_until) if day]

    def holds(self, at: int) -> bool:
        """Whether this is in effect at `at` (ns)."""
        start, end = self.period
        return start <= at < end

    def tariff(self) -> Tariff:
        """USD a token, `multiplier` included. Only where `input` is given."""
        tiers = [self._rates(self), *map(self._rates, self.tiers)]
        return Tariff([step.above for step in self.tiers], tiers)

    def covers(self, later: "UserPrice") -> bool:
        """Whether everything that `later` matches is matched by this one, at any time."""
        return (
            self.service_tier in (None, later.service_tier)
            and _glob_covers(self.provider.lower(), later.provider.lower())
            and self._match_covers(later)
        )

    def same_target(self, other: "UserPrice") -> bool:
        """Whether both match the very same calls, at any time."""
        return self.covers(other) and other.covers(self)

    def _mistakes(self) -> Iterator[tuple[bool, str]]:
        figures = any(getattr(self, name) is not None for name in _FIGURES) or bool(self.tiers)
        start, end = self.period
        thresholds = [step.above for step in self.tiers]
        yield (
            figures and self.alias_of is not None,
            "alias_of and prices exclude each other: remove one of them",
        )
        yield figures and self.input is None, "prices without input: give input too"
        yield (
            not figures
            and self.alias_of is None
            and self.multiplier == 1
            and self.context_window is None,
            "this says nothing: give input, alias_of, multiplier or context_window",
        )
        yield start >= end, "effective_until must be later than effective_from"
        yield thresholds != sorted(set(thresholds)), "tiers must stand by rising above"

    @cached_property
    def _is_model(self) -> Callable[[str], bool]:
        if self.match_type == "regexp":
            return searcher([self.match], _REMEMBERED)
        pattern = self.match.lower()
        return lambda model: fnmatchcase(model, pattern)

    def _match_covers(self, later: "UserPrice") -> bool:
        if self.match_type == later.match_type == "glob":
            return _glob_covers(self.match.lower(), later.match.lower())
        return (self.match_type, self.match) == (later.match_type, later.match)

    def _rates(self, step: "UserPrice | PriceStep") -> Rates:
        told = {}
        for name in _FIGURES:
            figure = getattr(step, name)
            told[name] = getattr(self, name) if figure is None else figure
        fresh, said = told["input"] or 0.0, told["output"] or 0.0
        written = fresh if told["cache_write"] is None else told["cache_write"]
        hour = written if told["cache_write_1h"] is None else told["cache_write_1h"]
        return Rates(
            input=fresh,
            output=said,
            cache_read=fresh if told["cache_read"] is None else told["cache_read"],
            cache_write=written,
            reasoning=said if told["reasoning"] is None else told["reasoning"],
            extra={"cache_write_1h": hour},
        ).scaled(self.multiplier / 1e6)


def contradictions(prices: Sequence[UserPrice]) -> list[str]:
    """What cannot be meant: entries that are never taken, that overlap, that go in circles."""
    told = []
    for place, later in enumerate(prices):
        for before, earlier in enumerate(prices[:place]):
            conflict = _conflict(earlier, later)
            if conflict:
                told.append(f"prices[{place}] {conflict.format(before=f'prices[{before}]')}")
                break
        chained = _chained(place, prices)
        if chained is not None:
            told.append(
                f"prices[{place}] is an alias of {later.alias_of!r}, which prices[{chained}] makes"
                f" an alias: write alias_of: {prices[chained].alias_of}"
            )
    return told


def _conflict(earlier: UserPrice, later: UserPrice) -> str:
    start, end = later.period
    first, last = earlier.period
    if earlier.covers(later) and first <= start and end <= last:
        return (
            "is never taken: {before} matches the same models before it at all its times;"
            " put the narrower one first, or remove one"
        )
    if earlier.same_target(later) and first < end and start < last:
        return "overlaps {before}: both hold at the same time; correct effective_from or _until"
    return ""


def _chained(place: int, prices: Sequence[UserPrice]) -> int | None:
    """The place of another entry that makes an alias of what this one is an alias of."""
    target = prices[place].alias_of
    if target is None:
        return None
    for other, price in enumerate(prices):
        named = price.match_type == "glob" and price.match.lower() == target.lower()
        if other != place and named and price.alias_of not in (None, target):
            return other
    return None


def _glob_covers(wide: str, narrow: str) -> bool:
    """Whether one glob matches all that another does; in doubt it does not."""
    # What a `*` swallows may well be another wildcard; `?` and `[` take one character only.
    simple = not set(wide) & set("?[")
    return wide == narrow or (simple and fnmatchcase(narrow, wide))


def _midnight(day: date | None, default: int) -> int:
    if day is None:
        return default
    return int(datetime.combine(day, time(), UTC).timestamp()) * 10**9
