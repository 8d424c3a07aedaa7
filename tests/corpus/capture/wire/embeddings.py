"""OpenAI's embeddings."""

import base64
import struct
from collections.abc import Iterator
from typing import Any

from tests.corpus.capture.answers import EMBEDDING, full_name

Json = dict[str, Any]
_VECTOR = (0.5, -0.5, 0.25, 0.75)


def answer(request: Json) -> Json:
    """One short vector for each text."""
    texts = request["input"] if isinstance(request["input"], list) else [request["input"]]
    vector: str | list[float] = list(_VECTOR)
    if request.get("encoding_format") == "base64":
        vector = base64.b64encode(struct.pack("<4f", *_VECTOR)).decode()
    return {
        "object": "list",
        "data": [
            {"object": "embedding", "index": number, "embedding": vector}
            for number in range(len(texts))
        ],
        "model": full_name(request["model"]),
        "usage": {"prompt_tokens": EMBEDDING.input, "total_tokens": EMBEDDING.input},
    }


def stream(request: Json) -> Iterator[tuple[str, Json]]:
    """Embeddings are not streamed."""
    raise NotImplementedError
