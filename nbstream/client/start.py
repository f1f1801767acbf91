"""From a caller's options to a run: the one function that starts requests."""

from __future__ import annotations

import sys
import warnings
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from nbstream.client import history, models, settings
from nbstream.client.endpoints import endpoint_for
from nbstream.client.request import ThinkingField, build, turns, without_effect
from nbstream.client.retry import Limits
from nbstream.client.run import Run
from nbstream.client.sources.api import ApiSource
from nbstream.model.exceptions import NbstreamWarning

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from nbstream.client.sources import Source

_PACKAGE = str(Path(__file__).parents[1])


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
    endpoint = endpoint_for(base_url or chosen.base_url, api_key)
    request = build(
        endpoint,
        models.resolve(model or chosen.model, chosen.aliases, on_deepseek=endpoint.on_deepseek),
        turns(prompt, messages, system, chosen.system),
        thinking=thinking,
        effort=effort,
        temperature=temperature,
        top_p=top_p,
        max_tokens=max_tokens,
        stop=stop,
        extra_body=extra_body,
        thinking_field=cast("ThinkingField", chosen.thinking_field),
    )
    for sentence in without_effect(request, endpoint):
        _warn(sentence)
    return start(ApiSource(endpoint, request))


def start(source: Source) -> Run:
    """Start receiving the reply of `source`, within the limits of the settings, as the last reply of this process."""
    chosen = settings.current()
    run = Run(source, Limits(chosen.bytes_idle, chosen.payload_idle, chosen.retries, chosen.max_bytes))
    history.remember(run.receiver)
    return run


def _warn(sentence: str) -> None:
    """Warn at the line outside of nbstream that made the request, and each time that it does."""
    frame = sys._getframe(1)  # noqa: SLF001  (as `warnings` itself finds the line)
    while frame.f_back is not None and frame.f_code.co_filename.startswith(_PACKAGE):
        frame = frame.f_back
    module = frame.f_globals.get("__name__", "__main__")
    # A registry of its own: the usual one lets a warning pass once for each line.
    warnings.warn_explicit(sentence, NbstreamWarning, frame.f_code.co_filename, frame.f_lineno, module, {})
