"""The names of chats."""

from __future__ import annotations

from nbstream.language import _
from nbstream.model.exceptions import RequestError

#: The word that stands for no chat.
OFF = "off"

#: The chat of cells that name none; empty without one.
default = ""


def checked_name(name: str) -> str:
    """Return the name of a chat.

    Raises:
        RequestError: if it is none.
    """
    is_word = str(name).isprintable() and str(name).split() == [name]
    if not is_word or name.startswith("-") or name == OFF:
        raise RequestError(
            _(
                "{name!r} is no name of a chat: it is one word, other than {off}, and begins with no “-”.",
                name=name,
                off=OFF,
            )
        )
    return name
