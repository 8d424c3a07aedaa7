"""How good redaction is on labelled data: precision, recall and F2 by entity type.

A label counts as found if at least half of its characters are covered by findings of its type; a
finding counts as right if at least half of its characters are covered by labels of its type. Half,
because a finding that holds a title or an extension more or less than its label protects the same
person; half on both sides, because one that takes a whole message for a phone number must not
count as right. Types are compared by `canonical` name. Apart from types, the characters of labels
that no finding covers are counted: they are what would have been seen.
"""

from collections.abc import Callable, Collection, Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

from processors.redaction.findings import Finding
from processors.redaction.labelled import Label, Sample

Find = Callable[[str], tuple[str, list[Finding]]]
"""From a text to its redacted form, and to findings without overlaps."""

_BETA_SQUARED = 4
"""F2 weighs recall twice as much as precision (van Rijsbergen, Information Retrieval, 1979)."""
_SAME = {
    "CREDIT_CARD": ("CREDIT_CARD_NUMBER", "CARD", "CARD_NUMBER", "PAN"),
    "CRYPTO": ("CRYPTO_ADDRESS", "WALLET", "BITCOIN_ADDRESS"),
    "EMAIL_ADDRESS": ("EMAIL", "E_MAIL"),
    "IBAN_CODE": ("IBAN",),
    "IP_ADDRESS": ("IP", "IPV4", "IPV6", "IPV4_ADDRESS", "IPV6_ADDRESS"),
    "MAC_ADDRESS": ("MAC",),
    "PHONE_NUMBER": ("PHONE", "TELEPHONE", "TELEPHONE_NUMBER", "MOBILE"),
    "US_SSN": ("SSN", "SOCIAL_SECURITY_NUMBER"),
    "PERSON": ("NAME", "PER", "FIRST_NAME", "LAST_NAME", "FULL_NAME"),
    "LOCATION": ("LOC", "GPE", "FAC", "ADDRESS", "STREET_ADDRESS", "CITY", "COUNTRY"),
    "ORGANIZATION": ("ORG", "COMPANY"),
    "URL": ("DOMAIN_NAME", "DOMAIN"),
    "DATE_TIME": ("DATE", "TIME"),
}
_CANONICAL = {other: name for name, others in _SAME.items() for other in others}


def canonical(entity: str) -> str:
    """The type's name in Presidio, where other data sets have another one for it."""
    name = entity.strip().upper().replace("-", "_").replace(" ", "_")
    return _CANONICAL.get(name, name)


@dataclass
class Tally:
    """Counts for one type, or for all together."""

    labels: int = 0
    found: int = 0
    """Labels that are covered by findings of their type."""
    findings: int = 0
    right: int = 0
    """Findings that are covered by labels of their type."""

    @property
    def recall(self) -> float | None:
        """The share of labels that were found; None without labels."""
        return self.found / self.labels if self.labels else None

    @property
    def precision(self) -> float | None:
        """The share of findings that are right; None without findings."""
        return self.right / self.findings if self.findings else None

    @property
    def f2(self) -> float | None:
        """Both in one number, recall twice as heavy; None with neither labels nor findings."""
        if not self.labels and not self.findings:
            return None
        precision, recall = self.precision or 0.0, self.recall or 0.0
        weighted = _BETA_SQUARED * precision + recall
        return (1 + _BETA_SQUARED) * precision * recall / weighted if weighted else 0.0


