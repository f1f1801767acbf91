"""The commands that go on with the last reply, or ask its prompt anew: continue and retry."""

from __future__ import annotations

from typing import TYPE_CHECKING

from nbstream.chat import again
from nbstream.client import history
from nbstream.jupyter import display, shown
from nbstream.language import _
from nbstream.model.exceptions import RequestError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from nbstream.client.continuation import Action
    from nbstream.client.run import Run
    from nbstream.jupyter.commands.command import Context
    from nbstream.model.reply import Reply


def go_on(words: Sequence[str], context: Context) -> None:
    """Go on with the last reply, in this cell's output."""
    _carry_out("continue", words, context)


def retry(words: Sequence[str], context: Context) -> None:
    """Send the request of the last reply again, maybe with other options."""
    _carry_out("retry", words, context)


def _carry_out(action: Action, words: Sequence[str], context: Context) -> None:
    reply = history.last_reply()
    if reply is None:
        raise RequestError(_("There is no reply yet."))
    if not reply.ended:
        raise RequestError(_("The last reply is still arriving. %deepseek cancel stops it."))
    line = context.parse(" ".join(words))
    keep_in_its_cell = shown.keeper_of(reply)

    def keep(new: Reply) -> None:
        keep_in_its_cell(new)
        line.keep(new)

    def start() -> Run:
        run = line.noted(lambda: again.start(again.another(action, reply, line.options), reply, action))
        keep(run.reply)
        return run

    watch = display.watch_in_background if line.is_background else display.watch
    watch(start, line.presentation, keep)
