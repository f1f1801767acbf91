"""Replies that were written beforehand: which of them answers a request, and the file they are in.

The file is TOML with a list `reply`. Each has a `prompt` and an `answer`, or `calls`; all other
keys are optional:

    [[reply]]
    prompt = "Which is larger, 9.11 or 9.9?"  # the last user message; white space is folded
    effort = "low"                            # a condition
    reasoning = "Both have 9 before the point. 0.9 is more than 0.11."
    answer = "**9.9** is larger."

The first reply whose conditions all hold answers. A request that none fits is answered as usual.
"""

from __future__ import annotations

import json
import re
import tomllib
from dataclasses import dataclass, field, fields
from typing import TYPE_CHECKING, Any

from nbstream.simulator import messages
from nbstream.simulator.tool_chain import Call

if TYPE_CHECKING:
    import os
    from collections.abc import Mapping, Sequence

_RESULT = re.compile(r"\{\{\s*result(?:\s+(\d+))?\s*\}\}")


class WrittenError(ValueError):
    """A file of written replies is not valid."""


@dataclass(frozen=True, slots=True)
class Asked:
    """What of a request decides which reply it gets.

    Attributes:
        prompt: the last user message.
        model: the model's id.
        effort: none, low, high or max.
        turns: all messages.
        step: 1, and one more for each message with tool calls since the last user message.
        tools: the names of the tools that the model may call.
        results: the results of tools at the end.
    """

    prompt: str
    model: str
    effort: str
    turns: Sequence[Mapping[str, Any]] = ()
    step: int = 1
    tools: Sequence[str] = ()
    results: Sequence[str] = ()


@dataclass(frozen=True, slots=True)
class WrittenReply:
    """One reply of a file, and for which requests it is.

    Attributes:
        prompt: the last user message.
        answer: the answer, in Markdown. `{{ result }}` stands for the result of the first tool of
            this step, `{{ result 2 }}` for that of the second.
        reasoning: the reasoning, if the request lets the model think.
        begins: whether the message only has to begin with `prompt`, as data may follow it.
        ends: whether it only has to end with `prompt`, as cells may stand above it.
        model: for this model's id only.
        thinking: only for requests that let the model think, or only for the others.
        effort: for this effort only: low, high or max.
        turn: only if the messages have so many user messages.
        step: only for the request after so many messages with tool calls, plus one.
        system: only if the system prompt contains this text.
        earlier: only if an earlier message contains this text.
        result: only if a result of a tool contains this text.
        calls: the tools that it calls, each with `name` and `arguments`; the request must offer
            them.
        likely: probabilities, each with `token`, `probability` and `others`, a table of other
            tokens; they are those of each token of the answer with that text.
    """

    prompt: str
    answer: str = ""
    reasoning: str = ""
    begins: bool = False
    ends: bool = False
    model: str | None = None
    thinking: bool | None = None
    effort: str | None = None
    turn: int | None = None
    step: int = 1
    system: str | None = None
    earlier: str | None = None
    result: str | None = None
    calls: tuple[Mapping[str, Any], ...] = ()
    likely: tuple[Mapping[str, Any], ...] = field(default=(), repr=False)

    def fits(self, asked: Asked) -> bool:
        """Return whether this is a reply to the request."""
        return (
            self._is_asked_by(folded(asked.prompt))
            and self.model in (None, asked.model)
            and self.thinking in (None, asked.effort != "none")
            and self.effort in (None, asked.effort)
            and self.turn in (None, sum(turn["role"] == "user" for turn in asked.turns))
            and self.step == asked.step
            and _is_in(self.system, (turn for turn in asked.turns if turn["role"] == "system"))
            and _is_in(self.earlier, asked.turns[:-1])
            and (self.result is None or any(folded(self.result) in folded(each) for each in asked.results))
            and all(call["name"] in asked.tools for call in self.calls)
        )

    def _is_asked_by(self, prompt: str) -> bool:
        if self.begins or self.ends:
            return (self.begins and prompt.startswith(self.prompt)) or (self.ends and prompt.endswith(self.prompt))
        return prompt == self.prompt

    def tool_calls(self) -> tuple[Call, ...]:
        """Return the calls as the model makes them."""
        return tuple(Call(each["name"], json.dumps(each["arguments"], ensure_ascii=False)) for each in self.calls)

    def answer_with(self, results: Sequence[str]) -> str:
        """Return the answer, with the results of tools in their places."""

        def put(found: re.Match[str]) -> str:
            number = int(found[1] or 1)
            return results[number - 1] if 0 < number <= len(results) else found[0]

        return _RESULT.sub(put, self.answer)

    def probabilities(self) -> dict[str, tuple[float, dict[str, float]]]:
        """Return by token its probability, and those of other tokens in its place."""
        return {each["token"]: (float(each["probability"]), dict(each.get("others", {}))) for each in self.likely}


