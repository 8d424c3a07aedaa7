"""What is found in plain text, and what is left alone."""

import base64
import json
import random
import uuid

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from processors.redaction.budget import Budget
from processors.redaction.secret_checks import is_filled, stands_in
from processors.redaction.secrets import SecretDetector, load_rules
from processors.redaction.userinfo import is_password

EMAILS = [
    "jane.doe@example.com",
    "jane+news@mail.example.co.uk",
    "o'brien@example.ie",
    "bob@server.local",
    "bob@corp.internal",
    "root@localhost",
    "ops@10.0.0.7",
    "ops@[10.0.0.7]",
    "用户@例子.公司",
    "jane@xn--bcher-kva.example",
    "jane%40example.com",
    "JANE@EXAMPLE.COM",
    "bounce+bob=example.org@lists.example.com",
    "jane@163.com",
    "rene\u0301@example.com",
]


@pytest.mark.parametrize("address", EMAILS)
@pytest.mark.parametrize(
    "text", ["{}", "write to <{}>.", "to='{}', cc", "**{}**", "see {}, please"]
)
def test_an_address_goes_whatever_stands_around_it(clean, text, address):
    redacted = clean(text.format(address))
    assert redacted == text.format("<EMAIL_ADDRESS>")


def test_a_query_string_keeps_its_names(clean):
    url = "https://app.example.com/u?email=jane%40example.com&next=%2Fhome"
    assert clean(url) == "https://app.example.com/u?email=<EMAIL_ADDRESS>&next=%2Fhome"


def test_a_decorator_in_backticks_is_no_address(clean):
    assert clean("use `@typing.overload` here") == "use `@typing.overload` here"


def test_a_bare_host_is_an_address_where_the_text_says_so(clean):
    assert clean("email: bob@fileserver now") == "email: <EMAIL_ADDRESS> now"
    assert clean("docker pull app@latest") == "docker pull app@latest"


@pytest.mark.parametrize("host", ["localhost", "10.0.0.7", "mailhost.internal", "db.example.com"])
def test_an_address_right_behind_its_label_is_one_at_any_host(clean, host):
    for label in ("mailto:", "To:", "reply-to:", "email:", "sip:", "'owner':'"):
        assert clean(f"{label}bob@{host}") == f"{label}<EMAIL_ADDRESS>"


@pytest.mark.parametrize(
    ("text", "redacted"),
    [
        ("user:password@localhost", "user:password@localhost"),
        ("postgres://user:password@db.internal/app", "postgres://user:password@db.internal/app"),
        ("app:s3cret@localhost:5432", "app:<URL_PASSWORD>@localhost:5432"),
        ("dsn='app:s3cret@10.0.0.7'", "dsn='app:<URL_PASSWORD>@<IP_ADDRESS>'"),
        ("mq://app:s%24cret@localhost/x", "mq://app:<URL_PASSWORD>@localhost/x"),
        ("mq://app:s3cret@mq.example.com/x", "mq://app:<URL_PASSWORD>@mq.example.com/x"),
    ],
)
def test_a_password_before_a_host_is_no_address(clean, text, redacted):
    assert clean(text) == redacted


@given(
    before=st.sampled_from(["", "a ", "x=", "12:", "//h:", "mq://", "a://", "u@", "é"]),
    user=st.text("aZ9_.-:%é", max_size=8),
    password=st.text("kY7!$.:%/é*{", min_size=1, max_size=8),
    at=st.sampled_from(["@", "%40"]),
    host=st.sampled_from(["localhost", "10.0.0.7", "example.com", "é.com", "[::1]", "db"]),
)
@settings(max_examples=500)
def test_what_is_no_address_for_being_a_password_is_found_as_one(before, user, password, at, host):
    text = f"{before}{user}:{password}{at}{host}"
    place = len(text) - len(at + host)
    if is_password(text, 0, place):
        rules = [rule for rule in load_rules() if rule.type == "URL_PASSWORD"]
        found = [f for rule in rules for f in SecretDetector(rule).find(text, "", Budget(9))]
        assert place in [f.end for f in found] or any(
            stands_in(text[first:place]) or is_filled(text[first:place]) for first in range(place)
        )


