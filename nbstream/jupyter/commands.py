"""`%deepseek code`, `show` and `cancel`: what can be done with replies that are there, or were when the kernel ended.

This module must not know how a reply is asked for.
"""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

from nbstream.client import history
from nbstream.jupyter import display, journal
from nbstream.model.exceptions import RequestError
from nbstream.model.printable import printable

if TYPE_CHECKING:
    from nbstream.markdown.code_blocks import CodeBlock
    from nbstream.model.presentation import Presentation
    from nbstream.model.reply import Reply


#: More digits than any count of replies has.
_DIGITS = 6


def code_blocks(reply: Reply | str | None = None) -> list[CodeBlock]:
    """Return the code between fences in a reply's answer, in its order.

    Args:
        reply: a reply, also one that goes on, or Markdown; the default is the last reply.

    Raises:
        RequestError: if there is no reply yet.
    """
    from nbstream.markdown.code_blocks import find_code  # noqa: PLC0415  (markdown-it, so not before it is needed)

    if reply is None and (reply := history.last_reply()) is None:
        raise RequestError("There is no reply yet.")
    return find_code(reply if isinstance(reply, str) else reply.answer)


def run(line: str, shell: Any, presentation: Presentation) -> None:
    """Carry out the command on the line after `%deepseek`; `presentation` is how it shows a reply.

    Raises:
        RequestError: if it cannot be done, and why.
    """
    match line.split():
        case ["code"]:
            _insert(None, shell)
        case ["code", number]:
            _insert(number, shell)
        case ["show"]:
            display.show_settled(None, presentation)
        case ["show", "--recover"]:
            _recover(presentation)
        case ["show", number]:
            _show(number, presentation)
        case ["cancel"]:
            _cancel()
        case _:
            raise RequestError(
                f"%deepseek {line.strip()} is no command: there are code [N], show [N], show --recover and cancel, "
                "and %deepseek for help."
            )


def _show(number: str, presentation: Presentation) -> None:
    """Show a reply again, counted back from the last one, which is 1."""
    back = int(number) - 1 if number.isdecimal() and len(number) < _DIGITS else -1
    reply = history.last_reply(back) if back >= 0 else None
    if reply is None:
        raise RequestError(
            f"%deepseek show {number}: replies are counted back from the last one, which is 1; so many there are not."
        )
    display.show_settled(reply, presentation)


def _recover(presentation: Presentation) -> None:
    """Show the newest reply that was cut off by the end of its kernel, and forget its journal."""
    paths = journal.unfinished()
    if not paths:
        raise RequestError("There is nothing to recover: no reply was cut off by the end of its kernel.")
    try:
        reply = journal.recover(paths[0])
    except OSError as error:
        raise RequestError(f"{paths[0]} cannot be read: {error.strerror}.") from None
    history.remember(reply)
    display.show_settled(reply, presentation)
    paths[0].unlink(missing_ok=True)
    if len(paths) > 1:
        sys.stdout.write(f"There is more to recover: {len(paths) - 1}. %deepseek show --recover shows the next.\n")


def _cancel() -> None:
    count = history.cancel_all()
    sys.stdout.write(f"Stopped {count} {'reply' if count == 1 else 'replies'}.\n" if count else "No reply goes on.\n")


def _insert(number: str | None, shell: Any) -> None:
    """Put a block of code, counted from 1, into the next cell; without a number, the last one."""
    blocks = code_blocks()
    if not blocks:
        raise RequestError("The last reply has no code.")
    number = number or str(len(blocks))
    if number not in map(str, range(1, len(blocks) + 1)):
        count = "1 block" if len(blocks) == 1 else f"{len(blocks)} blocks"
        raise RequestError(f"%deepseek code {number}: the last reply has {count} of code, counted from 1.")
    code = blocks[int(number) - 1].code
    if getattr(shell, "simple_prompt", False):
        # Python's own `input` cannot be filled in.
        sys.stdout.write(f"{printable(code)}\n")
    else:
        shell.set_next_input(code)
