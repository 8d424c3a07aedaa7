"""Labelled texts made up from a seed: personal data of many countries, in text of many kinds."""

import hashlib
import ipaddress
import itertools
import string

import phonenumbers

from processors.redaction.labelled import Sample

REGIONS = """
US CA GB DE FR ES IT PT NL BE AT CH SE NO DK FI PL CZ HU RO GR TR RU UA IL SA AE EG ZA NG KE IN PK
BD CN JP KR TW HK SG MY TH VN ID PH AU NZ BR MX AR CL CO PE IE
""".split()  # noqa: SIM905 - a list a page long reads worse
# First digits and lengths of issuers' numbers.
ISSUERS = [
    *[("4", 16), ("4", 13), ("4", 19), ("51", 16), ("55", 16), ("2221", 16), ("2720", 16)],
    *[("34", 15), ("37", 15), ("300", 14), ("36", 14), ("38", 14), ("6011", 16), ("65", 16)],
    *[("644", 16), ("6011", 19), ("3528", 16), ("3589", 19), ("1800", 15), ("2131", 15)],
    *[("62", 16), ("62", 17), ("62", 18), ("62", 19), ("81", 16), ("5018", 12), ("6304", 12)],
    *[("6759", 14), ("6761", 19), ("2200", 16), ("2204", 19), ("508", 16), ("82", 16)],
    *[("9792", 16), ("6362", 16), ("5067", 16)],
]
# The national part, as in the IBAN registry: n digits, a capitals, c either.
IBANS = {
    "DE": "n18",
    "FR": "n10c11n2",
    "GB": "a4n14",
    "ES": "n20",
    "IT": "a1n10c12",
    "NL": "a4n10",
    "BE": "n12",
    "AT": "n16",
    "CH": "n5c12",
    "SE": "n20",
    "NO": "n11",
    "DK": "n14",
    "PL": "n24",
    "PT": "n21",
    "IE": "a4n14",
    "GR": "n7c16",
    "TR": "n5n1c16",
    "SA": "n2c18",
    "AE": "n19",
    "BR": "n23a1c1",
    "PK": "a4c16",
    "IL": "n19",
    "MT": "a4n5c18",
    "SD": "n14",
    "PS": "a4c21",
    "ST": "n21",
    "NI": "a4n20",
    "MN": "n16",
    "SO": "n19",
    "SC": "a4n20a3",
    "LC": "a4c24",
}
ANYWHERE = [
    *["{}", "Here it is: {}.", "I use {} for that, please note it.", "value={}", "a,{},b", "[{}]"],
    *['{{"value": "{}"}}', '{{"messages":[{{"role":"user","content":"use {} please"}}]}}'],
    *["2024-05-01T10:00:00Z INFO got {} from client", 'x = "{}"', "Hi {},\nthanks", "`{}`"],
    *["first {}; second", "data\t{}\tend", "({})", "<b>{}</b>", "'{}'"],
]
ANNOUNCED = [
    *["my phone number is {}", "Phone: {}", "tel {}", "mobile: {}, home later", "Tel.{}"],
    *["text her mobile {}", "WhatsApp {}", "fax: {}", "sms to {}"],
    *["Telefon: {}", "Meine Handynummer ist {}", "Rufnummer {}", "mon téléphone est le {}"],
    *["téléphone : {}", "mi teléfono es {}", "móvil: {}", "celular {}", "meu telefone é {}"],
    *["il mio numero di telefono è {}", "cellulare: {}", "mijn telefoonnummer is {}", "gsm {}"],
    *["mobil: {}", "numer telefonu: {}", "телефон: {}", "電話: {}", "手机 {}", "전화번호: {}"],
    *["telefon numaram {}", "puhelin: {}", "τηλέφωνο: {}", "điện thoại: {}", "โทร {}"],
    *["טלפון: {}", "هاتف: {}", "फ़ोन {}", '{{"phone": "{}"}}', '{{"phoneNumber": "{}", "id": 5}}'],
    *['{{"mobile":"{}"}}', '{{"contact_phone": "{}"}}', "msisdn={}", "<phone>{}</phone>"],
    *["customer_phone: {}\n", 'phone_number = "{}"', "| phone | {} |"],
]
SSN = ["my ssn is {}", "SSN: {}", '{{"ssn":"{}"}}', "social security number {}", "{}", "ssn={}"]
HOSTS = """
example.com mail.example.co.uk corp.internal server.local fritz.box company.io 163.com
x.photography sub.a.b.example.org host.svc.cluster.local xn--bcher-kva.ch
""".split()  # noqa: SIM905 - a list a page long reads worse


