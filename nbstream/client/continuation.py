"""Requests that go on with a reply, or with a beginning of the answer that the user gives.

DeepSeek's form is "Chat Prefix Completion" (its documentation, November 2026): below `/beta`, with
the answer so far as the last message.
"""

from __future__ import annotations

from contextlib import nullcontext
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Literal, TypeAlias, get_args

from nbstream.client import models, settings, tapes
from nbstream.client.budgets.needs import as_asked
from nbstream.client.cache.choice import caching_of
from nbstream.client.endpoint_facts import MaxTokensField
from nbstream.client.insertions import refuse_unseen
from nbstream.client.json_values import JsonValues
from nbstream.client.request_builder import build_request, speaks_deepseek
from nbstream.client.routing import Route, route, with_present_key
from nbstream.client.sources.choice import source_for
from nbstream.client.structured import structure_of
from nbstream.client.thinking import field_that_switches_off
from nbstream.client.tool_options import given_tools
from nbstream.language import _, listed
from nbstream.model.earlier import Earlier
from nbstream.model.exceptions import RequestError
from nbstream.model.request import FIM
from nbstream.model.retelling import earlier_of
from nbstream.model.warning import ReplyWarning
from nbstream.sessions.per_session import PerSession

if TYPE_CHECKING:
    from collections.abc import Mapping

    from nbstream.client.endpoints import Endpoint
    from nbstream.client.options import Options
    from nbstream.client.sources.api import ApiSource
    from nbstream.model.caching import Caching
    from nbstream.model.reply import Reply
    from nbstream.model.request import Request
    from nbstream.model.structure import Structure

#: What can be done about a reply that is not whole.
Action: TypeAlias = Literal["continue", "retry"]

#: The servers that requests of this session went to, by origin, path and model, and whether a
#: recording answered; at most so many.
_used: PerSession[dict[tuple[str, str, str, bool], Endpoint]] = PerSession(dict)
_MOST = 100
#: The options that a second request may change; it has the messages of the first one.
_FIXED = ("messages", "system", "prefix", "values", "files", "fill", "above", "error", "schema", "json")
#: The field that asks for JSON.
_FORMAT = "response_format"
#: The parameters that nearly every server knows.
_COMMON = ("max_tokens", "temperature", "top_p", "stop", "prompt", "suffix")


def obstacle(reply: Reply) -> str:
    """Return why a reply cannot be continued, as a sentence; empty if it can."""
    if not reply.ended:
        return _("The reply is still arriving.")
    if reply.tool_calls:
        return _("The reply asks for tool calls: it goes on with their results, and not by itself.")
    if reply.refusal or reply.finish_reason == "content_filter":
        return _("The answer was refused, and would be again: change the prompt and ask anew.")
    if reply.status == "complete" or reply.finish_reason in ("stop", "tool_calls"):
        return _("The reply is complete: the model ended it by itself.")
    if not reply.request.endpoint:
        return _("The reply is a recording.")
    if not is_known(reply.request):
        return _("The reply's prompt is not known any more: a journal holds no prompts.")
    if reply.status == "failed" and not (reply.answer or reply.reasoning):
        return _("The reply failed before anything of it had arrived: ask anew.")
    return ""


def actions(reply: Reply) -> list[Action]:
    """Return what a user can do about a reply in the place where it is: continue, retry.

    A reply whose answer had not begun can only be asked anew.
    """
    if reply.status == "complete" or not is_known(reply.request):
        return []
    endpoint = _used.get().get(_key(reply.request, is_replayed=_is_replayed(reply)))
    can_go_on = endpoint is not None and (endpoint.continuing or reply.request.address.call == FIM)
    has_answer = reply.answer.strip() and not obstacle(reply)
    return ["continue", "retry"] if can_go_on and has_answer else ["retry"]


def resumed(reply: Reply, options: Options) -> ApiSource:
    """Return the source for a request that goes on with `reply`, with these options changed.

    A reply that ended before an answer began is asked anew.

    Raises:
        RequestError: if the reply cannot be continued, or its server does not go on with a text.
    """
    if sentence := obstacle(reply):
        raise RequestError(sentence)
    endpoint, request = _again(reply, options)
    before = reply.earlier
    if request.address.call == FIM:
        return _filling_on(endpoint, request, earlier_of(reply), len(before.answer) if before is not None else 0)
    own_answer = str(reply.message["content"])[len(before.answer) if before is not None else 0 :]
    if own_answer.strip() or (before is not None and before.requests):
        messages = request.messages if before is None else request.messages[:-1]
        left_out = before.left_out if before is not None else {}
        earlier = replace(earlier_of(reply), left_out=left_out)
        return _going_on(endpoint, replace(request, messages=messages), earlier)
    anew = replace(request, warnings=(*request.warnings, ReplyWarning("asked_anew")))
    if before is None:
        return remember(source_for(endpoint, anew), endpoint)
    # The beginning that the user gave is the last message.
    return _going_on(endpoint, replace(anew, messages=anew.messages[:-1]), before)


