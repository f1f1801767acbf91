"""From what a caller says to a run: the one way in which requests begin, whoever asks.

This module must not know how a reply is shown, nor IPython.
"""

from __future__ import annotations

import warnings
from typing import TYPE_CHECKING, Any, cast

from nbstream.client import history, models, settings
from nbstream.client.endpoints import endpoint_for
from nbstream.client.request import Request, ThinkingField, turns
from nbstream.client.retry import Limits
from nbstream.client.run import Run
from nbstream.client.sources.api import ApiSource
from nbstream.model.exceptions import NbstreamWarning

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence


def stream(
    prompt: str | None = None,
    *,
    model: str | None = None,
    messages: Sequence[Mapping[str, Any]] | None = None,
    system: str | None = None,
    thinking: bool | None = None,
    effort: str | None = None,
    base_url: str | None = None,
    api_key: str | None = None,
    max_tokens: int | None = None,
    temperature: float | None = None,
    top_p: float | None = None,
    stop: str | Sequence[str] | None = None,
    extra_body: Mapping[str, Any] | None = None,
) -> Run:
    """Send a request and return its `Run` at once; nothing is shown.

    Args:
        prompt: what to ask; taken literally.
        model: flash, pro, or any id.
        messages: the turns of a conversation, instead of a prompt.
        system: the system prompt.
        thinking: whether the model reasons first; None leaves it to the server.
        effort: how much it reasons: low, high or max.
        base_url: an OpenAI-compatible server; the default is DEEPSEEK_BASE_URL, or DeepSeek.
        api_key: the key for exactly this server; the default is DEEPSEEK_API_KEY, for the server it was set for.
        max_tokens: the most tokens to answer with, reasoning included.
        temperature: how freely tokens are drawn; without effect while thinking.
        top_p: the share of probability to draw from.
        stop: text, or texts, at which the answer ends.
        extra_body: fields of the request's JSON that have no argument here; they go over everything else.

    Raises:
        RequestError: if the request cannot be made as asked. Nothing was sent then.
    """
    chosen = settings.current()
    sent = turns(prompt, messages, system if system is not None else chosen.system)
    endpoint = endpoint_for(base_url or chosen.base_url, api_key)
    request = Request(
        model=models.resolve(model or chosen.model, chosen.aliases, on_deepseek=endpoint.on_deepseek),
        messages=sent,
        thinking=thinking,
        effort=effort,
        temperature=temperature,
        top_p=top_p,
        max_tokens=max_tokens,
        stop=(stop,) if isinstance(stop, str) else tuple(stop or ()),
        extra_body=dict(extra_body or {}),
        thinking_field=cast("ThinkingField", chosen.thinking_field),
    )
    for sentence in request.without_effect():
        warnings.warn(sentence, NbstreamWarning, stacklevel=2)
    limits = Limits(chosen.bytes_idle, chosen.payload_idle, chosen.retries, chosen.max_bytes)
    run = Run(ApiSource(endpoint, request), limits)
    history.remember(run)
    return run
