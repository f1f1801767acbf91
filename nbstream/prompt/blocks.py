"""Descriptions as labelled blocks below a prompt.

A block is fenced as code in Markdown, which models read in all of their training. Its fence is
longer than every run of backticks within it, so that no value ends its own block.
"""

from __future__ import annotations

import base64
import re
from typing import TYPE_CHECKING, Any, NamedTuple

from nbstream.model.printable import one_line, storable
from nbstream.prompt.description import Description, counted

if TYPE_CHECKING:
    from collections.abc import Sequence

_BACKTICKS = re.compile(r"`{3,}")
_LANGUAGE = re.compile(r"[A-Za-z0-9_+-]{1,20}")
_LONGEST_NAME = 100
_LONGEST_KIND = 250
#: The length of a shorter text is not worth saying.
_SHORT = 80


class Piece(NamedTuple):
    """A described value with its name."""

    name: str
    description: Description


def label(name: str, longest: int = _LONGEST_NAME) -> str:
    """Return a name in one line of at most `longest` characters, for a label."""
    line = one_line(storable(name).replace("\n", " ")) or "value"
    return line if len(line) <= longest else line[: longest - 1] + "…"


def shown_of(description: Description) -> str:
    """Return how much of a value is shown; of a text, at least its length if it is not short."""
    if description.shown or len(description.text) <= _SHORT:
        return description.shown
    return counted(len(description.text), "character")


def block(piece: Piece) -> str:
    """Return the block of a text, or the label of an image."""
    name, description = piece
    known = [each for each in (description.kind, shown_of(description)) if each]
    what = label("; ".join(known), _LONGEST_KIND) if known else ""
    if description.image:
        return f"Attached image: {label(name)} ({what})"
    text = description.text
    fence = "`" * (max((len(run) for run in _BACKTICKS.findall(text)), default=2) + 1)
    language = description.language if _LANGUAGE.fullmatch(description.language) else "text"
    end = "" if text.endswith("\n") else "\n"
    cut = f"\n[Not all of {label(name)} is shown: {shown_of(description)}]" if description.is_cut else ""
    head = f"Attached: {label(name)} ({what})" if what else f"Attached: {label(name)}"
    return f"{head}\n{fence}{language}\n{text}{end}{fence}{cut}"


def inline(description: Description) -> str:
    """Return a value as a part of the prompt's text."""
    return f"{description.text} [not all of it: {shown_of(description)}]" if description.is_cut else description.text


def content_of(prompt: str, pieces: Sequence[Piece]) -> str | list[dict[str, Any]]:
    """Return a message's content: the prompt, the blocks below it, and the images after these.

    Without images it is a text.
    """
    texts = [block(piece) for piece in pieces if not piece.description.image]
    text = "\n\n".join([prompt, *texts])
    images = [piece for piece in pieces if piece.description.image]
    if not images:
        return text
    parts: list[dict[str, Any]] = []
    for at, piece in enumerate(images):
        before = f"{text}\n\n{block(piece)}" if at == 0 else block(piece)
        parts += [{"type": "text", "text": before}, {"type": "image_url", "image_url": {"url": _data_url(piece)}}]
    return parts


def with_text_above(content: str | list[dict[str, Any]], texts: Sequence[str]) -> str | list[dict[str, Any]]:
    """Return a message's content with texts above the prompt."""
    if not texts:
        return content
    if isinstance(content, str):
        return "\n\n".join([*texts, content])
    return [{**content[0], "text": "\n\n".join([*texts, content[0]["text"]])}, *content[1:]]


def _data_url(piece: Piece) -> str:
    description = piece.description
    return f"data:{description.media_type};base64,{base64.b64encode(description.image).decode('ascii')}"
