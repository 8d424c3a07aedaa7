"""Personal data and secrets by seed, all valid, no two the same, and where each was planted."""

import base64
import hashlib
import json
import random
import string
from collections.abc import Callable

_LETTERS = string.ascii_letters + string.digits
_BASE58 = "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz"
_NAMES = ["maria", "jan.novak", "o_brien", "wei-chen", "fatima.zahra", "j.p.singh", "ana"]
_HOSTS = ["example.com", "mail.example.co.uk", "corp.internal", "uni-example.de", "example.org"]
_AREAS = [212, 305, 312, 404, 415, 503, 617, 702, 713, 808]
_BANKS = ["NWBK", "BARC", "LOYD", "MIDL"]


class Values:
    """Makes values of every kind that is found by default."""

    def __init__(self, seed: int) -> None:
        self._random = random.Random(seed)
        self.kinds: dict[str, Callable[[], str]] = {
            "email": self._email,
            "card": self._card,
            "phone": self._phone,
            "iban": self._iban,
            "ssn": self._ssn,
            "ip": self._address,
            "wallet": self._wallet,
            "mac": lambda: ":".join(f"{self._random.randrange(256):02x}" for _ in range(6)),
            "aws key": lambda: "AKIA" + self._some(16, string.ascii_uppercase + "234567"),
            "github token": lambda: "ghp" + "_" + self._some(36),
            "anthropic key": lambda: "sk-ant" + "-api03-" + self._some(80),
            "google key": lambda: "AIza" + self._some(35),
            "slack token": lambda: (
                "xoxb" + f"-{self._digits(12)}-{self._digits(12)}-{self._some(24)}"
            ),
            "hugging face token": lambda: "hf" + "_" + self._some(34, string.ascii_letters),
            "sendgrid key": lambda: f"SG.{self._some(22)}.{self._some(43)}",
            "jwt": self._web_token,
        }

    def one(self, kind: str) -> str:
        """A value of this kind."""
        return self.kinds[kind]()

    def _some(self, length: int, characters: str = _LETTERS) -> str:
        return "".join(self._random.choices(characters, k=length))

    def _digits(self, length: int) -> str:
        return self._some(1, "123456789") + self._some(length - 1, string.digits)

    def _email(self) -> str:
        name, host = self._random.choice(_NAMES), self._random.choice(_HOSTS)
        return f"{name}{self._digits(6)}@{host}"

    def _card(self) -> str:
        head, length = self._random.choice(
            [("4", 16), ("52", 16), ("2221", 16), ("37", 15), ("3528", 16), ("6011", 16), ("4", 19)]
        )
        body = head + self._some(length - len(head) - 1, string.digits)
        number = next(body + digit for digit in string.digits if luhn(body + digit))
        if length != 16:
            return number
        separator = self._random.choice(["", " ", "-"])
        return separator.join(number[start : start + 4] for start in range(0, 16, 4))

    def _phone(self) -> str:
        area, four = self._random.choice(_AREAS), self._digits(4)
        three = (
            self._some(1, "23456789") + self._some(1, "023456789") + self._some(1, string.digits)
        )
        return self._random.choice(
            [
                f"({area}) {three}-{four}",
                f"{area}-{three}-{four}",
                f"+1 {area} {three} {four}",
                f"+44 20 7{self._some(3, string.digits)} {four}",
                f"+49 30 {self._some(1, '2345689')}{self._some(3, string.digits)}{four}",
            ]
        )

    def _iban(self) -> str:
        country, account = self._random.choice(
            [
                ("DE", self._digits(18)),
                ("NL", self._random.choice(["INGB", "RABO"]) + self._digits(10)),
                ("GB", self._random.choice(_BANKS) + self._digits(14)),
            ]
        )
        number = int("".join(str(int(c, 36)) for c in account + country + "00"))
        written = f"{country}{98 - number % 97:02}{account}"
        if self._random.random() < 0.5:
            return written
        return " ".join(written[start : start + 4] for start in range(0, len(written), 4))

    def _ssn(self) -> str:
        pick = self._random.randrange
        return f"{pick(101, 665):03}-{pick(10, 99):02}-{pick(1001, 9999):04}"

    def _address(self) -> str:
        pick = self._random.randrange
        if self._random.random() < 0.5:
            return f"{pick(11, 223)}.{pick(100, 255)}.{pick(100, 255)}.{pick(11, 255)}"
        return "2001:db8:" + ":".join(f"{pick(4096, 65536):x}" for _ in range(6))

    def _wallet(self) -> str:
        body = b"\0" + self._random.randbytes(20)
        number = int.from_bytes(
            body + hashlib.sha256(hashlib.sha256(body).digest()).digest()[:4], "big"
        )
        written = ""
        while number:
            number, digit = divmod(number, 58)
            written = _BASE58[digit] + written
        return "1" * (len(body) - len(body.lstrip(b"\0"))) + written

    def _web_token(self) -> str:
        parts = [{"alg": "HS256", "typ": "JWT"}, {"sub": self._digits(10), "iat": 1700000000}]
        coded = [base64.urlsafe_b64encode(json.dumps(part).encode()).decode() for part in parts]
        return ".".join([part.rstrip("=") for part in coded] + [self._some(43)])


class Plants:
    """Plants values, and remembers where."""

    def __init__(self, seed: int) -> None:
        self._values = Values(seed)
        self._random = random.Random(-seed)
        self.places: dict[str, str] = {}
        """From what was planted, in small letters, to where."""

    def one(self, kind: str, place: str) -> str:
        """A value that was planted nowhere before."""
        return self._plant(kind, place, lambda: self._values.one(kind))

    def number(self, kind: str, place: str) -> int:
        """The digits of such a value."""
        digits = self._plant(
            kind, place, lambda: "".join(filter(str.isdecimal, self._values.one(kind)))
        )
        return int(digits)

    def _plant(self, kind: str, place: str, make: Callable[[], str]) -> str:
        while (value := make()).lower() in self.places:
            pass
        self.places[value.lower()] = f"{kind} in {place}"
        return value

    def text(self, place: str, number: int = 4) -> str:
        """A sentence with values of so many kinds."""
        kinds = self._random.sample(sorted(self._values.kinds), number)
        return "; ".join(f"my {kind}: {self.one(kind, place)}" for kind in kinds) + " ."


def luhn(digits: str) -> bool:
    """Whether the last digit is the right one (ISO/IEC 7812-1, annex B)."""
    doubled = [int(d) * 2 for d in digits[-2::-2]]
    return (sum(d - 9 if d > 9 else d for d in doubled) + sum(map(int, digits[::-2]))) % 10 == 0
