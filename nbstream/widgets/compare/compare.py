"""`Compare`: one question to several models, or with several options, side by side."""

from __future__ import annotations

import threading
import time
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import traitlets

from nbstream.client import allowance, settings
from nbstream.client.start import limits
from nbstream.comparison import columns as comparing
from nbstream.comparison.ballot import Ballot
from nbstream.comparison.differences import differences
from nbstream.comparison.self_naming import SENTENCE, names_a_model
from nbstream.comparison.sending import Sending
from nbstream.comparison.shown_names import ShownNames
from nbstream.comparison.specs import read_specs
from nbstream.comparison.veil import Veil, text_of
from nbstream.language import _
from nbstream.model.exceptions import RequestError
from nbstream.model.presentation import OPTIONS, presentation_of
from nbstream.model.reply import Reply
from nbstream.model.request import Request
from nbstream.model.text import Text
from nbstream.output.compared import settled
from nbstream.output.compared.differences import AnswerDifferences
from nbstream.output.compared.rows import frame_of
from nbstream.widgets import front_ends
from nbstream.widgets.compare import state
from nbstream.widgets.compare.compared_replies import ComparedReplies
from nbstream.widgets.instruments.instrument import Instrument

if TYPE_CHECKING:
    from collections.abc import Sequence

    from nbstream.client.run import Run
    from nbstream.comparison.columns import Column
    from nbstream.model.events import Event
    from nbstream.model.presentation import Audience
    from nbstream.widgets.compare.protocol import CompareDifferences

_TICK_SECONDS = 0.1


