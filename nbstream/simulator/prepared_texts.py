"""What the simulator says: prepared texts, chosen by the words of the prompt or else by its hash.

Each file in `texts` is one topic, named language-topic, with reasoning of three lengths and an answer, divided by lines
of the form `<!-- … -->`. The same prompt always gets the same words. This module must not know how they are sent.
"""

from __future__ import annotations

import hashlib
import json
import re
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING, NamedTuple

from nbstream.simulator import tokens
from nbstream.simulator.chat_request import MAX_TOKENS, Refusal

if TYPE_CHECKING:
    from collections.abc import Iterator

    from nbstream.simulator.chat_request import ChatRequest

#: The first line of every answer.
NOTICES = {
    "en": "*Simulated: no model was called.*",
    "zh": "*模拟回复：没有调用任何模型。*",  # noqa: RUF001 - the colon is Chinese too
}

_LEVELS = ("low", "high", "max")
_CHINESE = re.compile("[\u4e00-\u9fff]")
_MARK = re.compile(r"^<!-- (.*?) -->\n", re.MULTILINE)
_FENCE = "```"


@dataclass(frozen=True, slots=True)
class Topic:
    """One prepared text; `reasoning` has one part for each level of effort, and a higher level has all lower parts."""

    name: str
    words: frozenset[str]
    by_words_only: bool
    reasoning: dict[str, str]
    answer: str

    @property
    def language(self) -> str:
        """`en` or `zh`."""
        return self.name.partition("-")[0]


class Script(NamedTuple):
    """What is to be said to one request; `answer` begins with the line that says that it is simulated."""

    reasoning: str
    answer: str


def script(request: ChatRequest) -> Script:
    """Return the words for `request`."""
    topic = choose(request.prompt, request.plan.common.get("topic"))
    levels = _LEVELS[: _LEVELS.index(request.effort) + 1] if request.effort in _LEVELS else ()
    reasoning = "\n\n".join(topic.reasoning[level] for level in levels)
    if "whitespace" in request.plan:
        return Script(reasoning, "\n" * ((request.max_tokens + 1) * tokens.LONGEST_SPACE))
    return Script(reasoning, _until(_answer(request, topic), request.stop))


def choose(prompt: str, name: str | None = None) -> Topic:
    """Return the topic called `name`, or else the one that suits `prompt`.

    Raises:
        Refusal: if there is no topic of that name.
    """
    if name is not None:
        if name not in topics():
            raise Refusal(400, f"Unknown topic {name!r}. The simulator knows: {', '.join(topics())}.")
        return topics()[name]
    language = "zh" if _CHINESE.search(prompt) else "en"
    candidates = [topic for topic in topics().values() if topic.language == language]
    lowered = prompt.lower()
    spoken = set(re.findall(r"[a-z]+", lowered))

    def fit(topic: Topic) -> tuple[int, bool]:
        hits = sum(word in spoken if word.isascii() else word in lowered for word in topic.words)
        return hits, not topic.by_words_only

    best = max(candidates, key=fit)
    if fit(best)[0]:
        return best
    hashed = int.from_bytes(hashlib.sha256(prompt.strip().encode("utf-8", "surrogatepass")).digest()[:8])
    general = [topic for topic in candidates if not topic.by_words_only]
    return general[hashed % len(general)]


@cache
def topics() -> dict[str, Topic]:
    """Return all topics by name, in the order of their names."""
    directory = files("nbstream.simulator") / "texts"
    paths = sorted((path for path in directory.iterdir() if path.name.endswith(".md")), key=lambda path: path.name)
    return {(name := path.name.removesuffix(".md")): _read(name, path.read_text("utf-8")) for path in paths}


def _read(name: str, text: str) -> Topic:
    _, *rest = _MARK.split(text)
    parts = dict(zip(rest[::2], (part.strip("\n") for part in rest[1::2]), strict=True))
    words = next(mark for mark in parts if mark.startswith("words: "))
    return Topic(
        name=name,
        words=frozenset(words.split()[1:]),
        by_words_only="only by words" in parts,
        reasoning={level: parts[f"reasoning: {level}"] for level in _LEVELS},
        answer=parts["answer"],
    )


def _answer(request: ChatRequest, topic: Topic) -> str:
    if request.json_mode:
        headings = re.findall(r"^#+ (.*)$", topic.answer, re.MULTILINE)
        document = {"simulated": "No model was called.", "topic": topic.name, "headings": headings}
        return json.dumps(document, ensure_ascii=False, indent=2)
    notice = NOTICES[topic.language]
    if "echo" in request.plan:
        return f"{notice}\n\n{request.prompt}"
    if "surrogates" in request.plan:
        notice += " \N{WATER WAVE}"
    results = [f"{_FENCE}\n{result}\n{_FENCE}" for result in request.tool_results]
    blocks = [notice, *results]
    limit = request.plan.common.get("tokens")
    if limit is None:
        return "\n\n".join([*blocks, topic.answer])
    return "\n\n".join(_fitting(blocks, topic, min(limit, MAX_TOKENS)))


def _fitting(blocks: list[str], topic: Topic, limit: int) -> list[str]:
    """Return `blocks` and as many of the topic's, then of its neighbours', as fit into `limit` tokens."""
    used = sum(_length(block) for block in blocks)
    for block in _endless(topic):
        used += _length(block)
        if used > limit:
            break
        blocks.append(block)
    while blocks[-1].startswith(("#", "---")):  # a heading of nothing
        blocks.pop()
    return blocks


def _endless(topic: Topic) -> Iterator[str]:
    """Yield the blocks of `topic`, then those of the other topics in its language, over and over."""
    neighbours = [each for each in topics().values() if each.language == topic.language and not each.by_words_only]
    turn = neighbours.index(topic) if topic in neighbours else 0
    yield from _blocks(topic.answer)
    while True:
        turn += 1
        yield "---"
        yield from _blocks(neighbours[turn % len(neighbours)].answer)


def _blocks(text: str) -> Iterator[str]:
    """Yield what blank lines divide, except within a fence."""
    block: list[str] = []
    fenced = False
    for line in text.split("\n"):
        fenced ^= line.startswith(_FENCE)
        if line or fenced:
            block.append(line)
        elif block:
            yield "\n".join(block)
            block = []
    if block:
        yield "\n".join(block)


def _length(block: str) -> int:
    return len(tokens.split(block)) + 1


def _until(text: str, stops: tuple[str, ...]) -> str:
    """Return `text` up to the first of `stops`."""
    return text[: min([at for stop in stops if (at := text.find(stop)) >= 0], default=len(text))]
