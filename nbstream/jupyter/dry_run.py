"""`%%deepseek --dry-run` and `nbstream.dry_run`: what would be sent, and what it may cost."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

from nbstream.chat import names
from nbstream.client import settings
from nbstream.client.budgets.dry_run import dry_run_of
from nbstream.client.options import NAMES, checked, with_signature
from nbstream.client.start import source_of
from nbstream.language import _
from nbstream.model.exceptions import RequestError

if TYPE_CHECKING:
    from argparse import Namespace
    from collections.abc import Iterable, Iterator, Mapping

    from nbstream.batch.asking import Prompts
    from nbstream.client.budgets.dry_run import DryRun
    from nbstream.client.options import Options
    from nbstream.model.presentation import Audience
    from nbstream.model.request import Request


def dry_run(prompt: str | Iterable[Any] | None = None, **options: Any) -> DryRun:
    """Return what a request would take, without sending it: its tokens, and the range of its cost.

    Args:
        prompt: what `nbstream.ask` takes, or the prompts of `nbstream.map`.
        **options: the options of the requests.

    Raises:
        RequestError: if a request cannot be made as asked, or if there is none.
    """
    given = checked(options, "dry_run")
    if prompt is None or isinstance(prompt, str):
        return _found([source_of(prompt, given).request])
    from nbstream.batch.asking import Prompts  # noqa: PLC0415  (only where it is used)

    return _found(_of_prompts(Prompts(prompt, given)))


def show_dry_run(
    prompt: str, arguments: Namespace, options: Options, variables: Mapping[str, Any], audience: Audience
) -> None:
    """Show what a cell would send.

    Args:
        prompt: the prompt.
        arguments: the arguments of the magic.
        options: the options of every request.
        variables: the variables of the session.
        audience: the reader.

    Raises:
        RequestError: if a request cannot be made as asked, or if there is none.
    """
    from nbstream.output.dry_run import dry_run_html, dry_run_text  # noqa: PLC0415  (only where it is used)

    found = _found(_requests(prompt, arguments, options, variables))
    if audience == "cell":
        from IPython.display import publish_display_data  # noqa: PLC0415  (only where it is used)

        publish_display_data({"text/html": dry_run_html(found), "text/plain": dry_run_text(found)})
    else:
        sys.stdout.write(f"{dry_run_text(found)}\n")


def _requests(prompt: str, arguments: Namespace, options: Options, variables: Mapping[str, Any]) -> Iterable[Request]:
    name = names.default if arguments.chat is None else arguments.chat
    chat = "" if name == names.OFF else name
    if arguments.each is not None:
        from nbstream.batch.rows import RowPrompts  # noqa: PLC0415  (only where it is used)
        from nbstream.prompt.names import value_of  # noqa: PLC0415  (as above)

        rows = value_of(arguments.each, variables, "--each")
        return _of_prompts(RowPrompts(prompt, rows, {**options, "fill": None}))
    given: dict[str, Any] = {each: value for each, value in options.items() if value is not None}
    if arguments.compare is not None:
        from nbstream.comparison import columns  # noqa: PLC0415  (only where it is used)
        from nbstream.comparison.one_line import specs_of  # noqa: PLC0415  (as above)
        from nbstream.comparison.specs import read_specs  # noqa: PLC0415  (as above)

        common = {**given, "chat": chat} if chat else given
        specs = read_specs(prompt, specs_of(arguments.compare), common)
        found, _ = columns.prepared(specs, {each: value for each, value in common.items() if each != "chat"})
        return [column.source.request for column in found]
    if chat:
        from nbstream.chat.conversation import Chat  # noqa: PLC0415  (only where it is used)

        return [Chat(chat).question(prompt, given)[0].request]
    return [source_of(prompt, options).request]


def _of_prompts(prompts: Prompts) -> Iterator[Request]:
    return (prompts.prepare(item).source.request for item in prompts.items)


def _found(requests: Iterable[Request]) -> DryRun:
    found = dry_run_of(requests, settings.current().currency)
    if found is None:
        raise RequestError(_("There is no prompt, so there would be no request."))
    return found


with_signature(dry_run, NAMES)