def population(random, each):
    """`each` samples of every type."""
    makers = {
        "CREDIT_CARD": (card, ANYWHERE),
        "IBAN_CODE": (iban, ANYWHERE),
        "US_SSN": (ssn, SSN),
        "IP_ADDRESS": (address, [*ANYWHERE, "from:{}", "http://{}/x"]),
        "CRYPTO": (wallet, ANYWHERE),
        "MAC_ADDRESS": (mac, ANYWHERE),
        "EMAIL_ADDRESS": (email, ANYWHERE),
        "PHONE_NUMBER": (phone, ANNOUNCED),
    }
    for kind, (make, templates) in makers.items():
        for _ in range(each):
            yield sample(kind, make(random), random.choice(templates))


def sample(kind, value, template):
    """The template with the value in it, labelled."""
    before, after = (part.format() for part in template.split("{}"))
    entity = {"type": kind, "start": len(before), "end": len(before) + len(value)}
    return Sample.model_validate({"text": before + value + after, "entities": [entity]})


def digits(random, count):
    return "".join(random.choices(string.digits, k=count))


def card(random):
    first, length = random.choice(ISSUERS)
    body = first + digits(random, length - 1 - len(first))
    doubled = (int(d) * (2 - place % 2) for place, d in enumerate(reversed(body)))
    number = body + str(-sum(d - 9 * (d > 9) for d in doubled) % 10)
    sign = random.choice(("", "", " ", "-"))
    cuts = (0, 4, 10, 20) if length in {14, 15} else (0, 4, 8, 12, 16, 20)
    groups = (number[start:end] for start, end in itertools.pairwise(cuts))
    return sign.join(filter(None, groups))


def iban(random):
    country = random.choice(list(IBANS))
    kinds = {"n": string.digits, "a": string.ascii_uppercase}
    rest = ""
    for part in IBANS[country].replace("n", " n").replace("a", " a").replace("c", " c").split():
        alphabet = kinds.get(part[0], string.digits + string.ascii_uppercase)
        rest += "".join(random.choices(alphabet, k=int(part[1:])))
    number = int("".join(str(int(character, 36)) for character in f"{rest}{country}00"))
    made = f"{country}{98 - number % 97:02}{rest}"
    grouped = " ".join(made[place : place + 4] for place in range(0, len(made), 4))
    return random.choice((made, grouped, made.lower()))


def ssn(random):
    area = random.choice([number for number in range(1, 900) if number != 666])
    return f"{area:03}-{random.randint(1, 99):02}-{random.randint(1, 9999):04}"


def address(random):
    if random.random() < 0.5:
        return str(ipaddress.IPv4Address(random.randint(1 << 24, (224 << 24) - 1)))
    first = random.choice((0x20010DB8 << 96, 0xFD << 120))
    return str(ipaddress.IPv6Address(first | random.getrandbits(random.choice((16, 48, 96)))))


def wallet(random):
    content = bytes([random.choice((0, 5))]) + random.randbytes(20)
    content += hashlib.sha256(hashlib.sha256(content).digest()).digest()[:4]
    number, text = int.from_bytes(content, "big"), ""
    while number:
        number, rest = divmod(number, 58)
        text = "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz"[rest] + text
    return "1" * (len(content) - len(content.lstrip(b"\0"))) + text


def mac(random):
    made = random.randbytes(6).hex(random.choice(":-"))
    return random.choice((made, made.upper()))


def email(random):
    name = random.choice(("jane", "maria.lopez", "o'brien", "li-wei", "x", "sara+news", "MAX"))
    return f"{name}{random.choice(('', '.smith', '_42', '7'))}@{random.choice(HOSTS)}"


def phone(random):
    """A number that exists, of any of the regions, as it is written at home or abroad."""
    formats = phonenumbers.PhoneNumberFormat
    number = number_of(random, random.choice(REGIONS))
    style = random.choice((formats.E164, formats.INTERNATIONAL, formats.NATIONAL))
    written = phonenumbers.format_number(number, style)
    if style == formats.NATIONAL:
        bare = "".join(filter(str.isdecimal, written))
        return random.choice((written, written.replace(" ", "-"), bare))
    return written


def number_of(random, region):
    kinds = phonenumbers.PhoneNumberType
    kind = random.choice((kinds.MOBILE, kinds.FIXED_LINE))
    example = phonenumbers.example_number_for_type(region, kind)
    national = str(example.national_number)
    while True:
        kept = random.randint(2, 4)
        example.national_number = int(national[:kept] + digits(random, len(national) - kept))
        if phonenumbers.is_valid_number(example):
            return example
