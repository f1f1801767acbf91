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
from nbstream.output.widths import wrapped

if TYPE_CHECKING:
    from argparse import Action, ArgumentParser
    from collections.abc import Iterable, Sequence

    from nbstream.jupyter.commands.command import Context

_NAME = "deepseek"
#: Columns of a line, and what stands before the explanation of a command.
_WIDTH = 90
_INDENT = " " * 8


class _Formatter(RawDescriptionHelpFormatter):
    """Formats help in the current language."""

    def __init__(self, prog: str) -> None:
        super().__init__(prog, width=_WIDTH)

    def add_usage(
        self, usage: str | None, actions: Iterable[Action], groups: Iterable[Any], prefix: str | None = None
    ) -> None:
        """Add how the line is written."""
        super().add_usage(usage, actions, groups, _("usage: ") if prefix is None else prefix)

    def _split_lines(self, text: str, width: int) -> list[str]:
        return wrapped(" ".join(text.split()), width)


def write_help(words: Sequence[str], context: Context) -> None:
    """Explain a command, an option or a setting; without a word, list them."""
    parser = context.shell.magics_manager.magics["cell"][_NAME].parser
    sys.stdout.write(of(words[0], parser) if words else whole(parser))


def summaries() -> str:
    """Return how each command is written, and what it does."""
    lines: list[str] = []
    for each in COMMANDS.values():
        lines.append(f"  %{_NAME} {each.usage}")
        lines += [f"{_INDENT}{line}" for line in wrapped(_(each.summary), _WIDTH - len(_INDENT))]
    return "\n".join(lines)


def whole(parser: ArgumentParser) -> str:
    """Return the whole help as text for a terminal; IPython formats its own as reStructuredText."""
    parser = copy(parser)
    parser.prog, parser.formatter_class = f"%%{_NAME}", _Formatter
    parser.description = _(cleandoc(parser.description or ""))
    parser._action_groups = [_translated(each) for each in parser._action_groups]  # noqa: SLF001  (no other way)
    parser.epilog = f"{_('commands:')}\n{summaries()}"
    # The heading is argparse's.
    return parser.format_help().replace("\noptions:\n", f"\n{_('options:')}\n")


def _translated(group: Any) -> Any:
    """Return a group of options with its help in the current language."""
    found = copy(group)
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
