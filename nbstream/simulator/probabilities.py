"""Invented probabilities of tokens, in the format of `logprobs`.

The same token always gets the same probability.
"""

from __future__ import annotations

import hashlib
import math
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from nbstream.simulator.completion import Delta

_WORDS = (" the", " a", " one", " this", ",", " of", " in", ".", " which", " some")


def logprobs(delta: Delta, alternatives: int) -> dict[str, Any]:
    """Return the field `logprobs` of the choice with `delta`.

    Args:
        delta: one token of the reasoning or the answer.
        alternatives: how many of the likeliest tokens are listed (`top_logprobs`).
    """
    digest = hashlib.sha256(delta.text.encode("utf-8", "surrogatepass")).digest()
    # From 0.25 to 1, mostly near 1.
    probability = 1 - 0.75 * (digest[0] / 255) ** 3
    others = [word for word in _WORDS if word != delta.text]
    shares = [(1 - probability) / 2**place for place in range(1, alternatives)]
    listed = [(delta.text, probability), *((others[n % len(others)], share) for n, share in enumerate(shares))]
    entry = _entry(delta.text, probability) | {"top_logprobs": [_entry(*each) for each in listed[:alternatives]]}
    field = "reasoning_content" if delta.kind == "reasoning" else "content"
    return {"content": None, "reasoning_content": None} | {field: [entry]}


def _entry(token: str, probability: float) -> dict[str, Any]:
    # The least value that the API gives.
    logprob = round(math.log(probability), 6) if probability > 0 else -9999.0
    return {"token": token, "logprob": logprob, "bytes": list(token.encode("utf-8", "surrogatepass"))}
