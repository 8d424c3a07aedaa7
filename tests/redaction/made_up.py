"""Texts made up from a seed: prose, code, JSON and Unicode, with personal data in them."""

import json
import string

from tests.redaction.pieces import CONTEXT, NOISE, PERSONAL

UNICODE = [
    *(
        "٤١١١",
        "\uff14\uff11\uff11\uff11",
        "१२३",
        "\u00a0",
        "\u2009",
        "\u200b",
        "\u2011",
        "\u202f",
        "é",
        "ß",
        "İ",
    ),
    *("号码", "電話", "почта", "\U0001f600", "\ufeff", "\u0301", "ﬀ", "Ⅷ", "²", "½"),
]
SEPARATORS = [
    *("", "", " ", " ", "  ", "-", ".", ",", ", ", ";", ":", ": ", "/", "\\", "|", "_", "=", "+"),
    *("\n", "\t", "(", ")", "[", "]", "<", ">", '"', "'", "@", "#", "%", "&", "*", "\r\n"),
]
SENTENCES = [
    "You can call me at {} after five, or write to {}.",
    "My credit card {} expires soon; the bank has {} on file.",
    "The request from {} failed after three attempts, says {}.",
    "Please confirm {} and {} before Friday.",
    "No numbers here, only words about {} that mean little.",
]
CODE = [
    "def handler(event, retries=3):\n    return client.get('{}', timeout=30)  # {}\n",
    "config = {{'host': '{}', 'port': 8080, 'version': '2.1.0'}}\nassert x[1::2] == '{}'\n",
    "for i in range(1024):\n    total += values[i] * 0.2537  # see {} and {}\n",
    "INSERT INTO users (id, contact, note) VALUES (17, '{}', '{}');\n",
    "2024-05-17T09:31:07.123456Z INFO request served peer={} user={} status=200\n",
]


def value(random):
    """Something personal: now and then one that only looks like it."""
    kind = random.randrange(9)
    if kind < 4:
        return random.choice(PERSONAL)
    if kind == 4:
        return digits(random, random.choice((9, 10, 12, 13, 15, 16, 19)))
    if kind == 5:
        return "-".join(digits(random, n) for n in random.choice(((3, 2, 4), (3, 3, 4), (4,) * 4)))
    if kind == 6:
        return ".".join(str(random.randrange(256)) for _ in range(4))
    if kind == 7:
        country = random.choice(("1", "44", "49", "33", "91"))
        return f"+{country} {digits(random, 3)} {digits(random, 7)}"
    return ":".join(f"{random.getrandbits(8):02x}" for _ in range(random.choice((6, 8))))


def digits(random, count):
    return "".join(random.choices(string.digits, k=count))


def prose(random):
    return " ".join(random.choice(SENTENCES).format(value(random), value(random)) for _ in range(4))


def code(random):
    return "".join(random.choice(CODE).format(value(random), value(random)) for _ in range(4))


def json_text(random):
    rows = [
        {"id": random.randrange(10**6), "note": random.choice(CONTEXT), "value": value(random)}
        for _ in range(4)
    ]
    return json.dumps({"rows": rows, "scores": [random.random() for _ in range(5)]}, indent=1)


def unicode_text(random):
    parts = [random.choice((random.choice(UNICODE), value(random), "слово")) for _ in range(12)]
    return random.choice(("", " ")).join(parts)


def fuzzed(random):
    """Fragments of everything, cut anywhere, with separators between them."""
    parts = []
    for _ in range(random.randrange(1, 9)):
        part = random.choice(
            (random.choice(NOISE), random.choice(CONTEXT), random.choice(UNICODE), value(random))
        )
        if random.random() < 0.1:
            cut = random.randrange(len(part) + 1)
            part = part[:cut] + random.choice(UNICODE) + part[cut:]
        parts += [part, random.choice(SEPARATORS)]
    return "".join(parts)
