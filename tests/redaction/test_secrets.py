"""Keys, tokens and passwords. The examples are made up here, at random where that matters."""

import base64
import random
import string
import zlib
from functools import partial

import pytest

from processors.redaction.secret_checks import (
    crc32,
    entropy,
    jose_header,
    stands_in,
    user_password,
)
from processors.redaction.secrets import load_rules
from tests.helpers import batch, consume, metric, span
from tests.redaction.conftest import started
from tests.redaction.hostile import timed

_random = random.Random(11)


def letters(count, alphabet=string.ascii_letters + string.digits):
    return "".join(_random.choices(alphabet, k=count))


def hexadecimal(count):
    return letters(count, "0123456789abcdef")


SECRETS = [
    ("AWS_ACCESS_KEY_ID", "AKIA" + letters(16, string.ascii_uppercase + "234567")),
    ("GITHUB_TOKEN", "ghp_" + letters(36)),
    ("GITHUB_TOKEN", "github_pat_" + letters(22) + "_" + letters(59)),
    ("GITLAB_TOKEN", "glpat-" + letters(20)),
    ("SLACK_TOKEN", "xoxb-" + letters(11, string.digits) + "-" + letters(24)),
    ("STRIPE_KEY", "sk_live_" + letters(24)),
    ("OPENAI_API_KEY", "sk-proj-" + letters(48)),
    ("OPENAI_API_KEY", "sk-" + letters(48)),
    ("ANTHROPIC_API_KEY", "sk-ant-api03-" + letters(93)),
    ("GOOGLE_API_KEY", "AIza" + letters(35)),
    ("GOOGLE_OAUTH_TOKEN", "ya29." + letters(60)),
    ("HUGGINGFACE_TOKEN", "hf_" + letters(34)),
    ("GROQ_API_KEY", "gsk_" + letters(52)),
    ("XAI_API_KEY", "xai-" + letters(80)),
    ("PERPLEXITY_API_KEY", "pplx-" + letters(48)),
    ("LANGFUSE_SECRET_KEY", "sk-lf-" + "-".join(hexadecimal(n) for n in (8, 4, 4, 4, 12))),
    ("LANGSMITH_API_KEY", "lsv2_pt_" + hexadecimal(32) + "_" + hexadecimal(10)),
    ("NPM_TOKEN", "npm_" + letters(36)),
    ("PYPI_TOKEN", "pypi-AgE" + letters(150)),
    ("DOCKER_TOKEN", "dckr_pat_" + letters(27)),
    ("DIGITALOCEAN_TOKEN", "dop_v1_" + hexadecimal(64)),
    ("SENDGRID_API_KEY", "SG." + letters(22) + "." + letters(43)),
    ("TWILIO_API_KEY", "SK" + hexadecimal(32)),
    ("TELEGRAM_BOT_TOKEN", letters(9, "123456789") + ":A" + letters(34)),
    ("DISCORD_BOT_TOKEN", "M" + letters(23) + "." + letters(6) + "." + letters(27)),
    ("SHOPIFY_TOKEN", "shpat_" + hexadecimal(32)),
    ("HASHICORP_VAULT_TOKEN", "hvs." + letters(24)),
    ("JWT", "eyJ" + letters(20) + ".eyJ" + letters(40) + "." + letters(43)),
]


@pytest.mark.parametrize(("kind", "secret"), SECRETS)
@pytest.mark.parametrize("text", ["{}", "export KEY={}\n", '"{}"', "use {}, then"])
def test_a_secret_goes_by_its_own_form(clean, text, kind, secret):
    redacted = clean(text.format(secret))
    assert secret not in redacted
    assert f"<{kind}>" in redacted


KEY = "MIIEvQIBADANBgkqhkiG9w0BAQEFAASCBKcwggSjAgEAAoIBAQC7"