def test_one_word_announces_a_list_of_any_length(clean):
    phones = ", ".join(f"785 {number}" for number in range(2000, 2100))
    assert clean(f"phones: {phones}") == "phones: " + ", ".join(["<PHONE_NUMBER>"] * 100)
    addresses = " ".join(f"bob{number}@fileserver" for number in range(100))
    assert clean(f"email {addresses}") == "email " + " ".join(["<EMAIL_ADDRESS>"] * 100)


CARDS = [
    "4111 1111 1111 1111",
    "4111-1111-1111-1111",
    "4111111111111111",
    "4111\u00a01111\u00a01111\u00a01111",
    "4222222222222",
    "378282246310005",
    "3782 822463 10005",
    "5555555555554444",
    "2223003122003222",
    "6011 1111 1111 1117",
    "3530111333300000",
    "30569309025904",
    "6304000000000000",
    "6759649826438453",
    "4000000000000000006",
    "9792020000000001",
    "501800000009",
]


@pytest.mark.parametrize("card", CARDS)
@pytest.mark.parametrize("text", ["{}", "card={}", "id,{},737", "card_{}_x", "paid with {}."])
def test_a_card_number_goes_in_every_form(clean, text, card):
    assert clean(text.format(card)) == text.format("<CREDIT_CARD>")


@pytest.mark.parametrize(
    "number", ["4111 1111 1111 1112", "0.4111111111111111", "0000000000000000"]
)
def test_what_fails_the_check_or_is_a_fraction_is_no_card(clean, number):
    assert "<CREDIT_CARD>" not in clean(f"value {number}")


PHONES = [
    "+49 30 901820",
    "+14155550132",
    "+1 415 555 0132",
    "+1 (415) 555-0132",
    "+1.415.555.0132",
    "+49 (0)30 901820",
    "(415) 555-0132",
    "(415)555-0132",
    "415-555-0132",
    "415.555.0132",
    "415-555-0132 x204",
    "+44 20 7946 0958",
    "020 7946 0958",
    "030/901820",
    "0049 30 901820",
    "01 42 68 53 00",
    "+91 98765 43210",
    "+55 11 91234-5678",
]


@pytest.mark.parametrize("phone", PHONES)
@pytest.mark.parametrize(
    "text", ["{}", "Call {} today.", "({})", "tel:{}", "phone={};", "{}, or mail"]
)
def test_a_phone_number_goes_in_every_form(clean, text, phone):
    assert clean(text.format(phone)) == text.format("<PHONE_NUMBER>")


@pytest.mark.parametrize("text", ["my phone is {}", "Phone: {}", "{} mobile", "you can call {}"])
@pytest.mark.parametrize("phone", ["785 8949", "73 448 266", "25-62-29-72", "9320 7126"])
def test_a_short_number_is_a_phone_number_where_the_text_says_so(clean, text, phone):
    assert clean(text.format(phone)) == text.format("<PHONE_NUMBER>")
    assert clean(f"order {phone}") == f"order {phone}"


@pytest.mark.parametrize(
    "value",
    ["4111111111111111", "+14155550132", "212-34-5678", "DE89370400440532013000", "203.0.113.7"],
)
def test_a_script_without_blanks_hides_nothing(clean, value):
    assert value not in clean(f"号码{value}请记下")


def test_numbers_beside_a_phone_number_hide_nothing(clean):
    assert clean("3 (415) 555-0132 2024") == "3 <PHONE_NUMBER> 2024"
    assert clean("+1 415 555 0132 2024 times") == "<PHONE_NUMBER> 2024 times"


def test_two_numbers_in_a_row_both_go(clean):
    assert clean("+49 30 901820 (415) 555-0132") == "<PHONE_NUMBER> <PHONE_NUMBER>"
    assert clean("415-555-0132 415-555-0199") == "<PHONE_NUMBER> <PHONE_NUMBER>"


@pytest.mark.parametrize("phone", ["+1415 555 0132", "+14155550132", "+49 30 901820"])
@pytest.mark.parametrize("text", ["/u/{}", "https://app.example.com/users/{}/messages", "a/{}, b"])
def test_a_number_with_a_country_code_goes_behind_a_path(clean, text, phone):
    assert clean(text.format(phone)) == text.format("<PHONE_NUMBER>")


