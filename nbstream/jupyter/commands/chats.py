"""The commands on chats: chat, panel and chats."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from nbstream.chat import names
from nbstream.chat.conversation import chats
from nbstream.language import _

if TYPE_CHECKING:
    from collections.abc import Sequence

    from nbstream.jupyter.commands.command import Context


def chat(words: Sequence[str], _context: Context) -> None:
    """Make a chat the default of the following cells, end that, or say which one is."""
    if words:
        names.default = "" if words[0] == names.OFF else names.checked_name(words[0])
    if not names.default:
        sys.stdout.write(_("No chat: a cell remembers nothing, unless it names a chat with -c NAME.\n"))
        return
    from nbstream.output import conversation  # noqa: PLC0415  (the renderer, only where it is used)

    chat = chats().get(names.default)
    turns = conversation.turns(len(chat.turns) if chat else 0)
    sys.stdout.write(
        _(
            "The following cells continue the chat {default}, which has {turns}. To end that: %deepseek chat {off}\n",
            default=names.default,
            turns=turns,
            off=names.OFF,
        )
    )


def panel(words: Sequence[str], _context: Context) -> None:
    """Show a chat as a panel."""
    from IPython.display import display  # noqa: PLC0415  (only where it is used)

    from nbstream.widgets.chat_panel.panel import ChatPanel  # noqa: PLC0415  (the widget, as above)

    display(ChatPanel(*words))


def list_chats(_words: Sequence[str], _context: Context) -> None:
    """List the chats: turns, tokens, cost and model of each."""
    from nbstream.output import conversation  # noqa: PLC0415  (as above)

    found = list(chats().values())
    sys.stdout.write(f"{conversation.table(found, names.default) if found else _('There is no chat yet.')}\n")
