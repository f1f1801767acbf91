"""Random streams, realistic and odd: each text that a server sent is in the reply, or reported.

`python -m tests.faults.losses` decodes 100,000 of them.
"""

from __future__ import annotations

import json
import sys
from random import Random
from typing import TYPE_CHECKING, Any

from nbstream.model.reduction import reduce
from nbstream.model.reply import Reply
from nbstream.wire.response import ResponseDecoder
from tests.faults.findings import Findings

if TYPE_CHECKING:
    from collections.abc import Callable

_SEED = 20_261_125
_DONE = b"data: [DONE]\n\n"


class Stream:
    """One response, and the words that it holds, each of which occurs nowhere else."""

    def __init__(self, chance: Random) -> None:
        self._chance = chance
        self.words: list[str] = []
        self.data = b""
        self._said = {"content": "", "reasoning_content": ""}
        self._field = chance.choice(["reasoning_content", "reasoning", "reasoning_details", "thinking", "thoughts"])
        self._style = chance.choice(["deltas", "deltas", "deltas", "cumulative", "mirrored", "messages", "tags"])
        self._calls = 0
        self._build()

    def _word(self) -> str:
        word = f"q{len(self.words)}z"
        self.words.append(word)
        return word

    def _text(self) -> str:
        """Return a text with a new word, and maybe with signs that mean something."""
        around = self._chance.choice(
            [
                "",
                "",
                " ",
                "\n",
                "\n\n",
                "`",
                "```\n",
                "<",
                "</",
                "<think>",
                "</think>",
                "</think>\n\n",
                "日本",
                "data: ",
            ]
        )
        word = self._word()
        return self._chance.choice([word + around, around + word, f"{word} {around} "])

    def _odd(self, depth: int = 0) -> Any:
        """Return any JSON value, which holds words."""
        kind = self._chance.randrange(4 if depth < 3 else 1)
        if kind == 0:
            return self._text() if self._chance.random() < 0.4 else self._chance.choice([7, None, True, 1.5])
        if kind == 1:
            return [self._odd(depth + 1) for _ in range(self._chance.randrange(3))]
        names = ["text", "content", "thinking", "reasoning", "summary", "other", "value", "refusal", "function", "name"]
        chosen = self._chance.sample(names, self._chance.randrange(3))
        found = {name: self._odd(depth + 1) for name in chosen}
        if self._chance.random() < 0.5:
            found["type"] = self._chance.choice(["text", "thinking", "image", "reasoning.text", "refusal"])
        return found

    def _delta(self) -> dict[str, Any]:
        delta: dict[str, Any] = {"role": "assistant"} if self._chance.random() < 0.2 else {}
        kinds: list[tuple[str, Callable[[], Any]]] = [
            ("content", self._content),
            ("content", self._content),
            (self._field, self._reasoning),
            ("content", self._odd),
            ("content", lambda: [{"type": "text", "text": self._text()}]),
            ("content", lambda: [{"type": "thinking", "thinking": [{"type": "text", "text": self._text()}]}]),
            ("refusal", self._text),
            ("tool_calls", self._tool_calls),
            ("function_call", lambda: {"name": self._word(), "arguments": self._text()}),
            ("audio", lambda: {"id": "a", "transcript": self._text()}),
            ("annotations", lambda: [{"type": "url_citation", "url_citation": {"url": self._word()}}]),
            ("aside", self._text),
            ("reasoning_notes", self._text),
            ("parts", self._odd),
            (self._chance.choice(["reasoning", "content", "tool_calls", "refusal", "audio", "x"]), self._odd),
        ]
        for name, make in self._chance.choices(kinds, k=self._chance.choice([1, 1, 1, 2, 3])):
            delta[name] = make()
        return delta

    def _content(self) -> Any:
        self._said["content"] += (text := self._text())
        return self._said["content"] if self._style == "cumulative" else text

    def _reasoning(self) -> Any:
        self._said["reasoning_content"] += (text := self._text())
        if self._field == "reasoning_details":
            return [{"type": "reasoning.text", "text": text}]
        return self._said["reasoning_content"] if self._style == "cumulative" else text

    def _tool_calls(self) -> Any:
        calls = []
        for _ in range(self._chance.choice([1, 1, 2])):
            call: dict[str, Any] = {"function": {"arguments": self._text()}}
            if self._chance.random() < 0.7:
                call["index"] = self._chance.choice([0, 0, 1, 7, "1", -1, 1.5, None])
            if self._chance.random() < 0.6:
                self._calls += 1
                call |= {"id": f"call_{self._calls}"}
                call["function"]["name"] = self._word()
            calls.append(call)
        return calls

    def _choice(self) -> Any:
        if self._style == "mirrored":
            text = self._text()
            return {"index": 0, "delta": {"content": text, self._field: text}}
        kind = self._chance.randrange(12)
        if kind == 0:
            return {"index": 0, "text": self._text()}
        if kind == 1:
            return {"index": self._chance.choice([1, 2]), "delta": {"content": self._text(), "reasoning": self._text()}}
        if kind == 2:
            return {"index": 0, self._chance.choice(["delta", "message", "note", "thinking"]): self._odd()}
        if kind == 3 or self._style == "messages":
            return {"index": 0, "message": self._delta()}
        choice: dict[str, Any] = {"index": 0, "delta": self._delta(), "logprobs": None, "finish_reason": None}
        if self._chance.random() < 0.1:
            choice["finish_reason"] = self._chance.choice(["null", "None", "", "stop", "length", "new"])
        return choice

    def _chunk(self) -> Any:
        choices: Any = [self._choice() for _ in range(self._chance.choice([1, 1, 1, 2]))]
        chunk: dict[str, Any] = {"id": "x", "model": "m", "choices": choices}
        kind = self._chance.randrange(25)
        if kind == 0:
            chunk["choices"] = self._chance.choice([self._text, self._choice])()
        elif kind == 1:
            chunk = {"data": chunk, "success": True}
        elif kind == 2:
            chunk["citations"] = [self._word()]
        elif kind == 3:
            chunk["provider"] = self._word()
        elif kind == 4:
            chunk["notes"] = self._odd()
        elif kind == 5:
            return [chunk, {"choices": [self._choice()]}]
        elif kind == 6:
            chunk["usage"] = {"prompt_tokens": 3, "completion_tokens": 4, "cost": 0.1}
        return chunk

    def _event(self) -> bytes:
        said = json.dumps(self._chunk(), ensure_ascii=self._chance.random() < 0.5).encode()
        kind = self._chance.randrange(25)
        if kind == 0:
            return b"data: data: " + said + b"\n\n"
        if kind == 1:
            half = said[: self._chance.randrange(len(said))]
            return b"data: " + half + b"data: " + json.dumps(self._chunk()).encode() + b"\n\n"
        if kind == 2:
            at = self._chance.randrange(len(said))
            return b"data: " + said[:at] + b"\n\ndata: " + said[at:] + b"\n\n"
        if kind == 3:
            return said + b"\n\n"
        if kind == 4:
            return b"event: delta\r\nid: 7\r\ndata: " + said + b"\r\n\r\n"
        if kind == 5:
            return b"data: " + said + json.dumps(self._chunk()).encode() + b"\n\n"
        if kind == 6:
            return f"data: {json.dumps(self._word())}\n\n: keep-alive\n\n".encode() + b"data: " + said + b"\n\n"
        return b"data: " + said + b"\n\n"

    def _build(self) -> None:
        # The first event is one of a stream, which a body that begins with "{" is not.
        self.data = b": hello\n\n"
        for _ in range(self._chance.randint(1, 7)):
            self.data += self._event()
        if self._chance.random() < 0.3:
            whole = {"content": self._said["content"], "reasoning_content": self._said["reasoning_content"]}
            self.data += f"data: {json.dumps({'choices': [{'index': 0, 'message': whole}]})}\n\n".encode()
        self.data += self._chance.choice([b"", _DONE, b'data: {"choices":[{"delta":{},"finish_reason":"stop"}]}\n\n'])
        # A word may have been cut in two, or its field may have got another value.
        text = self.data.decode("utf-8", "replace")
        self.words = [word for word in self.words if word in text]


