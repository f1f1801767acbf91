"""Reads the body of a request to fill in the middle of a text, as DeepSeek's `/beta/completions`.

The fields are those of DeepSeek's documentation, "FIM Completion (Beta)", of November 2026.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from nbstream.simulator import chat_request, messages
from nbstream.simulator.refusal import Refusal, refuse_format

if TYPE_CHECKING:
    from nbstream.simulator import scenarios

#: "The max tokens of FIM completion is 4K."
_MAX_TOKENS = 4_096
_TEXT = "\n    # Simulated: no model was called.\n    if n < 2:\n        return n\n"


def read(body: bytes, default: scenarios.Plan) -> chat_request.ChatRequest:
    """Return the request in `body`, with its answer.

    Args:
        body: the body of the HTTP request.
        default: the plan for a request that does not name a scenario.

    Raises:
        Refusal: if DeepSeek would refuse the request, or the scenario is not valid.
    """
    document = chat_request.document_of(body)
    model = chat_request.model_of(document)
    if not isinstance(prompt := document.get("prompt"), str):
        refuse_format("missing field `prompt`")
    if not isinstance(suffix := document.get("suffix") or "", str):
        refuse_format("suffix: invalid type, expected a string")
    thinking = document.get("thinking")
    if isinstance(thinking, dict) and thinking.get("type") == "enabled":
        raise Refusal(400, "FIM completion does not support the thinking mode")
    chat_request.check_ranges(document)
    # A directive in the prompt names the scenario, as in a message.
    turn = messages.without_directive({"role": "user", "content": prompt})
    text = (turn["content"] if document.get("echo") is True else "") + _until(_TEXT, document)
    return chat_request.ChatRequest(
        model=model,
        prompt=turn["content"],
        context=turn["content"] + suffix,
        effort="none",
        max_tokens=min(_MAX_TOKENS, chat_request.max_tokens(document, "none")),
        limit=document.get("max_tokens"),
        plan=chat_request.plan_of(document, [turn], default),
        stream=chat_request.flag(document, "stream"),
        reports_usage=chat_request.include_usage(document),
        filled_in=text,
    )


def _until(text: str, document: dict[str, Any]) -> str:
    """Return `text` up to the first of the request's stops."""
    return chat_request.until(text, chat_request.stops(document))
