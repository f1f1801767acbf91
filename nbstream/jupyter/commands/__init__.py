"""The commands of `%deepseek`; a module of this package has those of one subject."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from nbstream.client.redaction import SHORTEST_KEY
from nbstream.jupyter.commands import again, chats, configuration, errors, explanations, replies, requests, servers
from nbstream.jupyter.commands.command import Command
from nbstream.model.exceptions import RequestError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from nbstream.jupyter.commands.command import Context


def _help(words: Sequence[str], context: Context) -> None:
    """Explain a command, an option or a setting; without a word, list them."""
    parser = context.shell.magics_manager.magics["cell"]["deepseek"].parser
    text = explanations.of(words[0], parser, COMMANDS) if words else explanations.whole(parser, COMMANDS)
    sys.stdout.write(text)


_MODULES = (chats, again, errors, replies, requests, servers, configuration)
COMMANDS = {each.name: each for module in _MODULES for each in module.COMMANDS}
COMMANDS["help"] = Command("help [COMMAND|OPTION]", "explain a command, an option or a setting, or list all", _help)


def run(line: str, context: Context) -> None:
    """Carry out the command on the line after `%deepseek`.

    Raises:
        RequestError: if there is no such command, or it cannot be carried out.
    """
    name, *words = line.split()
    command = COMMANDS.get(name)
    if command is None or len(words) > command.most_words:
        # A word that may be a key is not repeated.
        said = " ".join(word if len(word) < SHORTEST_KEY or word.isalpha() else "…" for word in line.split())
        raise RequestError(
            f"%deepseek {said} is no command: there are {', '.join(each.usage for each in COMMANDS.values())}."
        )
    command.carry_out(words, context)