@pytest.mark.parametrize(
    ("text", "redacted"),
    [
        (
            "aws_secret_access_key = " + "wJa+rXUtnFEMI/K7MDENGbPxRfiCYzEXAMPLEKey",
            "aws_secret_access_key = <AWS_SECRET_ACCESS_KEY>",
        ),
        ("Authorization: Bearer abc123def456ghi789", "Authorization: Bearer <BEARER_TOKEN>"),
        ("Authorization: Basic YWxhZGRpbjpvcGVu", "Authorization: Basic <BASIC_CREDENTIALS>"),
        ("postgres://app:s3cr%24t@db:5432/x", "postgres://app:<URL_PASSWORD>@db:5432/x"),
        ("redis://:s3cret@cache:6379", "redis://:<URL_PASSWORD>@cache:6379"),
        ("AccountKey=" + "Q" * 86 + "==;", "AccountKey=<AZURE_STORAGE_KEY>;"),
        (
            "https://hooks.slack.com/services/T012/B034/abcdefghijkl",
            "https://hooks.slack.com/services/<SLACK_WEBHOOK>",
        ),
        ("password=hunter22!", "password=<PASSWORD>"),
        ('password: "correct horse"', 'password: "<PASSWORD>"'),
        ("api_key=9f8e7d6c5b4a39281706", "api_key=<API_KEY>"),
        (f"-----BEGIN PRIVATE KEY-----\n{KEY}\n-----END PRIVATE KEY----- ok", "<PRIVATE_KEY> ok"),
        (f"-----BEGIN RSA PRIVATE KEY-----\n{KEY}", "<PRIVATE_KEY>"),
    ],
)
def test_a_secret_goes_by_what_stands_before_it(clean, text, redacted):
    assert clean(text) == redacted


@pytest.mark.parametrize(
    ("text", "redacted"),
    [
        ("run with password=correct-horse.", "run with password=<PASSWORD>."),
        ("export DB_PASSWORD=correct-horse-battery\n", "export DB_PASSWORD=<PASSWORD>\n"),
        ("see https://h/?password=x&z=1", "see https://h/?password=x&z=1"),
        ("see https://h/?password=hunter22!&z=1", "see https://h/?password=<PASSWORD>&z=1"),
        ("see https://h/?a=b&pwd=%48unter&z=1", "see https://h/?a=b&pwd=<PASSWORD>&z=1"),
        ("see https://h/?password=&z=2x3y4", "see https://h/?password=&z=2x3y4"),
        ("set password=ab&cd!12 now", "set password=<PASSWORD> now"),
        ("set password: ab&c=d!12 now", "set password: <PASSWORD> now"),
    ],
)
def test_a_password_ends_where_it_ends(clean, text, redacted):
    assert clean(text) == redacted


def test_a_secret_goes_by_the_key_over_it(clean):
    assert clean('{"dbPassword": "open sesame"}') == '{"dbPassword": "<PASSWORD>"}'
    assert clean("open sesame", "user.password") == "<PASSWORD>"
    assert clean('{"api_key": "aaaabbbb"}') == '{"api_key": "<API_KEY>"}'


@pytest.mark.parametrize(
    "text",
    [
        "the password is required, and a token too",
        "max_tokens=4096 next_token: null secret sauce",
        "Bearer of bad news; basic research; see https://example.com:8080/a@b",
        "-----BEGIN PUBLIC KEY-----",
        "sk-learn and sk-image; task-force",
        "def login(password: str, api_key: str | None = None) -> None: ...",
    ],
)
def test_words_about_secrets_are_left_alone(clean, text):
    assert clean(text) == text


@pytest.mark.parametrize(
    "text",
    [
        "OPENAI_API_KEY=sk-" + "x" * 40,
        "token: ghp_" + "X" * 36,
        "AWS_ACCESS_KEY_ID=AKIA" + "*" * 16,
        "api_key=<YOUR_API_KEY_123456>",
        "api_key=${SERVICE_API_KEY_2}",
        'api_key = os.environ["SERVICE_API_KEY_2"]',
        "const apiKey = process.env.SERVICE_API_KEY_2;",
        "apiKey: process.env.SERVICE_API_KEY_2,",
        'api_key="your-api-key-here-12345"',
        "password=None",
        'password="your_password"',
        'password: "{{ vault.db_password }}"',
        "password=self._password, token=config.token2",
        'password = getpass.getpass("Password: ")',
        "password: $DB_PASSWORD",
        "password=%(password)s",
        'parser.add_argument("--password", help="the password")',
        "postgres://user:password@localhost/app",
        "postgres://user:${DB_PASSWORD}@localhost/app",
        "https://user:<password>@host/",
        "Authorization: Bearer $TOKEN",
        "Authorization: Bearer <token>",
        "The basic authentication2 scheme",
        'start = b"-----BEGIN PRIVATE KEY-----"\nend = b"-----END PRIVATE KEY-----"',
        '{"token": "Hello", "logprob": -0.1}',
        '{"next_token": "abc", "max_tokens": 4096}',
    ],
)
def test_what_stands_for_a_secret_is_none(secrets_only, text):
    assert secrets_only.redact(text) == (text, [])


@pytest.fixture(scope="module")
def secrets_only():
    return started(entities=[])


