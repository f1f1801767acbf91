"""What a user is told before a tool call may run, in a page and in a terminal, besides its card."""

from __future__ import annotations

import json
import unicodedata
from typing import TYPE_CHECKING

from nbstream.model.printable import visible
from nbstream.output import call_words
from nbstream.snippets.literals import JSON

if TYPE_CHECKING:
    from nbstream.model.tool_call import ToolCall

#: A button shows so much of a name; the card has all of it.
_LONGEST_NAME = 40
#: So many letters are named that could be taken for others.
_MOST_LETTERS = 5


def short_name(call: ToolCall) -> str:
    """Return the name of the tool for a button; a long one is cut."""
    name = call_words.name(call)
    return name if len(name) <= _LONGEST_NAME else f"{name[: _LONGEST_NAME - 1]}…"


def notes(call: ToolCall) -> list[str]:
    """Return what may deceive the user."""
    unusual = [char for char in dict.fromkeys(call.name) if not char.isascii()]
    if not unusual:
        return []
    named = ", ".join(map(_letter, unusual[:_MOST_LETTERS]))
    more = f", and {len(unusual) - _MOST_LETTERS} more" if len(unusual) > _MOST_LETTERS else ""
    return [f"The name of the tool has letters that may look like others: {named}{more}."]


def editable(arguments: str) -> str:
    """Return arguments as indented JSON, with escapes for what nobody can see.

    What is no JSON object stays as it is.
    """
    if not arguments.strip():
        return "{}"
    try:
        value = json.loads(arguments)
        return visible_json(value) if isinstance(value, dict) else arguments
    except (ValueError, RecursionError):
        return arguments


def visible_json(value: dict[str, object]) -> str:
    """Return an object as JSON, each name on a line of its own."""
    names = [f"{JSON.key(name)} {JSON.write(each, 1, len(name) + 4)}" for name, each in value.items()]
    return JSON.broken("{", names, "}", 0) if names else "{}"


def _letter(char: str) -> str:
    return f"{visible(char)} (U+{ord(char):04X}, {unicodedata.name(char, 'without a name')})"
