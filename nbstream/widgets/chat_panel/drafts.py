"""What is typed in a panel and not sent, so that a page that is reloaded has it again."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

    from nbstream.widgets.chat_panel.protocol import Draft


class Drafts:
    """The draft of a panel; each change has another number."""

    def __init__(self) -> None:
        self._draft: Draft = {"number": 0, "page": "", "text": "", "template": "", "blanks": {}}
        #: By page: the number of its last message that changed the draft.
        self._heard: dict[str, int] = {}

    @property
    def state(self) -> Draft:
        """The draft, as a copy."""
        return self._draft.copy()

    def take(self, message: Mapping[str, Any]) -> None:
        """Take what a page's user has typed; an old message, on another channel, counts no more."""
        page, number = str(message.get("page", "")), message.get("number")
        if isinstance(number, int):
            if number < self._heard.get(page, 0):
                return
            self._heard[page] = number
        blanks = message.get("blanks")
        self._change(
            page,
            _text(message.get("text")),
            _text(message.get("template")),
            {name: _text(text) for name, text in blanks.items()} if isinstance(blanks, dict) else {},
        )

    def clear(self, message: Mapping[str, Any]) -> None:
        """Forget the draft, as the page has sent it."""
        self.take({"page": message.get("page", ""), "number": message.get("number")})

    def put_back(self, text: str, typed: str | None = None) -> None:
        """Put a text before what is typed.

        Args:
            text: the text.
            typed: what the input field of the page holds; None takes the draft.
        """
        rest = self._draft["text"] if typed is None else typed
        self._change("", "\n\n".join(filter(None, (text, rest))), "", {})

    def _change(self, page: str, text: str, template: str, blanks: dict[str, str]) -> None:
        number = self._draft["number"] + 1
        self._draft = {"number": number, "page": page, "text": text, "template": template, "blanks": blanks}


def _text(value: Any) -> str:
    return value if isinstance(value, str) else ""
