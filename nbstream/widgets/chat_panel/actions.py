"""What the users of a chat panel do: the messages of its pages, and the answers to them."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

from nbstream.chat.templates import filled
from nbstream.language import _, marked
from nbstream.model.exceptions import RequestError
from nbstream.model.printable import one_line
from nbstream.output import chat_figures
from nbstream.output.cell_source import cell_source
from nbstream.widgets.chat_panel.rows import written_of

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from nbstream.chat.conversation import Chat
    from nbstream.chat.templates import Part
    from nbstream.chat.turn import Turn
    from nbstream.widgets.chat_panel.asking import Asking
    from nbstream.widgets.chat_panel.choices import Chosen
    from nbstream.widgets.chat_panel.drafts import Drafts
    from nbstream.widgets.chat_panel.protocol import ChatAnswer, Editing
    from nbstream.widgets.chat_panel.window import Window

_GONE = marked("This turn is not in the chat any more.")
_EDIT_GONE = marked("This turn is not in the chat any more. Its text is in the input field.")


@dataclass(frozen=True, slots=True)
class Actions:
    """Acts upon the messages of pages, on any thread, without blocking.

    Attributes:
        chat: the chat.
        asking: its requests.
        chosen: what they are asked with.
        drafts: what is typed.
        window: which turns the pages have.
        templates: the parts of templates, by their names.
        turn_with: returns the turn of a row, by its key, if it is in the chat.
        changed: is called when the models to choose from have changed, on any thread.
    """

    chat: Chat
    asking: Asking
    chosen: Chosen
    drafts: Drafts
    window: Window
    templates: Mapping[str, tuple[Part, ...]]
    turn_with: Callable[[object], Turn | None]
    changed: Callable[[], object]

    def take(self, message: Mapping[str, Any]) -> ChatAnswer:
        """Act upon a message, and return the answer to it."""
        match message.get("type"):
            case "send":
                return self._send(message)
            case "stop":
                return self._stop(message)
            case "unqueue":
                self._unqueue(message)
            case "send_queued":
                self.asking.send_queued(message.get("queued"))
            case "send_unsent" | "dismiss" | "edit" if self._is_unsent(message):
                self._on_unsent(message)
            case "undo":
                self.asking.change(self.chat.undo)
            case "choose":
                if problem := self.chosen.choose(message.get("option"), message.get("value")):
                    return {"problem": problem}
            case "draft":
                self.drafts.take(message)
            case "written":
                return {"draft": self.drafts.whole}
            case "window":
                first = message.get("first")
                self.window.move(first if isinstance(first, int) else -1)
            case "models":
                self.asking.worker.put(lambda: self.chosen.ask_servers(self._refresh))
            case _:
                return self._on_turn(message)
        return {}

    def _send(self, message: Mapping[str, Any]) -> ChatAnswer:
        template = message.get("template")
        if template:
            parts, blanks = self.templates.get(str(template)), message.get("blanks")
            if parts is None:
                return {"problem": _("There is no template {template}.", template=one_line(str(template)))}
            try:
                prompt = filled(parts, _texts(blanks))
            except RequestError as error:
                return {"problem": str(error)}
        else:
            prompt = str(message.get("text") or "")
        if not prompt.strip():
            return {"problem": _("The prompt is empty, so nothing was sent.")}
        self.drafts.clear(message)
        self.window.move(-1)
        self.asking.send(prompt)
        return {}

    def _stop(self, message: Mapping[str, Any]) -> ChatAnswer:
        key = message.get("row")
        turn = self.turn_with(key)
        if key and turn is None:
            return {"problem": _(_GONE)}
        self.asking.stop(None if turn is None else turn.version)
        return {}

    def _unqueue(self, message: Mapping[str, Any]) -> None:
        prompt = self.asking.take_back(message.get("queued"))
        if prompt is not None:
            self._put_back(prompt, message.get("text"))

    def _put_back(self, text: str, typed: object = None) -> None:
        """Put a text into the input field, before what is typed there."""
        draft = self.drafts.whole
        parts = self.templates.get(draft["template"])
        if not isinstance(typed, str) and parts is not None:
            # What was filled in is kept as text.
            blanks = draft["blanks"]
            typed = "".join(part.text or blanks.get(part.blank) or f"{{{{ {part.blank} }}}}" for part in parts)
        self.drafts.put_back(text, typed if isinstance(typed, str) else None)

    def _is_unsent(self, message: Mapping[str, Any]) -> bool:
        return any(each.key == message.get("row") for each in self.asking.unsent)

    def _on_unsent(self, message: Mapping[str, Any]) -> None:
        unsent = self.asking.take_unsent(message.get("row"))
        if unsent is None:
            return
        match message.get("type"):
            case "send_unsent":
                self.asking.send(unsent.prompt)
            case "edit":
                self._put_back(unsent.prompt, message.get("text"))

    def _on_turn(self, message: Mapping[str, Any]) -> ChatAnswer:
        key, kind = message.get("row"), message.get("type")
        turn = self.turn_with(key)
        unsent = next((each for each in self.asking.unsent if each.key == key), None)
        if unsent is not None and kind == "text":
            return {"text": unsent.prompt}
        if turn is None:
            return self._edit_gone(message) if kind == "edit" else {"problem": _(_GONE)}
        match kind:
            case "retry":
                self.asking.retry(turn)
            case "continue":
                self.asking.go_on(turn)
            case "edit":
                return self._edit(turn, message)
            case "version":
                number = message.get("version")
                if not isinstance(number, int) or not 0 < number <= len(turn.versions):
                    return {"problem": _("This turn has {count} versions.", count=len(turn.versions))}
                self.asking.change(lambda: turn.use(number - 1))
            case "hide":
                hidden = message.get("hidden") is not False
                self.asking.change(lambda: self.chat.hide(self.chat.position_of(turn), hidden))
            case "text":
                return self._text(turn, message.get("part"))
            case other:
                return {"problem": _("There is no message {other}.", other=one_line(str(other)))}
        return {}

    def _edit(self, turn: Turn, message: Mapping[str, Any]) -> ChatAnswer:
        text, is_answer = message.get("text"), message.get("part") == "answer"
        if not isinstance(text, str):
            return {"problem": _("There is no new text.")}
        if not (is_answer or text.strip()):
            return {"problem": _("The prompt is empty, so nothing was sent.")}
        self.drafts.end_edit(message)
        editing: Editing = {"row": str(message["row"]), "part": "answer" if is_answer else "prompt", "text": text}
        back = partial(self._give_back, turn, editing)
        if is_answer:
            self.asking.edit_answer(turn, text, back)
        else:
            self.asking.edit_prompt(turn, written_of(turn).changed(text), back)
        return {}

    def _edit_gone(self, message: Mapping[str, Any]) -> ChatAnswer:
        """Keep the text of a turn that is gone."""
        text = message.get("text")
        if not isinstance(text, str):
            return {"problem": _(_GONE)}
        self.drafts.end_edit(message)
        self._put_back(text)
        return {"problem": _(_EDIT_GONE)}

    def _give_back(self, turn: Turn, editing: Editing) -> bool:
        """Open the form of an edit again that was refused; return whether its text is kept."""
        if turn in self.chat.turns and self.drafts.open_edit(editing):
            return True
        if editing["part"] == "answer":
            self._put_back(editing["text"])
        # A prompt can be sent still.
        return editing["part"] == "answer"

    def _text(self, turn: Turn, part: object) -> ChatAnswer:
        match part:
            case "prompt":
                return {"text": written_of(turn).text}
            case "answer":
                return {"text": turn.answer}
            case "reasoning":
                return {"text": turn.reply.reasoning}
            case "cell":
                request = turn.reply.steps[0].request
                return {"text": cell_source(self.chat.name, turn.prompt, request, self.chat.defaults)}
        return {"problem": _("A row has no such text.")}

    def _refresh(self) -> None:
        self.chosen.refresh(chat_figures.replies(self.chat))
        self.changed()


def _texts(blanks: object) -> dict[str, str]:
    return {str(name): str(text) for name, text in blanks.items()} if isinstance(blanks, dict) else {}