class Compare(Instrument):
    """Several replies to one prompt, side by side, each in a column with its figures.

    The requests are sent at once, and `display` shows them while they arrive. A column that fails
    does not end the others. A chat is asked and stays as it is. Calls of tools are shown and none
    is run; `nbstream.resume` carries on the reply that you choose.

    Args:
        prompt: what to ask; taken literally. None if each spec has a prompt or messages.
        specs: two to six columns: each is the name of a model, a dict of options, a chat, or a list
            of messages. A dict may also have `name`, `prompt` and `chat`.
        blind: whether names and figures are hidden, and the order is shuffled, until one answer is
            chosen. All texts grow at the pace of the slowest one then.
        concurrency: the most requests at once; None sends all. For servers that are slow with
            several, as on one's own machine.
        audience: the reader of messages.
        **options: options of every column, as of `nbstream.ask`.

    Attributes:
        choice: A, B, … or "tie" or "neither" in a blind comparison; None before.
        replies: the replies so far, in the order of the specs.
        presentation: how they are shown.
        letters: the keys of the columns from left to right, which name them while names are hidden.
        columns: the columns from left to right.

    Raises:
        RequestError: if a spec or a request is not valid. Nothing was sent then.
    """

    _module = "compare"
    replies: ComparedReplies
    choice = traitlets.Unicode(None, allow_none=True, read_only=True)

    def __init__(
        self,
        prompt: str | None = None,
        specs: Sequence[Any] = (),
        *,
        blind: bool = False,
        concurrency: int | None = None,
        audience: Audience = "python",
        **options: Any,
    ) -> None:
        """Check all requests, and send them."""
        display = {each.name: options.pop(each.name, None) for each in OPTIONS}
        presentation = presentation_of(settings.current(), display, audience)
        self.presentation = replace(presentation, has_footer=False, has_buttons=False)
        if concurrency is not None and (type(concurrency) is not int or concurrency < 1):
            raise RequestError(
                _(
                    "`concurrency=` is {concurrency!r}: it must be a whole number of at least 1.",
                    concurrency=concurrency,
                )
            )
        common = {name: value for name, value in options.items() if value is not None}
        self._in_order, self._same = comparing.prepared(read_specs(prompt, specs, common), _without_chat(common))
        if any(column.source.is_sent for column in self._in_order):
            allowance.check()
        self._ballot = Ballot(len(self._in_order), blind=blind)
        #: From left to right.
        self.columns = [self._in_order[at] for at in self._ballot.order]
        self.letters = self._ballot.letters
        self._veil = Veil(self.columns) if blind else None
        self._veiled: list[Run] = []
        self._differences: CompareDifferences | None = None
        self._asked_for = 0
        #: Whether an answer names a model; None before all are known.
        self._names_a_model: bool | None = None
        self._names = ShownNames(self._in_order, self._ballot)
        super().__init__()
        self.replies = ComparedReplies(self._state, self._wake_for_news, self._views.pages, self._in_order)
        if self._veil is not None:
            # All at once: as soon as one is shown, a frame of all columns may be made.
            self._veiled = [self._veil.run(place, letter, limits()) for place, letter in enumerate(self.letters)]
            for letter, veiled in zip(self.letters, self._veiled, strict=True):
                self.replies.show(letter, veiled, replace(self.presentation, reasoning="hidden"))
        self._sending = Sending(
            self.columns,
            len(self.columns) if concurrency is None else concurrency,
            on_started=self._on_started,
            on_refused=self.notify,
            on_ended=self._on_ended,
        )
        self._sending.start()

    # For people.

    @property
    def names(self) -> list[str]:
        """The names of the columns, in the order of the specs; letters until a blind choice."""
        if self._ballot.hides:
            return list(self.letters)
        return [column.name for column in self._in_order]

    @property
    def done(self) -> bool:
        """Whether all columns have ended."""
        return all(column.has_ended for column in self.columns)

    @property
    def chosen(self) -> Reply | None:
        """The reply that was chosen in a blind comparison; None without one."""
        at = self._ballot.chosen()
        return None if at is None else self._in_order[at].reply

    def wait(self, timeout: float | None = None) -> Compare:
        """Wait until all columns have ended, and return the comparison.

        Args:
            timeout: the most seconds to wait; None means no limit.

        Raises:
            TimeoutError: if a column goes on by then.
            KeyboardInterrupt: if ■ or Ctrl-C was pressed; all columns are stopped.
        """
        ends_at = None if timeout is None else time.monotonic() + timeout
        try:
            while not self.done:
                if ends_at is not None and time.monotonic() >= ends_at:
                    raise TimeoutError
                time.sleep(_TICK_SECONDS)
        except KeyboardInterrupt:
            self.stop()
            raise
        return self

    def stop(self) -> None:
        """Stop all columns; what arrived is kept."""
        for column in self.columns:
            column.cancel()
        if self._veil is not None:
            self._veil.lift()
        self.changed()
        self.transcribe()

    def close(self) -> None:
        """Close the widget. Requests that were not sent yet are not sent any more."""
        for column in vars(self).get("columns", ()):
            if column.is_waiting:
                column.cancel()
        super().close()

    def choose(self, choice: str) -> None:
        """Choose in a blind comparison: a letter, "tie" or "neither". Only the first choice counts.

        Raises:
            RequestError: if there is no such choice, or if the comparison is not blind.
        """
        if self._veil is None:
            raise RequestError(_("This comparison is not blind: Compare(…, blind=True) is."))
        if not self._ballot.choose(choice):
            return
        for key, column in zip(self.letters, self.columns, strict=True):
            if column.run is not None:
                self.replies.show(key, column.run, self.presentation)
        self.set_trait("choice", self._ballot.choice)
        self._forget_differences()
        self.changed()
        self.transcribe()

    def frame(self) -> Any:
        """Return a row for each column as a pandas DataFrame; without pandas, as a list of dicts.

        Until a blind choice there are only letters and answers, from left to right.
        """
        hides = self._ballot.hides
        shown = self.columns if hides else self._in_order
        rows = [(column.name, self._names.letter(column), column.reply) for column in shown]
        return frame_of(rows, self._ballot.choice, hides=hides)

    def differences(self, first: int | str = 0, second: int | str = 1) -> AnswerDifferences:
        """Return the words in which two answers differ.

        Args:
            first: a column, by its position in the specs or by its name or letter.
            second: another one.

        Raises:
            RequestError: if there is no such column.
        """
        one, other = self._names.find(first), self._names.find(second)
        words = differences(one.reply.answer, other.reply.answer)
        return AnswerDifferences(self._names.of(one), self._names.of(other), words)

    def summary(self) -> str:
        """Return the figures and the choice as text, without the answers."""
        return settled.summary(self._compared())

    @property
    def shown_names(self) -> list[str]:
        """The names of the columns from left to right."""
        return [self._names.of(column) for column in self.columns]

    def __repr__(self) -> str:
        ended = sum(column.has_ended for column in self.columns)
        return f"<Compare {', '.join(self.names)}: {ended} of {len(self.columns)} have ended>"

    def __str__(self) -> str:
        return settled.text(self._compared(), self.presentation)

    def _ipython_display_(self, **options: Any) -> None:
        if not front_ends.current().has_page:
            # Nobody looks on, and what is shown is kept.
            self.wait()
            if self._veil is not None:
                self._veil.lift()
            for run in self._veiled:
                run.result()
        super()._ipython_display_(**options)

    # For the page.

    def _is_settled(self) -> bool:
        return self.done and super()._is_settled()

    def _own(self) -> dict[str, Any]:
        replies = [column.reply for column in self.columns]
        lives = [not column.has_ended for column in self.columns]
        if self._ballot.hides:
            lives = [not run.done for run in self._veiled] or [True]
        # Not before all of the answers can be read.
        compared = self._compared(is_whole=not any(lives))
        return dict(state.own_of(compared, self.letters, replies, lives, (self._ballot, self._differences)))

    def _on_page(self, message: dict[str, Any]) -> dict[str, Any] | None:
        match message.get("type"):
            case "stop":
                self.stop()
            case "choose" if all(run.done for run in self._veiled):
                self.choose(str(message.get("choice")))
            case "differences":
                self._show_differences(message.get("first"), message.get("second"))
        return None

    def _on_events(self, key: str, events: list[Event], reply: Reply) -> None:  # noqa: ARG002  (see Instrument)
        self.changed()

    def _on_end(self, key: str, reply: Reply) -> None:  # noqa: ARG002  (as above)
        self.changed()

    def _bundle(self) -> tuple[dict[str, str], dict[str, Any]]:
        return settled.bundle(self._compared(), self.presentation), {}

    def _plain(self) -> str:
        return _("A comparison of {shown_names}", shown_names=", ".join(self.shown_names))

    def _on_started(self, column: Column, run: Run) -> None:
        if not self._ballot.hides:
            self.replies.show(self.letters[self.columns.index(column)], run, self.presentation)
        self.changed()

    def transcribe(self, *, hurries: bool = True) -> None:
        """Renew the static transcript, without haste while columns go on."""
        super().transcribe(hurries=hurries and self.done)

    def _on_ended(self) -> None:
        self.changed()
        self.transcribe()

    def _show_differences(self, first: Any, second: Any) -> None:
        self._forget_differences()
        if first in self.letters and second in self.letters and first != second:
            number = self._asked_for
            # On a thread of its own: long texts take a while, and pages wait for other answers.
            threading.Thread(target=self._find_differences, args=(number, first, second), daemon=True).start()
        self.changed()

    def _find_differences(self, number: int, first: str, second: str) -> None:
        found = self.differences(first, second)
        with self._state:
            if number == self._asked_for:
                self._differences = state.differences_of(found, first, second)
        self.changed()

    def _forget_differences(self) -> None:
        with self._state:
            self._asked_for += 1
            self._differences = None

    def _compared(self, *, is_whole: bool | None = None) -> settled.Compared:
        """Return what is shown.

        Args:
            is_whole: whether all of a blind comparison can be read; None if it is so with the end
                of all columns. In a page, the texts grow for a while after that.
        """
        names = self.shown_names
        replies = [column.reply for column in self.columns]
        hides = self._ballot.hides
        is_whole = self.done if is_whole is None else is_whole
        if hides:
            shown = map(self._whole if is_whole else self._so_far, range(len(self.columns)))
            replies = list(map(state.veiled, shown, replies))
        verdict = state.verdict_of(self._ballot, [column.name for column in self.columns])
        warning = SENTENCE if hides and is_whole and self._an_answer_names_a_model() else ""
        return settled.Compared(names, replies, self._same, verdict, is_hidden=hides, warning=warning)

    def _so_far(self, place: int) -> Reply:
        """Return what a page shows of a column before the choice."""
        # At first there is nothing: the widget opens with no text at all.
        return self._veiled[place].reply if self._veiled else Reply(request=Request(self.letters[place]))

    def _whole(self, place: int) -> Reply:
        """Return what there is to read of a column that has ended, before the choice."""
        column = self.columns[place]
        request = Request(self.letters[place], structure=column.source.request.structure)
        return Reply("complete", request=request, _answer=Text().append(text_of(column)))

    def _an_answer_names_a_model(self) -> bool:
        if self._names_a_model is None:
            models = [column.source.request.model for column in self.columns]
            asked = [repr(column.source.request.messages) for column in self.columns]
            self._names_a_model = names_a_model(map(text_of, self.columns), models, asked)
        return self._names_a_model


def _without_chat(common: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in common.items() if name != "chat"}
