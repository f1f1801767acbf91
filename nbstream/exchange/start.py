"""Starts a reply: its first request, and what follows it."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Unpack

from nbstream.client import api_rules, continuation
from nbstream.client.options import Options, checked, with_signature
from nbstream.client.request_builder import speaks_deepseek
from nbstream.client.sources.choice import source_for
from nbstream.client.start import source_of, start_run
from nbstream.client.thinking import rule_for
from nbstream.client.tool_options import MAX_STEPS, allowed, check, given_tools
from nbstream.language import _
from nbstream.model.exceptions import RequestError
from nbstream.model.request import MESSAGES

if TYPE_CHECKING:
    from collections.abc import Sequence

    from nbstream.client.run import Run
    from nbstream.client.sources.api import ApiSource
    from nbstream.exchange.exchange import Exchange
    from nbstream.model.events import Event, StepCause
    from nbstream.model.request import Request
    from nbstream.tools.tool import Tool


def stream(prompt: str | None = None, **options: Unpack[Options]) -> Run:
    """Send a request and return its `Run` at once, without showing anything.

    Tools run on the thread that waits for the run: in `run.result()`, `await run`, or `async for`.

    Args:
        prompt: the prompt, taken literally unless `fill` is given.
        **options: see `nbstream.client.options.Options`.

    Raises:
        RequestError: if the request is not valid. Nothing was sent then.
    """
    given = checked(options, "stream")
    return start(source_of(prompt, given), given)


def start(source: ApiSource, options: Options, before: Sequence[Event] = (), cause: StepCause | None = None) -> Run:
    """Start the reply of a request, and carry it on while the model calls tools.

    Args:
        source: the request.
        options: the options of the request; those about tools count here.
        before: the events of an earlier part of the reply. Without a `cause`, its calls are carried
            on; `source` is its last request then, and is not sent again.
        cause: with it, `source` is sent after that part, and goes on with the reply's last answer.

    Raises:
        RequestError: if an option about tools is not valid.
    """
    then = following(source, options)
    if cause is None:
        return start_run(source, then, before)
    from nbstream.exchange.last_request import LastRequest  # noqa: PLC0415  (only where it is used)

    return start_run(source, LastRequest(source, cause, then), before)


def following(source: ApiSource, options: Options) -> Exchange | None:
    """Return what follows the response of a request; None if nothing can.

    Without `tools` in the options, the tools that the request declares are those of this session
    that were declared in the same words.
    """
    tools = _tools_of(source, options)
    check(options, tools)
    structure = source.request.structure
    if not tools and (structure is None or structure.tries == 1):
        return None
    from nbstream.exchange.exchange import Exchange  # noqa: PLC0415  (only where it is used)

    endpoint, first = source.endpoint, source.request
    is_deepseek, has_blocks = speaks_deepseek(endpoint, first.model), first.address.call == MESSAGES

    def next_source(request: Request) -> ApiSource:
        messages = tuple(api_rules.fitted(request.messages, endpoint, request.model))
        return continuation.remember(source_for(endpoint, replace(request, messages=messages)), endpoint)

    return Exchange(
        tools,
        next_source,
        allowed(options),
        options.get("max_steps") or MAX_STEPS,
        rule=rule_for(first.parameters, is_deepseek=is_deepseek, has_blocks=has_blocks),
        secrets=source.secrets,
    )


def refuse_without_tools(source: ApiSource, options: Options) -> None:
    """Refuse to carry on a reply whose tools this session does not have.

    Raises:
        RequestError: if it has none of them.
    """
    if not _tools_of(source, options):
        raise RequestError(_("The tools of this reply are not known in this session: name them in `tools=`."))


def _tools_of(source: ApiSource, options: Options) -> tuple[Tool, ...]:
    given = given_tools(options)
    if not given and "tools" not in source.request.parameters:
        return ()
    from nbstream.exchange import known_tools  # noqa: PLC0415  (only where it is used)

    return tuple(known_tools.remembered(given) or known_tools.declared(source.request))


with_signature(stream)
