"""A team's own secrets: rules in gitleaks' TOML format.

The format is documented at https://github.com/gitleaks/gitleaks#configuration. What is different
for traces: there are no files and commits, so a rule that has only a `path` is passed over, and a
list of allowed `paths` or `commits` allows nothing; and what stands under a key in JSON is searched
as `key": "value"` too, because that is what the rules are written for. Winnow's own rules are the
default that a file extends; `secrets: false` turns them off.
"""

import re
import tomllib
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from pydantic import BaseModel, ValidationError

from collector.files import read_file
from processors.redaction.budget import Budget
from processors.redaction.detectors import Detector
from processors.redaction.findings import Finding
from processors.redaction.secret_checks import entropy
from processors.redaction.secrets import compiled, secret_types

_MAX_BYTES = 16 << 20
_SCORE = 1.0
_NOT_A_NAME = re.compile(r"[^A-Z0-9]+")


class _AllowlistTable(BaseModel):
    condition: str = "OR"
    regexes: list[str] = []
    regextarget: str = "secret"
    stopwords: list[str] = []
    paths: list[str] = []
    commits: list[str] = []
    targetrules: list[str] = []


class _RuleTable(BaseModel):
    id: str
    regex: str = ""
    secretgroup: int = 0
    entropy: float = 0.0
    keywords: list[str] = []
    allowlists: list[_AllowlistTable] = []
    allowlist: _AllowlistTable | None = None


class _ExtendTable(BaseModel):
    usedefault: bool = False
    path: str = ""
    url: str = ""
    disabledrules: list[str] = []


class _File(BaseModel):
    extend: _ExtendTable = _ExtendTable()
    rules: list[_RuleTable] = []
    allowlists: list[_AllowlistTable] = []
    allowlist: _AllowlistTable | None = None


class Match(NamedTuple):
    """What an allowlist decides on."""

    text: str
    secret: tuple[int, int]
    whole: tuple[int, int]

    def part(self, target: str) -> str:
        """The secret, the whole match, or the lines that it stands in."""
        start, end = self.secret if target == "secret" else self.whole
        if target == "line":
            start = self.text.rfind("\n", 0, start) + 1
            end = len(self.text) if (after := self.text.find("\n", end)) < 0 else after
        return self.text[start:end]


class Allowlist:
    """Findings that are none."""

    def __init__(self, table: _AllowlistTable) -> None:
        """Raises ValueError for a regex that is none and a condition or target there is not."""
        self._all = table.condition.upper() in ("AND", "&&")
        if not self._all and table.condition.upper() not in ("OR", "||"):
            raise ValueError(f"allowlist: condition {table.condition!r}: write AND or OR")
        self._target = table.regextarget or "secret"
        if self._target not in ("secret", "match", "line"):
            raise ValueError(
                f"allowlist: regexTarget {table.regextarget!r}: write secret, match or line"
            )
        self._regexes = [_compiled(regex, "allowlist: regexes") for regex in table.regexes]
        self._stopwords = [word.lower() for word in table.stopwords]
        self._of_files = bool(table.paths or table.commits)
        self.types = frozenset(map(entity_type, table.targetrules))
        """The entity types that it is for; all where there are none."""

    def allows(self, match: Match) -> bool:
        """Whether the match is to be left alone."""
        criteria = []
        if self._regexes:
            part = match.part(self._target)
            criteria.append(any(regex.search(part) for regex in self._regexes))
        if self._stopwords:
            secret = match.part("secret").lower()
            criteria.append(any(word in secret for word in self._stopwords))
        if self._of_files:
            criteria.append(False)
        return bool(criteria) and (all(criteria) if self._all else any(criteria))


class GitleaksDetector:
    """Runs one rule of a file."""

    def __init__(self, table: _RuleTable, allowlists: Sequence[Allowlist]) -> None:
        """Raises ValueError for a rule that cannot work, without naming it."""
        self.type = entity_type(table.id)
        self._pattern = _compiled(table.regex, "regex")
        if not 0 <= table.secretgroup <= self._pattern.groups:
            raise ValueError(
                f"secretGroup {table.secretgroup}: the regex has {self._pattern.groups} groups"
            )
        self._group = table.secretgroup
        self._entropy = table.entropy
        self._allowlists = allowlists
        # Without a keyword the rule runs on every text, as it does in gitleaks.
        words = "|".join(map(_spelled, table.keywords))
        self.condition = f"(?i){words}" if words else ""

    def find(self, text: str, key: str, budget: Budget) -> Iterator[Finding]:
        """See `Detector`."""
        yield from self._search(text, 0, budget)
        if name := "_".join(key.split()):
            before = f'{name}": "'
            yield from self._search(f'{before}{text}"', len(before), budget)

    def _search(self, text: str, offset: int, budget: Budget) -> Iterator[Finding]:
        for found in self._pattern.finditer(text):
            budget.remaining()
            start, end = found.span(self._secret_group(found))
            start = max(start, offset)
            end = min(end, len(text) - bool(offset))
            match = Match(text, (start, end), found.span())
            if start < end and self._believed(match):
                yield Finding(start - offset, end - offset, self.type, _SCORE)

    def _secret_group(self, found: Any) -> int:
        """The group that the rule names, else the first with something in it."""
        groups = range(1, self._pattern.groups + 1)
        return self._group or next((group for group in groups if found.group(group)), 0)

    def _believed(self, match: Match) -> bool:
        if self._entropy and entropy(match.part("secret")) <= self._entropy:
            return False
        return not any(allowlist.allows(match) for allowlist in self._allowlists)


