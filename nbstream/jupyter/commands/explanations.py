"""What `%deepseek help` says: of all, of one command, of one option, of one setting."""

from __future__ import annotations

import difflib
import sys
from argparse import RawDescriptionHelpFormatter
from copy import copy
from inspect import cleandoc
from typing import TYPE_CHECKING, Any

from nbstream.client import settings
from nbstream.jupyter.commands import COMMANDS
from nbstream.language import _, joined, listed
from nbstream.model.exceptions import RequestError

if TYPE_CHECKING:
    from argparse import Action, ArgumentParser
    from collections.abc import Sequence

    from nbstream.jupyter.commands.command import Context

_NAME = "deepseek"


def write_help(words: Sequence[str], context: Context) -> None:
    """Explain a command, an option or a setting; without a word, list them."""
    parser = context.shell.magics_manager.magics["cell"][_NAME].parser
    sys.stdout.write(of(words[0], parser) if words else whole(parser))


def summaries() -> str:
    """Return a line for each command."""
    width = max(len(each.usage) for each in COMMANDS.values())
    return "\n".join(f"  %{_NAME} {each.usage:<{width}}  {_(each.summary)}" for each in COMMANDS.values())


def whole(parser: ArgumentParser) -> str:
    """Return the whole help as text for a terminal; IPython formats its own as reStructuredText."""
    parser = copy(parser)
    parser.prog, parser.formatter_class = f"%%{_NAME}", RawDescriptionHelpFormatter
    parser.description = _(cleandoc(parser.description or ""))
    parser._action_groups = [_translated(each) for each in parser._action_groups]  # noqa: SLF001  (no other way)
    parser.epilog = f"{_('commands:')}\n{summaries()}"
    return parser.format_help()


def _translated(group: Any) -> Any:
    """Return a group of options with its help in the current language."""
    found = copy(group)
    found.title = _(group.title) if group.title else group.title
    found._group_actions = [copy(each) for each in group._group_actions]  # noqa: SLF001  (as above)
    for each in found._group_actions:  # noqa: SLF001  (as above)
        each.help = _(each.help) if each.help else each.help
    return found


def of(word: str, parser: ArgumentParser) -> str:
    """Return the help for one command, option or setting.

    Raises:
        RequestError: if there is no such word; names the ones that are like it.
    """
    name = word.lstrip("-").replace("-", "_")
    parts = []
    if (command := COMMANDS.get(word.lstrip("%"))) is not None:
        parts.append(f"%{_NAME} {command.usage}\n    {_(command.summary)}")
    for action in parser._actions:  # noqa: SLF001  (argparse has no other way to list its options)
        # A word with dashes is one of its spellings, a bare one is its name.
        spellings = action.option_strings if word.startswith("-") else [action.dest, *_bare(action)]
        if (word if word.startswith("-") else name) in spellings:
            parts.append(f"{_spelled(action)}\n    {_(action.help or '')}")
    if name in settings.current().traits(config=True) and not word.startswith("-"):
        trait = settings.current().traits(config=True)[name]
        value = getattr(settings.current(), name)
        parts.append(f"%config DeepSeekMagics.{name} = {value!r}\n    {_(trait.help)}")
    if not parts:
        raise RequestError(_unknown(word, parser))
    return "\n\n".join(parts) + "\n"


def _bare(action: Action) -> list[str]:
    return [each.lstrip("-").replace("-", "_") for each in action.option_strings]


def _spelled(action: Action) -> str:
    value = action.metavar if isinstance(action.metavar, str) else action.dest.upper()
    choices = "{" + ",".join(map(str, action.choices)) + "}" if action.choices else value
    takes_none = action.nargs == 0
    return ", ".join(action.option_strings) + ("" if takes_none else f" {choices}")


def _unknown(word: str, parser: ArgumentParser) -> str:
    options = [each for action in parser._actions for each in action.option_strings]  # noqa: SLF001  (as above)
    names = [*COMMANDS, *options, *settings.current().traits(config=True)]
    like = difflib.get_close_matches(word, names, cutoff=0.5)
    return joined(
        _("There is no command, option or setting {word}.", word=word),
        _("Like it are {names}.", names=listed(like)) if like else "",
        _("%deepseek help lists all."),
    )