@pytest.mark.parametrize(
    "part", ["x", "x-", "xxxxx-", "7", "1x", "key", "an", "_a", "a.", "$", "{"]
)
def test_telling_a_stand_in_takes_no_time(part):
    for times in (30, 5000):
        name, seconds = timed(partial(stands_in, f"your{part * times}!"))
        assert not name
        assert seconds < 0.1


TOKEN = "ghp_" + letters(36)


@pytest.mark.parametrize(
    "text",
    [
        "line\\n{}",
        "?next=%2Fx%3Ftoken%3D{}",
        "CI_{}",
        "https://x-access-token:{}@github.com/org/repo",
        '"{{\\"token\\": \\"{}\\"}}"',
        "git,{};{}|{}",
    ],
)
def test_a_token_is_seen_behind_an_escape(clean, text):
    assert TOKEN not in clean(text.replace("{}", TOKEN))


@pytest.mark.parametrize(
    ("text", "secret"),
    [
        ('-H "Authorization: Basic {}"', base64.b64encode(b"admin:open sesame").decode()),
        ('{{"headers": {{"Authorization": "Basic {}"}}}}', base64.b64encode(b"a:b c d").decode()),
        ('{{"headers": {{"Authorization": "{}"}}}}', "lin" + letters(20) + "7"),
        ("curl -s -u admin:{} https://host/", "s3cret"),
        ("mysql --user app --password {} db", "s3cret"),
        ("machine host login me password {}", "s3cret"),
        ("<db:password>{}</db:password>", "s3cret"),
        ("Server=db;Uid=app;Pwd={};", "s3cret"),
        ("jdbc:postgresql://db/app?user=a&password={}", "s3cret"),
        ("mongodb+srv://app:{}@cluster0.example.net/x", "s3cret"),
        ("amqp://app:{}@mq:5672/%2f", "s3cret"),
        ('{{"private_key": "{}"}}', r"-----BEGIN PRIVATE KEY-----\\nMIIEvQIBADANBgkq\\nabc"),
        ("Cookie: theme=dark; sessionid={}", letters(30) + "7"),
        ("X-Amz-Signature={}&x=1", hexadecimal(64)),
        ('os.environ["TOOL_SECRET"] = "{}"', letters(24) + "7"),
        ('headers.set("X-Api-Key", "{}")', letters(24) + "7"),
    ],
)
def test_credentials_are_found_where_programs_write_them(clean, text, secret):
    assert secret not in clean(text.format(secret))


def test_a_wrong_checksum_is_no_reason_to_show_a_token(redaction):
    body = letters(30)
    right = zlib.crc32(body.encode())
    digits = string.digits + string.ascii_uppercase + string.ascii_lowercase
    signed = "ghp_" + body + "".join(digits[right // 62**n % 62] for n in range(5, -1, -1))
    wrong = signed[:-1] + ("a" if signed[-1] != "a" else "b")
    assert crc32(signed)
    assert not crc32(wrong)
    (sure,) = redaction.redact(signed)[1]
    (less,) = redaction.redact(wrong)[1]
    assert sure.type == less.type == "GITHUB_TOKEN"
    assert sure.score == 1 > less.score


def test_a_jose_header_is_json_with_an_algorithm():
    assert jose_header(base64.urlsafe_b64encode(b'{"alg":"HS256"}').decode() + ".x.y")
    assert not jose_header(base64.urlsafe_b64encode(b'{"typ":"JWT"}').decode() + ".x.y")
    assert not jose_header("eyJ.x")


def test_basic_credentials_are_a_name_and_a_password():
    assert user_password(base64.b64encode(b"user:pass").decode())
    assert not user_password(base64.b64encode(b"user").decode())
    assert not user_password("authentication")


def test_secrets_are_counted_by_type():
    processor = started(actions={"NPM_TOKEN": {"action": "redact"}})
    text = f"{TOKEN} and npm_{letters(36)} and {TOKEN}"
    consume(processor, batch(span(attributes={"note": text})))
    for kind, action, number in [("GITHUB_TOKEN", "replace", 2), ("NPM_TOKEN", "redact", 1)]:
        counted = metric(processor, "pii_entities_total", entity_type=kind, action=action)
        assert counted == number


def test_every_rule_names_where_its_format_is_documented():
    for rule in load_rules():
        assert rule.source.startswith("https://")


def test_entropy_is_in_bits_a_character():
    assert entropy("aaaa") == 0
    assert entropy("abcd" * 4) == 2
