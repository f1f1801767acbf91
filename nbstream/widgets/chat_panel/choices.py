"""What the next request of a panel is asked with: model, thinking and effort."""

from __future__ import annotations

import contextvars
import threading
from contextlib import suppress
from typing import TYPE_CHECKING, Any, get_args

from nbstream.client import listings, models, routing, settings
from nbstream.client.queries import QueryError
from nbstream.language import _
from nbstream.model.exceptions import RequestError
from nbstream.model.printable import one_line
from nbstream.widgets.chat_panel import protocol

if TYPE_CHECKING:
    from collections.abc import Callable

    from nbstream.chat.conversation import Chat
    from nbstream.client.endpoints import Endpoint
    from nbstream.model.reply import Reply
    from nbstream.widgets.chat_panel.protocol import Choices, ModelChoice, Thinking

_EFFORTS = ("low", "high", "max")
_THINKING: tuple[Thinking, ...] = get_args(protocol.Thinking)
_SWITCHES: dict[Thinking, bool | None] = {"auto": None, "on": True, "off": False}
#: So many models are offered; any other can be typed.
_MOST = 200


class Chosen:
    """The options that the user of a panel has chosen, which go before those of the chat.

    Args:
        chat: the chat.
    """

    def __init__(self, chat: Chat) -> None:
        self._chat = chat
        self._model = self._effort = ""
        self._thinking: Thinking = "auto"
        self._default, self._models = "", list[protocol.ModelChoice]()
        self.refresh([])

    def choose(self, option: object, value: object) -> str:
        """Choose the value of an option; return a sentence if there is no such value."""
        text = value if isinstance(value, str) else ""
        match option:
            case "model":
                self._model = one_line(text)
            case "thinking":
                if text not in _THINKING:
                    return _("Thinking is one of {thinking}.", thinking=", ".join(_THINKING))
                self._thinking = text
            case "effort":
                if text not in ("", *_EFFORTS):
                    return _("The effort is one of {efforts}.", efforts=", ".join(_EFFORTS))
                self._effort = text
            case _:
                return _("There is no such option.")
        return ""

    def options(self) -> dict[str, Any]:
        """Return the options of a request; None leaves what the chat has."""
        return {"model": self._model or None, "thinking": _SWITCHES[self._thinking], "effort": self._effort or None}

    def state(self) -> Choices:
        """Return what a page shows."""
        return {
            "model": self._model,
            "default_model": str(self._chat.defaults.get("model") or self._default),
            "models": self._models,
            "thinking": self._thinking,
            "effort": self._effort,
            "efforts": list(_EFFORTS),
        }

    def refresh(self, replies: list[Reply]) -> None:
        """Look again for the models to offer: short names, those of the replies, listed ones."""
        found: dict[str, str] = {}
        defaults = self._chat.defaults
        self._default = settings.current().model
        usual = _server(defaults.get("base_url"))
        if usual is None or usual.on_deepseek or not usual.facts.name or usual.facts.name.startswith("deepseek"):
            found |= models.ALIASES
        found |= settings.current().aliases
        for reply in replies:
            name, model = reply.request.endpoint_name, reply.request.model
            is_elsewhere = bool(name) and (usual is None or usual.origin != reply.request.endpoint)
            if model and model not in found.values():
                found.setdefault(f"{name}/{model}" if is_elsewhere else model, "")
        for prefix, endpoint in self._servers():
            for model in listings.listed(endpoint.base_url):
                if model not in found.values():
                    found.setdefault(f"{prefix}{model}", endpoint.facts.title if prefix else "")
        self._models = [_choice(value, note) for value, note in [*found.items()][:_MOST]]

    def ask_servers(self, done: Callable[[], object]) -> None:
        """Ask the servers for their models, on a thread of its own, and call `done` then."""

        def work() -> None:
            for _name, endpoint in self._servers():
                with suppress(QueryError):
                    listings.models_of(endpoint, settings.current().currency)
            done()

        # The context carries the session, whose settings and keys count.
        context = contextvars.copy_context()
        threading.Thread(target=context.run, args=(work,), name="nbstream-models", daemon=True).start()

    def _servers(self) -> list[tuple[str, Endpoint]]:
        """Return the usual server, and the user's own endpoints with what names them."""
        try:
            own = routing.known().own
        except RequestError:
            own = frozenset()
        usual = _server(self._chat.defaults.get("base_url"))
        found = [("", usual)] if usual is not None else []
        for name in sorted(own):
            endpoint = _server(name)
            if endpoint is not None and (usual is None or endpoint.origin != usual.origin):
                found.append((f"{name}/", endpoint))
        return found


def _server(name: str | None) -> Endpoint | None:
    try:
        return routing.server(name or "", without_key=True)
    except RequestError:
        return None


def _choice(value: str, note: str) -> ModelChoice:
    return {"value": one_line(value), "note": one_line(note)}
