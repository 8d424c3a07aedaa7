"""Keys, tokens and passwords. The examples are made up here, at random where that matters."""

import random
import string

import pytest

from processors.redaction.secrets import entropy, load_rules

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


def test_every_rule_names_where_its_format_is_documented():
    for rule in load_rules():
        assert rule.source.startswith("https://")


def test_entropy_is_in_bits_a_character():
    assert entropy("aaaa") == 0
    assert entropy("abcd" * 4) == 2
