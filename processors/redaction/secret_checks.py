"""What a secret is tested for after its pattern: randomness, checksums, and not being an example.

A test that fails either drops the finding (`require` in a row) or only lowers its score (`check`).
Where a prefix is unmistakable, such as `ghp_` and 36 characters after it, a wrong checksum drops
nothing: the token may have lost a letter on its way into the prompt and still be worth hiding, and
no other text looks like that. Where the form alone is likely by chance, as that of what follows
`Basic`, the test decides.
"""

import base64
import binascii
import json
import math
import re
import string
import zlib
from collections import Counter
from collections.abc import Callable

_BASE62 = string.digits + string.ascii_uppercase + string.ascii_lowercase
_CHECKSUM = 6
_RANDOM = re.compile(r"(?=.*[a-z])(?=.*[A-Z]).*[0-9]")
_NAME_SIGNS = re.compile(r"[_.:/=-]")


def entropy(text: str) -> float:
    """Shannon entropy in bits a character: 0 for one repeated letter, 6 for random base64."""
    shares = [count / len(text) for count in Counter(text).values()]
    return -sum(share * math.log2(share) for share in shares)


def crc32(token: str) -> bool:
    """Whether a token ends in the CRC-32 of its random part, in six digits of base 62.

    GitHub's and npm's do:
    https://github.blog/engineering/platform-security/behind-githubs-new-authentication-token-formats/
    """
    body = token.rpartition("_")[2]
    expected = zlib.crc32(body[:-_CHECKSUM].encode())
    digits = ""
    while expected:
        expected, digit = divmod(expected, 62)
        digits = _BASE62[digit] + digits
    return body[-_CHECKSUM:] == digits.rjust(_CHECKSUM, "0")


def jose_header(token: str) -> bool:
    """Whether a token begins with a JOSE header: an object with `alg` (RFC 7515, section 4.1.1)."""
    try:
        header = json.loads(_decoded(token.partition(".")[0]))
    except ValueError:
        return False
    return isinstance(header, dict) and "alg" in header


def user_password(credentials: str) -> bool:
    """Whether it is base64 of `user:password` (RFC 7617, section 2), or at least looks random."""
    try:
        return ":" in _decoded(credentials).decode()
    except ValueError:
        return _RANDOM.search(credentials) is not None and entropy(credentials) > 3


def mixed(text: str) -> bool:
    """Whether there are letters and digits in it."""
    return any(c.isdigit() for c in text) and any(c.isalpha() for c in text)


def unworded(text: str) -> bool:
    """Whether there is more in it than letters: what no word and no path of names has."""
    return not _NAME_SIGNS.sub("", text).isalpha()


CHECKS: dict[str, Callable[[str], bool]] = {
    check.__name__: check for check in (crc32, jose_header, user_password, mixed, unworded)
}
"""The tests that a row can name."""


def _decoded(text: str) -> bytes:
    """Base64 of either alphabet, padded or not. Raises ValueError for what is none."""
    text = text.rstrip("=").translate(str.maketrans("-_", "+/"))
    try:
        return base64.b64decode(text + "=" * (-len(text) % 4), validate=True)
    except binascii.Error as error:
        raise ValueError("not base64") from error


_LONGEST_STAND_IN = 200
_FILLED = re.compile(r"([xX*.#_?•-])\1{5}|\A[*:.#_•-]+\Z")
_REFERENCE = re.compile(
    r"""<.*> | \[.*\] | \$?\{.*\}+ | \$\(.*\)
      | \$[A-Z_][A-Z0-9_]* | \$\w*(?:pass|pwd|secret|key|token)\w*
      | \$[\w:]+->?.* | `.*`
      | %[A-Z_]+% | %(?:\(\w+\))?s | :\w+
      | (?:os|process|sys|self|this|cls|settings|config|cfg|conf|env|options|opts|args|kwargs
          |params|request|req|response|ctx|context|secrets|vault|credentials|user|data)
        (?:\??\.|\[|->) .*
      | [a-z]+(?:_[a-z]+)*_(?:password|passwd|passphrase|pwd|secret|token|key)
      | [a-z]+(?:Password|Secret|Token|Key)
      | (?:[a-z_][a-z0-9_]*\.)+[A-Z][A-Za-z0-9]*
      | [A-Z][A-Z0-9]*(?:[A-Z][a-z]{2,}){2,} | &[#\w]+
      | (?:~|\.{1,2})?/[\w./-]*
      | \w+(?:\.\w+)*\(.*""",
    re.VERBOSE | re.DOTALL,
)
_STAND_IN = re.compile(
    r"""(?:none|null|nil|undefined|true|false|yes|no|string|str|bytes|text|required|optional|empty
          |pass|password|passwd|pwd|secret|token|user|username|todo|tbd|foo|bar|baz|n/?a|x{3,})
      | (?:your|my|the|an?|insert|enter|put|add|replace|change|example|sample|dummy|fake|mock
          |placeholder|redacted|masked|hidden|removed|secret|some|api|new|old|confirm|invalid)
        (?:[-_ .]?(?:your|my|an?|own|the|api|app|access|auth|account|client|secret|private|public
          |key|keys|token|password|passwd|passphrase|value|here|me|with|it|this|example|one|openai
          |anthropic|aws|google|azure|github|real|actual|in|goes|to|id|string|\d|x))*""",
    re.VERBOSE | re.IGNORECASE,
)


def is_filled(secret: str) -> bool:
    """Whether a run of one sign stands where the secret would: `sk-xxxxxxxx`, `AKIA********`."""
    return _FILLED.search(secret) is not None


def stands_in(secret: str) -> bool:
    """Whether it is what examples and code have in place of a secret.

    `<YOUR_API_KEY>`, `${API_KEY}`, `os.environ`, `None`, `change-me`.
    """
    return len(secret) <= _LONGEST_STAND_IN and bool(
        _STAND_IN.fullmatch(secret) or _REFERENCE.fullmatch(secret)
    )
