"""What is known about a server, apart from its key: the facts of an endpoint.

`presets.toml` has those of common servers; a user's own endpoints have the same fields
(`own_endpoints`).
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field, fields, replace
from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING, Any, Literal, TypeAlias, get_args

from nbstream.client import thinking
from nbstream.language import _, listed
from nbstream.model.exceptions import RequestError
from nbstream.model.request import KeyHeader

if TYPE_CHECKING:
    from nbstream.client.thinking import ThinkingField

#: The API of the server: that of chat completions, or Anthropic's Messages API.
Api: TypeAlias = Literal["openai", "anthropic"]
#: How the server continues an answer.
Continuing: TypeAlias = Literal[
    "prefix",  # the last message is the assistant's, with `prefix: true`
    "continue_final_message",  # vLLM's pair of fields
    "prefill",  # the last message is the assistant's, without a further field
    "",  # not at all
]
#: The most that the server's `response_format` takes.
Schema: TypeAlias = Literal[
    "json_object",
    "json_schema",  # and json_object
    "json_schema_only",
    "none",
]
#: Whether the ids of a server's models have slashes.
Slashes: TypeAlias = Literal["never", "sometimes", "always"]
#: The API that tells the balance of an account.
Balance: TypeAlias = Literal["deepseek", "openrouter", ""]
#: The field that says whose request it is; at Anthropic's API both are `metadata.user_id`.
UserField: TypeAlias = Literal["user_id", "user", ""]
#: The field that limits the tokens of a reply.
MaxTokensField: TypeAlias = Literal["max_tokens", "max_completion_tokens"]


@dataclass(frozen=True, slots=True)
class EndpointFacts:
    """The facts of one endpoint. The defaults are those of a server that is not known.

    Attributes:
        name: the part before the slash in `-m name/model`; empty for a server that is not known.
        base_url: where `/chat/completions` is appended; with Anthropic's API, `/v1/messages`.
        api: the API of the server.
        title: the server's name in a sentence; may be empty.
        former_url: where older versions of the server listen; may be empty.
        url_variable: the environment variable that replaces the base URL; may be empty.
        url_suffix: the path that is appended to the value of that variable.
        key_variable: the environment variable of the key; empty if the server takes none.
        key_home: the base URL to whose origin the value of `key_variable` belongs.
        key_header: the header that holds the key.
        needs_key: whether the server answers nothing without a key.
        thinking_field: the field that switches thinking on and off.
        thinking_effort: the effort that switches it on, where the field is `reasoning_effort`.
        max_tokens_field: the field that limits the tokens of a reply.
        default_max_tokens: the limit that is sent if the user gives none; None sends none.
        continuing: how the server continues an answer.
        has_beta: whether it does so, and fills in the middle, at `/beta` only, as DeepSeek.
        schema: the most that its `response_format` takes.
        slashes: whether the ids of its models have slashes.
        balance: the API of the account's balance.
        user_field: the field that says whose request it is; empty if it is not known.
        context_window: the most tokens of a request and its reply, for models that are not in
            `context_windows`; None if unknown.
        context_windows: the same for single models.
    """

    name: str = ""
    base_url: str = ""
    api: Api = "openai"
    title: str = ""
    former_url: str = ""
    url_variable: str = ""
    url_suffix: str = ""
    key_variable: str = ""
    key_home: str = ""
    key_header: KeyHeader = "authorization"
    needs_key: bool = False
    thinking_field: ThinkingField = "thinking"
    thinking_effort: str = "medium"
    max_tokens_field: MaxTokensField = "max_tokens"
    default_max_tokens: int | None = None
    continuing: Continuing = ""
    has_beta: bool = False
    schema: Schema = "json_object"
    slashes: Slashes = "sometimes"
    balance: Balance = ""
    user_field: UserField = ""
    context_window: int | None = None
    context_windows: Mapping[str, int] = field(default_factory=dict, hash=False)

    @property
    def is_unknown(self) -> bool:
        """Whether nothing but the address and the key is known."""
        unknown = UNKNOWN_MESSAGES if self.api == "anthropic" else UNKNOWN
        return replace(unknown, **{name: getattr(self, name) for name in _IDENTITY}) == self

    def window(self, model: str) -> int | None:
        """Return the context window of `model` in tokens, or None if it is not known."""
        return self.context_windows.get(model, self.context_window)


UNKNOWN = EndpointFacts()
#: The fields that say which server it is and what its key is, and nothing of what it can do.
_IDENTITY = (
    *("name", "base_url", "former_url", "title", "url_variable", "url_suffix", "key_variable", "key_home"),
    *("key_header", "needs_key"),
)

#: The facts of a server that is not known, if it speaks Anthropic's API: a limit is required there,
#: and each model since Claude 4 takes this one.
_WITH_ANTHROPIC: Mapping[str, Any] = {"default_max_tokens": 32_000, "thinking_field": "adaptive", "schema": "none"}
UNKNOWN_MESSAGES = replace(UNKNOWN, api="anthropic", **_WITH_ANTHROPIC)

#: The values of the fields that have only a few.
_CHOICES: Mapping[str, tuple[str, ...]] = {
    "api": get_args(Api),
    "key_header": get_args(KeyHeader),
    "thinking_field": thinking.FIELDS,
    "max_tokens_field": get_args(MaxTokensField),
    "continuing": get_args(Continuing),
    "schema": get_args(Schema),
    "slashes": get_args(Slashes),
    "balance": get_args(Balance),
    "user_field": get_args(UserField),
}
#: The fields that a user may give; a variable in place of a base URL that is given has no use.
FIELDS = tuple(
    each.name for each in fields(EndpointFacts) if each.name not in ("name", "key_home", "url_variable", "url_suffix")
)


def merged(facts: EndpointFacts, entry: Mapping[str, Any]) -> EndpointFacts:
    """Return `facts` with the fields of `entry` in place of its own.

    A key belongs to the address for which it was named: an entry that changes the base URL and
    does not name the variable of the key gets no key from it.

    Raises:
        EntryError: if a field is not known, or its value is not valid.
    """
    check_entry(entry)
    if not (facts.base_url or entry.get("base_url")):
        raise EntryError("", _("it has no base_url"))
    if entry.get("api") == "anthropic" and facts.api != "anthropic":
        # What differs for this API, where the entry does not say it.
        facts = replace(facts, **_WITH_ANTHROPIC)
    made = replace(facts, **entry)
    return replace(made, key_home=made.base_url) if "key_variable" in entry else made


class EntryError(RequestError):
    """An endpoint's entry is not valid.

    Attributes:
        field: the field that is wrong; empty for the whole entry.
        reason: the mistake, as the end of a sentence.
    """

    def __init__(self, name: str, reason: str) -> None:
        super().__init__(f"{name}: {reason}" if name else reason)
        self.field = name
        self.reason = reason


def check_entry(entry: object) -> None:
    """Raise an `EntryError` unless `entry` has fields of an endpoint, with valid values."""
    if not isinstance(entry, Mapping):
        raise EntryError("", _("it must have fields, such as base_url"))
    for name, value in entry.items():
        _check(name, value)


def _check(name: str, value: object) -> None:
    if name in ("api_key", "key", "token"):
        # The value may be a key, so the sentence does not repeat it.
        raise EntryError(
            name,
            _("a key does not belong here; name its environment variable as key_variable, or use %deepseek key"),
        )
    if name not in FIELDS:
        raise EntryError(name, _("there is no such field; there are {names}", names=listed(FIELDS)))
    reason = ""
    if name in _CHOICES:
        values = listed(each or _("an empty text") for each in _CHOICES[name])
        reason = "" if value in _CHOICES[name] else _("it must be one of {values}", values=values)
    elif name in ("needs_key", "has_beta"):
        reason = "" if isinstance(value, bool) else _("it must be true or false")
    elif name in ("context_window", "default_max_tokens"):
        reason = "" if _is_count(value) else _("it must be a number of tokens")
    elif name == "context_windows":
        is_table = isinstance(value, dict) and all(map(_is_count, value.values()))
        reason = "" if is_table else _("it must have a number of tokens for each model")
    elif not isinstance(value, str):
        reason = _("it must be text")
    if reason:
        raise EntryError(name, reason)


def _is_count(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value > 0


@cache
def presets() -> Mapping[str, EndpointFacts]:
    """Return the endpoints that nbstream knows, by name."""
    entries = tomllib.loads(files("nbstream.client").joinpath("presets.toml").read_text("utf-8"))
    return {name: EndpointFacts(name, **entry, key_home=entry["base_url"]) for name, entry in entries.items()}
