"""Recall on secrets planted in traffic, and silence on a megabyte of what has none."""

import base64
import importlib.metadata
import itertools
import json
import random
import string
import sysconfig
import zlib
from pathlib import Path

import pytest

from processors.redaction.analyzer import Analyzer
from processors.redaction.secrets import detectors
from tests.redaction.pieces import found_by

_random = random.Random()
ALNUM = string.ascii_letters + string.digits
URL64 = ALNUM + "-_"
HEX = "0123456789abcdef"


def some(count, alphabet=ALNUM):
    return "".join(_random.choices(alphabet, k=count))


def uuid():
    return "-".join(some(n, HEX) for n in (8, 4, 4, 4, 12))


def signed(prefix):
    body, number, digits = some(30), 0, ""
    number = zlib.crc32(body.encode())
    for _ in range(6):
        number, digit = divmod(number, 62)
        digits = (string.digits + string.ascii_uppercase + string.ascii_lowercase)[digit] + digits
    return prefix + body + digits


def jwt():
    parts = [json.dumps(part).encode() for part in ({"alg": "HS256"}, {"sub": some(8)})]
    encoded = [base64.urlsafe_b64encode(part).decode().rstrip("=") for part in parts]
    return ".".join([*encoded, some(43, URL64)])


def pem():
    body = "\n".join(some(64, ALNUM + "+/") for _ in range(6))
    return f"-----BEGIN EC PRIVATE KEY-----\n{body}\n-----END EC PRIVATE KEY-----"


# A kind, its variable, and how a secret of it is made. The forms are the providers', not taken from
# the patterns.
KINDS = {
    "AWS id": ("AWS_ACCESS_KEY_ID", lambda: "AKIA" + some(16, string.ascii_uppercase + "234567")),
    "AWS secret": ("AWS_SECRET_ACCESS_KEY", lambda: some(40, ALNUM + "+/")),
    "AWS session": ("AWS_SESSION_TOKEN", lambda: "IQoJb3JpZ2lu" + some(300, ALNUM + "+/")),
    "Google": ("GOOGLE_API_KEY", lambda: "AIza" + some(35, URL64)),
    "Azure secret": ("AZURE_CLIENT_SECRET", lambda: some(3) + "8Q~" + some(34)),
    "Azure storage": (
        "STORAGE",
        lambda: f"AccountName=logs;AccountKey={some(86, ALNUM + '+/')}==",
    ),
    "DigitalOcean": ("DO_TOKEN", lambda: "dop_v1_" + some(64, HEX)),
    "Cloudflare": ("CLOUDFLARE_API_TOKEN", lambda: some(40, URL64)),
    "Heroku": ("HEROKU_API_KEY", lambda: "HRKU-" + uuid()),
    "OpenAI": ("OPENAI_API_KEY", lambda: "sk-proj-" + some(156, URL64)),
    "OpenAI legacy": ("OPENAI_API_KEY", lambda: "sk-" + some(20) + "T3BlbkFJ" + some(20)),
    "Anthropic": ("ANTHROPIC_API_KEY", lambda: "sk-ant-api03-" + some(93, URL64) + "AA"),
    "OpenRouter": ("OPENROUTER_API_KEY", lambda: "sk-or-v1-" + some(64, HEX)),
    "Mistral": ("MISTRAL_API_KEY", lambda: some(32)),
    "Hugging Face": ("HF_TOKEN", lambda: "hf_" + some(34)),
    "Replicate": ("REPLICATE_API_TOKEN", lambda: "r8_" + some(37)),
    "Langfuse": ("LANGFUSE_SECRET_KEY", lambda: "sk-lf-" + uuid()),
    "LangSmith": ("LANGSMITH_API_KEY", lambda: f"lsv2_pt_{some(32, HEX)}_{some(10, HEX)}"),
    "Pinecone": ("PINECONE_API_KEY", lambda: f"pcsk_{some(6)}_{some(63)}"),
    "GitHub": ("GH", lambda: signed("ghp_")),
    "GitHub fine-grained": ("GH", lambda: f"github_pat_{some(22)}_{some(59)}"),
    "GitLab": ("GL", lambda: "glpat-" + some(20, URL64)),
    "npm": ("NPM_TOKEN", lambda: signed("npm_")),
    "PyPI": ("TWINE", lambda: "pypi-AgEIcHlwaS5vcmc" + some(160, URL64)),
    "Docker Hub": ("DOCKER", lambda: "dckr_pat_" + some(27, URL64)),
    "Slack": ("SLACK", lambda: f"xoxb-{some(12, string.digits)}-{some(24)}"),
    "Slack webhook": (
        "URL",
        lambda: f"https://hooks.slack.com/services/T{some(8)}/B{some(8)}/{some(24)}",
    ),
    "Telegram": ("BOT", lambda: f"{some(10, '123456789')}:AA{some(33, URL64)}"),
    "Stripe": ("STRIPE", lambda: "sk_live_" + some(99)),
    "Shopify": ("SHOP", lambda: "shpat_" + some(32, HEX)),
    "SendGrid": ("MAIL", lambda: f"SG.{some(22, URL64)}.{some(43, URL64)}"),
    "Twilio": ("TWILIO_AUTH_TOKEN", lambda: some(32, HEX)),
    "Datadog": ("DD_API_KEY", lambda: some(32, HEX)),
    "New Relic": ("NR", lambda: "NRAK-" + some(27, string.ascii_uppercase + string.digits)),
    "Grafana": ("GRAFANA", lambda: f"glsa_{some(32)}_{some(8, HEX)}"),
    "Databricks": ("DB", lambda: "dapi" + some(32, HEX)),
    "Vault": ("VAULT", lambda: "hvs." + some(95, URL64)),
    "JWT": ("ID", jwt),
    "PEM": ("PEM", pem),
    "database": ("DATABASE_URL", lambda: f"postgres://app:{some(14)}@db.internal:5432/agent"),
    "password": ("DB_PASSWORD", lambda: some(11) + "!7"),
    "generic": ("SERVICE_API_KEY", lambda: some(40, HEX)),
}
PLACES = {
    "python": lambda name, it: (
        f'import os\n\n{name.lower()} = """{it}"""\nrun({name.lower()})\n'
        if "\n" in it
        else f'import os\n\nclient = Client({name.lower()}="{it}", timeout=3)\n'
    ),
    "typescript": lambda name, it: f"const cfg = {{ {name}: `{it}`, retries: 2 }};\n",
    "environment": lambda name, it: f"LOG_LEVEL=debug\nexport {name}={it}\nPORT=8080\n",
    "yaml": lambda name, it: f"env:\n  - name: x\n{name}: {json.dumps(it)}\n",
    "log": lambda name, it: f"2026-02-03 10:11:12 WARN boot {name}={it} loaded in 3ms\n",
    "json": lambda name, it: json.dumps({"n": 1, "config": {name: it, "debug": False}}),
    "json in json": lambda name, it: json.dumps({"arguments": json.dumps({name.lower(): it})}),
    "json in a log": lambda name, it: f"POST /run body={json.dumps({name: it})} status=200",
    "bytes": lambda name, it: f"os.environ['{name}'] = {json.dumps(it)}  # set for the tool\n",
    "message": lambda name, it: json.dumps(
        [{"role": "user", "content": f"Why does this fail?\n{name}: {it}\nIt says 401."}]
    ),
}


