"""The commands on chats: chat and chats."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from nbstream.chat import names
from nbstream.chat.conversation import chats
from nbstream.jupyter.commands.command import Command

if TYPE_CHECKING:
    from collections.abc import Sequence

    from nbstream.jupyter.commands.command import Context

#: The chat of cells that name none; empty without one.
default = ""


def _chat(words: Sequence[str], _context: Context) -> None:
    """Make a chat the default of the following cells, end that, or say which one is."""
    global default  # noqa: PLW0603  (one for each process)
    if words:
        default = "" if words[0] == names.OFF else names.checked_name(words[0])
    from nbstream.output import conversation  # noqa: PLC0415  (the renderer, only where it is used)

    chat = chats().get(default)
    if not default:
        sys.stdout.write("No chat: a cell remembers nothing, unless it names a chat with -c NAME.\n")
        return
    turns = conversation.turns(len(chat.turns) if chat else 0)
    sys.stdout.write(
        f"The following cells continue the chat {default}, which has {turns}. To end that: %deepseek chat {names.OFF}\n"
    )


def _chats(_words: Sequence[str], _context: Context) -> None:
    """List the chats: turns, tokens, cost and model of each."""
    from nbstream.output import conversation  # noqa: PLC0415  (as above)

    found = list(chats().values())
    sys.stdout.write(f"{conversation.table(found, default) if found else 'There is no chat yet.'}\n")


COMMANDS = (
    Command(
        "chat [NAME|off]", "continue the chat NAME in the following cells, or none; without a name, say which", _chat
    ),
    Command("chats", "list the chats: turns, tokens, cost and model", _chats),
)
