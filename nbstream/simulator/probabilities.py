"""Invented probabilities of tokens, in the format of `logprobs`.

The same token always gets the same probability.
"""

from __future__ import annotations

import hashlib
import math
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

    from nbstream.simulator.completion import Delta

_WORDS = (" the", " a", " one", " this", ",", " of", " in", ".", " which", " some")


def logprobs(
    delta: Delta, alternatives: int, known: Mapping[str, tuple[float, Mapping[str, float]]] | None = None
) -> dict[str, Any]:
    """Return the field `logprobs` of the choice with `delta`.

    Args:
        delta: one token of the reasoning or the answer.
        alternatives: how many of the likeliest tokens are listed (`top_logprobs`).
        known: by token of the answer its probability, and those of other tokens in its place.
    """
    if known and delta.kind == "answer" and delta.text in known:
        entries = [_written_down(delta.text, *known[delta.text], alternatives)]
    else:
        entries = [_scored(each, alternatives) for each in _parts(delta.text)]
    field = "reasoning_content" if delta.kind == "reasoning" else "content"
    return {"content": None, "reasoning_content": None} | {field: entries}


def _parts(text: str) -> list[bytes]:
    """Return the bytes of the tokens of a delta: an emoji ends one token and begins the next.

    So it is with models. DeepSeek, too, sends both in the chunk that has the whole character.
    """
    place = next((place for place, char in enumerate(text) if char > "\uffff"), None)
    if place is None:
        return [text.encode("utf-8", "surrogatepass")]
    first = len(text[:place].encode("utf-8", "surrogatepass")) + 2
    data = text.encode("utf-8", "surrogatepass")
    return [data[:first], data[first:]]


def _scored(data: bytes, alternatives: int) -> dict[str, Any]:
    digest = hashlib.sha256(data).digest()
    # From 0.25 to 1, mostly near 1.
    probability = 1 - 0.75 * (digest[0] / 255) ** 3
    others = [word for word in _WORDS if word.encode() != data]
    shares = [(1 - probability) / 2**place for place in range(1, alternatives)]
    listed = [
        _entry(data, probability),
        *(_entry(others[n % len(others)].encode(), share) for n, share in enumerate(shares)),
    ]
    return listed[0] | {"top_logprobs": listed[:alternatives]}


def _written_down(token: str, probability: float, others: Mapping[str, float], alternatives: int) -> dict[str, Any]:
    ranked = sorted({**others, token: probability}.items(), key=lambda each: -each[1])
    listed = [_entry(text.encode(), share) for text, share in ranked]
    return _entry(token.encode(), probability) | {"top_logprobs": listed[:alternatives]}


def _entry(data: bytes, probability: float) -> dict[str, Any]:
    # The least value that the API gives.
    logprob = round(math.log(probability), 6) if probability > 0 else -9999.0
    return {"token": _written(data), "logprob": logprob, "bytes": list(data)}


def _written(data: bytes) -> str:
    """Return the text of a token; bytes that are no characters are escaped, as DeepSeek does it."""
    try:
        return data.decode("utf-8", "surrogatepass")
    except UnicodeDecodeError:
        return data.decode("utf-8", "backslashreplace")
