"""The commands on replies that have arrived, or are arriving: code, show and cancel."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from nbstream.client import history
from nbstream.jupyter import journal
from nbstream.jupyter.display import show_settled
from nbstream.language import _, plural
from nbstream.model.exceptions import RequestError
from nbstream.model.printable import printable

if TYPE_CHECKING:
    from collections.abc import Sequence

    from nbstream.jupyter.commands.command import Context
    from nbstream.markdown.code_blocks import CodeBlock
    from nbstream.model.reply import Reply

#: More digits than any number of replies has.
_DIGITS = 6


def code_blocks(reply: Reply | str | None = None) -> list[CodeBlock]:
    """Return the code between fences in a reply's answer, in its order.

    Args:
        reply: a reply, also one that is still arriving, or Markdown; the default is the last reply.

    Raises:
        RequestError: if there is no reply yet.
    """
    from nbstream.markdown.code_blocks import find_code  # noqa: PLC0415  (markdown-it, so not before it is needed)

    if reply is None and (reply := history.last_reply()) is None:
        raise RequestError(_("There is no reply yet."))
    return find_code(reply if isinstance(reply, str) else reply.answer)


def code(words: Sequence[str], context: Context) -> None:
    """Put a block of code, counted from 1, into the next cell; without a number, the last one."""
    blocks = code_blocks()
    if not blocks:
        raise RequestError(_("The last reply has no code."))
    number = words[0] if words else str(len(blocks))
    if number not in map(str, range(1, len(blocks) + 1)):
        raise RequestError(
            plural(
                "%deepseek code {number}: the last reply has {n} block of code, counted from 1.",
                "%deepseek code {number}: the last reply has {n} blocks of code, counted from 1.",
                len(blocks),
                number=number,
            )
        )
    # Without the controls that would make code look different from what it runs.
    code = printable(blocks[int(number) - 1].code)
    if getattr(context.shell, "simple_prompt", False):
        # Python's own `input` cannot be filled in.
        sys.stdout.write(f"{code}\n")
    else:
        context.shell.set_next_input(code)


def show(words: Sequence[str], context: Context) -> None:
    """Show a reply again, counted back from the last one, which is 1; or recover one."""
    if not words:
        show_settled(None, context.presentation)
        return
    number = words[0]
    if number == "--recover":
        _recover(context)
        return
    back = int(number) - 1 if number.isdecimal() and len(number) < _DIGITS else -1
    reply = history.last_reply(back) if back >= 0 else None
    if reply is None:
        raise RequestError(
            _("%deepseek show {number}: there is no such reply. 1 is the last one, 2 the one before it.", number=number)
        )
    show_settled(reply, context.presentation)


def _recover(context: Context) -> None:
    """Show the newest reply that was cut off by the end of its kernel, and delete its journal."""
    paths = journal.unfinished()
    if not paths:
        raise RequestError(_("There is nothing to recover: no reply was cut off by the end of its kernel."))
    notebook = journal.other_notebook(paths[0])
    try:
        reply = journal.recover(paths[0])
    except OSError as error:
        raise RequestError(_("{paths} cannot be read: {strerror}.", paths=paths[0], strerror=error.strerror)) from None
    history.remember(reply)
    if notebook:
        sys.stdout.write(_("This reply is from another notebook: {notebook}\n", notebook=printable(notebook)))
    show_settled(reply, context.presentation)
    paths[0].unlink(missing_ok=True)
    if len(paths) > 1:
        sys.stdout.write(
            _("There is more to recover: {count}. %deepseek show --recover shows the next.\n", count=len(paths) - 1)
        )


def cancel(_words: Sequence[str], _context: Context) -> None:
    """Stop every reply that is arriving."""
    count = history.cancel_all()
    said = plural("Stopped {n} reply.", "Stopped {n} replies.", count) if count else _("No reply is arriving.")
    sys.stdout.write(f"{said}\n")