def planted():
    _random.seed(200)
    places = itertools.cycle(PLACES)
    for kind, (name, make) in KINDS.items():
        for _ in range(5):
            secret, place = make(), next(places)
            yield kind, place, secret, PLACES[place](name, secret)
        next(places)


def core(kind, secret):
    """What must not come out: a URL's host may."""
    marks = {"database": "app:", "Slack webhook": "services/", "Azure storage": "AccountKey="}
    secret = secret.partition(marks[kind])[2] if kind in marks else secret
    return secret.partition("@db")[0].splitlines()[len(secret.splitlines()) // 2]


def test_of_two_hundred_planted_secrets_at_most_a_few_are_missed(clean):
    texts = list(planted())
    missed = [
        (kind, place) for kind, place, secret, text in texts if core(kind, secret) in clean(text)
    ]
    assert len(texts) >= 200
    assert len(missed) <= len(texts) * 0.01, missed


@pytest.mark.parametrize("place", PLACES)
@pytest.mark.parametrize("kind", KINDS)
def test_a_secret_is_found_wherever_it_stands(clean, kind, place):
    _random.seed(f"{kind} {place}")
    name, make = KINDS[kind]
    secret = make()
    assert core(kind, secret) not in clean(PLACES[place](name, secret))


def code():
    """The standard library's own modules: they have no tests among them."""
    for path in sorted(Path(sysconfig.get_path("stdlib")).glob("*.py")):
        yield path.read_text("utf-8")


def prose():
    """Licences and descriptions of the packages that are installed."""
    for distribution in sorted(importlib.metadata.distributions(), key=lambda d: d.name):
        for file in distribution.files or ():
            if file.stem.upper().startswith(
                ("LICENSE", "COPYING", "NOTICE", "METADATA", "AUTHORS")
            ):
                yield file.locate().read_text("utf-8", "replace")


@pytest.mark.parametrize(("texts", "least"), [(code, 800_000), (prose, 200_000)])
def test_clean_text_has_no_secret(texts, least):
    analyzer = Analyzer(detectors(), threshold=0.0, max_bytes=1 << 30, seconds=60)
    size, hits = 0, []
    for text in texts():
        size += len(text)
        # The description of a package for tokens shows a real one.
        hits += [
            (f.type, text[max(0, f.start - 40) : f.end])
            for f in found_by(analyzer, text)
            if f.type != "JWT"
        ]
    assert size > least
    assert not hits