def test_a_plus_behind_a_slash_begins_no_number_that_is_no_phone_number(clean):
    text = "9/+1234 a/+12.5 x = 7/+12345678 /u/+999 123 456 7"
    assert clean(text) == text


@pytest.mark.parametrize("name", ["customerMobile", "homeTel", "cellNumber", "faxNumber"])
def test_a_name_of_several_words_announces_a_number_in_text(clean, name):
    assert clean(f"{name}: 785 8949") == f"{name}: <PHONE_NUMBER>"


def test_a_name_of_several_words_says_what_the_digits_number(clean):
    assert clean("orderId 4155550132") == "orderId 4155550132"


ANNOUNCED = [
    ("mi teléfono es {}", "612 34 56 78"),
    ("llámame al móvil {}", "612345678"),
    ("mon téléphone : {}", "0612345678"),
    ("meu celular é {}", "11912345678"),
    ("il mio cellulare: {}", "312 345 6789"),
    ("bel me mobiel {}", "06-12345678"),
    ("numer telefonu {}", "512 345 678"),
    ("телефон {}", "89161234567"),
    ("電話: {}", "09012345678"),
    ("手机{}", "13812345678"),
    ("फ़ोन {}", "9123456789"),
    ("Tel.{}", "030 1234567"),
    ("the Boston office: {}", "978-484-1259"),
]


@pytest.mark.parametrize(("text", "phone"), ANNOUNCED)
def test_a_number_goes_where_the_text_announces_it_in_any_language(clean, text, phone):
    assert clean(text.format(phone)) == text.format("<PHONE_NUMBER>")


@pytest.mark.parametrize(
    "key", ["phone", "userPhoneNumber", "contact_mobile", "telefono", "msisdn"]
)
def test_a_key_announces_a_number_of_any_country(clean, key):
    assert json.loads(clean(json.dumps({key: "91234567"}))) == {key: "<PHONE_NUMBER>"}


@pytest.mark.parametrize(
    "text",
    [
        '{"phone_number_id": "106540352242922"}',
        "call the phone support, ticket 12345678",
        "order 4155550132 is late",
        "sent to 12 Main St, Springfield, IL 62704-1234",
        "seeds = [4155550132, 4155550199, 4155550177]",
        "call_id 254/534",
        "crc = -2147221231",
    ],
)
def test_digits_that_number_something_else_are_no_phone_number(clean, text):
    assert clean(text) == text


IBANS = [
    "DE89370400440532013000",
    "DE89 3704 0044 0532 0130 00",
    "de89 3704 0044 0532 0130 00",
    "GB82-WEST-1234-5698-7654-32",
    "BE68539007547034",
    "NO9386011117947",
    "MT84MALT011000012345MTLCAST001S",
    "PS92PALS000000000400123456702",
    "SC52BAHL01031234567890123456USD",
]


@pytest.mark.parametrize("iban", IBANS)
@pytest.mark.parametrize("text", ["{}", "from {} my bank sent 20 euro", "{} and on", "iban:{}."])
def test_an_iban_goes_in_every_form(clean, text, iban):
    assert clean(text.format(iban)) == text.format("<IBAN_CODE>")


def test_an_iban_right_after_another_goes_too(clean):
    assert clean("BE68539007547034 and BE71096123456769") == "<IBAN_CODE> and <IBAN_CODE>"


def test_the_word_iban_is_enough_for_a_country_that_is_not_known(clean):
    assert clean("IBAN: PH471698614436803879") == "IBAN: <IBAN_CODE>"
    assert clean("part PH471698614436803879") == "part PH471698614436803879"


@pytest.mark.parametrize("number", ["212-34-5678", "212 34 5678", "212.34.5678", "123-45-6789"])
def test_an_ssn_goes_as_it_is_written(clean, number):
    assert clean(f"it is {number}") == "it is <US_SSN>"


def test_nine_digits_are_an_ssn_only_where_the_text_says_so(clean):
    assert clean("my ssn is 212345678") == "my ssn is <US_SSN>"
    assert clean("part 212345678") == "part 212345678"


