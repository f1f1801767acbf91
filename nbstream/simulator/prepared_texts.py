"""The texts that the simulator answers with, chosen by the prompt's words or its hash.

Each file in `texts` is one topic, named language-topic. Lines of the form `<!-- … -->` divide it
into keywords, three parts of reasoning and the answer. The same prompt always gets the same text.
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
from nbstream.simulator.chat_request import MAX_TOKENS, until
from nbstream.simulator.refusal import Refusal

if TYPE_CHECKING:
    from collections.abc import Iterator

    from nbstream.simulator.chat_request import ChatRequest

#: The first line of every answer, for each language.
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
    """One prepared text.

    Attributes:
        name: the name of its file, without the ending.
        keywords: words in a prompt that this topic answers.
        needs_keyword: whether the topic is used only for prompts that have one of its keywords.
        reasoning: the text that each level of effort adds to those of the lower levels.
        answer: the answer, in Markdown.
    """

    name: str
    keywords: frozenset[str]
    needs_keyword: bool
    reasoning: dict[str, str]
    answer: str

    @property
    def language(self) -> str:
        """`en` or `zh`."""
        return self.name.partition("-")[0]


class ReplyText(NamedTuple):
    """The text of one reply. The first line of `answer` says that the reply is simulated."""

    reasoning: str
    answer: str


def text_for(request: ChatRequest) -> ReplyText:
    """Return the text of the reply to `request`."""
    topic = choose(request.prompt, request.plan.common.get("topic"))
    levels = _LEVELS[: _LEVELS.index(request.effort) + 1] if request.effort in _LEVELS else ()
    reasoning = "\n\n".join(topic.reasoning[level] for level in levels)
    if request.written is not None:
        reasoning = request.written.reasoning if levels else ""
    if "whitespace" in request.plan:
        return ReplyText(reasoning, "\n" * ((request.max_tokens + 1) * tokens.LONGEST_SPACE))
    if request.filled_in is not None:
        return ReplyText("", request.filled_in)
    answer = _answer(request, topic)
    if request.prefix is not None:
        thought, written = request.prefix
        reasoning, answer = _rest(reasoning, answer, thought, written)
    # Stops count only in the text that is written now.
    answer = until(answer, request.stop)
    if request.prefix is not None and "repeat-prefix" in request.plan:
        answer = request.prefix[1] + answer
    if "spaces" in request.plan:
        answer = " " * len(answer)
    return ReplyText(reasoning, answer)


def choose(prompt: str, name: str | None = None) -> Topic:
    """Return the topic called `name`; without a name, the one that suits `prompt` best.

    Raises:
        Refusal: if there is no topic with that name.
    """
    if name is not None:
        if name not in topics():
            raise Refusal(400, f"Unknown topic {name!r}. The simulator knows: {', '.join(topics())}.")
        return topics()[name]
    language = "zh" if _CHINESE.search(prompt) else "en"
    candidates = [topic for topic in topics().values() if topic.language == language]
    lowered = prompt.lower()
    english = set(re.findall(r"[a-z]+", lowered))

    def score(topic: Topic) -> tuple[int, bool]:
        found = sum(word in english if word.isascii() else word in lowered for word in topic.keywords)
        return found, not topic.needs_keyword

    best = max(candidates, key=score)
    if score(best)[0]:
        return best
    hashed = int.from_bytes(hashlib.sha256(prompt.strip().encode("utf-8", "surrogatepass")).digest()[:8])
    general = [topic for topic in candidates if not topic.needs_keyword]
    return general[hashed % len(general)]


def _rest(reasoning: str, answer: str, thought: str, written: str) -> ReplyText:
    """Return the text that follows `thought` and `written`, the beginning of a reply."""
    if written:
        return ReplyText("", answer.removeprefix(written))
    return ReplyText(reasoning.removeprefix(thought), answer)


@cache
def topics() -> dict[str, Topic]:
    """Return all topics by name, sorted by name."""
    directory = files("nbstream.simulator") / "texts"
    paths = sorted((path for path in directory.iterdir() if path.name.endswith(".md")), key=lambda path: path.name)
    return {(name := path.name.removesuffix(".md")): _read(name, path.read_text("utf-8")) for path in paths}


def _read(name: str, text: str) -> Topic:
    _, *rest = _MARK.split(text)
    parts = dict(zip(rest[::2], (part.strip("\n") for part in rest[1::2]), strict=True))
    words = next(mark for mark in parts if mark.startswith("words: "))
    return Topic(
        name=name,
        keywords=frozenset(words.split()[1:]),
        needs_keyword="only by words" in parts,
        reasoning={level: parts[f"reasoning: {level}"] for level in _LEVELS},
        answer=parts["answer"],
    )


def _answer(request: ChatRequest, topic: Topic) -> str:
    if request.written is not None:
        answer = request.written.answer_with(request.tool_results)
        # A notice would make the JSON unreadable.
        is_json = request.json_mode or request.json_answer is not None
        return answer if is_json or not answer else f"{NOTICES[topic.language]}\n\n{answer}"
    if request.json_answer is not None:
        return request.json_answer
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
    """Add blocks of the topic, then of other topics, up to `limit` tokens."""
    used = sum(_length(block) for block in blocks)
    for block in _endless(topic):
        used += _length(block)
        if used > limit:
            break
        blocks.append(block)
    while blocks[-1].startswith(("#", "---")):  # a heading without text below it
        blocks.pop()
    return blocks


def _endless(topic: Topic) -> Iterator[str]:
    """Yield the blocks of `topic` and of the other topics in its language, without end."""
    others = [other for other in topics().values() if other.language == topic.language and not other.needs_keyword]
    number = others.index(topic) if topic in others else 0
    yield from _blocks(topic.answer)
    while True:
        number += 1
        yield "---"
        yield from _blocks(others[number % len(others)].answer)


def _blocks(text: str) -> Iterator[str]:
    """Yield the blocks of `text`, which blank lines outside of a fence divide."""
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
