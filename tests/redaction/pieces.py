"""Text of agents' traffic, in pieces for hypothesis to put together."""

from hypothesis import strategies as st

from processors.redaction.analyzer import Analyzer
from processors.redaction.budget import Budget
from processors.redaction.findings import Finding

PERSONAL = [
    "jane.doe@example.com",
    "o'brien+x@mail.example.co.uk",
    "bob@server.local",
    "4111 1111 1111 1111",
    "378282246310005",
    "+49 30 901820",
    "(415) 555-0132",
    "415-555-0132",
    "DE89 3704 0044 0532 0130 00",
    "be68539007547034",
    "212-34-5678",
    "203.0.113.77",
    "2001:db8:85a3::8a2e:370:7334",
    "00:1A:2B:3C:4D:5E",
    "1A1zP1eP5QGefi2DMPTfTL5SLmv7DivfNa",
    "AKIAIOSFODNN7EXAMPLE",
    "Bearer abc123def456ghi789",
    "password=hunter22!",
    "postgres://app:s3cret@db/x",
]
CONTEXT = ["ssn", "phone", "credit card", "iban", "my number is", "call", "ip", "212345678"]
NOISE = [
    *("0.4371", "2024-01-15", "12:30:45", "v1.2.3", "1750000000123", "785 8949", "std::vec"),
    *("<EMAIL_ADDRESS>", "<US_SSN>", "<PHONE_NUMBER_3fa9c1d2>", "<REDACTED:error>", "%40", "@"),
    *('"', "'", "{", "}", "[", "]", ":", ",", "=", "\\n", "\n", "-", ".", "(", ")", "+", "/", "x"),
    *('{"ssn": "212345678"}', '{"a": ["b@x.com", 1]}', "é", "\u0661", "\u212a", "—", "\u00a0"),
]

texts = st.lists(
    st.sampled_from([*PERSONAL, *CONTEXT, *NOISE]) | st.text(max_size=6),
    max_size=14,
).flatmap(
    lambda parts: st.lists(
        st.sampled_from(["", " ", " "]), min_size=len(parts), max_size=len(parts)
    ).map(lambda gaps: "".join(part + gap for part, gap in zip(parts, gaps, strict=True)))
)

json_values = st.recursive(
    st.none() | st.booleans() | st.integers(-(10**20), 10**20) | st.floats() | texts,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(texts, inner, max_size=3),
    max_leaves=8,
)


def found_by(analyzer: Analyzer, text: str) -> list[Finding]:
    """Everything that an analyzer's detectors find in a text."""
    suspects = analyzer.suspects(text)
    return analyzer.findings(text, "", suspects.detectors if suspects else [], Budget(100))
