"""Findings as text that only the holder of a key can read: `<EMAIL_ADDRESS_enc_v1_…>`.

After `v1` stand nonce, ciphertext and tag of AES-256-GCM (NIST SP 800-38D) in base64url without
padding (RFC 4648, section 5): nothing that JSON or a URL would change, and no colon: what follows
`PASSWORD:` is a password. The nonce is 96 random bits; the type is bound to the value as associated
data.
"""

import base64
import binascii
import os

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

MARK = "_enc_v1_"
_KEY_BYTES = 32
_NONCE_BYTES = 12
_REMEDY = "write 32 bytes as hexadecimal or base64: make them with `openssl rand -hex 32`"


def decode_key(text: str) -> bytes:
    """The 32 bytes of a key in hexadecimal or base64. Raises ValueError for anything else."""
    try:
        key = bytes.fromhex(text) if len(text) == 2 * _KEY_BYTES else _from_base64(text)
    except ValueError:
        raise ValueError(f"the key is neither hexadecimal nor base64: {_REMEDY}") from None
    if len(key) != _KEY_BYTES:
        raise ValueError(f"the key has {len(key)} bytes: {_REMEDY}")
    return key


class Cipher:
    """Encrypts and decrypts findings with one key. Safe to use from several threads."""

    def __init__(self, key: str) -> None:
        """`key` is what `decode_key` reads, with its ValueError."""
        self._aead = AESGCM(decode_key(key))

    def encrypt(self, entity: str, found: str) -> str:
        """What stands for the finding; another text each time."""
        nonce = os.urandom(_NONCE_BYTES)
        sealed = nonce + self._aead.encrypt(nonce, found.encode(), _bound(entity))
        return f"<{entity}{MARK}{base64.urlsafe_b64encode(sealed).decode().rstrip('=')}>"

    def decrypt(self, entity: str, payload: str) -> str | None:
        """The finding, from what stands after `MARK`; None for what this key did not encrypt."""
        try:
            sealed = _from_base64(payload)
            nonce, sealed = sealed[:_NONCE_BYTES], sealed[_NONCE_BYTES:]
            return self._aead.decrypt(nonce, sealed, _bound(entity)).decode()
        except (ValueError, InvalidTag):
            return None


def _bound(entity: str) -> bytes:
    return f"{entity}{MARK}".encode()


def _from_base64(text: str) -> bytes:
    """The bytes of base64 or base64url, padded or not. Raises ValueError."""
    text = text.rstrip("=").replace("-", "+").replace("_", "/")
    try:
        return base64.b64decode(text + "=" * (-len(text) % 4), validate=True)
    except binascii.Error as error:
        raise ValueError("not base64") from error
