"""Sixteen kilobytes of whatever is hardest to search: what each detector looks for, without end."""

import base64
import json
import random
import time
from collections.abc import Callable
from typing import Any

SIZE = 16 << 10


def filled(unit: str) -> str:
    """The unit again and again, up to 16 kB of UTF-8."""
    return (unit * (SIZE // len(unit.encode("utf-8", "surrogatepass")) + 1))[:SIZE]


def nested(text: str) -> str:
    """The text in base64 in base64, to 16 kB."""
    while len(text) * 4 / 3 < SIZE:
        text = base64.b64encode(text.encode()).decode()
    return text


def strings_in_strings(text: str) -> str:
    """JSON in a string of JSON in a string of JSON, to 16 kB."""
    while len(deeper := json.dumps([text])) < SIZE:
        text = deeper
    return text


UNITS = {
    "dots": ".",
    "blanks": " ",
    "letters": "a",
    "capitals": "A",
    "hexadecimal letters": "f",
    "signs": "@",
    "local parts and signs": "a=1&@",
    "dots and signs": ".@",
    "hosts without end": "a.",
    "addresses without end": "a@a.",
    "addresses in addresses": "a@b@",
    "quoted signs": "'@",
    "escaped signs": "%40",
    "signs escaped for JSON": "\\u0040",
    "signs escaped for HTML": "&#64;",
    "equal signs": "=",
    "equations": "a=",
    "percent signs": "%",
    "percent of percent": "%25",
    "percent of percent of percent": "%252525",
    "backslashes": "\\",
    "escapes without end": "\\u",
    "parameters": "a=1&",
    "names of parameters": "?token&",
    "parameters and blanks": "?a=1+1+",
    "secret parameters": "&token=",
    "digits": "1",
    "nines": "9",
    "digits and blanks": "1 ",
    "digits and two blanks": "1  ",
    "digits and dashes": "1-",
    "digits and dots": "1.",
    "digits and slashes": "1/",
    "digits and colons": "1:",
    "digits and parentheses": "(1)",
    "open parentheses": "(1",
    "plus signs": "+1",
    "groups of four": "4111 ",
    "near-cards": "4111 1111 1111 1112 ",
    "near-cards in one piece": "4111111111111112,",
    "near-cards back to back": "4111111111111112",
    "nineteen digits": "6304000000000000001 ",
    "near-phones": "(415) 555-013 ",
    "phones in regions": "030 901820 ",
    "zeros": "0 ",
    "international near-phones": "+999 12 34 56 ",
    "phones and words": "call 785 8949 ",
    "phones": "415-555-0132 ",
    "near-social-security": "000-00-0000 ",
    "nine digits": "212345678 ",
    "near-IBANs": "DE89 3704 0044 0532 0130 01 ",
    "IBAN starts": "DE89",
    "IBAN starts and blanks": "DE89 ",
    "IBAN and letters": "GB29NWBK" + "A" * 40 + " ",
    "wallet starts": "13abcdefghijkmnopqrstuvwxyz",
    "wallets": "1A1zP1eP5QGefi2DMPTfTL5SLmv7DivfNa ",
    "near-wallets": "1A1zP1eP5QGefi2DMPTfTL5SLmv7DivfNb ",
    "segwit starts": "bc1q",
    "colons": ":",
    "double colons": "1::",
    "pairs and colons": "00:",
    "hexadecimal and colons": "ffff:",
    "near-addresses": "1.1.1.256 ",
    "four numbers": "1.1.1.1.",
    "floats": "0.1428571428571428 ",
    "keys begun": "-----BEGIN PRIVATE KEY-----",
    "dashes": "-",
    "urls begun": "a://b:c",
    "urls with passwords": "a://b:c@",
    "schemes": "://",
    "tokens begun": "eyJabcdefgh.",
    "tokens back to back": "eyJabcdefghij.eyJabcdefghij.",
    "passwords": "password=",
    "open quotes": 'password:"',
    "password and blanks": "password    ",
    "key names": "api_key_",
    "secret keys": "secret_key=",
    "bearers": "bearer ",
    "bearers without a digit": "bearer aaaaaaaaaaaaaaaaaaaa ",
    "authorization": "authorization: basic ",
    "key prefixes": "sk-",
    "many prefixes": "ghp_gho_glpat-xoxb-AKIAsk-ant-hf_npm_SG.hvs.",
    "account keys": "AccountKey=",
    "webhooks": "hooks.slack.com/services/",
    "bots": "12345678:A",
    "signatures": "&sig=",
    "arrays": "[",
    "objects": '{"a":',
    "quotes": '"',
    "strings begun": '["',
    "escaped quotes": '\\"',
    "Arabic digits": "\u0661",
    "wide digits": "\uff11",
    "mathematical digits": "\U0001d7cf",
    "letters that fold": "\u212a",
    "dotted capital i": "\u0130",
    "long s": "\u017f",
    "sharp s": "\u00df",
    "zero-width blanks": "1\u200b",
    "zero-width joiners": "a\u200d@",
    "other directions": "\u202e1",
    "combining marks": "a\u0301",
    "marks alone": "\u0301",
    "marked digits": "1\u0301",
    "no-break blanks": "1\u00a0",
    "thin blanks": "1\u2009",
    "Unicode dashes": "1\u2013",
    "line separators": "1\u2028",
    "NUL": "\0",
    "control characters": "\x01\x1b",
    "byte-order marks": "\ufeff",
    "private use": "\ue000",
    "emoji": "\U0001f469\u200d\U0001f467",
    "Chinese": "\u7535\u8bdd1",
    "lone surrogates": "\ud800",
    "surrogates and digits": "1\udfff",
    "placeholders": "<EMAIL_ADDRESS>",
    "placeholders begun": "<EMAIL_ADDRESS_",
    "less-than signs": "<",
    "base64 without text": "/+",
    "base64 words": "YWxpY2VAZXhhbXBsZS5jb20=",
    "base64 of digits": "NDExMQ==",
    "data URLs": "data:text/plain;base64,",
    "many data URLs": "data:;base64,YWxpY2VAZXhhbXBsZS5jb20 ",
    "lines of base64": "QUFB" * 19 + "\n",
    "NDJSON": '{"ssn": "212345678"}\n',
}

DOCUMENTS = {
    "local parts without end": filled("a=1&")[:-1] + "@",
    "words before a sign": filled("=+-*/&%$#!?^{}|~'`")[:-9] + "@a.example",
    "dashes in a host": "a@" + filled("a-")[2:],
    "dots in a host": "a@" + filled("..")[2:],
    "colons in a host": "a@[" + filled(":")[3:],
    "a password's end": "password=" + filled("a")[10:] + "<",
    "a url's end": "a://" + filled("a:")[4:],
    "one long parameter": "?q=" + filled("a%20")[3:],
    "one long value of blanks": "?q=" + filled("1+")[3:],
    "a sentence": "my ssn is " + filled("2")[10:],
    "floats apart": " ".join(str(i / 7) for i in range(900)),
    "embedding": json.dumps([i / 7 for i in range(-400, 480)]),
    "deep arrays": "[" * (SIZE // 2) + "]" * (SIZE // 2),
    "deep objects": '{"a":' * 2730 + "1" + "}" * 2730,
    "deep, with an address": '{"a":' * 500 + '"jane@example.com"' + "}" * 500,
    "strings in strings": strings_in_strings("jane@example.com"),
    "strings of quotes": json.dumps(json.dumps(json.dumps('"' * 1500))),
    "huge numbers": f"[{'9' * SIZE}]",
    "huge fractions": f'{{"pan": 0.{"4" * SIZE}}}',
    "huge exponents": json.dumps({"card": ["1e308"] * 2000}).replace('"1e308"', "1e308"),
    "signs escaped in JSON": f'"{filled(chr(92) + "u0040")[:-4]}"',
    "escaped address": json.dumps([filled("\u00e9@")[:2000]]),
    "surrogates escaped": f'["{filled(chr(92) + "ud800")[:-4]}"]',
    "many keys": json.dumps({f"jane{i}@example.com": i for i in range(600)}),
    "equal keys": "{" + ",".join(['"ssn":212345678'] * 1000) + "}",
    "cards under keys": json.dumps([{"pan": 4111111111111112}] * 600),
    "numbers under keys": json.dumps({f"phone{i}": 4155550132 + i for i in range(600)}),
    "addresses under keys": json.dumps([{"to": "jane@example.com"}] * 500),
    "short strings": json.dumps(["1 2 3 4 5 6 7"] * 900),
    "words of escapes": json.dumps(["\\n1\\u0031"] * 900),
    "numbers under a long key": json.dumps({"order " * 1300: "604199783," * 800}),
    "base64 of base64": nested("jane@example.com"),
    "base64 of a card": nested("4111 1111 1111 1111"),
    "base64 of JSON": base64.b64encode(
        json.dumps([{"pan": 4111111111111112}] * 500).encode()
    ).decode(),
    "base64 of the hostile": base64.b64encode(filled("a=1&@")[: SIZE * 3 // 4].encode()).decode(),
    "base64 of noise": base64.b64encode(
        bytes(i * i * 31 % 251 for i in range(SIZE * 3 // 4))
    ).decode(),
    "percent of base64": filled("YWxp%59W%3D"),
}

_random = random.Random(31)


def numbers(shape: str) -> str:
    """16 kB of numbers of a shape, each `#` a digit, no two the same."""
    made = ""
    while len(made) < SIZE:
        made += "".join(_random.choice("0123456789") if c == "#" else c for c in shape)
    return made[:SIZE]


PHONES = [
    *("+## ## ## ## ", "+### ### ### ###-", "+##.###.### ", "00## ### ### ", "0## ### ### "),
    *("at +### ### ### ### ", "00## 00## 00##; ", "/+### ### ### ", "+999 ## ## ## "),
]
SHAPES = [
    *PHONES,
    *("(###) ### ## ", "### #### ", "########## ", "call ### #### ", "#### #### #### #### ####, "),
    *("################ ", "###-##-#### ", "#########,", "###.###.###.### ", "##:##:##:##:##:## "),
    *(
        "DE## #### #### #### #### ## ",
        "GB##NWBK############## ",
        "1A#z#eP#QGefi#DMPTfTL#SLmv#DivfNa ",
    ),
    *(
        "phone=%2B#%20###%20####&",
        "#.################, ",
        "+1 ### ### #### ",
        "card ####-####-#### ",
    ),
]

HOSTILE = (
    {name: filled(unit) for name, unit in UNITS.items()}
    | {f"many {shape}": numbers(shape) for shape in SHAPES}
    | DOCUMENTS
)
"""Name to text."""


def timed(work: Callable[[], Any]) -> tuple[Any, float]:
    """What `work` returns, and the CPU seconds of the faster of two attempts.

    The first may have been interrupted, as by a collection of garbage.
    """
    best = 10.0
    for _ in range(2):
        begin = time.thread_time()
        result = work()
        best = min(best, time.thread_time() - begin)
        if best < 0.05:
            break
    return result, best
