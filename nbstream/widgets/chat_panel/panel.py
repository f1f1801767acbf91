"""`nbstream.ChatPanel`: a chat as a widget, to look at, to write in and to change."""

from __future__ import annotations

import math
import threading
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING, Any, NamedTuple

from nbstream.chat.conversation import Chat
from nbstream.chat.templates import parts_of
from nbstream.chat.unnamed import unnamed_chat
from nbstream.client import settings
from nbstream.language import _
from nbstream.model.events import CallChanged
from nbstream.model.exceptions import RequestError
from nbstream.model.presentation import OPTIONS, presentation_of
from nbstream.model.whole_text import sendable
from nbstream.output.conversation import turns
from nbstream.widgets.chat_panel.state import PanelState
from nbstream.widgets.instruments.instrument import Instrument

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from nbstream.chat.turn import Turn
    from nbstream.model.events import Event
    from nbstream.model.reply import Reply

#: The page has the HTML of the last turns, although nobody sees it: JupyterLab cleans and draws all
#: of it each time that a reply ends. The Markdown has all turns.
_LARGEST_HTML = 60_000
#: So many characters of turns become HTML or Markdown at once: that takes up to 30 ms.
_AT_ONCE = 20_000
_Key = tuple[str, int, int, tuple[str, ...]]
_Make = Callable[["Turn", int], str]


class _Forms(NamedTuple):
    """The HTML of the last turns, the Markdown of as many or more, and how many turns have none."""

    html: list[str]
    markdown: list[str]
    left_out: int


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
        self._making = threading.Lock()
        self._is_ready = False
        self._panel = PanelState(self.chat, self._on_news, _suggestions(suggestions), _templates(templates))
        self._revision = self.chat.revision
        super().__init__()
        self._is_ready = True
        self.changed()

    def close(self) -> None:
        """Close the widget. The chat stays, and replies that arrive go on.

        The rest of a long transcript, of which the file has the last turns in the first seconds, is
        written soon, as far as the notebook is open.
        """
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

    def _only_asks(self, message: dict[str, Any]) -> bool:
        return message.get("type") == "text"

    def _must_follow(self) -> bool:
        # A run that has just begun is held here once the thread has taken this change.
        return self._panel.asking.is_under_way or super()._must_follow()

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

    def _prepare(self) -> bool:
        return not self._forms(_AT_ONCE, with_arriving=False).left_out

    def _bundle(self) -> tuple[dict[str, str], dict[str, Any]]:
        return self._bundle_of(self._forms(math.inf))

    def _bundle_so_far(self) -> tuple[dict[str, str], dict[str, Any]]:
        return self._bundle_of(self._forms(0))

    def _bundle_of(self, forms: _Forms) -> tuple[dict[str, str], dict[str, Any]]:
        from nbstream.output import conversation  # noqa: PLC0415  (the renderer, loaded when it is needed)

        html, markdown, missing = forms
        left_out = missing + len(markdown) - len(html)
        data = {
            "text/html": conversation.html_around(self.chat, html, left_out, in_markdown=not missing),
            "text/markdown": conversation.markdown_around(self.chat, markdown, missing),
            "text/plain": self._plain(),
        }
        return data, {}

    def _forms(self, budget: float, *, with_arriving: bool = True) -> _Forms:
        """Return the settled forms of the last turns, which are made once.

        Args:
            budget: about so many characters of turns are made into another form, at least those of
                one turn; 0 makes none.
            with_arriving: whether turns that arrive are made, too, which is done each time.
        """
        from nbstream.output import conversation  # noqa: PLC0415  (as above)

        html, markdown = list[str](), list[str]()
        characters = 0
        with self._making:
            turns = self.chat.turns
            for number, turn in zip(range(len(turns), 0, -1), reversed(turns), strict=True):
                makes = [conversation.turn_markdown]
                if characters <= _LARGEST_HTML:
                    makes.append(conversation.turn_html)
                keys = [_key(make, turn, number) for make in makes]
                if cost := _size(turn) * sum(key not in self._settled for key in keys):
                    if budget <= 0:
                        break
                    budget -= cost
                for make, key, forms in zip(makes, keys, (markdown, html), strict=False):
                    is_made = with_arriving or turn.version.ended
                    forms.append(self._form(make, turn, number, key) if is_made else "")
                characters = sum(map(len, html))
            if len(markdown) == len(turns):
                while len(self._settled) > len(markdown) + len(html):
                    self._settled.popitem(last=False)
        return _Forms(html[::-1], markdown[::-1], len(turns) - len(markdown))

    def _form(self, make: _Make, turn: Turn, number: int, key: _Key) -> str:
        if not turn.version.ended:
            return make(turn, number)
        if key not in self._settled:
            self._settled[key] = make(turn, number)
        self._settled.move_to_end(key)
        return self._settled[key]

    def _plain(self) -> str:
        return repr(self)

    def __repr__(self) -> str:
        return f"<ChatPanel {self.chat.name}: {turns(len(self.chat))}>"


def _key(make: _Make, turn: Turn, number: int) -> _Key:
    return make.__name__, turn.version.number, number, tuple(turn.marks())


def _size(turn: Turn) -> int:
    """Return how many characters of a turn become another form once; 0 while it arrives."""
    reply = turn.version.shown
    return len(turn.prompt) + len(reply.answer) + len(reply.reasoning) + 1 if reply.ended else 0


def _chat(chat: Chat | str | None) -> Chat:
    if chat is None:
        return unnamed_chat()
    if isinstance(chat, str):
        return Chat(chat)
    if not isinstance(chat, Chat):
        raise RequestError(_("ChatPanel takes a chat or its name, not {kind}.", kind=type(chat).__name__))
    return chat


def _suggestions(given: Sequence[str]) -> list[str]:
    if isinstance(given, str) or not all(_is_text(each) for each in given):
        raise RequestError(_("`suggestions=` is a list of prompts, which are texts."))
    return list(given)


def _templates(given: Mapping[str, str] | None) -> dict[str, Any]:
    items = dict(given or {})
    if not all(_is_text(each) for pair in items.items() for each in pair):
        raise RequestError(_('`templates=` are prompts by their names, such as {"explain": "Explain {{ topic }}."}.'))
    return {name: parts_of(template) for name, template in items.items()}


def _is_text(value: object) -> bool:
    return isinstance(value, str) and bool(value.strip())
