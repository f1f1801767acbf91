"""What a chat panel shows and does, without a widget: pages draw it, and send what users do."""

from __future__ import annotations

import itertools
import threading
import weakref
from functools import partial
from typing import TYPE_CHECKING, Any

from nbstream.language import _
from nbstream.output import chat_figures
from nbstream.widgets import busy
from nbstream.widgets.chat_panel.actions import Actions
from nbstream.widgets.chat_panel.asking import Asking, arriving_in
from nbstream.widgets.chat_panel.choices import Chosen
from nbstream.widgets.chat_panel.drafts import Drafts
from nbstream.widgets.chat_panel.rows import reply_key, turn_row, unsent_row
from nbstream.widgets.chat_panel.window import Window

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

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
        self._actions = Actions(
            chat=chat,
            asking=self.asking,
            chosen=self._chosen,
            drafts=self._drafts,
            window=self._window,
            templates=self._templates,
            turn_with=self._turn_with,
            changed=changed,
        )
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
            # First, so that what it says is in the rows.
            remark = self.asking.remark
            turns = self.chat.turns
            window = self._window.of(turns)
            arriving = arriving_in(self.chat)
            gauge, cost, cost_note = self._figured()
            return {
                "chat": self.chat.name,
                "system": self.chat.system or "",
                "rows": [*(self._row(turns[at], at) for at in window), *map(unsent_row, self.asking.unsent)],
                "first": window.start,
                "count": len(turns),
                "arriving": [self._key(turn) for turn in dict.fromkeys(turn for turn, _ in arriving)],
                "stopping": any(
                    receiver.cancelling for _turn, version in arriving if (receiver := version.receiver) is not None
                ),
                "queued": self.asking.queued,
                "draft": self._drafts.state,
                "choices": self._chosen.state(),
                "context": gauge,
                "cost": cost,
                "cost_note": cost_note,
                "waiting": self._waiting(turn for turn, version in arriving if version is turn.version),
                "kernel_busy": busy.is_busy(),
                "suggestions": self._suggestions,
                "templates": [_template(name, parts) for name, parts in self._templates.items()],
                "remark": remark,
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
        # In this order: once a run has begun, it is known that the panel has asked it.
        is_starting = self.asking.is_starting and not turn.version.ended
        if self.asking.has_asked(turn.version) or (is_starting and turn.state.place is None):
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
            self._figures = state, gauge, *chat_figures.running_cost(over)
        return self._figures[1:]

    def _waiting(self, arriving: Iterable[Turn]) -> Waiting | None:
        """Return why a reply does not go on: its tool needs the main thread, which is busy."""
        if not busy.is_busy():
            return None
        for turn in arriving:
            reply = turn.reply
            is_asking = any(call.state == "asking" for call in reply.tool_calls)
            # A cell that has asked runs the tools itself.
            if reply.status == "calling" and not is_asking and self.asking.run_of(turn.version) is not None:
                return {"row": self._key(turn), "text": _("The kernel is busy: the tool runs when it is free.")}
        return None

    def take(self, message: Mapping[str, Any]) -> ChatAnswer:
        """Take a message of a page, and return the answer to it."""
        answer = self._actions.take(message)
        self._changed()
        return answer

    def _turn_with(self, key: object) -> Turn | None:
        """Return the turn of a row that is in the chat."""
        return next((turn for turn in self.chat.turns if key and self._keys.get(turn) == key), None)

    # What happens meanwhile.

    def _on_chat(self) -> None:
        """Notice what arrives, whoever has asked it."""
        for _turn, version in arriving_in(self.chat):
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


def _template(name: str, parts: tuple[Part, ...]) -> Template:
    return {"name": name, "parts": [{"text": part.text, "blank": part.blank} for part in parts]}
