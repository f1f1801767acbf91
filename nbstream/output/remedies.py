"""What to do about a failure, from what the server said and from the request."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from nbstream.client import models
from nbstream.client.endpoint_facts import presets
from nbstream.client.endpoints import DEFAULT
from nbstream.exchange.actions import actions
from nbstream.language import _, joined, listed, marked
from nbstream.model.printable import one_line
from nbstream.model.request import MESSAGES
from nbstream.model.token_estimate import TOKENS_PER_CHARACTER
from nbstream.output.audience import spoken

if TYPE_CHECKING:
    from nbstream.model.failure import Failure
    from nbstream.model.presentation import Audience
    from nbstream.model.reply import Reply
    from nbstream.model.request import Request

#: The fields that limit the tokens of a reply.
LIMITS = ("max_tokens", "max_completion_tokens")
_EMPTY = marked(
    "llama-cpp-python answers so if the prompt is longer than the model's context: shorten the prompt, or look into "
    "the server's log."
)
_BY_STATUS = {
    400: marked("The request was not accepted as it is; change it and {again}."),
    403: marked("The key may not use this model or this server."),
    407: marked(
        "A proxy in between wants a user name and a password; name them in HTTPS_PROXY before the kernel starts."
    ),
    408: marked("The server did not wait any longer; {again}."),
    409: marked("The server was busy with something that excludes this request; {again}."),
    413: marked("The prompt is larger than the server accepts."),
    422: marked("A parameter is missing, of a wrong type, or out of the range that the server accepts."),
}
_SERVER_FAULT = marked("The fault is on the server's side; {again} later.")
_BASE_URL = marked(
    "Check the base URL: it ends where /chat/completions begins, often in /v1. A proxy may also be in between."
)
#: The remedies that follow from the cause alone, whatever the kind.
_BY_CAUSE = {
    "allowance": marked("The owner of the page decides about it."),
    "policy": marked("Whoever wrote the file decides about it."),
    "redirect": marked("Neither prompt nor key was sent there; set the base URL if you trust it."),
    "balance": marked("Top up the account, then {again}."),
    "output_limit": marked("Give `max_tokens=` a value that the server accepts."),
    "round_trip": marked(
        "The request was not accepted as it is: an earlier assistant message lacks its reasoning. Put "
        '`reply.message` into messages=, or give each assistant message a reasoning_content, "" where there was none.'
    ),
    "json_word": marked("Name JSON in the prompt and {again}."),
    "response_format": marked(
        "The prompt asks for JSON by itself: {again} with `extra_body=` "
        '{"response_format": {"type": "text"}}, or set the field `schema` of its endpoint to none. Some servers take '
        "json_schema_only."
    ),
    "no_thinking": marked("This model cannot think: leave out `thinking=True` and `effort=`."),
    "path": marked("Check the model's name and the base URL; many servers need it to end in /v1."),
    "other_path": marked("Check the model's name, and the base URL before its /v1."),
    "key_budget": marked(
        "That is the budget of your key, not a limit of speed: to wait helps only if it begins anew. "
        "Whoever gave you the key can raise it."
    ),
    "key_model": marked(
        "Your key may not use this model: ask for another one (%deepseek models lists them), or ask whoever "
        "gave you the key."
    ),
    "upstream_balance": marked(
        "That is the account of the proxy at its provider, not yours: whoever runs it can top it up."
    ),
    "upstream_key": marked("That is the key which the proxy holds for its provider, not yours; correct it there."),
    "scheme": marked("Let the base URL begin with https://."),
    "region": marked("The server does not serve this country or network."),
    "content": marked("A content filter refuses the prompt; word it differently, then {again}."),
    "loading": marked("The server is still loading the model; wait, then {again}."),
    "loopback": marked("Check that the server is running."),
    "untrusted": marked(
        "If a proxy or your own authority issued the certificate, name the authority's file in the "
        "environment variable SSL_CERT_FILE before the kernel starts."
    ),
    "certificate": marked(
        "Check the base URL and this machine's clock; the certificate is not valid for this name or time."
    ),
    "not_tls": marked("The server does not speak TLS: the base URL may have to begin with http://."),
    "reply": marked("To accept more: `settings.max_bytes = {twice}`"),
    "event": marked("To accept more: `settings.max_bytes = {twice}`"),
    "page": _BASE_URL,
    "not_json": _BASE_URL,
    "no_list": _BASE_URL,
    "other_api": _BASE_URL,
    "empty": _EMPTY,
}
_MESSAGES_URL = marked("Check the base URL: it ends where /v1/messages begins. A proxy may also be in between.")
#: Those that differ for a request to Anthropic's API.
_IN_MESSAGES = {
    "round_trip": marked(
        "The request was not accepted as it is: an earlier assistant message lacks its thoughts, or another "
        "server signed them. Put `reply.message` into messages=, or begin another conversation."
    ),
    "no_thinking": marked(
        "This model takes another form of thinking, or cannot think: leave out `thinking=True` and "
        "`effort=`, or let the endpoint's thinking_field be adaptive or budget."
    ),
    "path": marked("Check the model's name and the base URL, which ends where /v1/messages begins."),
    **dict.fromkeys(("page", "not_json", "no_list", "other_api"), _MESSAGES_URL),
}
_BY_KIND = {
    "not_recorded": marked("Ask as it was recorded, or record this request as well."),
    "unsent": marked("Change it, then {again}."),
    "unreachable": marked("Check the network and the base URL."),
    "not_a_stream": marked("Check the base URL and the model."),
    "white_space": marked(
        "With response_format json_object, models may do this if no message asks for JSON: name JSON in the "
        "prompt and {again}."
    ),
    "worker": marked("Check the worker's log, then {again}."),
    "internal": marked("Please report this."),
}
#: What to do about a budget, by its scope.
_BY_BUDGET = {
    "block": marked("Give the block a larger budget."),
    "cell": marked("A larger one: %deepseek budget AMOUNT --per-cell; %deepseek budget off --per-cell ends it."),
    "day": marked("A larger one: %deepseek budget AMOUNT --day; %deepseek budget off --day ends it."),
    "month": marked("A larger one: %deepseek budget AMOUNT --month; %deepseek budget off --month ends it."),
    "rule": marked("%deepseek config shows where it is set."),
    "": marked("A larger one: %deepseek budget AMOUNT; %deepseek budget off ends it."),
}
_UNPRICED = marked(
    "Set a budget in tokens, or give the model a price; %deepseek budget AMOUNT --allow-unknown sends it uncounted."
)
_UNPRICED_IN_BLOCK = marked("Give the block a budget in `tokens=`, or `allow_unknown=True`, which sends it uncounted.")
_UNPRICED_BY_RULE = marked("Give the model a price. %deepseek config shows where the budget is set.")
#: What to do about a key that the server refuses, by its origin.
_BY_KEY = {
    "": marked("Check {variable} or `api_key=`, and that the key belongs to this server."),
    "argument": marked("Check the key that was given as `api_key=`, and that it belongs to this server."),
    "environment": marked("Check {variable}, and that its key belongs to this server."),
    "prompt": marked("It is the key that was typed for this server."),
    "keyring": marked("It is the key in your keyring."),
    "colab": marked("Check the secret {variable} in Colab's left column, and that its key belongs to this server."),
    "elsewhere": marked("No key was sent: {variable} belongs to another server."),
    "none": marked("No key was sent, as none is set."),
}
#: The origins of keys with which another key has to be given.
_ENTERED = ("prompt", "keyring", "elsewhere", "none")
#: How to give a key, in a cell and in Python: to an endpoint, to one that was moved, to any other
#: server.
_SET = (
    marked("Enter one with {command}, or set {variable} before the kernel starts."),
    marked("Give one as `api_key=`, or set {variable} before the kernel starts."),
)
_NAME_IT = (
    marked("Enter one with {command}, or give the endpoint {name} a key_variable beside its base_url."),
    marked("Give one as `api_key=`, or give the endpoint {name} a key_variable beside its base_url."),
)
_SET_BOTH = (
    marked("Enter one with {command}, or set DEEPSEEK_BASE_URL and DEEPSEEK_API_KEY together for {server}."),
    marked("Give one as `api_key=`, or set DEEPSEEK_BASE_URL and DEEPSEEK_API_KEY together for {server}."),
)
#: The options that send a field of the request.
_FIELDS = {
    "thinking": marked("`thinking=True` and `thinking=False`"),
    "chat_template_kwargs": marked("`thinking=True` and `thinking=False`"),
    "enable_thinking": marked("`thinking=True` and `thinking=False`"),
    "reasoning": marked("`thinking=True` and `thinking=False`"),
    "reasoning_effort": "`effort=`",
}
_DEEPSEEKS_WORDS = re.compile("model not exist|supported api model names|deepseekexception", re.IGNORECASE)

_MINUTE = 60.0


def remedy(failure: Failure, reply: Reply, audience: Audience) -> str:
    """Return which part of a failed `reply` was kept, and the next thing to do."""
    is_kept = bool(reply.reasoning or reply.answer or reply.tool_calls or reply.cause)
    advice = _advice(failure, reply.request, audience)
    if not advice and "continue" in actions(reply):
        return spoken(_("What arrived is kept: {resume} goes on with it, {retry} asks anew."), audience)
    if not advice:
        said = _("What arrived is kept; {again}.") if is_kept else _("Nothing of it had arrived; {again}.")
        return spoken(said, audience)
    twice = f"{2 * (failure.limit or 0):.0f}"
    advice = advice.replace("{server}", failure.server).replace("{twice}", twice)
    return spoken(joined(_("What arrived is kept."), advice) if is_kept else advice, audience)


def _advice(failure: Failure, request: Request, audience: Audience) -> str:
    match failure.kind, failure.cause:
        case "budget", "unpriced":
            return _({"block": _UNPRICED_IN_BLOCK, "rule": _UNPRICED_BY_RULE}.get(failure.code or "", _UNPRICED))
        case "budget", _:
            return _(_BY_BUDGET.get(failure.code or "", _BY_BUDGET[""]))
        case _, "key":
            return _about_key(request, audience)
        case _, "model":
            return _other_model(failure, request, audience)
        case "unreachable", "loopback" if former := _former(request):
            older = _("Older versions listen at {url}: `base_url=` {url}.", url=former)
            return joined(_(_BY_CAUSE["loopback"]), older)
        case _, "context":
            return _shorter(request)
        case _, "rate":
            return _wait(failure)
        case _, "balance" if "max_tokens" in failure.said:
            return joined(_(_BY_CAUSE["balance"]), _("With a lower `max_tokens=` it may be enough."))
        case _, "unknown_field":
            return _without(_named_fields(failure, request), request)
    own = _IN_MESSAGES if request.address.call == MESSAGES else {}
    advice = own.get(failure.cause) or _BY_CAUSE.get(failure.cause) or _BY_KIND.get(failure.kind, "")
    if advice or (status := failure.status_code) is None:
        return _(advice) if advice else ""
    if status == 500 and request.endpoint_name and request.key_variable and request.key_origin in ("none", "elsewhere"):  # noqa: PLR2004
        # LiteLLM says no more if a key is missing.
        return joined(_(_SERVER_FAULT), _about_key(request, audience))
    # Servers name a field that they do not know in many ways.
    if status in (400, 422) and (fields := _named_fields(failure, request)):
        return _without(fields, request)
    advice = _BY_STATUS.get(status, _SERVER_FAULT if status >= 500 else "")  # noqa: PLR2004  (HTTP's server errors)
    advice = _(advice) if advice else ""
    return advice if failure.retry_after is None else joined(advice, _wait(failure))


def _former(request: Request) -> str:
    """Return where older versions of the server listen, if the request went elsewhere."""
    facts = presets().get(request.endpoint_name)
    is_usual = facts is not None and facts.base_url.startswith(f"{request.endpoint}/")
    return facts.former_url if facts is not None and is_usual else ""


def _about_key(request: Request, audience: Audience) -> str:
    """Return what to do about the key of a request, or about a key that was not sent."""
    origin, server = request.key_origin, request.endpoint_name or request.endpoint
    variable = request.key_variable or "DEEPSEEK_API_KEY"
    said = _(_BY_KEY[origin], variable=variable)
    if origin not in _ENTERED:
        return said
    command = f"%deepseek key {server}".rstrip() + (" --save" if origin == "keyring" else "")
    if origin in ("prompt", "keyring"):
        if audience == "python":
            return joined(said, _("Give one as `api_key=`."))
        return joined(said, _("Enter one with {command}.", command=command))
    ways = _SET_BOTH
    if request.key_variable and request.endpoint_name:
        ways = _NAME_IT if origin == "elsewhere" else _SET
    sentence = ways[audience == "python"]
    return joined(said, _(sentence, command=command, name=request.endpoint_name, variable=variable, server="{server}"))


def _other_model(failure: Failure, request: Request, audience: Audience) -> str:
    asked = one_line(request.model)
    is_deepseek = failure.server == "DeepSeek" or _DEEPSEEKS_WORDS.search(failure.said)
    is_gone = failure.status_code == 410 and "deepseek" in asked.lower()  # noqa: PLR2004  (gone)
    if not (is_deepseek or is_gone):
        where = request.endpoint_name or f"{request.endpoint}{request.address.path}"
        listing = _("%deepseek models {where} lists them.", where=where) if where and audience != "python" else ""
        if asked:
            said = _("“{model}” was asked for; name a model that {{server}} has with `model=`.", model=asked)
        else:
            said = _("The server does not have the model; name a model that {server} has with `model=`.")
        return joined(said, listing, _literal(asked))
    if retired := models.retired(asked):
        return retired
    names = listed([*models.ALIASES.values()], " and ", " and ")
    if asked:
        said = _("“{model}” was asked for; DeepSeek has {names}: `model=` flash or pro.", model=asked, names=names)
    else:
        said = _("The server does not have the model; DeepSeek has {names}: `model=` flash or pro.", names=names)
    return joined(said, _literal(asked))


def _literal(asked: str) -> str:
    """Return what to do if an endpoint's name was taken for a part of the model's id."""
    first, slash = asked.partition("/")[:2]
    is_endpoint = bool(slash) and first in presets()
    return _("To ask the endpoint {name}, give `base_url=` {name}.", name=first) if is_endpoint else ""


def _shorter(request: Request) -> str:
    if any(request.parameters.get(name) for name in LIMITS):
        return _(
            "The prompt is too long for the model's context, together with the room that `max_tokens=` reserves: "
            "shorten the prompt, or lower `max_tokens=`."
        )
    if (turn := request.turn) is not None and turn.largest:
        largest = [
            _("turn {number} (about {tokens} tokens)", number=index + 1, tokens=_tokens(size))
            for index, size in turn.largest
        ]
        return _(
            "The chat is too long for the model's context. Its largest turns: {turns}. To send one no more: "
            'nbstream.Chat("{chat}").hide({index}); then {{again}}.',
            turns=listed(largest),
            chat=turn.chat,
            index=turn.largest[0][0],
        )
    return _("The prompt is too long for the model's context: shorten it, or leave out earlier turns.")


def _tokens(characters: int) -> str:
    """Return about how many tokens a text has, rounded as an estimate should be."""
    tokens = round(characters * TOKENS_PER_CHARACTER)
    return _("{count:,}", count=round(tokens, -2) if tokens > 1000 else tokens)  # noqa: PLR2004  (four digits)


def _wait(failure: Failure) -> str:
    if failure.retry_after is None:
        return _("The server accepts no more requests at the moment; wait, then {again}.")
    asked = failure.retry_after
    if asked > 2 * _MINUTE:
        return _(
            "The server asks to wait {seconds:.0f} s ({minutes:.0f} min); {{again}} after that.",
            seconds=asked,
            minutes=asked / _MINUTE,
        )
    return _("The server asks to wait {seconds:.0f} s; {{again}} after that.", seconds=asked)


def _named_fields(failure: Failure, request: Request) -> list[str]:
    """Return the fields of the request that an error names."""
    return [name for name in request.parameters if re.search(rf"\b{re.escape(name)}\b", failure.said)]


def thinking_setting(request: Request) -> str:
    """Return the setting that names the field for thinking, of the server of a request."""
    name = request.endpoint_name
    is_own = name not in ("", DEFAULT)
    if is_own:
        return _("`settings.endpoints`, thinking_field of {name},", name=name)
    return "`settings.thinking_field`"


def _without(fields: list[str], request: Request) -> str:
    """Return the advice to leave fields out, as the options that send them."""
    named = list(dict.fromkeys(_FIELDS.get(name, f"`{name}`") for name in fields))
    if named:
        advice = _("Leave out {options}.", options=listed([_(each) for each in named], " and ", " and "))
    else:
        advice = _("Leave out the field that the message names.")
    if any("thinking" in name for name in named) or not named:
        where = _("{setting} names the field in which this server takes it.", setting=thinking_setting(request))
        return joined(advice, where)
    return advice