class _Allowing:
    """A detector of Winnow's own, without what a team's file allows."""

    def __init__(self, detector: Detector, allowlists: Sequence[Allowlist]) -> None:
        self.condition = detector.condition
        self._detector = detector
        self._allowlists = allowlists

    def find(self, text: str, key: str, budget: Budget) -> Iterator[Finding]:
        """See `Detector`."""
        for finding in self._detector.find(text, key, budget):
            place = finding.start, finding.end
            match = Match(text, place, place)
            if not any(_is_for(a, finding.type) and a.allows(match) for a in self._allowlists):
                yield finding


class RuleFiles:
    """The rules of some files in gitleaks' format."""

    def __init__(self, paths: Iterable[Path] = ()) -> None:
        """Raises ValueError, with file, rule and remedy, for what cannot be read or cannot work."""
        self.detectors: list[Detector] = []
        """A detector for each rule."""
        self.disabled: set[str] = set()
        """Entity types of Winnow's own that are not to be found."""
        self._types: list[str] = []
        self._allowlists: list[Allowlist] = []
        self._paths = tuple(paths)
        for path in self._paths:
            self._add(path, _read(path))

    def __eq__(self, other: object) -> bool:
        return isinstance(other, RuleFiles) and self._paths == other._paths

    def __hash__(self) -> int:
        return hash(self._paths)

    def __reduce__(self) -> tuple[type["RuleFiles"], tuple[tuple[Path, ...]]]:
        """Worker processes read the files again: what RE2 compiled stays with its process."""
        return RuleFiles, (self._paths,)

    @property
    def types(self) -> list[str]:
        """The entity types of the files' rules."""
        return self._types

    def allowed_in(self, detectors: Iterable[Detector]) -> list[Detector]:
        """Winnow's own detectors, less what files with `useDefault` allow."""
        if not self._allowlists:
            return list(detectors)
        return [_Allowing(detector, self._allowlists) for detector in detectors]

    def _add(self, path: Path, file: _File) -> None:
        if file.extend.path or file.extend.url:
            raise ValueError(f"{path}: extend: list the file in secret_rules too, and remove this")
        disabled = set(map(entity_type, file.extend.disabledrules))
        self.disabled |= disabled.intersection(secret_types())
        shared = _named(path, "", lambda: _allowlists(file))
        if file.extend.usedefault:
            self._allowlists += shared
        for table in file.rules:
            if entity_type(table.id) not in disabled:
                _named(path, table.id, lambda table=table: self._add_rule(table, shared))

    def _add_rule(self, table: _RuleTable, shared: Sequence[Allowlist]) -> None:
        kind = entity_type(table.id)
        if not kind:
            raise ValueError("the id has no letter: give it one")
        if table.regex:
            allowlists = [*_allowlists(table), *(a for a in shared if _is_for(a, kind))]
            self.detectors.append(GitleaksDetector(table, allowlists))
            self._types.append(kind)
        elif kind in secret_types():
            # Of a rule of ours, the file only says what it allows.
            for allowlist in _allowlists(table):
                allowlist.types = frozenset({kind})
                self._allowlists.append(allowlist)


def entity_type(rule_id: str) -> str:
    """The entity type of a rule: its id in capital letters, with underscores."""
    return _NOT_A_NAME.sub("_", rule_id.upper()).strip("_")


def _spelled(keyword: str) -> str:
    """A pattern for a keyword, in a text or in the words of a key."""
    return "".join(r"[_.\- ]" if c in "_.- " else re.escape(c) for c in keyword)


def _is_for(allowlist: Allowlist, kind: str) -> bool:
    return not allowlist.types or kind in allowlist.types


def _allowlists(table: _RuleTable | _File) -> list[Allowlist]:
    old = [table.allowlist] if table.allowlist else []
    return [Allowlist(allowlist) for allowlist in [*table.allowlists, *old]]


def _compiled(regex: str, what: str) -> Any:
    try:
        return compiled(regex)
    except ValueError as error:
        raise ValueError(f"{what}: not in RE2's syntax, {error}: mend or remove it") from None


def _named(path: Path, rule_id: str, build: Any) -> Any:
    """What `build` returns; the error that it raises, with file and rule before it."""
    try:
        return build()
    except ValueError as error:
        rule = f" rule {rule_id}:" if rule_id else ""
        raise ValueError(f"{path}:{rule} {error}") from None


def _read(path: Path) -> _File:
    content = read_file(path, _MAX_BYTES)
    try:
        table = tomllib.loads(content.decode())
    except ValueError as error:
        raise ValueError(f"{path} is no TOML: {error}: write it in gitleaks' format") from None
    try:
        return _File.model_validate(_lowered(table))
    except ValidationError as error:
        raise ValueError(f"{path}: {_first(error, table)}") from None


def _first(error: ValidationError, table: dict[str, Any]) -> str:
    """The first mistake of a file: the rule, the key and what is wrong with it."""
    told = error.errors()[0]
    place = ".".join(str(part) for part in told["loc"])
    if told["loc"][0] == "rules" and len(told["loc"]) > 1:
        rule = table["rules"][told["loc"][1]]
        name = rule.get("id") if isinstance(rule, dict) else None
        place = f"rule {name}: {place}" if name else place
    return f"{place}: {told['msg']}: write it as gitleaks documents"


def _lowered(value: Any) -> Any:
    """The tables with keys in small letters: gitleaks does not tell them apart."""
    if isinstance(value, dict):
        return {key.lower(): _lowered(inner) for key, inner in value.items()}
    if isinstance(value, list):
        return [_lowered(inner) for inner in value]
    return value
