"""From options to a request: checks them, and notes options that have no effect.

Prompts are literal: nothing in them is expanded.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Literal

from nbstream.client import api_rules, listings, models, tool_options
from nbstream.client.json_values import JsonValues
from nbstream.client.policy import enforcing
from nbstream.client.thinking import switch
from nbstream.language import _, listed, plural
from nbstream.model.exceptions import RequestError
from nbstream.model.request import Request

if TYPE_CHECKING:
    from nbstream.client.endpoints import Endpoint
    from nbstream.client.options import Options
    from nbstream.client.thinking import ThinkingField
    from nbstream.tools.tool import Tool

#: Every value that some server takes. DeepSeek maps minimal to low, medium and xhigh to high, and
#: ultra to max.
EFFORTS = ("none", "minimal", "low", "medium", "high", "xhigh", "max", "ultra")

_LEAST_TOP_P_WHILE_THINKING = 0.95
_NO_EFFECT = ("presence_penalty", "frequency_penalty")


def build_request(
    endpoint: Endpoint,
    model: str,
    messages: Sequence[Mapping[str, Any]],
    options: Options,
    thinking_field: ThinkingField | Literal[""] = "",
    *,
    tools: tuple[Tool, ...] = (),
) -> Request:
    """Return a request with the options of `nbstream.stream`; an option that is None is not sent.

    `thinking` is sent in the field that `thinking_field` names; if it is empty, the endpoint does.
    `tools` are those of the options.

    Raises:
        RequestError: if an option is out of range, or a value is none that JSON has.
    """
    values = JsonValues()
    thinking, effort, stop = options.get("thinking"), options.get("effort"), options.get("stop")
    temperature, top_p = (_number(name, options.get(name)) for name in ("temperature", "top_p"))
    max_tokens, extra_body = values.read(options.get("max_tokens"), "max_tokens"), options.get("extra_body")
    if endpoint.on_deepseek and top_p is not None and not 0 < top_p <= 1:
        raise RequestError(_("`top_p=` is {top_p}: DeepSeek takes more than 0, and at most 1.", top_p=top_p))
    if max_tokens is not None and not (isinstance(max_tokens, int) and max_tokens >= 1):
        raise RequestError(
            _("`max_tokens=` is {max_tokens!r}: it must be a whole number of at least 1.", max_tokens=max_tokens)
        )
    if effort is not None and effort not in EFFORTS:
        raise RequestError(
            _("`effort=` is {effort!r}: it must be one of {efforts}.", effort=effort, efforts=listed(EFFORTS))
        )
    if not isinstance(extra_body or {}, Mapping):
        raise RequestError(_("`extra_body=` must be a dict."))
    lowered = enforcing.warnings(max_tokens, extra_body or {}, endpoint)
    max_tokens = enforcing.limited(max_tokens, endpoint)
    field = api_rules.switch_of(endpoint, model, thinking_field)
    if thinking is not None and field == "none":
        where = "`settings.thinking_field`" if thinking_field else _("the thinking_field of {name}", name=endpoint.name)
        raise RequestError(_("`thinking=` cannot be sent to this server: {where} is none.", where=where))
    parameters = api_rules.first_parameters(endpoint, max_tokens)
    optional = {
        "reasoning_effort": effort,
        "temperature": temperature,
        "top_p": top_p,
        "stop": [stop] if isinstance(stop, str) else list(stop or ()) or None,
    }
    parameters.update({name: value for name, value in optional.items() if value is not None})
    parameters.update(api_rules.probabilities(endpoint, values.read(options.get("logprobs"), "logprobs")))
    parameters.update(tool_options.fields(tools, options, endpoint))
    if thinking is not None:
        limit = parameters.get(endpoint.facts.max_tokens_field)
        switched = switch(field, thinking=bool(thinking), effort=endpoint.facts.thinking_effort, max_tokens=limit)
        # With one field for both, "none" comes before the effort, and the effort before "medium".
        parameters = {**switched, **parameters} if thinking else {**parameters, **switched}
    turns = list(api_rules.fitted(messages, endpoint, model))
    given = {"model": model, "messages": turns, **parameters, **(extra_body or {})}
    body = {name: values.read(value, name) for name, value in given.items()}
    if extra_body:
        from nbstream.client.hidden_fields import refuse_forgotten, with_hidden  # noqa: PLC0415  (only where used)

        extra = {name: body[name] for name in extra_body}
        refuse_forgotten(extra)
        body |= with_hidden(extra, endpoint)
    body = enforcing.fitted(body, endpoint)
    model, sent = str(body.pop("model")), body.pop("messages")
    tool_options.check_choice(body, is_deepseek=speaks_deepseek(endpoint, model))
    if not isinstance(sent, list):
        raise RequestError(_("`messages` must be a list."))
    return Request(
        model,
        endpoint.origin,
        tuple(sent),
        body,
        endpoint.key_origin,
        (*values.warnings, *lowered),
        address=endpoint.address,
        key_variable=endpoint.facts.key_variable,
        endpoint_name=endpoint.name,
        context_window=listings.window(endpoint, model),
    )


def _number(name: str, value: Any) -> float | None:
    number = value if isinstance(value, float) else JsonValues().read(value, name)
    is_number = isinstance(number, int | float) and not isinstance(number, bool)
    if number is not None and not (is_number and math.isfinite(number) and number >= 0):
        raise RequestError(_("`{name}=` is {value!r}: it must be a number of at least 0.", name=name, value=value))
    return number


def parameter_notes(request: Request, endpoint: Endpoint) -> list[str]:
    """Return a sentence for each parameter that DeepSeek ignores or changes.

    There are none for other servers.
    """
    if not speaks_deepseek(endpoint, request.model):
        return []
    given = request.parameters
    switch, effort, top_p = given.get("thinking"), given.get("reasoning_effort"), given.get("top_p")
    is_off = (isinstance(switch, dict) and switch.get("type") == "disabled") or effort == "none"
    sentences = []
    if request.model == models.ALIASES["pro"] and any(map(_has_image, request.messages)):
        sentences.append(_("DeepSeek V4 Pro does not see images: it drops them without an error. Flash sees them."))
    if ignored := [f"`{name}=`" for name in _NO_EFFECT if given.get(name) is not None]:
        sentences.append(
            plural(
                "{options} has no effect at DeepSeek, in any mode.",
                "{options} have no effect at DeepSeek, in any mode.",
                len(ignored),
                options=listed(ignored, " and ", " and "),
            )
        )
    if is_off:
        if top_p not in (None, 1):
            sentences.append(_top_p_without_thinking(request.model))
        if effort not in (None, "none"):
            sentences.append(_("`effort=` has no effect without thinking."))
        return sentences
    if given.get("temperature") is not None:
        sentences.append(_("`temperature=` has no effect while the model thinks; `thinking=False` switches that off."))
    if isinstance(top_p, int | float) and top_p < _LEAST_TOP_P_WHILE_THINKING:
        sentences.append(
            _(
                "`top_p=` {top_p} is raised to {least_top_p_while_thinking} while the model thinks.",
                top_p=top_p,
                least_top_p_while_thinking=_LEAST_TOP_P_WHILE_THINKING,
            )
        )
    return sentences


def speaks_deepseek(endpoint: Endpoint, model: str) -> bool:
    """Return whether DeepSeek's own rules hold for a request.

    They hold at DeepSeek, and for one of its model ids at a server on this machine, as the
    simulator is used.
    """
    return endpoint.on_deepseek or (endpoint.on_loopback and models.is_deepseek(model))


def _has_image(message: Mapping[str, Any]) -> bool:
    content = message.get("content")
    parts = content if isinstance(content, list | tuple) else ()
    return any(isinstance(part, Mapping) and part.get("type") == "image_url" for part in parts)


def _top_p_without_thinking(model: str) -> str:
    if model == models.ALIASES["pro"]:
        # DeepSeek's pages differ on this model.
        return _("`top_p=` may have no effect without thinking: DeepSeek does not say so clearly for this model.")
    return _("`top_p=` has no effect without thinking: DeepSeek fixes it at 1.")


def turns(
    prompt: str | None,
    messages: Sequence[Mapping[str, Any]] | None,
    system: str | None,
    default_system: str = "",
    earlier: Sequence[Mapping[str, Any]] = (),
) -> tuple[Mapping[str, Any], ...]:
    """Return the turns to send.

    Args:
        prompt: the prompt.
        messages: the turns of a conversation, instead of a prompt.
        system: the system prompt.
        default_system: the system prompt if there is none in `system` and `messages`.
        earlier: messages to send before the prompt.

    Raises:
        RequestError: if there is neither a prompt nor messages, or both; if they are empty; or if
            there are two system prompts.
    """
    if (prompt is None) == (messages is None):
        raise RequestError(_("Give either a prompt or `messages=`."))
    if messages is not None:
        given = tuple(messages)
        if not given or not all(hasattr(turn, "keys") and "role" in turn for turn in given):
            raise RequestError(_("`messages=` must be a list of objects with a role, and not empty."))
    elif not isinstance(prompt, str):
        raise RequestError(_("The prompt must be text, not {kind}.", kind=type(prompt).__name__))
    elif not prompt.strip():
        raise RequestError(_("The prompt is empty."))
    else:
        given = (*earlier, {"role": "user", "content": prompt})
    has_system = any(turn["role"] == "system" for turn in given)
    if system and has_system:
        raise RequestError(_("There are two system prompts, in `messages=` and in `system=`: give only one."))
    if system is None and not has_system:
        system = default_system
    return ({"role": "system", "content": system}, *given) if system else given
