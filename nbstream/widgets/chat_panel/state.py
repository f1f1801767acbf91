"""What a chat panel shows and does, without a widget: pages draw it, and send what users do."""

from __future__ import annotations

import itertools
import threading
import weakref
from functools import partial
from typing import TYPE_CHECKING, Any

from nbstream.chat.templates import filled
from nbstream.model.exceptions import RequestError
from nbstream.model.printable import one_line
from nbstream.output import chat_figures
from nbstream.output.cell_source import cell_source
from nbstream.widgets import busy
from nbstream.widgets.chat_panel.asking import Asking
from nbstream.widgets.chat_panel.choices import Chosen
from nbstream.widgets.chat_panel.drafts import Drafts
from nbstream.widgets.chat_panel.rows import reply_key, turn_row, unsent_row, written_of
from nbstream.widgets.chat_panel.window import Window

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from nbstream.chat.conversation import Chat
    from nbstream.chat.templates import Part
    from nbstream.chat.turn import Turn, Version
    from nbstream.widgets.chat_panel.protocol import (
        ChatAnswer,
        ChatRow,
        ChatState,
        Gauge,
        Origin,
        Template,
        Waiting,
    )


class PanelState:
    """The state of a panel: a chat, what its users type and choose, and which turns they see.

    Any thread may call the methods; none of them blocks.

    Args:
        chat: the chat.
        changed: is called when something has changed, on any thread; it must not block.
        suggestions: prompts to choose from.
        templates: the parts of templates, by their names.
    """

    def __init__(
        self,
        chat: Chat,
        changed: Callable[[], object],
        suggestions: Sequence[str] = (),
        templates: Mapping[str, tuple[Part, ...]] | None = None,
    ) -> None:
        self.chat = chat
        self._changed = changed
        self._suggestions = list(suggestions)
        self._templates = dict(templates or {})
        self._window = Window()
        self._drafts = Drafts()
        self._chosen = Chosen(chat)
        self.asking = Asking(chat, self._chosen.options, changed)
        self._lock = threading.RLock()
        self._numbers = itertools.count(1)
        self._keys: weakref.WeakKeyDictionary[Turn, str] = weakref.WeakKeyDictionary()
        #: The versions whose end is waited for, by their numbers.
        self._awaited: set[int] = set()
        self._figures: tuple[object, Gauge | None, str, str] | None = None
        chat.add_listener(self._on_chat)
        busy.add_listener(changed)
        self._on_chat()

    def close(self) -> None:
        """Hear no more of the chat. Replies that arrive go on."""
        self.chat.remove_listener(self._on_chat)
        busy.remove_listener(self._changed)

    # What pages show.

    def own(self) -> ChatState:
        """Return the state that the pages draw."""
        with self._lock:
            turns = self.chat.turns
            window = self._window.of(turns)
            arriving = [turn for turn in turns if not turn.version.ended]
            gauge, cost, cost_note = self._figured()
            return {
                "chat": self.chat.name,
                "system": self.chat.system or "",
                "rows": [*(self._row(turns[at], at) for at in window), *map(unsent_row, self.asking.unsent)],
                "first": window.start,
                "count": len(turns),
                "arriving": [self._key(turn) for turn in arriving],
                "stopping": any(
                    receiver.cancelling for turn in arriving if (receiver := turn.version.receiver) is not None
                ),
                "queued": self.asking.queued,
                "draft": self._drafts.state,
                "choices": self._chosen.state(),
                "context": gauge,
                "cost": cost,
                "cost_note": cost_note,
                "waiting": self._waiting(arriving),
                "kernel_busy": busy.is_busy(),
                "suggestions": self._suggestions,
                "templates": [_template(name, parts) for name, parts in self._templates.items()],
                "remark": self.asking.remark,
                "can_undo": self.chat.can_undo,
            }

    def shown(self) -> dict[str, Version]:
        """Return the versions whose replies the pages need, by the keys that the rows name.

        Of those that this panel has asked, all that arrive are among them: they may have tools to
        run, also while another branch or earlier turns are shown.
        """
        with self._lock:
            turns = self.chat.turns
            found = [turns[at].version for at in self._window.of(turns)]
        # In this order: a run that began after the first line is known by the last one.
        is_starting = self.asking.is_starting
        running = set(self.asking.running)
        if is_starting:
            # Whose run it is decides where its tools run.
            found = [each for each in found if each.ended or each.number in running]
        found += [each for turn in self.chat.every_turn for each in turn.versions if each.number in running]
        return {reply_key(version): version for version in found}

    def _row(self, turn: Turn, at: int) -> ChatRow:
        version = turn.version
        return turn_row(turn, at + 1, self._key(turn), self._origin(turn), self.asking.notes_of(version))

    def _origin(self, turn: Turn) -> Origin:
        if self.asking.has_asked(turn.version):
            return "panel"
        return "code" if turn.state.place is None else "cell"

    def _key(self, turn: Turn) -> str:
        if turn not in self._keys:
            self._keys[turn] = f"t{next(self._numbers)}"
        return self._keys[turn]

    def _figured(self) -> tuple[Gauge | None, str, str]:
        """Return the gauge, the cost and what it is made of, anew when a reply has ended."""
        chat = self.chat
        ended = sum(version.ended for turn in chat.every_turn for version in turn.versions)
        state = chat.revision, chat.system, ended
        if self._figures is None or self._figures[0] != state:
            replies = chat_figures.replies(chat)
            use = chat_figures.context(chat)
            gauge: Gauge | None = (
                None
                if use is None
                else {"tokens": use.tokens, "window": use.window, "about": use.is_estimate, "text": str(use)}
            )
            over = [each for each in replies if each.ended]
            self._figures = state, gauge, chat_figures.cost(over), chat_figures.cost_note(over)
        return self._figures[1:]

    def _waiting(self, arriving: list[Turn]) -> Waiting | None:
        """Return why a reply does not go on: its tool needs the main thread, which is busy."""
        if not busy.is_busy():
            return None
        for turn in arriving:
            reply = turn.reply
            is_asking = any(call.state == "asking" for call in reply.tool_calls)
            # A cell that has asked runs the tools itself.
            if reply.status == "calling" and not is_asking and self.asking.run_of(turn.version) is not None:
                return {"row": self._key(turn), "text": "The kernel is busy: the tool runs when it is free."}
        return None

    # What users do.

    def take(self, message: Mapping[str, Any]) -> ChatAnswer:
        """Take a message of a page, and return the answer to it."""
        answer = self._act(message)
        self._changed()
        return answer

    def _act(self, message: Mapping[str, Any]) -> ChatAnswer:
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
                if problem := self._chosen.choose(message.get("option"), message.get("value")):
                    return {"problem": problem}
            case "draft":
                self._drafts.take(message)
            case "window":
                first = message.get("first")
                with self._lock:
                    self._window.move(first if isinstance(first, int) else -1)
            case "models":
                self.asking.worker.put(lambda: self._chosen.ask_servers(self._refresh))
            case _:
                return self._on_turn(message)
        return {}

    def _send(self, message: Mapping[str, Any]) -> ChatAnswer:
        template = message.get("template")
        if template:
            parts, blanks = self._templates.get(str(template)), message.get("blanks")
            if parts is None:
                return {"problem": f"There is no template {one_line(str(template))}."}
            try:
                prompt = filled(parts, _texts(blanks))
            except RequestError as error:
                return {"problem": str(error)}
        else:
            prompt = str(message.get("text") or "")
        if not prompt.strip():
            return {"problem": "The prompt is empty, so nothing was sent."}
        self._drafts.clear(message)
        with self._lock:
            self._window.move(-1)
        self.asking.send(prompt)
        return {}

    def _stop(self, message: Mapping[str, Any]) -> ChatAnswer:
        turn = self._turn(message) if message.get("row") else None
        if message.get("row") and turn is None:
            return _GONE
        self.asking.stop(None if turn is None else turn.version)
        return {}

    def _unqueue(self, message: Mapping[str, Any]) -> None:
        prompt = self.asking.take_back(message.get("queued"))
        if prompt is not None:
            self._put_back(prompt, message)

    def _put_back(self, prompt: str, message: Mapping[str, Any]) -> None:
        """Put a prompt into the input field, before what is typed there."""
        typed = message.get("text")
        draft = self._drafts.state
        parts = self._templates.get(draft["template"])
        if not isinstance(typed, str) and parts is not None:
            # What was filled in is kept as text.
            blanks = draft["blanks"]
            typed = "".join(part.text or blanks.get(part.blank) or f"{{{{ {part.blank} }}}}" for part in parts)
        self._drafts.put_back(prompt, typed if isinstance(typed, str) else None)

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
                self._put_back(unsent.prompt, message)

    def _on_turn(self, message: Mapping[str, Any]) -> ChatAnswer:
        turn = self._turn(message)
        unsent = next((each for each in self.asking.unsent if each.key == message.get("row")), None)
        if unsent is not None and message.get("type") == "text":
            return {"text": unsent.prompt}
        if turn is None:
            return _GONE
        match message.get("type"):
            case "retry":
                self.asking.retry(turn)
            case "continue":
                self.asking.go_on(turn)
            case "edit":
                return self._edit(turn, message)
            case "version":
                number = message.get("version")
                if not isinstance(number, int) or not 0 < number <= len(turn.versions):
                    return {"problem": f"This turn has {len(turn.versions)} versions."}
                self.asking.change(lambda: turn.use(number - 1))
            case "hide":
                hidden = message.get("hidden") is not False
                self.asking.change(lambda: self.chat.hide(self.chat.position_of(turn), hidden))
            case "text":
                return self._text(turn, message.get("part"))
            case other:
                return {"problem": f"There is no message {one_line(str(other))}."}
        return {}

    def _edit(self, turn: Turn, message: Mapping[str, Any]) -> ChatAnswer:
        text = message.get("text")
        if not isinstance(text, str):
            return {"problem": "There is no new text."}
        if message.get("part") == "answer":
            self.asking.edit_answer(turn, text)
        elif not text.strip():
            return {"problem": "The prompt is empty, so nothing was sent."}
        else:
            self.asking.edit_prompt(turn, written_of(turn).changed(text))
        return {}

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
        return {"problem": "A row has no such text."}

    def _turn(self, message: Mapping[str, Any]) -> Turn | None:
        key = message.get("row")
        return next((turn for turn in self.chat.turns if key and self._keys.get(turn) == key), None)

    # What happens meanwhile.

    def _on_chat(self) -> None:
        """Notice what arrives, whoever has asked it."""
        for turn in self.chat.turns:
            version = turn.version
            receiver = version.receiver
            if receiver is not None and version.number not in self._awaited:
                self._awaited.add(version.number)
                receiver.future.add_done_callback(partial(self._on_end, version.number))
        self._changed()

    def _on_end(self, number: int, _future: object) -> None:
        # The receiver's lock is held: no lock may be taken within which replies are read.
        self._awaited.discard(number)
        self.asking.advance()
        self._changed()

    def _refresh(self) -> None:
        self._chosen.refresh(chat_figures.replies(self.chat))
        self._changed()


_GONE: ChatAnswer = {"problem": "This turn is not in the chat any more."}


def _texts(blanks: object) -> dict[str, str]:
    return {str(name): str(text) for name, text in blanks.items()} if isinstance(blanks, dict) else {}


def _template(name: str, parts: tuple[Part, ...]) -> Template:
    return {"name": name, "parts": [{"text": part.text, "blank": part.blank} for part in parts]}
