"""Where a request goes, with which key, and what is assumed where the user says nothing.

A key belongs to the origin that it was given for: the environment's key to the environment's base URL. It is in no
trait, and in a wrapper that never shows it. This module must not know IPython, nor how a request is sent.
"""

from __future__ import annotations

from typing import Literal, TypeAlias, cast, get_args

import traitlets
from traitlets.config import Configurable

from nbstream.client.endpoints import DEFAULT_BASE_URL, URL_VARIABLE
from nbstream.model.exceptions import RequestError
from nbstream.wire.size_guard import MAX_BYTES

#: How reasoning is shown: `auto` opens it while it streams, `hidden` keeps it out of the page and the file.
ReasoningDisplay: TypeAlias = Literal["auto", "open", "closed", "hidden"]
REASONING: tuple[str, ...] = get_args(ReasoningDisplay)


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
    reasoning = traitlets.Enum(
        REASONING,
        "auto",
        help="How reasoning is shown: auto (open while it streams), open, closed, or hidden. What is hidden is not in "
        'the page or the file; nbstream.show(reasoning="open") shows it.',
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

    def reasoning_shown(self, way: str | None = None) -> ReasoningDisplay:
        """Return how reasoning is shown: as said, or else as set.

        Raises:
            RequestError: if `way` is none of `REASONING`.
        """
        way = self.reasoning if way is None else way
        if way not in REASONING:
            raise RequestError(f"reasoning is {way!r}: it must be one of {', '.join(REASONING)}.")
        return cast("ReasoningDisplay", way)


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
