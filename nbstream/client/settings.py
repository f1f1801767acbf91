"""Where a request goes, with which key, and what is assumed where the user says nothing.

A key belongs to the origin that it was given for: the environment's key to the environment's base URL. It is in no
trait, and in a wrapper that never shows it. This module must not know IPython, nor how a request is sent.
"""

from __future__ import annotations

from typing import TypeVar

import traitlets
from traitlets.config import Configurable

from nbstream.client.endpoints import DEFAULT_BASE_URL, URL_VARIABLE
from nbstream.model.presentation import OPTIONS
from nbstream.wire.size_guard import MAX_BYTES

_T = TypeVar("_T")


def _with_display_options(settings: type[_T]) -> type[_T]:
    """Give a class of settings a trait for each option of a presentation."""
    traits = {
        each.name: traitlets.Enum(each.values, each.default, help=each.description).tag(config=True) for each in OPTIONS
    }
    namespace = {"__doc__": settings.__doc__, "__module__": settings.__module__, **traits}
    made: type[_T] = type(settings)(settings.__name__, (settings,), namespace)  # type: ignore[misc]
    return made


@_with_display_options
class Settings(Configurable):
    """What holds where a request says nothing. Flags go before these, these before the environment.

    In IPython these are the traits of `DeepSeekMagics`: `%config DeepSeekMagics.model = "pro"`.
    """

    model = traitlets.Unicode("flash", help="The model: flash, pro, one of `aliases`, or any id.").tag(config=True)
    base_url = traitlets.Unicode(
        "", help=f"The server's base URL; if empty, {URL_VARIABLE} or {DEFAULT_BASE_URL}."
    ).tag(config=True)
    system = traitlets.Unicode("", help="The system prompt for requests that bring none.").tag(config=True)
    aliases = traitlets.Dict(
        key_trait=traitlets.Unicode(), value_trait=traitlets.Unicode(), help="Your own short names of models."
    ).tag(config=True)
    thinking_field = traitlets.Enum(
        ["thinking", "chat_template_kwargs", "none"],
        "thinking",
        help="Where the server takes --think and --no-think: DeepSeek and llama.cpp in `thinking`, vLLM and SGLang in "
        "`chat_template_kwargs`, others nowhere.",
    ).tag(config=True)
    retries = traitlets.Int(2, min=0, help="How often a request is sent again before its first delta.").tag(config=True)
    bytes_idle = traitlets.Float(
        120.0, min=0.1, help="Seconds without any byte after which a stream that had begun is given up."
    ).tag(config=True)
    payload_idle = traitlets.Float(
        300.0, min=0.1, help="Seconds without any data, keep-alives aside, after which a stream is given up."
    ).tag(config=True)
    max_bytes = traitlets.Int(
        MAX_BYTES,
        min=1,
        help="The most bytes of one reply, reasoning, answer and tool calls together, that are taken in. Beyond it the "
        "connection is closed and what arrived is kept. The default, 8 MiB, is several times the longest reply that "
        "DeepSeek gives. A reply of that size takes about ten times as much of the kernel's memory, thirty at worst.",
    ).tag(config=True)


_current: Settings | None = None


def current() -> Settings:
    """Return the settings in force: those of the loaded extension, else the defaults."""
    global _current  # noqa: PLW0603  (one process has one set of defaults, as it has one environment)
    if _current is None:
        _current = Settings()
    return _current


def use(settings: Settings | None) -> None:
    """Put `settings` in force; None goes back to the defaults."""
    global _current  # noqa: PLW0603
    _current = settings