def retried(reply: Reply, options: Options) -> ApiSource:
    """Return the source for the request of `reply`, sent again with these options changed.

    Raises:
        RequestError: if the request is not known, or an option is not valid.
    """
    if not is_known(reply.request):
        raise RequestError(_("The request of this reply is not known, so it cannot be sent again."))
    endpoint, request = _again(reply, options)
    if request.address.call == FIM:
        begun = len(reply.earlier.answer) if reply.earlier is not None else 0
        return _filling_on(endpoint, request, None, begun)
    if reply.earlier is not None:
        request = replace(request, messages=request.messages[:-1])
        if endpoint.origin == reply.request.endpoint:
            request = replace(request, parameters={**reply.earlier.left_out, **request.parameters})
        if reply.earlier.given:
            return with_beginning(endpoint, request, reply.earlier.given)
    return remember(source_for(endpoint, request), endpoint)


def with_beginning(endpoint: Endpoint, request: Request, beginning: str) -> ApiSource:
    """Return the source for a request whose answer begins with a text that the user gives.

    Raises:
        RequestError: if the server does not go on with a text.
    """
    return _going_on(endpoint, request, Earlier(beginning, given=beginning))


def remember(source: ApiSource, endpoint: Endpoint) -> ApiSource:
    """Remember the server of a request, so that the request can be sent again; return `source`.

    A request does not hold the key.
    """
    key = _key(source.request, is_replayed=endpoint.player is not None)
    used = _used.get()
    used.pop(key, None)
    used[key] = endpoint
    if len(used) > _MOST:
        del used[next(iter(used))]
    return source


def _key(request: Request, *, is_replayed: bool) -> tuple[str, str, str, bool]:
    return request.endpoint, request.address.path, request.model, is_replayed


def _is_replayed(reply: Reply) -> bool:
    """Return whether a recording answered, or had no response to the request."""
    is_unknown = reply.error is not None and reply.error.kind == "not_recorded"
    recorded = [step.recorded for step in reply.steps if step.recorded is not None]
    return is_unknown or any(each.kind == "recording" for each in recorded)


def is_known(request: Request) -> bool:
    """Return whether a request can be sent again: a recording cannot, and a journal holds none."""
    return bool(request.endpoint and (request.messages or "prompt" in request.parameters))


def _again(reply: Reply, options: Options) -> tuple[Endpoint, Request]:
    """Return the server and the request, with these options changed."""
    from nbstream.client.hidden_fields import refuse_forgotten  # noqa: PLC0415  (only where it is used)

    given: Mapping[str, Any] = {name: value for name, value in options.items() if value is not None}
    if fixed := [f"`{name}=`" for name in _FIXED if given.get(name)]:
        names = listed(fixed, " and ", " and ")
        raise RequestError(_("{fixed} cannot be changed: the same messages are sent again.", fixed=names))
    # A budget may have room for more by now.
    chosen, request = settings.current(), as_asked(reply.request)
    endpoint, model = _server(reply, given)
    refuse_unseen(request.inserted, model)
    tools = given_tools(options)
    new = build_request(endpoint, model, request.messages, options, chosen.thinking_field, tools=tools)
    old = dict(request.parameters)
    if endpoint.origin != request.endpoint:
        # Other fields may be known to the first server only.
        old = {name: value for name, value in old.items() if name in _COMMON}
    if given.get("thinking") is False:
        old.pop("reasoning_effort", None)
    parameters = {**old, **new.parameters}
    if "max_tokens" not in given:
        # Not the limit that a server gets if none is given.
        parameters |= {name: old[name] for name in get_args(MaxTokensField) if name in old}
    refuse_forgotten(parameters)
    address = replace(endpoint.beta.address, call=FIM) if request.address.call == FIM else new.address
    new = replace(new, turn=request.turn, inserted=request.inserted, structure=_structure(request, given))
    new = replace(new, caching=_caching(request, options))
    return endpoint, replace(new, parameters=parameters, address=address)


