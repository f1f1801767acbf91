"""The tool calls of the present step, as cards of the page protocol."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, cast

from nbstream.model.events import CallChanged, Ended, Responded, ToolCallDelta
from nbstream.model.text import common_prefix, utf16_length
from nbstream.model.tool_call import ToolCall, name_after

if TYPE_CHECKING:
    from collections.abc import Mapping

    from nbstream.model.events import Event
    from nbstream.model.reply import Reply
    from nbstream.widgets.protocol import Card, CardChange

#: While arguments arrive, so many characters of their end are kept; fewer are shown.
_KEPT = 1_000
_MISSING = object()


@dataclass(slots=True)
class _Arriving:
    """A call whose arguments are not whole, without most of them."""

    position: int
    name: str = ""
    end: str = ""
    length: int = 0

    def add(self, event: ToolCallDelta) -> None:
        self.name = name_after(self.name, event.name)
        self.end = (self.end + event.arguments)[-_KEPT:]
        self.length += len(event.arguments)


class CallCards:
    """Turns the events of one step into changes of its cards.

    All messages together are linear in what they show: of a card only the parts are sent that have
    changed, of its results only their new end, and of arguments that arrive only the end.

    Args:
        step: the position of the step in the reply.
        deciders: the page whose user decided about a call, by the question. Any thread may change
            it.
    """

    def __init__(self, step: int, deciders: Mapping[str, str]) -> None:
        self._step = step
        self._deciders = deciders
        #: By the server's numbers.
        self._arriving: dict[int, _Arriving] = {}
        self._are_whole = False
        self._cards: list[Card] = []
        #: The positions of cards that are behind.
        self._behind: set[int] = set()
        #: For each card, of which arguments it has the HTML.
        self._drawn: dict[int, tuple[object, ...]] = {}
        #: How often the user was asked about each call.
        self._asked: Counter[int] = Counter()
        self._is_urgent = False

    @property
    def is_urgent(self) -> bool:
        """Whether more has changed than arguments that arrive."""
        return self._is_urgent

    @property
    def state(self) -> list[Card]:
        """The cards of a page that applied every change, as copies."""
        return [card.copy() for card in self._cards]

    def feed(self, event: Event) -> None:
        """Take an event of the step."""
        match event:
            case ToolCallDelta():
                call = self._arriving.setdefault(event.index, _Arriving(len(self._arriving)))
                call.add(event)
                self._behind.add(call.position)
            case CallChanged():
                self._behind.add(event.index)
                self._is_urgent = True
                self._asked[event.index] += event.state == "asking"
            case Responded() | Ended():
                self._are_whole = self._is_urgent = True
                self._behind.update(range(len(self._arriving)))

    def changes(self, reply: Reply) -> list[CardChange]:
        """Return what has changed since the last call; `reply` is the reply after all events."""
        behind, self._behind, self._is_urgent = sorted(self._behind), set(), False
        if not behind:
            return []
        whole = reply.tool_calls if self._are_whole else ()
        arriving = {each.position: each for each in self._arriving.values()}
        found = []
        for position in behind:
            before = self._cards[position] if position < len(self._cards) else None
            if whole:
                card = self._whole(position, whole[position], before, ended=reply.ended)
            else:
                card = self._unfinished(position, arriving[position])
            if (change := _change(before, card)) is not None:
                found.append(change)
            self._cards[position : position + 1] = [card]
        return found

    def _unfinished(self, position: int, arriving: _Arriving) -> Card:
        """Return the card of a call whose arguments arrive."""
        from nbstream.output import cards  # noqa: PLC0415  (the renderer; see ReplyPatches)
        from nbstream.output.call_values import arriving_arguments  # noqa: PLC0415  (as above)

        call = ToolCall("", arriving.name, arriving.end, "arriving")
        card = self._card(position, call, ended=False)
        arguments = arriving_arguments(arriving.end, arriving.length)
        return {**card, "arguments": cards.arguments_html(arguments, whole=False)}

    def _whole(self, position: int, call: ToolCall, before: Card | None, *, ended: bool) -> Card:
        """Return the card of a call; its arguments are drawn anew only if they are other ones."""
        from nbstream.output import call_words, cards, questions  # noqa: PLC0415  (the renderer; see ReplyPatches)

        card = self._card(position, call, ended=ended)
        drawn = (call.arguments, call.edited, call_words.shows_all(call, ended=ended))
        if before is not None and self._drawn.get(position) == drawn:
            card["arguments"] = before["arguments"]
        else:
            card["arguments"] = cards.call_arguments_html(call, ended=ended)
            self._drawn[position] = drawn
        card["results"] = cards.results_html(call)
        if call.state == "asking" and not ended:
            card["question"] = {
                "name": call_words.short_name(call),
                "notes": questions.notes(call),
                "arguments": questions.editable(call.arguments),
            }
        return card

    def _card(self, position: int, call: ToolCall, *, ended: bool) -> Card:
        from nbstream.output import call_words, cards  # noqa: PLC0415  (as above)

        key = f"{self._step}.{position}"
        return {
            "key": key,
            "state": call.state,
            "name": call_words.name(call),
            "root": cards.ROOT,
            "head": cards.head_html(call, ended=ended),
            "arguments": "",
            "results": "",
            "began": call.began if call.state in ("running", "stopping") else None,
            "asked": self._asked[position],
            "question": None,
            "decider": self._deciders.get(question_key(key, self._asked[position]), ""),
        }


def question_key(call: str, asked: int) -> str:
    """Return the key of the question that was asked for the `asked`-th time about a call."""
    return f"{call}#{asked}"


def _change(before: Card | None, card: Card) -> CardChange | None:
    """Return what differs between two states of a card; None if nothing does."""
    known: Mapping[str, object] = {} if before is None else before
    change: dict[str, object] = {name: value for name, value in card.items() if known.get(name, _MISSING) != value}
    if not change:
        return None
    results = card["results"]
    if before is not None and "results" in change:
        kept = common_prefix(before["results"], results)
        change["results"] = utf16_length(results[:kept]), results[kept:]
    elif before is None:
        change["results"] = 0, results
    return cast("CardChange", {"key": card["key"], **change})
