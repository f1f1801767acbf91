"""The settings: defaults for requests, without the API key."""

from __future__ import annotations

import os
import threading
import time
from contextlib import suppress
from typing import TYPE_CHECKING, Any, Literal, TypeVar

import traitlets
from traitlets.config import Configurable

from nbstream.client import policy
from nbstream.client.endpoints import URL_VARIABLE
from nbstream.client.known_endpoints import known_endpoints
from nbstream.client.policy.files import UNREAD
from nbstream.client.thinking import FIELDS
from nbstream.language import _, joined, listed, marked
from nbstream.language import current as current_language
from nbstream.language.catalogues import ENGLISH, languages
from nbstream.model.exceptions import RequestError
from nbstream.model.presentation import OPTIONS
from nbstream.sessions.per_session import PerSession
from nbstream.wire.size_guard import MAX_BYTES

if TYPE_CHECKING:
    from collections.abc import Mapping

    from nbstream.client.policy import Rule
    from nbstream.client.thinking import ThinkingField

_T = TypeVar("_T")
#: A request reads some twenty settings, and looks at the files itself; in seconds.
_MOMENT = 0.1
#: A default of a file that is no setting.
_USER_ID = "user_id"
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

    A setting that nobody has chosen has the value of the nearest `nbstream.toml` that names it.
    In IPython they are traits of `DeepSeekMagics`: `%config DeepSeekMagics.model = "pro"`.
    """

    model = traitlets.Unicode("flash", help=marked("The model: flash, pro, a name in `aliases`, or any id.")).tag(
        config=True
    )
    base_url = traitlets.Unicode(
        "",
        help=marked(
            "The server's base URL, or the name of an endpoint; if empty, DEEPSEEK_BASE_URL or "
            "https://api.deepseek.com."
        ),
    ).tag(config=True)
    system = traitlets.Unicode("", help=marked("The system prompt for requests without one.")).tag(config=True)
    max_tokens = traitlets.Int(
        None,
        min=1,
        allow_none=True,
        help=marked("The most tokens of a reply, reasoning included; None: the server decides."),
    ).tag(config=True)
    aliases = traitlets.Dict(
        key_trait=traitlets.Unicode(), value_trait=traitlets.Unicode(), help=marked("Your own short names for models.")
    ).tag(config=True)
    endpoints = traitlets.Dict(
        help=marked(
            "Your own endpoints by name, and changes of those that there are: each a dict with base_url, "
            "key_variable, thinking_field and so on, as in docs/tasks/another-server.md. `-m name/model` asks one "
            "of them."
        )
    ).tag(config=True)
    thinking_field = traitlets.Enum(
        _THINKING_FIELDS,
        "",
        help=marked(
            "The field for --think and --no-think; if empty, that of the endpoint: `thinking` for DeepSeek, Zhipu "
            "and Moonshot; `chat_template_kwargs` for vLLM, SGLang, llama.cpp and mlx_lm; `reasoning_effort` for "
            "Ollama and OpenAI; `enable_thinking` for DashScope and SiliconFlow; `reasoning` for OpenRouter; "
            "`adaptive` for Claude, and `budget` for Claude up to 4.5; `none` for servers that take none of these. "
            "Many servers ignore a field that they do not know, and go on thinking."
        ),
    ).tag(config=True)
    currency = traitlets.Enum(
        ["USD", "CNY"], "USD", help=marked("The currency of your account at DeepSeek, in which costs are shown.")
    ).tag(config=True)
    language = traitlets.Enum(
        [current_language.AUTO, ENGLISH, *languages()],
        current_language.AUTO,
        help=marked(
            "The language of what nbstream writes for people; auto: that of the front end. Settled replies keep theirs."
        ),
    ).tag(config=True)
    cache = traitlets.Union(
        [traitlets.Bool(), traitlets.Unicode()],
        default_value=False,
        help=marked(
            "Whether complete replies are kept in files, and answer the same requests again: True, or the folder for "
            "these files; it is nbstream_cache beside the notebook."
        ),
    ).tag(config=True)
    retries = traitlets.Int(2, min=0, help=marked("How many times to retry a request before its first delta.")).tag(
        config=True
    )
    bytes_idle = traitlets.Float(
        120.0, min=0.1, help=marked("The most seconds without a byte, after the first byte of a stream.")
    ).tag(config=True)
    payload_idle = traitlets.Float(
        300.0, min=0.1, help=marked("The most seconds without data; keep-alives do not count as data.")
    ).tag(config=True)
    max_bytes = traitlets.Int(
        MAX_BYTES,
        min=1,
        help=marked(
            "The most bytes of a reply: reasoning, answer and tool calls together. Beyond that, the connection is "
            "closed and the reply so far is kept. The default, 8 MiB, is several times DeepSeek's longest reply. The "
            "kernel needs about ten times as much memory as the reply has bytes, and at worst thirty times."
        ),
    ).tag(config=True)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        #: The settings that somebody has chosen, and those that have the value of a rule.
        self._chosen: set[str] = set()
        self._of_files: dict[str, Rule[Any]] = {}
        #: When to look at the files again, on the clock of `time.monotonic`.
        self.looks_at = 0.0
        #: The thread that takes a value from a rule, which is nobody's choice.
        self._taking: int | None = None
        super().__init__(*args, **kwargs)
        self.observe(self._note_choice)
        #: What IPython's files and command line have set.
        self._at_start = {name: getattr(self, name) for name in self.traits(config=True) if self._is_configured(name)}

    def rule_of(self, name: str) -> Rule[Any] | None:
        """Return the rule whose value a setting has; None if it has another one."""
        return self._of_files.get(name)

    def take(self, defaults: Mapping[str, Rule[Any]]) -> None:
        """Give the settings that nobody has chosen the values of rules.

        Raises:
            RequestError: if a rule names no setting, or its value is not valid; all others hold.
        """
        if not (defaults or self._of_files):
            return
        problems = []
        for name in dict.fromkeys([*self._of_files, *defaults]):
            rule, old = defaults.get(name), self._of_files.get(name)
            if rule is None or self._is_chosen(name):
                if self._of_files.pop(name, None) is not None and name not in self._chosen:
                    self._set_quietly(name, self.trait_defaults(name))
                continue
            if rule == old or name == _USER_ID:
                continue
            try:
                if name not in self.trait_names(config=True) or name == "endpoints":
                    names = listed(self.trait_names(config=True))
                    raise RequestError(_("there is no setting {name}: there are {names}.", name=name, names=names))  # noqa: TRY301
                self._set_quietly(name, rule.value)
            except (traitlets.TraitError, RequestError) as error:
                problems.append(joined(f"{rule.where}: {error}", _(UNREAD)))
            else:
                self._of_files[name] = rule
        if problems:
            raise RequestError(problems[0])

    def _set_quietly(self, name: str, value: Any) -> None:
        self._taking = threading.get_ident()
        try:
            setattr(self, name, value)
        finally:
            self._taking = None

    def _note_choice(self, change: Any) -> None:
        if self._taking != threading.get_ident():
            self._chosen.add(change["name"])
            self._of_files.pop(change["name"], None)

    def _is_chosen(self, name: str) -> bool:
        if name == "base_url" and os.environ.get(URL_VARIABLE, "").strip():
            return True
        return name in self._chosen or self._is_configured(name)

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
current_language.setting = lambda: _current.get().language


def current() -> Settings:
    """Return the current settings: those of the loaded extension, else the defaults.

    What nobody has chosen has the value of a rule; files are looked at again after a moment. A file
    that cannot be read is passed over here, as `checked` refuses every request then.
    """
    found = _current.get()
    if time.monotonic() >= found.looks_at:
        with suppress(RequestError):
            checked()
    return found


def checked() -> Settings:
    """Return the current settings for a request.

    Raises:
        RequestError: if a file of rules cannot be read or is not valid.
    """
    found = _current.get()
    found.looks_at = time.monotonic() + _MOMENT
    found.take(policy.current().defaults)
    return found


def use(settings: Settings | None) -> None:
    """Make `settings` the current ones; None restores the defaults."""
    _current.set(Settings() if settings is None else settings)
