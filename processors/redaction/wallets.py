"""Addresses of cryptocurrency wallets: Presidio knows Bitcoin's; here are those of other chains."""

import hashlib

import regex

from processors.redaction.detectors import PatternDetector
from processors.redaction.presidio import CryptoRecognizer, Pattern
from processors.redaction.windows import runs

_BITCOIN = "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz"
_RIPPLE = "rpshnaf39wBUDNEGHJKLM4PQRST7VWXYZ2bcdeCg65jkm8oFqi1tuvAxyz"
_58 = "[1-9A-HJ-NP-Za-km-z]"
_START, _END = "(?<![A-Za-z0-9])", "(?![A-Za-z0-9])"
_CHECKED = Pattern("Base58Check", rf"{_START}[2-9A-HJ-NP-Za-km-z]{_58}{{25,34}}{_END}", 0.5)
"""Litecoin, Dogecoin, Dash, Tron, Zcash, Ripple and others: the last four bytes are a check."""
_SEGWIT = Pattern(
    "Bech32", rf"{_START}(?:ltc|tb|addr|cosmos|osmo|inj)1[02-9ac-hj-np-z]{{38,98}}{_END}", 0.5
)
"""Litecoin, Bitcoin's test net, Cardano and Cosmos chains (BIP 173)."""
_ETHEREUM = Pattern("Ethereum", rf"{_START}0x[0-9A-Fa-f]{{40}}{_END}", 0.5)
_MONERO = Pattern("Monero", rf"{_START}[48][0-9AB]{_58}{{93}}{_END}", 0.5)
_SOLANA = Pattern("Solana", rf"{_START}(?=[A-Za-z]*\d)(?=[0-9a-z]*[A-Z]){_58}{{43,44}}{_END}", 0.05)
"""No check tells it from a random id: it takes a word such as `wallet`."""

# A hash in hexadecimal is no wallet: those mix cases, or have a prefix.
_RUN = r"(?<![A-Za-z0-9])(?![0-9a-f]+(?![A-Za-z0-9]))[A-Za-z0-9]{26,}"


class WalletRecognizer(CryptoRecognizer):  # type: ignore[misc]
    """Presidio's for Bitcoin, and patterns for the chains above, with their checks."""

    def __init__(self) -> None:
        context = [*CryptoRecognizer.CONTEXT, "ethereum", "solana", "litecoin", "usdt", "monero"]
        super().__init__(
            patterns=[
                *CryptoRecognizer.PATTERNS,
                *(_CHECKED, _SEGWIT, _ETHEREUM, _MONERO, _SOLANA),
            ],
            context=context,
        )

    def validate_result(self, pattern_text: str) -> bool | None:
        """Whether the address has the check that its chain prescribes; None where it has none."""
        if pattern_text.startswith(("1", "3", "bc1")):
            return bool(super().validate_result(pattern_text))
        if pattern_text.startswith("0x"):
            return None if len(set(pattern_text[2:])) > 4 else False
        if regex.match("[a-z]{2,6}1", pattern_text):
            return bool(self.validate_bech32_address(pattern_text)[0])
        if len(pattern_text) in (43, 44, 95):
            return None
        return any(_checked(pattern_text, alphabet) for alphabet in (_BITCOIN, _RIPPLE))


def wallet_detector() -> PatternDetector:
    """The detector of wallets."""
    return PatternDetector(WalletRecognizer(), "[A-Za-z0-9]{26}", runs(_RUN))


def _checked(address: str, alphabet: str) -> bool:
    """Base58Check: four bytes of a double SHA-256 at the end."""
    number = 0
    for character in address:
        place = alphabet.find(character)
        if place < 0:
            return False
        number = number * 58 + place
    zeros = len(address) - len(address.lstrip(alphabet[0]))
    content = bytes(zeros) + number.to_bytes((number.bit_length() + 7) // 8, "big")
    digest = hashlib.sha256(hashlib.sha256(content[:-4]).digest()).digest()
    return content[-4:] == digest[:4]
