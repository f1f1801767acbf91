"""What is typed in a panel and not sent, so that a page that is reloaded has it again."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

    from nbstream.widgets.chat_panel.protocol import Draft, Editing

#: A longer draft goes to a page that asks for it, and not back to the page that it comes from.
_MOST_SHOWN = 2_000


class Drafts:
    """The draft of a panel; each change has another number."""

    def __init__(self) -> None:
        self.whole: Draft = {
            "number": 0,
            "page": "",
            "put_text": 0,
            "put_editing": 0,
            "is_whole": True,
            "text": "",
            "template": "",
            "blanks": {},
            "editing": None,
        }
        #: By page: the number of its last message that changed the draft.
        self._heard: dict[str, int] = {}

    @property
    def state(self) -> Draft:
        """The draft as all pages have it: a long one without its texts."""
        draft = self.whole
        if _size(draft) <= _MOST_SHOWN:
            return draft.copy()
        return {**draft, "is_whole": False, "text": "", "blanks": {}, "editing": None}

    def take(self, message: Mapping[str, Any]) -> None:
        """Take what a page's user has typed; an old message, on another channel, counts no more."""
        blanks, seen = message.get("blanks"), message.get("seen")
        if self._is_new(message):
            editing = _editing(message.get("editing"))
            if editing is None and isinstance(seen, int) and seen < self.whole["put_editing"]:
                # The page does not know yet that a form is open again.
                editing = self.whole["editing"]
            self._change(
                page=_text(message.get("page")),
                text=_text(message.get("text")),
                template=_text(message.get("template")),
                blanks={name: _text(text) for name, text in blanks.items()} if isinstance(blanks, dict) else {},
                editing=editing,
            )

    def clear(self, message: Mapping[str, Any]) -> None:
        """Forget what was in the input field, as the page has sent it."""
        if self._is_new(message):
            self._change(page=_text(message.get("page")), text="", template="", blanks={})

    def end_edit(self, message: Mapping[str, Any]) -> None:
        """Forget the text of a row that was being changed, as the page has sent it."""
        if self._is_new(message) and self.whole["editing"] is not None:
            self._change(page=_text(message.get("page")), editing=None)

    def put_back(self, text: str, typed: str | None = None) -> None:
        """Put a text before what is typed.

        Args:
            text: the text.
            typed: what the input field of the page holds; None takes the draft.
        """
        rest = self.whole["text"] if typed is None else typed
        both = "\n\n".join(filter(None, (text, rest)))
        self._change(page="", put_text=self._next, text=both, template="", blanks={})

    def open_edit(self, editing: Editing) -> bool:
        """Open the form of a text that is being changed; False if another one is open."""
        if self.whole["editing"] is not None:
            return False
        self._change(page="", put_editing=self._next, editing=editing)
        return True

    def _is_new(self, message: Mapping[str, Any]) -> bool:
        page, number = _text(message.get("page")), message.get("number")
        if isinstance(number, int):
            if number < self._heard.get(page, 0):
                return False
            self._heard[page] = number
        return True

    @property
    def _next(self) -> int:
        return self.whole["number"] + 1

    def _change(self, **fields: Any) -> None:
        # Anew, as other threads read it.
        self.whole = {**self.whole, "number": self._next, **fields}  # type: ignore[typeddict-item]


def _size(draft: Draft) -> int:
    editing = draft["editing"]
    return len(draft["text"]) + sum(map(len, draft["blanks"].values())) + (len(editing["text"]) if editing else 0)


def _editing(value: Any) -> Editing | None:
    if not isinstance(value, dict) or not isinstance(value.get("text"), str):
        return None
    is_answer = value.get("part") == "answer"
    return {"row": _text(value.get("row")), "part": "answer" if is_answer else "prompt", "text": value["text"]}


def _text(value: Any) -> str:
    return value if isinstance(value, str) else ""