@dataclass
class Evaluation:
    """What came of redacting labelled data."""

    texts: int = 0
    masked: int = 0
    """Texts that were masked as a whole because they could not be searched; they count nowhere
    else."""
    types: dict[str, Tally] = field(default_factory=dict)
    """By canonical type: those that are looked for, and those that were found."""
    ignored: dict[str, Tally] = field(default_factory=dict)
    """Labels of types that are not looked for."""
    characters: int = 0
    """Those in labels of types that are looked for."""
    uncovered: int = 0
    """Those of them that no finding of whatever type covers."""
    ignored_characters: int = 0
    """Those in labels of types that are not looked for."""
    ignored_uncovered: int = 0
    """Those of them that no finding of whatever type covers."""

    @property
    def total(self) -> Tally:
        """All types that are looked for together."""
        total = Tally()
        for tally in self.types.values():
            total.labels += tally.labels
            total.found += tally.found
            total.findings += tally.findings
            total.right += tally.right
        return total

    def lines(self) -> Iterator[str]:
        """The report: a Markdown table, and what the table cannot say."""
        yield "| type | labels | found | recall | findings | right | precision | F2 |"
        yield "|---|---:|---:|---:|---:|---:|---:|---:|"
        for entity, tally in sorted(self.types.items()):
            if tally.labels or tally.findings:
                yield _row(entity, tally)
        yield _row("all", self.total)
        yield ""
        yield "A label is found if findings of its type cover at least half of it; a finding is"
        yield "right if labels of its type cover at least half of it."
        yield (
            f"Of {self.characters:,} labelled characters in {self.texts:,} texts, "
            f"{self.uncovered:,} are left as they were."
        )
        if self.masked:
            yield f"{self.masked:,} texts could not be searched and are masked: not counted above."
        if self.ignored:
            yield f"Not looked for: {_ignored(self)}."

    def numbers(self) -> dict[str, Any]:
        """The report as JSON can hold it; shares are null where nothing was labelled or found."""
        return {
            "texts": self.texts,
            "masked": self.masked,
            "types": {entity: _numbers(tally) for entity, tally in self.types.items()},
            "total": _numbers(self.total),
            "characters": {"labelled": self.characters, "uncovered": self.uncovered},
            "not_looked_for": {
                "types": {entity: tally.labels for entity, tally in self.ignored.items()},
                "labelled": self.ignored_characters,
                "uncovered": self.ignored_uncovered,
            },
        }


def evaluate(samples: Iterable[Sample], find: Find, searched: Collection[str]) -> Evaluation:
    """`searched` are the entity types that `find` looks for."""
    evaluation = Evaluation(types={canonical(entity): Tally() for entity in sorted(searched)})
    for sample in samples:
        evaluation.texts += 1
        redacted, findings = find(sample.text)
        if redacted.startswith("<REDACTED:") and not findings:
            evaluation.masked += 1
        else:
            _count_findings(evaluation, sample.labels, findings)
            _count_labels(evaluation, sample.labels, findings)
    return evaluation


def _count_findings(evaluation: Evaluation, labels: list[Label], findings: list[Finding]) -> None:
    for finding in findings:
        tally = evaluation.types.setdefault(canonical(finding.type), Tally())
        tally.findings += 1
        tally.right += _half(finding, labels)


def _count_labels(evaluation: Evaluation, labels: list[Label], findings: list[Finding]) -> None:
    for label in labels:
        entity, size = canonical(label.type), label.end - label.start
        missed = size - _covered(label, findings)
        if entity in evaluation.types:
            tally = evaluation.types[entity]
            evaluation.characters += size
            evaluation.uncovered += missed
        else:
            tally = evaluation.ignored.setdefault(entity, Tally())
            evaluation.ignored_characters += size
            evaluation.ignored_uncovered += missed
        tally.labels += 1
        tally.found += _half(label, findings)


def _half(one: Label | Finding, others: Iterable[Label | Finding]) -> bool:
    """Whether at least half of it is covered by others of its type."""
    same = (other for other in others if canonical(other.type) == canonical(one.type))
    return 2 * _covered(one, same) >= one.end - one.start


def _covered(one: Label | Finding, others: Iterable[Label | Finding]) -> int:
    """How many of its characters the others cover, which may overlap."""
    places = {
        place for o in others for place in range(max(one.start, o.start), min(one.end, o.end))
    }
    return len(places)


def _row(entity: str, tally: Tally) -> str:
    cells = (
        *(entity, f"{tally.labels:,}", f"{tally.found:,}", _share(tally.recall)),
        *(f"{tally.findings:,}", f"{tally.right:,}", _share(tally.precision), _share(tally.f2)),
    )
    return f"| {' | '.join(cells)} |"


def _share(value: float | None) -> str:
    return "-" if value is None else f"{value:.3f}"


def _ignored(evaluation: Evaluation) -> str:
    kinds = (f"{entity} ({tally.labels:,})" for entity, tally in sorted(evaluation.ignored.items()))
    return (
        f"{', '.join(kinds)}; of these {evaluation.ignored_characters:,} characters, "
        f"{evaluation.ignored_uncovered:,} are left as they were"
    )


def _numbers(tally: Tally) -> dict[str, Any]:
    return {
        "labels": tally.labels,
        "found": tally.found,
        "recall": tally.recall,
        "findings": tally.findings,
        "right": tally.right,
        "precision": tally.precision,
        "f2": tally.f2,
    }
