"""`%deepseek code`, and the same from Python: what can be done with a reply that is there.

This module must not know how a reply is asked for or shown.
"""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

from nbstream.client import api
from nbstream.core.errors import RequestError

if TYPE_CHECKING:
    from nbstream.core.reply import Reply
    from nbstream.render.code import CodeBlock


def code_blocks(reply: Reply | str | None = None) -> list[CodeBlock]:
    """Return the code between fences in a reply's answer, in its order.

    Args:
        reply: a reply, also one that goes on, or Markdown; the default is the last reply.

    Raises:
        RequestError: if there is no reply yet.
    """
    from nbstream.render.code import find_code  # noqa: PLC0415  (markdown-it, so not before it is needed)

    if reply is None and (reply := api.last_reply()) is None:
        raise RequestError("There is no reply yet.")
    return find_code(reply if isinstance(reply, str) else reply.answer)


def run(line: str, shell: Any) -> None:
    """Do what stands on the line after `%deepseek`.

    Raises:
        RequestError: if it cannot be done, and why.
    """
    match line.split():
        case ["code"]:
            _insert(None, shell)
        case ["code", number]:
            _insert(number, shell)
        case _:
            raise RequestError(
                f"%deepseek {line.strip()} is no command: there is %deepseek code [N], and %deepseek for help."
            )


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
        sys.stdout.write(f"{code}\n")
    else:
        shell.set_next_input(code)
