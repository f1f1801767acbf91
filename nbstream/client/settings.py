"""The settings: defaults for requests, without the API key."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal, TypeVar

import traitlets
from traitlets.config import Configurable

from nbstream.client.endpoints import DEFAULT_BASE_URL, URL_VARIABLE
from nbstream.client.known_endpoints import known_endpoints
from nbstream.client.thinking import FIELDS
from nbstream.model.exceptions import RequestError
from nbstream.model.presentation import OPTIONS
from nbstream.sessions.per_session import PerSession
from nbstream.wire.size_guard import MAX_BYTES

if TYPE_CHECKING:
    from nbstream.client.thinking import ThinkingField

_T = TypeVar("_T")
_THINKING_FIELDS: tuple[ThinkingField | Literal[""], ...] = ("", *FIELDS)


def _with_display_options(settings: type[_T]) -> type[_T]:
    """Return the class of settings with a trait for each option of a presentation."""
    traits = {
        each.name: traitlets.Enum(each.values, each.default, help=each.description).tag(config=True) for each in OPTIONS
    }
    namespace = {"__doc__": settings.__doc__, "__module__": settings.__module__, **traits}
    made: type[_T] = type(settings)(settings.__name__, (settings,), namespace)  # type: ignore[misc]
    return made


class EndpointsError(RequestError, traitlets.TraitError):
    """The setting `endpoints` is not valid; as a `TraitError`, it leaves the setting as it was."""


@_with_display_options
class Settings(Configurable):
    """Defaults for requests. Flags have priority over settings, and settings over the environment.

    In IPython they are traits of `DeepSeekMagics`: `%config DeepSeekMagics.model = "pro"`.
    """

    model = traitlets.Unicode("flash", help="The model: flash, pro, a name in `aliases`, or any id.").tag(config=True)
    base_url = traitlets.Unicode(
        "", help=f"The server's base URL, or the name of an endpoint; if empty, {URL_VARIABLE} or {DEFAULT_BASE_URL}."
    ).tag(config=True)
    system = traitlets.Unicode("", help="The system prompt for requests without one.").tag(config=True)
    aliases = traitlets.Dict(
        key_trait=traitlets.Unicode(), value_trait=traitlets.Unicode(), help="Your own short names for models."
    ).tag(config=True)
    endpoints = traitlets.Dict(
        help="Your own endpoints by name, and changes of those that there are: each a dict with base_url, "
        "key_variable, thinking_field and so on, as in docs/servers.md. `-m name/model` asks one of them."
    ).tag(config=True)
    thinking_field = traitlets.Enum(
        _THINKING_FIELDS,
        "",
        help="The field for --think and --no-think; if empty, that of the endpoint: `thinking` for DeepSeek, Zhipu and "
        "Moonshot; "
        "`chat_template_kwargs` for vLLM, SGLang, llama.cpp and mlx_lm; `reasoning_effort` for Ollama and OpenAI; "
        "`enable_thinking` for DashScope and SiliconFlow; `reasoning` for OpenRouter; `adaptive` for Claude, and "
        "`budget` for Claude up to 4.5; `none` for servers that take none of these. "
        "Many servers ignore a field that they do not know, and go on thinking.",
    ).tag(config=True)
    currency = traitlets.Enum(
        ["USD", "CNY"], "USD", help="The currency of your account at DeepSeek, in which costs are shown."
    ).tag(config=True)
    retries = traitlets.Int(2, min=0, help="How many times to retry a request before its first delta.").tag(config=True)
    bytes_idle = traitlets.Float(
        120.0, min=0.1, help="The most seconds without a byte, after the first byte of a stream."
    ).tag(config=True)
    payload_idle = traitlets.Float(
        300.0, min=0.1, help="The most seconds without data; keep-alives do not count as data."
    ).tag(config=True)
    max_bytes = traitlets.Int(
        MAX_BYTES,
        min=1,
        help="The most bytes of a reply: reasoning, answer and tool calls together. Beyond that, the connection is "
        "closed and the reply so far is kept. The default, 8 MiB, is several times DeepSeek's longest reply. The "
        "kernel needs about ten times as much memory as the reply has bytes, and at worst thirty times.",
    ).tag(config=True)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        #: What IPython's files and command line have set.
        self._at_start = {name: getattr(self, name) for name in self.traits(config=True) if self._is_configured(name)}

    def source_of(self, name: str) -> Literal["default", "file", "now"]:
        """Return where the value of a setting comes from.

        It is the default, IPython's files and command line, or an assignment in this process.
        """
        value = getattr(self, name)
        if name in self._at_start and self._at_start[name] == value:
            return "file"
        return "default" if value == self.trait_defaults(name) and not self._is_configured(name) else "now"

    def _is_configured(self, name: str) -> bool:
        return any(name in self.config[section] for section in self.section_names() if section in self.config)

    @traitlets.validate("endpoints")
    def _check_endpoints(self, proposal: Any) -> Any:
        # In the cell that sets them, as a wrong one would be an error of every request.
        try:
            known_endpoints({}, proposal["value"])
        except RequestError as error:
            raise EndpointsError(str(error)) from None
        return proposal["value"]


_current = PerSession(Settings)


def current() -> Settings:
    """Return the current settings: those of the loaded extension, else the defaults."""
    return _current.get()


def use(settings: Settings | None) -> None:
    """Make `settings` the current ones; None restores the defaults."""
    _current.set(Settings() if settings is None else settings)
