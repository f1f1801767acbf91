"""An answer as a server streams it: its text, and the bytes of one event for each token.

The text is that of `benchmarks.render`: prose, formulas, code, tables and lists, no two parts
equal.
"""

from __future__ import annotations

import json
from dataclasses import dataclass

from benchmarks.render import TOKEN_CHARACTERS, everything

#: Stamps start again at zero after this many milliseconds, almost three hours.
STAMPS = 10_000_000

_THOUGHT = (
    "The reader asks why, so the mechanism № must come first, then the numbers. What if the list is empty? Then there "
    "is no median at all, and `statistics.median` raises. Let me check № the tail once more.\n\n"
)


@dataclass(frozen=True, slots=True)
class Plan:
    """The answer to stream.

    Attributes:
        tokens: number of tokens of the answer.
        rate: tokens per second; 0 is as fast as possible.
        reasoning: number of tokens of reasoning before the answer.
        stamped: whether each token is a word with the time of its sending, to measure delays.
    """

    tokens: int
    rate: float
    reasoning: int = 0
    stamped: bool = False

    @property
    def name(self) -> str:
        """The plan, written as the name of a model."""
        return f"{self.tokens}-{self.rate:g}-{self.reasoning}-{int(self.stamped)}"

    @classmethod
    def read(cls, name: str) -> Plan:
        """Return the plan with this name."""
        tokens, rate, reasoning, stamped = name.split("-")
        return cls(int(tokens), float(rate), int(reasoning), stamped == "1")


def answer(tokens: int) -> str:
    """Return an answer of this many tokens."""
    return everything(tokens * TOKEN_CHARACTERS)[: tokens * TOKEN_CHARACTERS]


def deltas(plan: Plan) -> list[tuple[str, str]]:
    """Return the deltas, each as the name of its field and its text."""
    thought = "".join(_THOUGHT.replace("№", str(part)) for part in range(plan.reasoning // 40 + 1))
    return [
        (name, text[start : start + TOKEN_CHARACTERS])
        for name, text, tokens in (
            ("reasoning_content", thought, plan.reasoning),
            ("content", answer(plan.tokens), plan.tokens),
        )
        for start in range(0, tokens * TOKEN_CHARACTERS, TOKEN_CHARACTERS)
    ]


def event(name: str, text: str) -> bytes:
    """Return one chunk as DeepSeek sends it."""
    return _event({"content": None, name: text}, None)


def stamp(at: float) -> str:
    """Return a word, about as long as a token, with the last 7 digits of a time in ms."""
    return f"@{round(at * 1e3) % STAMPS:07d}"


def last_events(plan: Plan) -> bytes:
    """Return the events after the last delta."""
    usage = {
        "prompt_tokens": 11,
        "completion_tokens": plan.tokens + plan.reasoning,
        "total_tokens": 11 + plan.tokens + plan.reasoning,
        "completion_tokens_details": {"reasoning_tokens": plan.reasoning},
    }
    return _event({"content": ""}, "stop", usage) + b"data: [DONE]\n\n"


def _event(delta: dict[str, str | None], finish_reason: str | None, usage: object = None) -> bytes:
    chunk = {
        "id": "930c60df-bf64-41c9-a88e-3ec75f81e00e",
        "object": "chat.completion.chunk",
        "created": 1_790_000_000,
        "model": "deepseek-flash",
        "system_fingerprint": "fp_8802369eaa_prod0623_fp8_kvcache",
        "choices": [{"index": 0, "delta": delta, "logprobs": None, "finish_reason": finish_reason}],
    }
    if usage is not None:
        chunk["usage"] = usage
    return b"data: " + json.dumps(chunk, ensure_ascii=False, separators=(",", ":")).encode() + b"\n\n"
