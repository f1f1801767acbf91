"""Separates reasoning in `<think>` tags from the answer."""

from __future__ import annotations

from typing import Literal, TypeAlias

from nbstream.model.text import overlap

Channel: TypeAlias = Literal["reasoning", "answer"]

_OPEN_TAG = "<think>"
_CLOSE_TAG = "</think>"
#: More leading white space than this is an answer. In JSON mode, DeepSeek sends endless white space
#: if the prompt lacks the word "json".
_MOST_SPACE = 64


class ThinkSplitter:
    """Separates `<think>…</think>` at the start of the content from the answer.

    The tags may be split over deltas. Azure's R1 sends reasoning this way, and so does llama.cpp
    without a reasoning parser.
    """

    def __init__(self) -> None:
        self._state: Literal["start", "opened", "think", "gap", "answer"] = "start"
        self._held = ""

    @property
    def passes(self) -> bool:
        """Whether all further content is the answer."""
        return self._state == "answer" and not self._held

    def pass_through(self) -> None:
        """Treat tags as text from now on: the reasoning came in a field of its own."""
        if self._state == "start":
            self._state = "answer"

    def feed(self, text: str) -> list[tuple[Channel, str]]:
        """Return the pieces of `text`, each with its channel."""
        pieces: list[tuple[Channel, str]] = []
        text, self._held = self._held + text, ""
        if self._state == "start":
            stripped = text.lstrip()
            is_long = len(text) - len(stripped) > _MOST_SPACE
            if not is_long and stripped.startswith(_OPEN_TAG):
                self._state, text = "opened", stripped[len(_OPEN_TAG) :]
            elif not is_long and _OPEN_TAG.startswith(stripped):
                self._held = text
                return pieces
            else:
                self._state = "answer"
        if self._state == "opened" and (text := text.lstrip("\r\n")):
            self._state = "think"
        if self._state == "think":
            thought, tag, text = text.partition(_CLOSE_TAG)
            if tag:
                self._state = "gap"
            elif size := overlap(thought, _CLOSE_TAG):
                thought, self._held = thought[:-size], thought[-size:]
            if thought:
                pieces.append(("reasoning", thought))
        if self._state == "gap" and (text := text.lstrip("\r\n")):
            self._state = "answer"
        if self._state == "answer" and text:
            pieces.append(("answer", text))
        return pieces

    def flush(self) -> list[tuple[Channel, str]]:
        """Return the text that was held back because a tag might have begun."""
        held, self._held = self._held, ""
        return [("reasoning" if self._state == "think" else "answer", held)] if held else []
