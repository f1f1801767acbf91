"""What a chat sends with a new turn: the turns before it."""

from __future__ import annotations

import dataclasses
from functools import cached_property
from typing import TYPE_CHECKING

from nbstream.client import models
from nbstream.client.thinking import rule_for
from nbstream.exchange import round_trip
from nbstream.language import _
from nbstream.model.exceptions import RequestError
from nbstream.model.request import MESSAGES, TurnPlace

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from typing import Any

    from nbstream.chat.turn import Turn
    from nbstream.client.sources.api import ApiSource
    from nbstream.client.thinking import ReasoningRule
    from nbstream.exchange.round_trip import Message
    from nbstream.model.notebook import NotebookCell
    from nbstream.model.request import Request

#: So many of the largest turns are named if a prompt is too long.
_LARGEST = 3


class TurnsBefore:
    """The turns before one that is asked.

    Args:
        chat: the name of the chat.
        turns: the turns before it, hidden ones included.

    Attributes:
        sent: those that are sent.

    Raises:
        RequestError: if one of them still arrives.
    """

    def __init__(self, chat: str, turns: Sequence[Turn]) -> None:
        for number, turn in enumerate(turns, 1):
            if not turn.version.ended and not turn.hidden:
                raise RequestError(
                    _(
                        "Turn {number} of the chat {chat} is still arriving: wait for its end, or stop it. Nothing "
                        "was sent.",
                        number=number,
                        chat=chat,
                    )
                )
        self._chat = chat
        self._turns = turns
        self.sent = sent(turns)

    def messages(self, rule: ReasoningRule) -> list[Message]:
        """Return the messages that stand for the turns in a request."""
        return [message for turn in self.sent for message in turn.version.messages(rule)]

    def shared(self, messages: tuple[Message, ...]) -> tuple[Message, ...]:
        """Return a request's messages, with those of earlier requests in place of their equals.

        Otherwise each request had copies of all messages before it, which grow with the square of
        the turns.
        """
        at = 1 if messages and messages[0]["role"] == "system" else 0
        found = list(messages[:at])
        for turn in self.sent:
            count = len(turn.version.messages("never"))
            found += turn.version.shared(messages[at : at + count])
            at += count
        return (*found, *messages[at:])

    def has_asked(self, cell: NotebookCell) -> bool:
        """Return whether a cell has asked a turn that is sent, or hidden."""
        return cell.id in self._cells or id(cell.reply) in self._replies

    @property
    def numbers(self) -> tuple[int, ...]:
        """The numbers of the versions that are sent."""
        return numbers(self.sent)

    def place(self, turn: Turn | None) -> TurnPlace:
        """Return the place of a request for a new version of `turn`, or for a new turn."""
        sizes = sorted(((round_trip.size_of(each.version.messages("never")), each) for each in self.sent), key=_size)
        largest = tuple((self._turns.index(each), size) for size, each in sizes[:_LARGEST])
        version = 1 + (len(turn.versions) if turn is not None else 0)
        return TurnPlace(self._chat, len(self._turns), len(self.sent), version, largest)

    def renewed(self, turn: Turn, request: Request, own: Mapping[str, Any] | None = None) -> Request:
        """Return a request of `turn` as it would be asked now.

        Args:
            turn: the turn that these are before.
            request: a request of it.
            own: the user's message; None keeps that of the request.
        """
        at = _own_message(request)
        own = request.messages[at] if own is None else own
        has_blocks = request.address.call == MESSAGES
        rule = rule_for(request.parameters, is_deepseek=models.is_deepseek(request.model), has_blocks=has_blocks)
        system = request.messages[:1] if _is_from("system", request, 0) else ()
        text = round_trip.text_of(own["content"])
        inserted = tuple(each for each in request.inserted if each.media_type or each.text in text)
        return dataclasses.replace(
            request,
            messages=(*system, *self.messages(rule), own, *request.messages[at + 1 :]),
            inserted=inserted,
            turn=self.place(turn),
        )

    @cached_property
    def _known(self) -> list[Turn]:
        return [*self.sent, *(turn for turn in self._turns if turn.hidden)]

    @cached_property
    def _cells(self) -> set[str]:
        return {place.cell for turn in self._known if (place := turn.state.place) is not None}

    @cached_property
    def _replies(self) -> set[int]:
        return {id(version.reply) for turn in self._known for version in turn.versions}


def sent(turns: Iterable[Turn]) -> list[Turn]:
    """Return the turns that are sent: neither hidden, nor arriving, nor ended with nothing."""
    return [turn for turn in turns if not turn.hidden and turn.version.ended and not turn.version.is_empty]


def numbers(turns: Iterable[Turn]) -> tuple[int, ...]:
    """Return the numbers of the present versions of turns."""
    return tuple(turn.version.number for turn in turns)


def added(source: ApiSource) -> tuple[Message, ...]:
    """Return the messages that a request adds to those of the turns before it."""
    # The beginning of the answer may follow, which is a part of the reply.
    return tuple(each for each in source.request.messages if each["role"] == "user")[-1:]


def _own_message(request: Request) -> int:
    """Return the index of the user's message that a request adds to those before it."""
    return next(index for index in range(len(request.messages) - 1, -1, -1) if _is_from("user", request, index))


def _is_from(role: str, request: Request, index: int) -> bool:
    return bool(request.messages[index]["role"] == role)


def _size(pair: tuple[int, Turn]) -> int:
    return -pair[0]
