"""A request as a value: endpoint, model, messages and parameters, without the API key."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal, TypeAlias
from urllib.parse import urlencode, urlsplit

from nbstream.model import representation
from nbstream.model.hidden_text import hidden_in

if TYPE_CHECKING:
    from collections.abc import Mapping

    from nbstream.model.caching import Caching
    from nbstream.model.structure import Structure
    from nbstream.model.warning import ReplyWarning

#: Where the key of a request comes from.
KeyOrigin: TypeAlias = Literal[
    "",  # unknown
    "argument",  # `api_key=`
    "environment",  # the variable of its server
    "prompt",  # typed for `%deepseek key`
    "keyring",  # the keyring of the operating system
    "colab",  # the secrets of Colab
    "elsewhere",  # there is none: the value of the variable belongs to another server
    "none",  # there is none at all
]


#: The calls of the API: a chat completion, the completion of the middle of a text, and a message of
#: Anthropic's API.
CHAT = "/chat/completions"
FIM = "/completions"
MESSAGES = "/v1/messages"
#: The version of Anthropic's API, which each request names in the header `anthropic-version`.
MESSAGES_VERSION = "2023-06-01"
#: The header that holds the key: `Authorization`, after the word Bearer, or `x-api-key`, alone.
KeyHeader: TypeAlias = Literal["authorization", "x-api-key"]


@dataclass(frozen=True, slots=True)
class Address:
    """Where below the endpoint a request goes, and where a program finds the keys for it.

    Attributes:
        path: the path of the base URL, without a slash at its end, such as `/v1`.
        call: the path below the base URL, `CHAT`, `FIM` or `MESSAGES`.
        query: the names and values of the base URL's query, except those that are keys.
        query_variables: for each key in the query its name, and the environment variable from which
            a program reads it.
        key_variable: the name of the environment variable from which a program reads the API key;
            empty if the request has none.
        key_header: the header that holds the key.
    """

    path: str = ""
    call: str = CHAT
    query: tuple[tuple[str, str], ...] = ()
    query_variables: tuple[tuple[str, str], ...] = ()
    key_variable: str = ""
    key_header: KeyHeader = "authorization"

    @property
    def variables(self) -> tuple[str, ...]:
        """Every variable from which a program reads a key."""
        own = (self.key_variable,) if self.key_variable else ()
        return (*own, *(variable for _, variable in self.query_variables))


@dataclass(frozen=True, slots=True)
class TurnPlace:
    """The turn of a chat that a request asks.

    Attributes:
        chat: the name of the chat.
        index: the turn's position in the chat, counted from 0.
        before: how many turns were sent before it.
        version: which version of the turn it is, counted from 1.
        largest: the largest of the turns that were sent before it, the largest first; for each its
            index, and its size in characters.
        outdated: whether one of these turns has another version now.
    """

    chat: str
    index: int
    before: int = 0
    version: int = 1
    largest: tuple[tuple[int, int], ...] = ()
    outdated: bool = False


@dataclass(frozen=True, slots=True)
class Inserted:
    """One value, file or other text that was put into the prompt.

    Attributes:
        name: its name, as the user wrote it, or a file's name.
        kind: what it is, such as `pandas DataFrame, 10,000 rows, 3 columns`.
        text: the text that was sent; of an image, empty.
        shown: how much of it was sent, such as `5 of 10,000 rows`.
        is_cut: whether a part of it was left out.
        media_type: the type of an image, such as `image/png`.
        place: whether it stands above or below the prompt, or in place of its name within it.
    """

    name: str
    kind: str = ""
    text: str = field(default="", repr=False)
    shown: str = ""
    is_cut: bool = False
    media_type: str = ""
    place: Literal["below", "above", "in the prompt"] = "below"


@dataclass(frozen=True, slots=True)
class Request:
    """One request as it was sent.

    Attributes:
        model: the id of the requested model.
        endpoint: scheme, host and port; empty for a recording.
        messages: the turns, oldest first.
        parameters: every other field of the request's JSON body; keys in it are `HiddenText`.
        key_origin: where the request's key comes from.
        key_variable: the environment variable of the server's key; empty if it has none.
        endpoint_name: the name of the endpoint, as in `-m name/model`; empty if it has none.
        context_window: the most tokens of the request and its reply; None if unknown.
        warnings: the changes that were needed to send the request.
        turn: the turn of a chat that it asks; None without a chat.
        inserted: the values and files that were put into the prompt.
        address: where below the endpoint it goes.
        structure: the form of the answer that it asks for; None for any text.
        caching: what it asks of the cache; None if it does not use it.
    """

    model: str = ""
    endpoint: str = ""
    messages: tuple[Mapping[str, Any], ...] = field(default=(), repr=False, hash=False)
    parameters: Mapping[str, Any] = field(default_factory=dict, hash=False)
    key_origin: KeyOrigin = ""
    warnings: tuple[ReplyWarning, ...] = ()
    key_variable: str = ""
    endpoint_name: str = ""
    context_window: int | None = None
    turn: TurnPlace | None = None
    inserted: tuple[Inserted, ...] = ()
    address: Address = field(default=Address(), repr=False)
    structure: Structure | None = None
    caching: Caching | None = None

    @property
    def url(self) -> str:
        """The URL to which it goes, without keys in its query."""
        query = urlencode(self.address.query)
        return f"{self.endpoint}{self.address.path}{self.address.call}{'?' if query else ''}{query}"

    @property
    def host(self) -> str:
        """The server's host, with its port if the endpoint names one; empty for a recording."""
        return urlsplit(self.endpoint).netloc.rpartition("@")[2].lower()

    @property
    def variables(self) -> tuple[str, ...]:
        """Every variable of the environment from which a program reads a key."""
        return (*self.address.variables, *dict.fromkeys(text.variable for text in hidden_in(self.parameters)))

    def body(self) -> dict[str, Any]:
        """Return the JSON object that is sent; `revealed` gives it with its hidden texts."""
        if self.address.call == MESSAGES:
            from nbstream.model.messages_body import messages_body  # noqa: PLC0415  (only where it is used)

            return messages_body(self.model, self.messages, self.parameters)
        messages = {"messages": list(self.messages)} if self.address.call == CHAT else {}
        return {"model": self.model, **messages, **self.parameters}

    def json(self) -> str:
        """Return the body as JSON text.

        Raises:
            RequestError: if the request is not known, as that of a recording; so for each program.
        """
        return representation.code_of(self, "json")

    def python(self) -> str:
        """Return a Python program that sends the request with the `openai` SDK.

        This program and the others read keys from the environment, and print the answer as it
        arrives.
        """
        return representation.code_of(self, "python")

    def curl(self) -> str:
        """Return a command for sh, bash or zsh that sends the request with curl."""
        return representation.code_of(self, "curl")

    def node(self, *, sdk: bool = False) -> str:
        """Return an ES module for Node that sends the request.

        Args:
            sdk: whether it uses the package `openai` instead of `fetch`.
        """
        return representation.code_of(self, "node", sdk=sdk)