@pytest.mark.parametrize(
    ("kind", "value"),
    [
        ("IP_ADDRESS", "203.0.113.77"),
        ("IP_ADDRESS", "2001:db8:85a3::8a2e:370:7334"),
        ("IP_ADDRESS", "4f8a:c99e:dc86:faf9:5988:5f63:375e:8a2a"),
        ("IP_ADDRESS", "fe80::1"),
        ("CRYPTO", "1A1zP1eP5QGefi2DMPTfTL5SLmv7DivfNa"),
        ("CRYPTO", "bc1qar0srrr7xfkvy5l643lydnw9re59gtzzwf5mdq"),
        ("CRYPTO", "0x71C7656EC7ab88b098defB751B7401B5f6d8976F"),
        ("CRYPTO", "rHb9CJAWyB4rj91VRWn96DkukG4bwdtyTh"),
        ("CRYPTO", "DH5yaieqoZN36fDVciNyRueRGvGLR3mr7L"),
        ("MAC_ADDRESS", "00:1A:2B:3C:4D:5E"),
        ("MAC_ADDRESS", "0012.3456.789a"),
    ],
)
def test_addresses_of_machines_and_wallets_go(clean, kind, value):
    assert clean(f"from {value} on") == f"from <{kind}> on"


@pytest.mark.parametrize("text", ["id:{}", "peer={}", "connect to {}:8080", "http://[{}]/x"])
def test_an_ipv6_address_goes_whatever_stands_around_it(clean, text):
    address = "7bba:26ad:43a6:5d6f:db65:5079:ccd5:8a36"
    assert clean(text.format(address)) == text.format("<IP_ADDRESS>")


@pytest.mark.parametrize("text", ["version 1.2.3.4", "RFC 7231, section 7.1.1.1", "1.3.6.1.4.1"])
def test_versions_and_sections_are_no_addresses(clean, text):
    assert clean(text) == text


def test_a_long_id_that_passes_for_a_card_is_left_where_it_is_called_an_id(clean):
    assert clean('{"span_id": "4220315081820346526"}') == '{"span_id": "4220315081820346526"}'
    assert clean('{"pan": "4220315081820346526"}') == '{"pan": "<CREDIT_CARD>"}'


def harmless():
    numbers = random.Random(7)
    ids = "\n".join(
        f"trace {numbers.getrandbits(128):032x} span {numbers.getrandbits(64):016x} "
        f"sha256:{numbers.getrandbits(256):064x} {uuid.UUID(int=numbers.getrandbits(128))}"
        for _ in range(200)
    )
    times = "\n".join(
        f"2024-{m:02}-{d:02}T10:{d:02}:33.{numbers.randrange(10**6):06}Z {d:02}.{m:02}.2024 "
        f"{numbers.randrange(1_700_000_000, 1_760_000_000)} "
        f"{numbers.randrange(1_700_000_000_000, 1_760_000_000_000)} "
        f"{numbers.randrange(1_700_000_000_000_000, 1_760_000_000_000_000)}"
        for m in range(1, 13)
        for d in range(1, 29, 3)
    )
    floats = [numbers.uniform(-1, 1) for _ in range(500)]
    return {
        "embedding as JSON": json.dumps({"embedding": floats}),
        "embedding as text": " ".join(map(str, floats)),
        "embedding, rounded": str([round(x, 8) for x in floats]),
        "ids and hashes": ids,
        "times": times,
        "base64": base64.b64encode(numbers.randbytes(3000)).decode(),
        "versions": "python 3.11.7, lodash@4.17.21, v1.2.3-rc.1, numpy==2.1.0, 10.15.7",
        "code": '@app.route("/x")\ndef f(a):\n    return a[1::2] @ b + 2147483647  # std::vec',
        "assets": "logo@2x.png icon@3x.svg git@v2 actions/checkout@v4",
        "tables": "1200 1300 1400 1500\n12.50 13.75 100,000.00 $4155550132 2019-2024",
        "json ids": json.dumps({"policy_id": 998448, "order_id": "100000045", "max_tokens": 4096}),
    }


@pytest.mark.parametrize("text", harmless().values(), ids=harmless().keys())
def test_what_traces_are_full_of_is_left_alone(clean, text):
    assert clean(text) == text
