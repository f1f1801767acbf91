"""`%%deepseek --each rows`: the prompt of the cell, once for each row."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from nbstream.batch.asking import CONCURRENCY
from nbstream.batch.rows import RowPrompts
from nbstream.jupyter.many import ask_many
from nbstream.language import _
from nbstream.model.exceptions import RequestError
from nbstream.prompt.names import value_of

if TYPE_CHECKING:
    from argparse import Namespace
    from collections.abc import Callable

    from nbstream.batch.replies import Replies
    from nbstream.client.options import Options
    from nbstream.model.presentation import Audience

#: The flags of the magic that only a job has.
_ONLY_WITH_EACH = ("save", "concurrency")
#: Those that no job has, by their names in the arguments.
_NOT_WITH_EACH = {"chat": "-c", "background": "--background", "above": "--above", "error": "--error", "fill": "--fill"}


def ask_each(
    prompt: str,
    arguments: Namespace,
    options: Options,
    variables: dict[str, Any],
    *,
    audience: Audience,
    made: Callable[[Callable[[], RowPrompts]], RowPrompts],
) -> None:
    """Ask the prompt for each row.

    Args:
        prompt: names columns as `{{ name }}`.
        arguments: the arguments of the magic.
        options: the options of every request.
        variables: the variables of the session.
        audience: the reader.
        made: calls a function, and writes the notes on the options.

    Raises:
        RequestError: if an argument is not valid. Nothing was sent then.
        KeyboardInterrupt: if ■ was pressed.
    """
    if arguments.each is None:
        given = [f"--{name}" for name in _ONLY_WITH_EACH if getattr(arguments, name) is not None]
        raise RequestError(
            _("{given} needs --each: it is for a prompt that is asked for each row.", given=" and ".join(given))
        )
    if given := [flag for name, flag in _NOT_WITH_EACH.items() if getattr(arguments, name)]:
        raise RequestError(_("{given} cannot be used with --each.", given=" and ".join(given)))
    rows = value_of(arguments.each, variables, "--each")
    options["fill"] = None

    def keep(replies: Replies) -> None:
        if arguments.out is not None:
            variables[arguments.out] = replies

    ask_many(
        made(lambda: RowPrompts(prompt, rows, options)),
        audience,
        keep=keep,
        concurrency=CONCURRENCY if arguments.concurrency is None else arguments.concurrency,
        save=arguments.save,
    )
