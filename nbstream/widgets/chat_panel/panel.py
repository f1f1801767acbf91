"""`nbstream.ChatPanel`: a chat as a widget, to look at, to write in and to change."""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from nbstream.chat.conversation import Chat
from nbstream.chat.templates import parts_of
from nbstream.chat.unnamed import unnamed_chat
from nbstream.client import settings
from nbstream.model.events import CallChanged
from nbstream.model.exceptions import RequestError
from nbstream.model.presentation import OPTIONS, presentation_of
from nbstream.model.whole_text import sendable
from nbstream.output.conversation import turns
from nbstream.widgets.chat_panel.state import PanelState
from nbstream.widgets.instruments.instrument import Instrument

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from nbstream.chat.turn import Turn
    from nbstream.model.events import Event
    from nbstream.model.reply import Reply

#: The HTML of the last turns is in the page, although nobody sees it: with that of 500 turns, each
#: change of the panel took the page half a second. The Markdown has all turns.
_LARGEST_HTML = 150_000
_Key = tuple[str, int, int, tuple[str, ...]]


class ChatPanel(Instrument):
    """A chat as a widget. It is the same chat that cells use: what one asks, the other shows.

    Prompts that are typed are literal. A request goes out while a cell keeps the kernel busy, too,
    where the front end has a control channel, as JupyterLab and Notebook 7 have.

    Args:
        chat: the chat, or its name. Without one it is the chat of the cells that name none, or a
            new one, which belongs to the cell: run again, the cell shows the same chat.
        suggestions: prompts to choose from.
        templates: prompts with blanks by their names, such as `{"explain": "Explain {{ topic
            }}."}`. Blanks become fields, and what is typed there is literal.
        **display: how the replies are shown: `reasoning`, as for `nbstream.ask`.

    Attributes:
        chat: the chat.

    Raises:
        RequestError: if the name is none, or a suggestion or template is not valid.
    """

    _module = "chat_panel"

    def __init__(
        self,
        chat: Chat | str | None = None,
        *,
        suggestions: Sequence[str] = (),
        templates: Mapping[str, str] | None = None,
        **display: str | None,
    ) -> None:
        self.chat = _chat(chat)
        if unknown := display.keys() - {each.name for each in OPTIONS}:
            raise TypeError(f"ChatPanel() got an unexpected keyword argument {min(unknown)!r}")
        self._presentation = replace(presentation_of(settings.current(), display, "panel"), names_turn=False)
        #: The settled HTML and Markdown of each turn, by what it shows.
        self._settled: OrderedDict[_Key, str] = OrderedDict()
        self._is_ready = False
        self._panel = PanelState(self.chat, self._on_news, _suggestions(suggestions), _templates(templates))
        self._revision = self.chat.revision
        super().__init__()
        self._is_ready = True
        self.changed()

    def close(self) -> None:
        """Close the widget. The chat stays, and replies that arrive go on."""
        self._panel.close()
        super().close()

    def _on_news(self) -> None:
        # Before the widget is there, its first state has everything.
        if self._is_ready:
            self.changed()

    def _own(self) -> dict[str, Any]:
        own: dict[str, Any] = sendable(dict(self._panel.own()))
        return own

    def _on_page(self, message: dict[str, Any]) -> dict[str, Any] | None:
        # What was typed may have surrogates, too.
        answer: dict[str, Any] = sendable(dict(self._panel.take(sendable(message))))
        return answer or None

    def _on_change(self) -> None:
        wanted = self._panel.shown()
        for key in self.replies.keys - wanted.keys():
            self.replies.hide(key)
        for key, version in wanted.items():
            if key not in self.replies:
                shown = self._panel.asking.run_of(version) or version.receiver or version.shown
                self.replies.show(key, shown, self._presentation)
        if self._revision != self.chat.revision:
            self._revision = self.chat.revision
            self.transcribe()

    def _on_events(self, key: str, events: list[Event], reply: Reply) -> None:  # noqa: ARG002  (any of them)
        if any(isinstance(event, CallChanged) for event in events):
            # It may be a call that waits for the kernel.
            self.changed()

    def _on_end(self, key: str, reply: Reply) -> None:  # noqa: ARG002  (any of them)
        self.changed()

    def _bundle(self) -> tuple[dict[str, str], dict[str, Any]]:
        from nbstream.output import conversation  # noqa: PLC0415  (the renderer, loaded when it is needed)

        numbered = [*enumerate(self.chat.turns, 1)]
        markdown = [self._turn(conversation.turn_markdown, turn, number) for number, turn in numbered]
        html: list[str] = []
        for number, turn in reversed(numbered):
            html.insert(0, self._turn(conversation.turn_html, turn, number))
            if sum(map(len, html)) > _LARGEST_HTML:
                break
        while len(self._settled) > len(numbered) + len(html):
            self._settled.popitem(last=False)
        data = {
            "text/html": conversation.html_around(self.chat, html, len(numbered) - len(html)),
            "text/markdown": conversation.markdown_around(self.chat, markdown),
            "text/plain": self._plain(),
        }
        return data, {}

    def _turn(self, make: Callable[[Turn, int], str], turn: Turn, number: int) -> str:
        """Return the settled form of a turn, which is made once."""
        if not turn.version.ended:
            return make(turn, number)
        key = make.__name__, turn.version.number, number, tuple(turn.marks())
        if key not in self._settled:
            self._settled[key] = make(turn, number)
        self._settled.move_to_end(key)
        return self._settled[key]

    def _plain(self) -> str:
        return repr(self)

    def __repr__(self) -> str:
        return f"<ChatPanel {self.chat.name}: {turns(len(self.chat))}>"


def _chat(chat: Chat | str | None) -> Chat:
    if chat is None:
        return unnamed_chat()
    if isinstance(chat, str):
        return Chat(chat)
    if not isinstance(chat, Chat):
        raise RequestError(f"ChatPanel takes a chat or its name, not {type(chat).__name__}.")
    return chat


def _suggestions(given: Sequence[str]) -> list[str]:
    if isinstance(given, str) or not all(_is_text(each) for each in given):
        raise RequestError("`suggestions=` is a list of prompts, which are texts.")
    return list(given)


def _templates(given: Mapping[str, str] | None) -> dict[str, Any]:
    items = dict(given or {})
    if not all(_is_text(each) for pair in items.items() for each in pair):
        raise RequestError('`templates=` are prompts by their names, such as {"explain": "Explain {{ topic }}."}.')
    return {name: parts_of(template) for name, template in items.items()}


def _is_text(value: object) -> bool:
    return isinstance(value, str) and bool(value.strip())
