"""What is put in the place of a finding."""

import hashlib
import hmac
import ipaddress
from collections.abc import Callable

from processors.redaction.config import Action

Replacement = Callable[[str], str]
"""From the text found to what stands in its place."""

_DIGITS = {"PHONE_NUMBER", "CREDIT_CARD", "US_SSN"}
_SPACED = {"IBAN_CODE", "MAC_ADDRESS"}


def replacement(entity: str, action: Action, key: bytes) -> Replacement:
    """The function that does `action` to findings of type `entity`."""
    match action.action:
        case "replace":
            return lambda _: f"<{entity}>"
        case "redact":
            return lambda _: ""
        case "mask":
            return lambda found: mask(found, action)
        case "hash":
            return lambda found: f"<{entity}_{digest(entity, found, key)}>"
        case "pseudonym":
            return lambda found: f"<{entity}_{digest(entity, found, key)[:8]}>"
    return lambda found: found


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
