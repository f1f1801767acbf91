"""Starts runs, from the options of a request or from any source."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any, Protocol

from nbstream.client import allowance, continuation, history, settings
from nbstream.client.cache.choice import caching_of
from nbstream.client.insertions import insertion_notes, prompt_of, with_insertions
from nbstream.client.notes import warn
from nbstream.client.request_builder import build_request, parameter_notes, speaks_deepseek, turns
from nbstream.client.retry import Limits
from nbstream.client.routing import route
from nbstream.client.run import Run
from nbstream.client.sources.choice import source_for
from nbstream.client.structured import asking_for, structure_of, with_instruction
from nbstream.client.thinking import rule_for
from nbstream.client.tool_options import check, given_tools, place_of
from nbstream.model.exceptions import RequestError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from nbstream.client.following import Following
    from nbstream.client.options import Options
    from nbstream.client.sources import Source
    from nbstream.client.sources.api import ApiSource
    from nbstream.client.thinking import ReasoningRule
    from nbstream.model.events import Event
    from nbstream.model.notebook import NotebookCell
    from nbstream.model.request import TurnPlace


class Before(Protocol):
    """The turns of a chat that are sent before a prompt."""

    def messages(self, rule: ReasoningRule, /) -> Sequence[Mapping[str, Any]]:
        """Return their messages, without the system's."""

    def shared(self, messages: tuple[Mapping[str, Any], ...], /) -> tuple[Mapping[str, Any], ...]:
        """Return a request's messages, with those that exist already in place of equal ones."""

    def has_asked(self, cell: NotebookCell, /) -> bool:
        """Return whether a cell has asked one of them, so that it is not sent again."""


def source_of(
    prompt: str | None,
    options: Options,
    before: Before | None = None,
    turn: TurnPlace | None = None,
    *,
    warns: bool = True,
) -> ApiSource:
    """Return the source for a request, with a warning for each parameter without effect.

    Args:
        prompt: the prompt.
        options: the options of the request.
        before: the turns of a chat to send before the prompt; None without a chat.
        turn: the turn of the chat that the request asks.
        warns: whether to warn; of many requests with the same options, the first one does.

    Raises:
        RequestError: if the request is not valid.
    """
    return RequestMaker(options).source(prompt, before=before, turn=turn, warns=warns)


class RequestMaker:
    """Makes requests with the same options: server, model, tools and schema are looked up once.

    Args:
        options: the options of every request.

    Raises:
        RequestError: if one of them is not valid, or there is no key.
    """

    def __init__(self, options: Options) -> None:
        self._options = options
        self._caching = caching = caching_of(options)
        # What the cache answers needs no key.
        named = (options.get("model"), options.get("base_url"), options.get("api_key"))
        endpoint, self._model = route(*named, without_key=caching is not None)
        self._tools = given_tools(options)
        check(options, self._tools)
        self._endpoint = endpoint = place_of(self._tools, endpoint)
        declares = {"tools": self._tools} if self._tools else options.get("extra_body")
        is_deepseek, has_blocks = speaks_deepseek(endpoint, self._model), endpoint.facts.api == "anthropic"
        self._rule = rule_for(declares, is_deepseek=is_deepseek, has_blocks=has_blocks)
        self._structure = structure_of(options)

    def source(
        self,
        prompt: str | None,
        changes: Options | None = None,
        *,
        before: Before | None = None,
        turn: TurnPlace | None = None,
        warns: bool = True,
    ) -> ApiSource:
        """Return the source for one request; arguments are as for `source_of`.

        Args:
            prompt: the prompt.
            changes: options of this request alone: `messages` or `fill`.
            before: see `source_of`.
            turn: see `source_of`.
            warns: see `source_of`.

        Raises:
            RequestError: if the request is not valid.
        """
        options: Options = {**self._options, **changes} if changes else self._options
        chosen, endpoint, model = settings.checked(), self._endpoint, self._model
        if options.get("max_tokens") is None and chosen.max_tokens is not None:
            options = {**options, "max_tokens": chosen.max_tokens}
        prompt = prompt_of(prompt, options)
        earlier = before.messages(self._rule) if before is not None else ()
        messages = turns(prompt, options.get("messages"), options.get("system"), chosen.system, earlier)
        is_turn = before.has_asked if before is not None else _is_no_turn
        messages, inserted = with_insertions(messages, prompt, options, endpoint, model, is_turn=is_turn)
        if (structure := self._structure) is not None:
            messages, instruction = with_instruction(messages, structure)
            inserted = (*inserted, instruction)
        request = build_request(endpoint, model, messages, options, chosen.thinking_field, tools=self._tools)
        sent = before.shared(request.messages) if before is not None else request.messages
        request = replace(request, messages=sent, turn=turn, inserted=inserted, caching=self._caching)
        if structure is not None:
            request = asking_for(request, structure, endpoint)
        notes = (endpoint.key_note, *parameter_notes(request, endpoint), *insertion_notes(inserted))
        for sentence in filter(None, notes if warns else ()):
            warn(sentence)
        if prefix := options.get("prefix"):
            return continuation.with_beginning(endpoint, request, prefix)
        return continuation.remember(source_for(endpoint, request), endpoint)


def _is_no_turn(_cell: NotebookCell) -> bool:
    return False


def limits() -> Limits:
    """Return the limits of the settings."""
    chosen = settings.current()
    return Limits(chosen.bytes_idle, chosen.payload_idle, chosen.retries, chosen.max_bytes)


def start_run(source: Source, following: Following | None = None, before: Sequence[Event] = ()) -> Run:
    """Receive the reply of `source`, within the limits of the settings.

    `following` and `before` are as for a `Receiver`.

    Raises:
        RequestError: if a visitor may not start it, see `allowance`; or if there is no key.
    """
    if source.is_sent:
        allowance.check()
        # It may be missing, as the cache might have answered.
        if sentence := getattr(source, "missing_key", ""):
            raise RequestError(sentence)
    run = Run(source, limits(), settings.current().currency, following, before)
    history.remember(run.receiver)
    return run