def reply_of(pieces: list[bytes]) -> Reply:
    """Return the reply of a response in these pieces."""
    decoder, reply = ResponseDecoder(), Reply()
    for piece in pieces:
        for event in decoder.feed(piece, 1.0):
            reply = reduce(reply, event)
    for event in decoder.finish(2.0):
        reply = reduce(reply, event)
    return reply


def lost_words(stream: Stream, reply: Reply) -> list[str]:
    """Return the words of a stream that are neither in its reply nor in a warning."""
    texts = [reply.reasoning, json.dumps(reply.message), json.dumps(reply.extras)]
    texts += [each.said for each in reply.warnings]
    held = "\n".join(texts)
    return [word for word in stream.words if word not in held]


def lose_nothing(count: int, seed: int = _SEED) -> Findings:
    """Decode so many random streams, each as a whole and in random pieces."""
    findings = Findings()
    for number in range(count):
        chance = Random(f"{seed}-{number}")
        stream = Stream(chance)
        reply = reply_of([stream.data])
        findings.tried += 1
        if lost := lost_words(stream, reply):
            findings.lost += len(lost)
            findings.expect(f"stream {number}", lost, [])
        points = sorted(chance.choices(range(len(stream.data) + 1), k=chance.randrange(8)))
        pieces = [stream.data[a:b] for a, b in zip([0, *points], [*points, len(stream.data)], strict=True)]
        if reply_of(pieces) != reply:
            findings.expect(f"stream {number} in pieces", "another reply", "the same reply")
    return findings


if __name__ == "__main__":
    found = lose_nothing(int(sys.argv[1]) if len(sys.argv) > 1 else 100_000)
    print(f"{found.tried:,} streams, {found.lost} words lost")
    print("\n".join(found.wrong))
    sys.exit(not found.clean)
