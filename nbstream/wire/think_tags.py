"""Separates reasoning in tags such as `<think>` from the answer."""

from __future__ import annotations

import re
from typing import Literal, TypeAlias

from nbstream.model.text import overlap

#: `thoughts` says that everything before it was reasoning.
Channel: TypeAlias = Literal["reasoning", "answer", "thoughts"]

#: The tags at the beginning of content, each with the one that ends the thoughts: DeepSeek, Qwen
#: and most others; Seed; MiniMax; Kimi; Magistral; gpt-oss without a parser.
_PAIRS = {
    "<think>": "</think>",
    "<thinking>": "</thinking>",
    "<thought>": "</thought>",
    "<seed:think>": "</seed:think>",
    "<mm:think>": "</mm:think>",
    "◁think▷": "◁/think▷",
    "[THINK]": "[/THINK]",
    "<|channel|>analysis<|message|>": "<|end|><|start|>assistant<|channel|>final<|message|>",
}
#: Tags that end thoughts whose beginning the chat template wrote.
_ORPHANS = ("</think>", "</thinking>")
#: More leading white space than this is an answer.
_MOST_SPACE = 64
#: So many tags are looked at; each costs time for the whole text before it.
_MOST_TAGS = 8
_ORPHAN = re.compile("|".join(map(re.escape, _ORPHANS)))
_OPENING = re.compile("<think>|<thinking>")
_LEFT_TAG = re.compile(r"\A\s*<think(?:ing)?>\n?")
_FENCE = re.compile(r"^ {0,3}(?:```|~~~)", re.MULTILINE)
_BACKTICKS = re.compile(r"`+")
#: What stands before a tag that an answer speaks of.
_BEFORE_A_WORD = (" ", "\t", "(", "[", "{", '"', "'", "\u201c", "\u2018", "\u300c", "*", "|", ">")
_BLANK_LINE = re.compile(r"\n[^\S\n]*\n")


#: How models begin a tool call that the server should have parsed: DeepSeek, Kimi, Qwen and Hermes,
#: Mistral, Llama, MiniMax, and Anthropic's older form.
_TOOL_CALL = re.compile(
    # The bars and blanks of DeepSeek's own markers are not ASCII.
    "^[^\\S\\n]*(?:<\uff5cDSML\uff5c|<\uff5ctool\u2581calls?\u2581begin\uff5c>|"
    r"<\|tool_calls_section_begin\|>|<\|?tool_call>|\[TOOL_CALLS\]"
    r"|<\|python_tag\|>|<minimax:tool_call>|<function_calls>|<function=)",
    re.MULTILINE,
)


def raw_tool_call(answer: str) -> str:
    """Return the first line of a tool call that stands in an answer as text; empty if none does."""
    found = _TOOL_CALL.search(answer)
    if found is None or _is_in_code(answer[: found.start()]):
        return ""
    return answer[found.start() :].split("\n", 1)[0].strip()


def without_opening_tag(thought: str) -> str:
    """Return the beginning of a reasoning field without a tag that a gateway left in it."""
    return _LEFT_TAG.sub("", thought)


