"""A recorded stream, and which part of it is complete at each byte.

That part is computed without nbstream's own decoder. `python -m tests.faults.recording` makes a new
recording from the simulator; the one in the repository is older than the simulator's present texts.
"""

from __future__ import annotations

import http.client
import json
from bisect import bisect_right
from dataclasses import dataclass, replace
from itertools import accumulate
from pathlib import Path
from typing import Any

from nbstream.simulator.server import Simulator

PATH = Path(__file__).parents[1] / "data" / "streams" / "everything.sse"

_PROMPT = (
    "Grüße aus 杭州 🌦️! Sag 你好 👋🏽, then look after 👩‍👩‍👧‍👦, naïve café, 🏳️‍🌈, 𝒙² ≥ 0, “quotes” and a \\ too. " * 2
)
_TOOL = {
    "type": "function",
    "function": {
        "name": "weather",
        "parameters": {
            "type": "object",
            "properties": {
                "city": {"type": "string"},
                "days": {"type": "integer"},
                "sky": {"enum": ['☀️ then 🌧️, "maybe" 雪']},
                "why": {"enum": ["because the prompt asked for it, and nobody knows where the umbrella is"]},
            },
        },
    },
}
_SCENARIO = "queue seconds=0.05 every=0.02 echo tool-call calls=3 say=100"


@dataclass(frozen=True)
class Whole:
    """The part of a reply that has arrived completely before some byte.

    Attributes:
        deltas: number of pieces of text.
        calls: id, name and arguments of each tool call.
    """

    deltas: int = 0
    reasoning: str = ""
    answer: str = ""
    calls: tuple[tuple[str, str, str], ...] = ()
    finish_reason: str | None = None
    prompt_tokens: int | None = None


class Recording:
    """The body of a stream, with the expected reply at each byte."""

    def __init__(self, body: bytes) -> None:
        self.body = body
        lines = body.split(b"\n")
        ends = [end - 1 for end in accumulate(len(line) + 1 for line in lines)]
        found = [
            (end, json.loads(line[6:])) for end, line in zip(ends, lines, strict=True) if line.startswith(b"data: {")
        ]
        #: The byte at which the JSON of each chunk is complete; the line end after it is not
        #: needed.
        self.ends = [end for end, _ in found]
        self.comments = sum(line.startswith(b":") for line in lines)
        self._states = [Whole()]
        for _, chunk in found:
            self._states.append(_after(self._states[-1], chunk))

    def whole_at(self, byte: int) -> Whole:
        """Return the events that are complete in the first `byte` bytes."""
        return self._states[bisect_right(self.ends, byte)]

    def deltas_in(self, reasoning: str, answer: str, calls: tuple[tuple[str, str, str], ...]) -> int:
        """Return how many deltas make exactly this text; -1 if no part of the recording does."""
        wanted = reasoning, answer, calls
        fitting = (one.deltas for one in self._states if (one.reasoning, one.answer, one.calls) == wanted)
        return max(fitting, default=-1)

    @property
    def boundaries(self) -> list[int]:
        """The bytes around the end of each chunk: one before it, and two after it."""
        return sorted({end + near for end in self.ends for near in (-1, 0, 1, 2) if end + near <= len(self.body)})


def _after(state: Whole, chunk: dict[str, Any]) -> Whole:
    if usage := chunk.get("usage"):
        state = replace(state, prompt_tokens=usage["prompt_tokens"])
    for choice in chunk["choices"]:
        delta = choice["delta"]
        if reasoning := delta.get("reasoning_content"):
            state = replace(state, deltas=state.deltas + 1, reasoning=state.reasoning + reasoning)
        if answer := delta.get("content"):
            state = replace(state, deltas=state.deltas + 1, answer=state.answer + answer)
        for call in delta.get("tool_calls", []):
            function = call["function"]
            drafts = [*state.calls, ("", "", "")][: max(len(state.calls), call["index"] + 1)]
            known = drafts[call["index"]]
            name = known[1] or function.get("name", "")
            drafts[call["index"]] = known[0] or call.get("id", ""), name, known[2] + function["arguments"]
            state = replace(state, deltas=state.deltas + 1, calls=tuple(drafts))
        if choice["finish_reason"]:
            state = replace(state, finish_reason=choice["finish_reason"])
    return state


def load() -> Recording:
    """Return the recording in the repository."""
    return Recording(PATH.read_bytes())


def record() -> bytes:
    """Return the body of one simulated stream that has everything that a stream can have."""
    asked = {
        "model": "deepseek-flash",
        "messages": [{"role": "user", "content": _PROMPT}],
        "stream": True,
        "reasoning_effort": "low",
        "tools": [_TOOL],
        "simulate": _SCENARIO,
    }
    with Simulator(rate=0, first_token=0) as simulator:
        connection = http.client.HTTPConnection(simulator.url.removeprefix("http://"))
        connection.request("POST", "/chat/completions", json.dumps(asked), {"Authorization": "Bearer simulated"})
        with connection.getresponse() as response:
            return response.read()


if __name__ == "__main__":
    PATH.parent.mkdir(exist_ok=True)
    PATH.write_bytes(record())