def _caching(request: Request, options: Options) -> Caching | None:
    """Return what a request that is sent again asks of the cache: the reply is always a new one."""
    names = ("cache", "sample", "fresh")
    known = request.caching
    if any(options.get(name) is not None for name in names):
        given: Options = {**options, "cache": options.get("cache", known is not None and (known.folder or True))}
        known = caching_of(given)
    return None if known is None else replace(known, is_fresh=True)


def _structure(request: Request, options: Mapping[str, Any]) -> Structure | None:
    """Return the form of the answer, with the number of tries that the options give."""
    asked = structure_of({"json": True, "tries": options.get("tries")})
    if request.structure is None or asked is None or options.get("tries") is None:
        return request.structure
    return replace(request.structure, tries=asked.tries)


def _server(reply: Reply, given: Mapping[str, Any]) -> Route:
    """Return the server of a request that is sent again, and the model."""
    request, is_replayed = reply.request, _is_replayed(reply)
    used = _used.get().get(_key(request, is_replayed=is_replayed))
    base_url, api_key, model = (given.get(name) for name in ("base_url", "api_key", "model"))
    if used is not None and base_url is None and api_key is None:
        # A key that the server refused may have been replaced since.
        used = tapes.applied(with_present_key(used))
        if model is None:
            return Route(used, request.model)
        # With a slash, it may name another server.
        if "/" not in model or used.facts.slashes != "never":
            aliases = settings.current().aliases
            return Route(used, models.resolve(model, aliases, on_deepseek=used.on_deepseek))
        base_url = None
    elif base_url is None and used is not None:
        base_url = used.base_url
    # What was replayed goes to no server, unless one is named.
    player = used.player if used is not None and given.get("base_url") is None else None
    with tapes.for_one(tapes.Tapes(player)) if player is not None else nullcontext():
        found = route(model or request.model, base_url, api_key)
    if base_url is None and model is None and found.endpoint.origin != request.endpoint:
        raise RequestError(
            _("{endpoint} is not the server any more: give `base_url=` and `api_key=`.", endpoint=request.endpoint)
        )
    return found


def _filling_on(endpoint: Endpoint, request: Request, earlier: Earlier | None, begun: int) -> ApiSource:
    """Return the source for a gap in a text that is filled in further, or anew.

    Args:
        endpoint: the server.
        request: the last request.
        earlier: what the reply goes on with; None to fill in the gap anew.
        begun: how many characters at the end of the request's text came from the model.
    """
    prompt = str(request.parameters["prompt"])
    prompt = prompt[: len(prompt) - begun] + (earlier.answer if earlier is not None else "")
    caching = request.caching if earlier is None else None
    request = replace(request, parameters={**request.parameters, "prompt": prompt}, caching=caching)
    return remember(source_for(endpoint.beta, request, earlier), endpoint)


def _going_on(endpoint: Endpoint, request: Request, earlier: Earlier) -> ApiSource:
    """Return the source for a request that goes on with `earlier`, which follows its messages."""
    message: dict[str, Any] = {"role": "assistant", "content": earlier.answer}
    parameters = dict(request.parameters)
    match endpoint.continuing:
        case "prefix":
            message["prefix"] = True
        case "continue_final_message":
            parameters |= {"continue_final_message": True, "add_generation_prompt": False}
        case "prefill":
            pass
        case _:
            raise RequestError(
                _(
                    "{server} is not known to go on with the beginning of an answer. Nothing was sent. The field "
                    "`continuing` of an endpoint says how a server does.",
                    server=endpoint.server,
                )
            )
    if speaks_deepseek(endpoint, request.model) and not field_that_switches_off(parameters):
        message["reasoning_content"] = earlier.reasoning
    if earlier.requests and _FORMAT in parameters:
        # The rest alone is no JSON, and DeepSeek replaces output that is none by spaces.
        earlier = replace(earlier, left_out={**earlier.left_out, _FORMAT: parameters.pop(_FORMAT)})
    values = JsonValues()
    messages = (*request.messages, values.read(message, "messages"))
    told = (ReplyWarning("left_out", where=name) for name in earlier.left_out)
    warnings = (*request.warnings, *values.warnings, *told)
    place = endpoint.for_continuing
    # The rest of a reply that was cut off is no answer of its own.
    caching = None if earlier.requests else request.caching
    request = replace(request, messages=messages, parameters=parameters, warnings=warnings, caching=caching)
    request = replace(request, address=place.address)
    return remember(source_for(place, request, earlier), endpoint)
