"""What a user is told before a tool call may run, in a page and in a terminal, besides its card."""

from __future__ import annotations

import unicodedata
from typing import TYPE_CHECKING

from nbstream.language import _, listed
from nbstream.model.printable import visible
from nbstream.output import call_words
from nbstream.output.call_values import as_json, used_arguments
from nbstream.snippets.literals import JSON
from nbstream.tools.arguments import object_of

if TYPE_CHECKING:
    from nbstream.model.tool_call import ToolCall

#: So many letters are named that could be taken for others.
_MOST_LETTERS = 5


def notes(call: ToolCall) -> list[str]:
    """Return what may deceive the user."""
    unusual = [char for char in dict.fromkeys(call.name) if not char.isascii()]
    if not unusual:
        return []
    letters = listed(list(map(_letter, unusual[:_MOST_LETTERS])))
    if more := len(unusual) - len(unusual[:_MOST_LETTERS]):
        return [
            _(
                "The name of the tool has letters that may look like others: {letters}, and {more} more.",
                letters=letters,
                more=more,
            )
        ]
    return [_("The name of the tool has letters that may look like others: {letters}.", letters=letters)]


def in_words(call: ToolCall) -> str:
    """Return the question as text, with all of the arguments and nothing invisible.

    A line that continues a value has a mark, so that a value cannot look like another argument.
    """
    arguments = used_arguments(call)
    lines = [_("The model asks to run {name}:", name=call_words.name(call))]
    for each in arguments.named:
        first, *others = each.value.text.split("\n")
        lines += [f"  {each.name} = {first}", *(f"  | {line}" for line in others)]
    lines += [f"  | {line}" for line in arguments.text.split("\n")] if arguments.text else []
    if not arguments.named and not arguments.text:
        lines.append(f"  {_('no arguments')}")
    reason = visible(" ".join(call.reason.split()))
    return "\n".join([*lines, *([reason] if reason else []), *notes(call)])


def on_one_line(arguments: str) -> str:
    """Return arguments as JSON on one line, as `editable` does."""
    return " ".join(line.strip() for line in editable(arguments).split("\n"))


def editable(arguments: str) -> str:
    """Return arguments as indented JSON, with escapes for what nobody can see.

    What is no JSON object stays as it is.
    """
    try:
        value = object_of(arguments)
        # Each name has a line of its own, even if all of them fit on one.
        named = [f"{JSON.key(name)} {as_json(each, 1, len(name) + 4)}" for name, each in value.items()]
    except (ValueError, RecursionError):
        return visible(arguments)
    return JSON.broken("{", named, "}", 0) if named else "{}"


def _letter(char: str) -> str:
    return f"{visible(char)} (U+{ord(char):04X}, {unicodedata.name(char, _('without a name'))})"
