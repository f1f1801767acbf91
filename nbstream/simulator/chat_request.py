"""Reads the body of a chat request as strictly as DeepSeek does.

The result is a `ChatRequest` or a `Refusal`. The rules and the error messages are DeepSeek's, as
documented and observed until November 2026.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from nbstream.simulator import messages, scenarios, structured, tool_chain, tools
from nbstream.simulator.refusal import Refusal, refuse_format
from nbstream.simulator.written import Asked, WrittenReply, reply_to

if TYPE_CHECKING:
    from collections.abc import Sequence

    from nbstream.simulator.tool_chain import Call

#: Each model id that a request may name, and the id in the answer. Both aliases are legacy names.
MODELS = {
    "deepseek-flash": "deepseek-flash",
    "deepseek-v4-pro": "deepseek-v4-pro",
    "deepseek-v4-flash": "deepseek-flash",
    "deepseek-v4-flash-vision-exp": "deepseek-flash",
}
#: DeepSeek V4 Pro accepts images and drops them without a word.
_SEES_IMAGES = {"deepseek-flash": True, "deepseek-v4-pro": False}

_EFFORTS = {"none": "none", "minimal": "low", "low": "low", "medium": "high", "high": "high", "xhigh": "high"}
_EFFORTS |= {"max": "max", "ultra": "max"}
#: The largest permitted `max_tokens`.
MAX_TOKENS = 393_216
_DEFAULT_MAX_TOKENS = {"none": 8_192, "low": 65_536, "high": 65_536, "max": 131_072}
_MAX_STOPS = 16
_RANGES = {
    "temperature": (0, 2),
    "presence_penalty": (-2, 2),
    "frequency_penalty": (-2, 2),
    "top_logprobs": (0, 20),
}

_MAX_USER_ID_BYTES = 512


@dataclass(frozen=True, slots=True)
class ChatRequest:
    """A chat request after all defaults and mappings are applied.

    Attributes:
        prompt: the last user message, without its directive.
        context: the text whose tokens count as the prompt's.
        effort: none, low, high or max; with none there is no reasoning.
        max_tokens: the most tokens of the reply.
        limit: the same, as the request gives it; None if it does not.
        plan: the scenarios for this request.
        reports_usage: whether each chunk of the stream has a field `usage`, null before the last.
        logprobs: how many alternatives each token's probability comes with, or None without
            probabilities.
        calls: the tools that the reply calls, instead of answering.
        tool_results: the contents of the tool messages at the end of the conversation.
        json_mode: whether it demands JSON.
        json_answer: the answer by the schema that its messages hold; None without one.
        prefix: the reasoning and the content that the reply continues.
        filled_in: the answer of a request to fill in the middle of a text; None for a chat.
        asked: what decides which written reply it gets; None if it gets none.
        written: the written reply that answers it.
    """

    model: str
    prompt: str
    context: str
    effort: str
    max_tokens: int
    limit: int | None
    plan: scenarios.Plan
    stream: bool = False
    reports_usage: bool = False
    logprobs: int | None = None
    json_mode: bool = False
    json_answer: str | None = None
    stop: tuple[str, ...] = ()
    calls: tuple[Call, ...] = ()
    tool_results: tuple[str, ...] = ()
    prefix: tuple[str, str] | None = None
    filled_in: str | None = None
    asked: Asked | None = None
    written: WrittenReply | None = None

    def answered_by(self, replies: Sequence[WrittenReply]) -> ChatRequest:
        """Return the request with the first of the written replies that fits it."""
        reply = None if self.asked is None else reply_to(self.asked, replies)
        if reply is None:
            return self
        # Calls that the prompt itself orders stay.
        return replace(self, written=reply, calls=reply.tool_calls() or self.calls)


def read(body: bytes, default: scenarios.Plan, *, beta: bool = False) -> ChatRequest:
    """Return the request in `body`.

    Args:
        body: the body of the HTTP request.
        default: the plan for a request that does not name a scenario.
        beta: whether the request came to a path below `/beta`.

    Raises:
        Refusal: if DeepSeek would refuse the request, or the scenario is not valid.
    """
    return read_document(document_of(body), default, beta=beta)


def read_document(
    document: dict[str, Any],
    default: scenarios.Plan,
    *,
    beta: bool,
    is_message: bool = False,
) -> ChatRequest:
    """Return the request in a body that has been parsed; see `read`.

    Args:
        document: the body.
        default: the plan for a request that does not name a scenario.
        beta: whether the last message may be a prefix.
        is_message: whether the body is translated from Anthropic's API.
    """
    turns = messages.read(document)
    model = model_of(document)
    effort = _effort(document)
    check_ranges(document)
    _check_user_id(document)
    offered = tools.read(document, beta=beta and not is_message)
    choice = tools.choice(document, offered)
    if effort != "none":
        if choice.is_required:
            raise Refusal(400, "Thinking mode does not support this tool_choice")
        messages.check_reasoning(turns, has_tools=bool(offered), is_message=is_message)
        messages.check_last(turns, model, beta=beta)
    context = messages.context(turns, with_reasoning=bool(offered), sees_images=_SEES_IMAGES[model])
    plan = plan_of(document, turns, default)
    json_mode = _json_mode(document, turns)
    # A request that continues a structured answer is not in JSON mode: the rest alone is no JSON.
    prefix = messages.prefix(turns) if beta else None
    # Anthropic's API has no such mode: the second question of an exchange counts as well there.
    is_structured = json_mode or prefix or "structured" in plan or (is_message and structured.was_asked(turns))
    prompt = messages.text(messages.last_of_user(turns))
    found = tools.results(turns)
    names = [tool["function"]["name"] for tool in choice.tools]
    return ChatRequest(
        model=model,
        prompt=prompt,
        context=context + (json.dumps(offered, ensure_ascii=False) if offered else ""),
        effort=effort,
        max_tokens=max_tokens(document, effort),
        limit=document.get("max_tokens"),
        plan=plan,
        stream=flag(document, "stream"),
        reports_usage=include_usage(document),
        logprobs=_top_logprobs(document),
        json_mode=json_mode,
        json_answer=structured.answer(turns, plan) if is_structured else None,
        stop=stops(document),
        calls=calls_of(choice, turns, plan),
        tool_results=found,
        prefix=prefix,
        asked=Asked(prompt, model, effort, turns, tool_chain.place(turns) + 1, names, found),
    )


def model_of(document: dict[str, Any]) -> str:
    """Return the id of the model that answers."""
    model = document.get("model")
    if not isinstance(model, str):
        refuse_format("missing field `model`")
    if model not in MODELS:
        known = ", ".join(dict.fromkeys(MODELS.values()))
        raise Refusal(400, f"The supported API model names are {known}, but you passed {model}.")
    return MODELS[model]


def document_of(body: bytes) -> dict[str, Any]:
    """Return the JSON object in `body`."""
    try:
        document = json.loads(body)
    except (ValueError, RecursionError) as error:
        raise Refusal(400, f"Failed to parse the request body as JSON: {error}") from None
    if not isinstance(document, dict):
        refuse_format("expected an object")
    return document


def plan_of(document: dict[str, Any], turns: list[dict[str, Any]], default: scenarios.Plan) -> scenarios.Plan:
    """Return the scenarios that the body or its last user message names."""
    chosen = document.get("simulate")
    if chosen is None:
        chosen = messages.last_of_user(turns).get("simulate")
    if chosen is None:
        return default
    if not isinstance(chosen, str):
        raise Refusal(400, "The field `simulate` must be a string: the name of a scenario, then key=value.")
    try:
        return scenarios.parse(chosen)
    except scenarios.ScenarioError as error:
        raise Refusal(400, str(error)) from None


def calls_of(choice: tools.Choice, turns: Sequence[dict[str, Any]], plan: scenarios.Plan) -> tuple[Call, ...]:
    """Return the tools that the reply calls, as its scenario, its prompt or its request demand."""
    is_scripted = "calls" in messages.last_of_user(turns)
    options = plan.get("tool-call") or scenarios.parse("tool-call").scenarios["tool-call"]
    offered = choice.tools or (choice.forbidden if options["broken"] == "choice" else ())
    if not offered or not (choice.is_required or is_scripted or "tool-call" in plan):
        return ()
    try:
        return tool_chain.next_calls(offered, turns, options, is_required=choice.is_required)
    except scenarios.ScenarioError as error:
        raise Refusal(400, str(error)) from None


def _effort(document: dict[str, Any]) -> str:
    thinking = document.get("thinking")
    kind = "enabled" if thinking is None else thinking.get("type") if isinstance(thinking, dict) else None
    if kind not in ("enabled", "disabled"):
        refuse_format("thinking.type: expected `enabled` or `disabled`")
    asked = document.get("reasoning_effort")
    effort = "high" if asked is None else _EFFORTS.get(asked) if isinstance(asked, str) else None
    if effort is None:
        refuse_format(f"reasoning_effort: unknown variant `{asked}`, expected one of `none`, `low`, `high`, `max`")
    return "none" if kind == "disabled" else effort


def check_ranges(document: dict[str, Any]) -> None:
    """Refuse a number that is out of its range."""
    for name, (low, high) in _RANGES.items():
        value = document.get(name)
        if value is None:
            continue
        if isinstance(value, bool) or not isinstance(value, int | float):
            refuse_format(f"{name}: invalid type, expected a number")
        if not low <= value <= high:
            raise Refusal(422, f"Invalid {name} value, the valid range of {name} is [{low}, {high}]")
    top_p = document.get("top_p")
    if top_p is None:
        return
    if isinstance(top_p, bool) or not isinstance(top_p, int | float):
        refuse_format("top_p: invalid type, expected a number")
    if not 0 < top_p <= 1:
        raise Refusal(422, "Invalid top_p value, the valid range of top_p is (0, 1.0]")


def _check_user_id(document: dict[str, Any]) -> None:
    user = document.get("user_id")
    if user is not None and not (isinstance(user, str) and len(user.encode()) <= _MAX_USER_ID_BYTES):
        refuse_format(f"user_id: expected a string of at most {_MAX_USER_ID_BYTES} bytes")


def include_usage(document: dict[str, Any]) -> bool:
    """Return whether each chunk has a field `usage`."""
    options = document.get("stream_options")
    return isinstance(options, dict) and options.get("include_usage") is True


def _top_logprobs(document: dict[str, Any]) -> int | None:
    return int(document.get("top_logprobs") or 0) if flag(document, "logprobs") else None


def max_tokens(document: dict[str, Any], effort: str) -> int:
    """Return the most tokens of the reply."""
    value = document.get("max_tokens")
    if value is None:
        return _DEFAULT_MAX_TOKENS[effort]
    if isinstance(value, bool) or not isinstance(value, int):
        refuse_format("max_tokens: invalid type, expected an integer")
    if not 1 <= value <= MAX_TOKENS:
        # The other ranges are refused with 422; users of DeepSeek report 400 for this one, from
        # 2024 to 2026.
        raise Refusal(400, f"Invalid max_tokens value, the valid range of max_tokens is [1, {MAX_TOKENS}]")
    return value


def stops(document: dict[str, Any]) -> tuple[str, ...]:
    """Return the texts at which the answer ends."""
    value = document.get("stop") or []
    stops = [value] if isinstance(value, str) else value
    if not isinstance(stops, list) or not all(isinstance(stop, str) for stop in stops):
        refuse_format("stop: expected a string or a sequence of strings")
    if len(stops) > _MAX_STOPS:
        raise Refusal(400, f"Stop string array too long: {len(stops)}")
    return tuple(filter(None, stops))


def _json_mode(document: dict[str, Any], turns: list[dict[str, Any]]) -> bool:
    value = document.get("response_format") or {"type": "text"}
    kind = value.get("type") if isinstance(value, dict) else None
    if kind not in ("text", "json_object"):
        raise Refusal(400, "This response_format type is unavailable now")
    if kind == "json_object" and not any("json" in messages.text(turn).lower() for turn in turns):
        raise Refusal(
            400, "Prompt must contain the word 'json' in some form to use 'response_format' of type 'json_object'."
        )
    return bool(kind == "json_object")


def flag(document: dict[str, Any], name: str) -> bool:
    """Return a field that is a boolean, or missing."""
    value = document.get(name)
    if not isinstance(value, bool | None):
        refuse_format(f"{name}: invalid type, expected a boolean")
    return bool(value)


def until(text: str, stops: tuple[str, ...]) -> str:
    """Return `text` up to the first of `stops`."""
    return text[: min([start for stop in stops if (start := text.find(stop)) >= 0], default=len(text))]
