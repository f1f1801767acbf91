"""The matcher for IPython's completer: what may follow on the line of `%%deepseek` or `%deepseek`.

Options come from the magic's own parser, and commands from their usage, so a new one is completed
at once.
"""

from __future__ import annotations

import re
from argparse import ONE_OR_MORE, OPTIONAL, ZERO_OR_MORE
from typing import TYPE_CHECKING, Any

from IPython.core.completer import SimpleCompletion, context_matcher

from nbstream.jupyter import commands
from nbstream.jupyter.completion import words

if TYPE_CHECKING:
    from argparse import Action, ArgumentParser
    from collections.abc import Callable, Iterable, Sequence

    from IPython.core.completer import CompletionContext, SimpleMatcherResult

    from nbstream.jupyter.completion.words import Word

_IDENTIFIER = "nbstream"
#: Before the other matchers, which it suppresses on its lines, as these are not Python's.
_PRIORITY = 100
_MOST = 500
_PLACEHOLDER = re.compile(r"[A-Z]+")
_OPTION = "OPTION"


class _Nothing(list[SimpleCompletion]):
    """No completion, but not empty: IPython lets no matcher suppress the others without any."""

    def __len__(self) -> int:
        return 1


def watch(shell: Any, name: str, parser: ArgumentParser) -> None:
    """Complete the lines of the magic `name` in `shell`."""
    unwatch(shell)
    if (completer := getattr(shell, "Completer", None)) is not None:
        completer.custom_matchers.append(matcher(shell, name, parser))


def unwatch(shell: Any) -> None:
    """Undo `watch`."""
    if (completer := getattr(shell, "Completer", None)) is not None:
        kept = [each for each in completer.custom_matchers if getattr(each, "matcher_identifier", "") != _IDENTIFIER]
        completer.custom_matchers[:] = kept


def matcher(shell: Any, name: str, parser: ArgumentParser) -> Callable[[CompletionContext], SimpleMatcherResult]:
    """Return the matcher for IPython."""

    @context_matcher(priority=_PRIORITY, identifier=_IDENTIFIER)  # type: ignore[untyped-decorator]
    def match(context: CompletionContext) -> SimpleMatcherResult:
        try:
            return _match(context, shell, name, parser)
        except Exception:  # noqa: BLE001  (a mistake here must not print a traceback into what somebody types)
            return {"completions": [], "suppress": False}

    found: Callable[[CompletionContext], SimpleMatcherResult] = match
    return found


def _match(context: CompletionContext, shell: Any, name: str, parser: ArgumentParser) -> SimpleMatcherResult:
    line, cursor = context.line_with_cursor, context.cursor_position
    is_cell = line.startswith(f"%%{name}")
    begin = re.match(rf"%%{name}\s" if is_cell else rf"\s*%{name}\s", line)
    if begin is None or begin.end() > cursor or not _is_for_magic(context, name, is_cell=is_cell):
        return {"completions": [], "suppress": False}
    before, word = words.split(line[begin.end() : cursor])
    word = word._replace(start=word.start + begin.end())
    found, word = _options(before, word, shell, parser) if is_cell else _command(before, word, shell, parser)
    texts = [each for each in found if each.startswith(word.text)][:_MOST]
    after = re.match(r"[^\s\"']*", line[cursor:])
    rest = after[0] if after is not None else ""
    # In the middle of a word its end stays where it is.
    inserted = [words.quoted(each.removesuffix(rest), word.quote) for each in texts]
    typed = line[word.start : cursor]
    items = [SimpleCompletion(each, type="param") for each in inserted if inserted != [typed]]
    return {"completions": items or _Nothing(), "matched_fragment": typed, "suppress": True, "ordered": True}


def _is_for_magic(context: CompletionContext, name: str, *, is_cell: bool) -> bool:
    """Return whether the line is the magic's own, and not a part of a prompt."""
    above = context.full_text.split("\n")[: context.cursor_line]
    if is_cell:
        return not any(map(str.strip, above))
    first = next((each for each in above if each.strip()), "")
    return not first.startswith(f"%%{name}")


def _options(before: Sequence[str], word: Word, shell: Any, parser: ArgumentParser) -> tuple[Iterable[str], Word]:
    """Return what the word after options may become, and the part of it that is replaced."""
    by_flag = _by_flag(parser)
    flag, equals, value = word.text.partition("=")
    if equals and flag in by_flag and not word.quote:
        start = word.start + len(flag) + 1
        return _values(by_flag[flag], value, shell), word._replace(text=value, start=start)
    last = by_flag.get(before[-1]) if before else None
    if last is not None and last.nargs != 0 and not (last.nargs == OPTIONAL and word.text.startswith("-")):
        values = _values(last, word.text, shell)
        is_needed = last.nargs not in (OPTIONAL, ZERO_OR_MORE, ONE_OR_MORE)
        return (values if is_needed else [*values, *_flags(by_flag, before, word)]), word
    return _flags(by_flag, before, word), word


def _by_flag(parser: ArgumentParser) -> dict[str, Action]:
    # argparse has no public list of its options.
    return {flag: action for action in parser._actions for flag in action.option_strings}  # noqa: SLF001


def _flags(by_flag: dict[str, Action], before: Sequence[str], word: Word) -> list[str]:
    """Return the options that may still be given."""
    if word.quote:
        return []
    given = {by_flag[each].dest for each in (each.partition("=")[0] for each in before) if each in by_flag}
    found = []
    for flag, action in by_flag.items():
        may_repeat = type(action).__name__ == "_AppendAction"
        if (may_repeat or action.dest not in given) and action.dest != "help":
            found.append(flag)
    # A long form explains itself. The short ones are offered when one has been begun.
    return found if word.text else [flag for flag in found if flag.startswith("--")]


def _values(action: Action, text: str, shell: Any) -> Iterable[str]:
    if action.choices is not None:
        return [str(each) for each in action.choices]
    metavar = action.metavar if isinstance(action.metavar, str) else ""
    return _candidates(action.dest, metavar, text, shell)


def _candidates(name: str, other: str, text: str, shell: Any) -> list[str]:
    """Return what a word may become that belongs to the first of these names that is known."""
    from nbstream.jupyter.completion.candidates import BY_NAME  # noqa: PLC0415  (chats, only where it is used)

    candidates = BY_NAME.get(name) or BY_NAME.get(other)
    return candidates(text, shell) if candidates is not None else []


def _command(before: Sequence[str], word: Word, shell: Any, parser: ArgumentParser) -> tuple[Iterable[str], Word]:
    """Return what the word at the end of a line of a command may become."""
    if not before:
        return commands.COMMANDS, word
    command = commands.COMMANDS.get(before[0])
    if command is None:
        return (), word
    usages = re.findall(r"\[([^\]]*)\]", command.usage)
    if usages and usages[-1].startswith(_OPTION) and len(before) >= len(usages):
        return _options(before[1:], word, shell, parser)
    if len(before) > len(usages):
        return (), word
    found: list[str] = []
    for each in usages[len(before) - 1].split("|"):
        placeholder = each.strip(" …")
        if not _PLACEHOLDER.fullmatch(placeholder):
            found.append(placeholder)
        elif placeholder == "COMMAND":
            found += commands.COMMANDS
        elif placeholder == _OPTION:
            found += _flags(_by_flag(parser), (), word)
        else:
            found += _candidates(placeholder, before[0], word.text, shell)
    return dict.fromkeys(found), word