def reply_to(asked: Asked, replies: Sequence[WrittenReply]) -> WrittenReply | None:
    """Return the first reply that fits the request, or None."""
    return next((reply for reply in replies if reply.fits(asked)), None)


def load(*paths: str | os.PathLike[str]) -> tuple[WrittenReply, ...]:
    """Return the replies of files, in their order.

    Raises:
        WrittenError: if a file is not valid; says where.
        OSError: if it cannot be read.
    """
    found: list[WrittenReply] = []
    for path in paths:
        with open(path, "rb") as file:  # noqa: PTH123  (a path may be a text)
            try:
                document = tomllib.load(file)
            except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
                raise WrittenError(f"it is not TOML: {error}") from None
        replies = document.get("reply")
        if not isinstance(replies, list) or document.keys() != {"reply"}:
            raise WrittenError("it must have a list of [[reply]], and nothing else")
        found += [_read(each, number) for number, each in enumerate(replies, 1)]
    return tuple(found)


def folded(text: str) -> str:
    """Return a text in which each run of white space is one blank."""
    return " ".join(text.split())


def _is_in(text: str | None, turns: Any) -> bool:
    return text is None or any(folded(text) in folded(messages.text(turn)) for turn in turns)


_NAMES = {each.name for each in fields(WrittenReply)}
_TYPES: dict[str, type] = {
    "begins": bool,
    "ends": bool,
    "thinking": bool,
    "turn": int,
    "step": int,
    "calls": list,
    "likely": list,
}


def _read(entry: Any, number: int) -> WrittenReply:
    where = f"reply {number}"
    if not isinstance(entry, dict) or not isinstance(prompt := entry.get("prompt"), str):
        raise WrittenError(f"{where} has no prompt")
    where = f"{where} ({folded(prompt)[:40]})"
    if unknown := sorted(entry.keys() - _NAMES):
        raise WrittenError(f"{where} has the unknown key {unknown[0]}; there are {', '.join(sorted(_NAMES))}")
    if not ("answer" in entry or "calls" in entry):
        raise WrittenError(f"{where} has neither an answer nor calls")
    for name, value in entry.items():
        if type(value) is not _TYPES.get(name, str):
            raise WrittenError(f"{where}: {name} must be {_TYPES.get(name, str).__name__}")
    calls, likely = _tables(entry, "calls"), _tables(entry, "likely")
    if not all(isinstance(each.get("name"), str) and isinstance(each.get("arguments"), dict) for each in calls):
        raise WrittenError(f"{where}: each of calls needs a name and arguments")
    if not all(isinstance(each.get("token"), str) and "probability" in each for each in likely):
        raise WrittenError(f"{where}: each of likely needs a token and a probability")
    # A text in TOML's triple quotes ends with a line end that nobody means.
    texts = {name: entry[name].strip("\n") for name in ("answer", "reasoning") if name in entry}
    return WrittenReply(**{**entry, "prompt": folded(prompt), **texts, "calls": calls, "likely": likely})


def _tables(entry: dict[str, Any], name: str) -> tuple[dict[str, Any], ...]:
    return tuple(each if isinstance(each, dict) else {} for each in entry.get(name, []))
