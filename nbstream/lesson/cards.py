"""How a lesson's results look: as HTML for a page, and as text for a terminal and for exports.

The HTML has inline styles only and takes its text colours from the page, so it can be read in light
and dark, in a notebook that is not trusted, and in an export.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from html import escape
from typing import TYPE_CHECKING, Any

from nbstream.language import _, marked

if TYPE_CHECKING:
    from nbstream.lesson.course import Lesson
    from nbstream.lesson.exercises import Expectation, Result, State

#: Colours that have enough contrast on white and on black.
_GREEN, _AMBER, _BLUE, _GREY = "#218a50", "#b86e00", "#3b7dd8", "#7a7a7a"
MARKS: dict[State, tuple[str, str]] = {
    "right": ("✓", _GREEN),
    "wrong": ("✗", _AMBER),
    "made": ("…", _BLUE),
    "open": ("○", _GREY),
}
#: For a prediction that did not come true: that is no mistake.
_DIFFERS = ("≠", _AMBER)
#: As in a settled reply: MathJax leaves dollars alone.
CLASSES = "nbstream-lesson mathjax_ignore tex2jax_ignore"
_FULL_STOPS = ".\N{IDEOGRAPHIC FULL STOP}"
_CODE = re.compile(r"`([^`]+)`")
_OFFLINE = marked("Offline: a simulator on this machine answers. No key, no network, no cost.")
_AUTHORS = marked(
    "The authors of the course wrote its replies to the prompts of this notebook; they do not come from a model."
)
#: The key of what a result says for programs, in the metadata of its output.
METADATA = "nbstream_lesson"


@dataclass(frozen=True, slots=True)
class Card:
    """Something to show: its representations, and what a program can read of it."""

    data: dict[str, str]
    metadata: dict[str, Any] = field(default_factory=dict)


def opening_card(lesson: Lesson, server: str, cost: str) -> Card:
    """Return what the start of a lesson says.

    Args:
        lesson: the lesson.
        server: live, who answers; offline empty.
        cost: live, what it may cost, as a sentence.
    """
    head = _("Lesson {number} · {title}", number=lesson.number, title=_(lesson.title))
    if server:
        lines = [_("Live: {server}.", server=server), cost]
    else:
        lines = [_(_OFFLINE), _(_AUTHORS)]
    return _card(("▸", _BLUE), head, "", lines)


def result_card(result: Result) -> Card:
    """Return what came of an exercise."""
    sign = MARKS[result.state]
    match result.state:
        case "right":
            head, lines = _("Right"), [result.said]
        case "wrong":
            head, lines = _("Not yet"), [result.said]
        case _:
            head, lines = _("Not done yet"), [result.task]
    found = {"kind": "exercise", "name": result.name, "state": result.state}
    return _card(sign, head, _("exercise {name}", name=result.name), lines, found)


def prediction_card(found: Expectation) -> Card:
    """Return what came of a prediction."""
    sign = prediction_mark(found)
    expected, actual = found.words(found.expected), found.words(found.actual)
    choices = [f"{letter}) {words}" for letter, words in found.choices.items()]
    match found.state:
        case "made":
            head = _("Noted")
            lines = [_("You expect: {expected}", expected=expected), _("Now run the cells below, and see.")]
        case "right":
            head, lines = _("As you expected"), [compared(found, expected, actual), found.said]
        case "wrong":
            head, lines = _("Not as you expected"), [compared(found, expected, actual), found.said]
        case _ if found.actual:
            head, lines = _("Without a prediction"), [_("It is: {actual}", actual=actual), found.said]
        case _:
            head, lines = _("Not predicted yet"), [found.question, *choices]
    told = {"kind": "prediction", "name": found.name, "state": found.state}
    told |= {"expected": found.expected, "actual": found.actual}
    return _card(sign, head, _("prediction {name}", name=found.name), lines, told)


def prediction_mark(found: Expectation) -> tuple[str, str]:
    """Return the mark of a prediction, and its colour."""
    return _DIFFERS if found.state == "wrong" else MARKS[found.state]


def compared(found: Expectation, expected: str, actual: str) -> str:
    """Return what was expected, and what it was if that is something else."""
    # The choices are sentences; here each is a part of one line.
    expected, actual = (words.rstrip(_FULL_STOPS) for words in (expected, actual))
    if found.expected == found.actual:
        return _("You expected: {expected}", expected=expected)
    return _("You expected: {expected} · It was: {actual}", expected=expected, actual=actual)


def _card(sign: tuple[str, str], head: str, about: str, lines: list[str], told: dict[str, Any] | None = None) -> Card:
    mark, colour = sign
    lines = [line for line in lines if line]
    # Readable on any background: the text has the page's own colour.
    right = f'<span style="opacity:.75"> · {escape(about)}</span>' if about else ""
    body = "".join(f'<div style="margin-top:.15em">{html_of(line)}</div>' for line in lines)
    html = (
        f'<div class="{CLASSES}" style="border-left:4px solid {colour};padding:.3em .9em;margin:.5em 0;'
        f'line-height:1.5"><div><span style="color:{colour};font-weight:700">{mark}</span> '
        f"<strong>{escape(head)}</strong>{right}</div>{body}</div>"
    )
    first = f"{mark} {head}" + (f" · {about}" if about else "")
    text = "\n".join([first, *(f"  {line}" for line in lines)])
    markdown = f"> **{first}**" + "".join(f"  \n> {markdown_of(line)}" for line in lines)
    metadata = {METADATA: told} if told is not None else {}
    return Card({"text/html": html, "text/markdown": markdown, "text/plain": text}, metadata)


def html_of(text: str) -> str:
    """Return a line as HTML, in which only code is marked."""
    return _CODE.sub(r"<code>\1</code>", escape(text))


def markdown_of(text: str) -> str:
    """Return a line as Markdown, in which only code is marked."""
    parts = _CODE.split(text)
    return "".join(
        f"`{part}`" if at % 2 else re.sub(r"([\\*_$<>\[\]|#])", r"\\\1", part) for at, part in enumerate(parts)
    )
