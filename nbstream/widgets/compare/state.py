"""What the page of a comparison shows besides its replies, as `protocol.CompareOwn`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from nbstream.comparison.ballot import NEITHER, TIE, named
from nbstream.comparison.veil import note_on
from nbstream.language import _, marked
from nbstream.model.printable import storable
from nbstream.model.reply import Reply
from nbstream.model.request import Request
from nbstream.model.text import Text
from nbstream.output.compared.differences import summary
from nbstream.output.compared.figures import figures_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from nbstream.comparison.ballot import Ballot
    from nbstream.output.compared.differences import AnswerDifferences
    from nbstream.output.compared.settled import Compared
    from nbstream.widgets.compare.protocol import CompareChoice, CompareDifferences, CompareFigure, CompareOwn

_QUEUED = marked("Waits for its turn.")
_KINDS = {"both": 0, "first": 1, "second": 2}
#: Figures that need more room than a column has; the settled table shows them.
_NOT_LIVE = ("state", "in", "time")


def own_of(
    compared: Compared,
    keys: Sequence[str],
    replies: Sequence[Reply],
    lives: Sequence[bool],
    chosen: tuple[Ballot, CompareDifferences | None],
) -> CompareOwn:
    """Return the own state.

    Args:
        compared: what is shown, from left to right.
        keys: the keys of the replies.
        replies: the replies themselves.
        lives: whether each column goes on, or has not begun.
        chosen: the blind choice, and the differences that are shown.
    """
    ballot, shown = chosen
    is_live = any(lives)
    figures = _figures(replies) if not compared.is_hidden else [[] for _ in replies]
    # Which of them have an answer is told once all have ended: before, it would tell who is fast.
    answered = 0 if compared.is_hidden and is_live else sum(1 for each in replies if each.ended and each.answer)
    return {
        "columns": [
            {
                "key": key,
                "name": name,
                "note": _note(reply, hidden=compared.is_hidden, live=is_live),
                "figures": column,
                "live": is_live if compared.is_hidden else lives[at],
                "chosen": ballot.choice == key,
            }
            for at, (key, name, reply, column) in enumerate(zip(keys, compared.names, replies, figures, strict=True))
        ],
        "state": _state(replies, lives, ballot),
        "notes": compared.notes,
        "live": is_live,
        "hidden": compared.is_hidden,
        "choices": choices_of(ballot) if ballot.hides and not is_live else [],
        "verdict": compared.verdict,
        "comparable": answered > 1,
        "differences": shown,
    }


def choices_of(ballot: Ballot) -> list[CompareChoice]:
    """Return the buttons of a blind choice."""
    labels = {TIE: _("Tie"), NEITHER: _("Neither")}
    return [{"value": each, "label": labels.get(each, each), "key": each[0].upper()} for each in ballot.choices]


def verdict_of(ballot: Ballot, names: Sequence[str]) -> str:
    """Return what was chosen in words; `names` are those of the columns from left to right."""
    if ballot.choice is None:
        return ""
    if ballot.choice in ballot.letters:
        place = ballot.letters.index(ballot.choice)
        return _("Chosen: {name}", name=named([ballot.choice], [names[place]])[0])
    return _("Chosen: a tie") if ballot.choice == TIE else _("Chosen: neither")


def veiled(shown: Reply, real: Reply) -> Reply:
    """Return what a file may hold of a reply before the choice: its text, as a page shows it.

    Args:
        shown: the reply that the page shows, which holds nothing but text.
        real: the reply itself.
    """
    if not shown.ended:
        return Reply("answering", request=shown.request, _answer=Text().append(shown.answer))
    words = shown.answer or note_on(real)
    structure = shown.request.structure if shown.answer else None
    request = Request(shown.request.model, structure=structure)
    return Reply("complete", "stop", request=request, _answer=Text().append(words))


def differences_of(found: AnswerDifferences, first: str, second: str) -> CompareDifferences:
    """Return differences for the page; `first` and `second` are the keys of the columns."""
    return {
        "first": first,
        "second": second,
        "names": [found.first, found.second],
        "summary": summary(found.first, found.second, found.found),
        "pieces": []
        if found.found.are_equal
        else [(_KINDS[each.kind], storable(each.second or each.first)) for each in found.found.pieces],
    }


def _state(replies: Sequence[Reply], lives: Sequence[bool], ballot: Ballot) -> str:
    count = len(replies)
    if ballot.hides:
        if any(lives):
            return _("{count} answers arrive at one pace, so that speed tells nothing", count=count)
        return _("Choose an answer, and the names are shown")
    if any(lives):
        left = sum(lives)
        return (
            _("Asking {count}", count=count)
            if left == count
            else _("{left} of {count} still answering", left=left, count=count)
        )
    whole = sum(1 for each in replies if each.status == "complete")
    return (
        _("{count} answers", count=count)
        if whole == count
        else _("{whole} of {count} answers are whole", whole=whole, count=count)
    )


def _figures(replies: Sequence[Reply]) -> list[list[CompareFigure]]:
    return [
        [
            {"label": each.label, "text": each.text, "best": each.is_best}
            for each in column
            if each.label not in _NOT_LIVE
        ]
        for column in figures_of(replies)
    ]


def _note(reply: Reply, *, hidden: bool, live: bool) -> str:
    if hidden:
        return note_on(reply) if reply.ended and not live else ""
    return _(_QUEUED) if reply.status == "pending" and reply.timing.started is None else ""