class ThinkSplitter:
    """Separates `<think>…</think>` at the start of the content from the answer.

    The tags may be split over deltas. Azure's R1 sends reasoning this way, and so does llama.cpp
    without a reasoning parser. Where the chat template writes the opening tag, only the closing one
    comes: then everything before it was reasoning.
    """

    def __init__(self) -> None:
        self._state: Literal["start", "opened", "think", "gap", "watch", "answer"] = "start"
        self._held = ""
        self._close = ""
        self._has_field = False
        self._tags = 0
        #: The content while the end of thoughts may come.
        self._content: list[str] = []

    @property
    def passes(self) -> bool:
        """Whether all further content is the answer."""
        return self._state == "answer" and not self._held

    def note_field(self) -> None:
        """Note that reasoning comes in a field of its own, so that content is not bare thoughts."""
        self._has_field = True
        if self._state == "watch":
            self._state = "answer"
            self._content.clear()

    def feed(self, text: str) -> list[tuple[Channel, str]]:
        """Return the pieces of `text`, each with its channel."""
        if self._state == "watch" and not self._held and "<" not in text:
            self._content.append(text)
            return [("answer", text)]
        pieces: list[tuple[Channel, str]] = []
        text, self._held = self._held + text, ""
        if self._state == "start":
            text = self._begin(text)
        if self._state == "opened" and (text := text.lstrip("\r\n")):
            self._state = "think"
        if self._state == "think":
            thought, tag, text = text.partition(self._close)
            if tag:
                self._state = "gap"
            elif size := overlap(thought, self._close):
                thought, self._held = thought[:-size], thought[-size:]
            if thought:
                pieces.append(("reasoning", thought))
        if self._state == "watch":
            text = self._watch(text, pieces)
        if self._state == "gap" and (text := text.lstrip("\r\n")):
            self._state = "answer"
        if self._state == "answer" and text:
            pieces.append(("answer", text))
        return pieces

    def flush(self) -> list[tuple[Channel, str]]:
        """Return the text that was held back because a tag might have begun."""
        held, self._held = self._held, ""
        if not held:
            return []
        if self._state != "watch":
            return [("reasoning" if self._state == "think" else "answer", held)]
        pieces: list[tuple[Channel, str]] = []
        rest = self._watch(held, pieces, is_over=True).lstrip("\r\n") + self._held
        self._held = ""
        return [*pieces, ("answer", rest)] if rest else pieces

    def _begin(self, text: str) -> str:
        """Return the text after an opening tag, or after a closing one without thoughts."""
        stripped = text.lstrip()
        if len(text) - len(stripped) <= _MOST_SPACE:
            for opening, closing in _PAIRS.items():
                if stripped.startswith(opening):
                    self._state, self._close = "opened", closing
                    return stripped[len(opening) :]
            for orphan in _ORPHANS:
                if stripped.startswith(orphan):
                    self._state = "gap"
                    return stripped[len(orphan) :]
            if any(tag.startswith(stripped) for tag in (*_PAIRS, *_ORPHANS)):
                self._held = text
                return ""
        self._state = "answer" if self._has_field else "watch"
        return text

    def _watch(self, text: str, pieces: list[tuple[Channel, str]], *, is_over: bool = False) -> str:
        """Add the pieces up to the end of bare thoughts, and return the pieces after it."""
        start = 0
        while self._tags < _MOST_TAGS and (found := _ORPHAN.search(text, start)):
            before = "".join(self._content) + text[: found.start()]
            ends = _ends_thoughts(before, text[found.end() :], is_over=is_over)
            if ends is None:
                self._held = text[found.start() :]
                self._add(text[: found.start()], pieces)
                return ""
            self._tags += 1
            if ends:
                self._add(text[: found.start()], pieces)
                pieces.append(("thoughts", ""))
                self._state = "gap"
                self._content.clear()
                return text[found.end() :]
            start = found.end()
        if self._tags >= _MOST_TAGS:
            self._state = "answer"
            self._content.clear()
            return text
        size = 0 if is_over else max(overlap(text[start:], tag) for tag in _ORPHANS)
        if size:
            text, self._held = text[:-size], text[-size:]
        self._add(text, pieces)
        return ""

    def _add(self, text: str, pieces: list[tuple[Channel, str]]) -> None:
        if text:
            self._content.append(text)
            pieces.append(("answer", text))


def _ends_thoughts(before: str, after: str, *, is_over: bool) -> bool | None:
    """Return whether a closing tag between these texts ends bare thoughts; None if it depends.

    In the first paragraph it does. Further down an answer may speak of such tags, as one word among
    others. There it has to end its line, or to follow the text before it without a blank.
    """
    if _is_in_code(before) or len(_OPENING.findall(before)) > len(_ORPHAN.findall(before)):
        return False
    if not _BLANK_LINE.search(before.lstrip()):
        return True
    if before[-1:] not in _BEFORE_A_WORD:
        return True
    rest = after.lstrip(" \t")
    if rest:
        return rest[0] in "\r\n"
    return True if is_over else None


def _is_in_code(before: str) -> bool:
    """Return whether the end of a text is within code."""
    if len(_FENCE.findall(before)) % 2:
        return True
    line = before[before.rfind("\n") + 1 :]
    if line.startswith(("    ", "\t")) and not line.strip():
        return True
    *_, paragraph = _BLANK_LINE.split(before)
    opened = 0
    for run in _BACKTICKS.findall(paragraph):
        opened = 0 if len(run) == opened else opened or len(run)
    return opened > 0
