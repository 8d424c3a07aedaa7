"""What is put in the place of a finding."""

import hashlib
import hmac
import ipaddress
import re
from collections.abc import Callable
from dataclasses import dataclass, field

from processors.redaction.action_settings import Action
from processors.redaction.encryption import MARK, Cipher
from processors.redaction.rules import WHOLE, Rule

Replacement = Callable[[str], str]
"""From the text found to what stands in its place."""

_DIGITS = {"PHONE_NUMBER", "CREDIT_CARD", "US_SSN"}
_SPACED = {"IBAN_CODE", "MAC_ADDRESS"}
_DONE = re.compile(
    rf"<{WHOLE}_(?:[0-9a-f]{{8}}|[0-9a-f]{{64}})>|<REDACTED:attribute>|<{WHOLE}{MARK}([\w-]+)>",
    re.ASCII,
)


@dataclass(frozen=True)
class Keys:
    """What the keyed actions need."""

    pseudonym: bytes = field(default=b"", repr=False)
    cipher: Cipher | None = None
    """None where no action encrypts."""


def replacement(entity: str, action: Action, keys: Keys) -> Replacement:
    """The function that does `action` to findings of type `entity`."""
    key, cipher = keys.pseudonym, keys.cipher
    match action.action:
        case "replace":
            return lambda _: f"<{entity}>"
        case "redact" | "drop":
            return lambda _: ""
        case "mask":
            return lambda found: mask(found, action)
        case "hash" | "pseudonym" as name:
            digits = 8 if name == "pseudonym" else None
            return lambda found: f"<{entity}_{digest(entity, found, key)[:digits]}>"
        case "encrypt" if cipher:
            return lambda found: cipher.encrypt(entity, found)
        case "encrypt":
            raise ValueError("encrypt needs a key")
    return lambda found: found


def whole_rule(action: Action, keys: Keys) -> Rule:
    """The rule for values that are replaced whatever they hold; done again, it changes nothing."""
    if action.action == "replace":
        return Rule(action.action, lambda value: "<REDACTED:attribute>" if value else value)
    replace, cipher = replacement(WHOLE, action, keys), keys.cipher

    def once(value: str) -> str:
        done = _DONE.fullmatch(value)
        if done and (not done[1] or (cipher and cipher.decrypt(WHOLE, done[1]) is not None)):
            return value
        return replace(value) if value else value

    return Rule(action.action, once)


def mask(found: str, action: Action) -> str:
    """The finding with all but its first and last characters masked, at least half of them."""
    shown = len(found) // 2
    last = min(action.keep_last, shown)
    first = min(action.keep_first, shown - last)
    middle = action.masking_char * (len(found) - first - last)
    return found[:first] + middle + found[len(found) - last :]


def digest(entity: str, found: str, key: bytes) -> str:
    """HMAC-SHA-256 (RFC 2104) of type and normalized value, in hexadecimal."""
    message = f"{entity}\0{normalized(entity, found)}".encode()
    return hmac.new(key, message, hashlib.sha256).hexdigest()


def normalized(entity: str, found: str) -> str:
    """The value without what differs between ways to write it."""
    if entity in _DIGITS:
        return "".join(str(int(c)) for c in found if c.isdecimal())
    if entity in _SPACED:
        return "".join(c for c in found if c.isalnum()).upper()
    if entity == "EMAIL_ADDRESS":
        return found.strip().casefold().replace("%40", "@").replace("\\u0040", "@")
    if entity == "IP_ADDRESS":
        return _canonical_address(found)
    return found.strip()


def _canonical_address(found: str) -> str:
    try:
        return str(ipaddress.ip_interface(found).ip)
    except ValueError:
        return found.strip().lower()
