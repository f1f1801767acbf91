"""Starts runs, from the options of a request or from any source."""

from __future__ import annotations

import sys
import warnings
from pathlib import Path
from typing import TYPE_CHECKING, Any

from nbstream.client import history, models, settings
from nbstream.client.endpoints import endpoint_for
from nbstream.client.request_builder import build_request, parameter_notes, turns
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
    """Send a request and return its `Run` at once, without showing anything.

    Args:
        prompt: the prompt, taken literally.
        model: flash, pro, or any id.
        messages: the turns of a conversation, instead of a prompt.
        system: the system prompt.
        thinking: whether the model reasons first; if None, the server decides.
        effort: how much the model reasons: low, high or max.
        base_url: an OpenAI-compatible server; the default is DEEPSEEK_BASE_URL, or DeepSeek.
        api_key: the key for this server. The default is DEEPSEEK_API_KEY, if that key belongs to
            this server.
        max_tokens: the most tokens of the reply, including reasoning.
        temperature: the sampling temperature, which has no effect while the model thinks.
        top_p: the probability mass to sample from.
        stop: one or several texts at which the answer ends.
        extra_body: further fields of the request's JSON body; they replace all others.

    Raises:
        RequestError: if the request is not valid. Nothing was sent then.
    """
    chosen = settings.current()
    endpoint = endpoint_for(base_url or chosen.base_url, api_key)
    request = build_request(
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
        thinking_field=chosen.thinking_field,
    )
    for sentence in parameter_notes(request, endpoint):
        _warn(sentence)
    return start_run(ApiSource(endpoint, request))


def start_run(source: Source) -> Run:
    """Receive the reply of `source`, within the limits of the settings."""
    chosen = settings.current()
    limits = Limits(chosen.bytes_idle, chosen.payload_idle, chosen.retries, chosen.max_bytes)
    run = Run(source, limits, chosen.currency)
    history.remember(run.receiver)
    return run


def _warn(sentence: str) -> None:
    """Warn each time, at the line outside of nbstream that made the request."""
    frame = sys._getframe(1)  # noqa: SLF001  (as `warnings` itself finds the line)
    while frame.f_back is not None and frame.f_code.co_filename.startswith(_PACKAGE):
        frame = frame.f_back
    module = frame.f_globals.get("__name__", "__main__")
    # With an empty registry, as the usual one shows a warning only once for each line.
    warnings.warn_explicit(sentence, NbstreamWarning, frame.f_code.co_filename, frame.f_lineno, module, {})
