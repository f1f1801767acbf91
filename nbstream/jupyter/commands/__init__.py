"""The commands of `%deepseek`; a module of this package has those of one subject."""

from __future__ import annotations

from typing import TYPE_CHECKING

from nbstream.jupyter.commands import chats, errors, replies, servers
from nbstream.model.exceptions import RequestError

if TYPE_CHECKING:
    from nbstream.jupyter.commands.command import Context

_MODULES = (chats, errors, replies, servers)
COMMANDS = {each.name: each for module in _MODULES for each in module.COMMANDS}


def run(line: str, context: Context) -> None:
    """Carry out the command on the line after `%deepseek`.

    Raises:
        RequestError: if there is no such command, or it cannot be carried out.
    """
    name, *words = line.split()
    command = COMMANDS.get(name)
    if command is None or len(words) > command.most_words:
        raise RequestError(
            f"%deepseek {line.strip()} is no command: there are {', '.join(each.usage for each in COMMANDS.values())} "
            "and help."
        )
    command.carry_out(words, context)


def summaries() -> str:
    """Return a line for each command, for the help."""
    return "\n".join(f"  %deepseek {each.usage:<22} {each.summary}" for each in COMMANDS.values())
