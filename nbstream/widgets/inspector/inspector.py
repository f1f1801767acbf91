"""`nbstream.Inspector`: what a reply is made of, live, afterwards, and from recordings."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Any, get_args

from nbstream.client import settings
from nbstream.client.run import Run
from nbstream.language import _, joined, marked
from nbstream.model.exceptions import RequestError
from nbstream.model.presentation import presentation_of
from nbstream.model.reply import Reply
from nbstream.widgets import front_ends
from nbstream.widgets.inspector import chunks
from nbstream.widgets.inspector.inspection import CUT, GONE, HIDDEN, Inspection
from nbstream.widgets.inspector.protocol import Tab
from nbstream.widgets.inspector.token_units import TokenUnits
from nbstream.widgets.instruments.instrument import Instrument

if TYPE_CHECKING:
    from collections.abc import Mapping

    from nbstream.widgets.inspector.stream_rows import StreamRows

_TABS: tuple[str, ...] = get_args(Tab)
_QUESTIONS = (*_TABS, "lines", "line", "token")


class Inspector(Instrument):
    """A widget that shows what was sent and what came back, byte by byte and with its times.

    Its tabs are Messages, Request, Stream, Time, Cost and Tokens. While the reply arrives it is
    live. Nothing of it stays in the notebook's file, unless the user presses *Keep in notebook* or
    `keep()` is called.

    Args:
        reply_or_run: the reply, or a run, such as that of `nbstream.stream`.
        tab: the tab that is shown first.
        reasoning: with "hidden" no reasoning is in the page or in the file, also not as bytes or as
            tokens, or in a request that sends it back; None takes the setting.

    Raises:
        RequestError: if it is neither, or if there is no such tab.
    """

    _module = "inspector"

    def __init__(self, reply_or_run: Reply | Run, tab: str = "messages", *, reasoning: str | None = None) -> None:
        if not isinstance(reply_or_run, Reply | Run):
            name = type(reply_or_run).__name__
            raise RequestError(
                _("An Inspector shows a reply or a run, not {name}: nbstream.Inspector(nbstream.last).", name=name)
            )
        if tab not in _TABS:
            raise RequestError(_("`tab=` is {tab!r}: it must be one of {tabs}.", tab=tab, tabs=", ".join(_TABS)))
        self._tab = tab
        self._is_kept = False
        self._can_keep = front_ends.running_kernel() is not None and front_ends.current().updates_later
        self._version = 0
        shown = presentation_of(settings.current(), {"reasoning": reasoning}, "python")
        self._inspection = Inspection(reply_or_run, self._grown, hides_reasoning=shown.reasoning == "hidden")
        self._units: dict[int, TokenUnits] = {}
        self._units_lock = threading.Lock()
        self._run = reply_or_run if isinstance(reply_or_run, Run) else None
        receiver = None if self._run is None else self._run.receiver
        if receiver is not None:
            # As exact times as can be had.
            receiver.trace.is_precise = True
        super().__init__()
        if receiver is not None and not receiver.done:
            receiver.add_listener(self._grown)
            # It may have ended in between.
            self._grown()

    @property
    def reply(self) -> Reply:
        """The reply so far."""
        return self._inspection.reply

    def keep(self, kept: bool = True) -> None:  # noqa: FBT001, FBT002  (reads well as keep(False))
        """Keep a static, readable form of it in the notebook; `keep(False)` removes it."""
        self._is_kept = kept
        self.changed()
        self.transcribe()

    def _grown(self) -> None:
        self._version += 1
        if self._is_kept and self.reply.ended:
            self.transcribe()
        self.changed()

    def _runs(self) -> list[Run]:
        runs = super()._runs()
        return runs if self._run is None or not self._is_kept else [*runs, self._run]

    def _own(self) -> dict[str, Any]:
        inspection = self._inspection
        return {
            "version": self._version,
            "live": not inspection.reply.ended,
            "title": inspection.title(),
            "steps": inspection.labels(),
            "tab": self._tab,
            "kept": self._is_kept,
            "can_keep": self._can_keep,
        }

    def _only_asks(self, message: dict[str, Any]) -> bool:
        return message.get("type") in _QUESTIONS

    def _on_page(self, message: dict[str, Any]) -> dict[str, Any] | None:
        step = message.get("step")
        first, place = _number(message, "first"), _number(message, "place")
        match message.get("type"):
            case "messages":
                return dict(self._inspection.messages(step, message.get("message")))
            case "request":
                return dict(self._inspection.request(step, message.get("language")))
            case "stream":
                return self._stream(step, first)
            case "lines" | "line" as kind:
                rows, _ = self._inspection.rows(step)
                return self._line(rows, message, step, whole=kind == "line")
            case "time":
                self._inspection.rows(step)
                return dict(self._inspection.time(step))
            case "cost":
                return dict(self._inspection.cost(step))
            case "tokens":
                return self._tokens(step, first)
            case "token":
                return dict(chunks.token(self._units_of(step), place))
            case "keep":
                self.keep(bool(message.get("kept")))
                return {"kept": self._is_kept}
        return super()._on_page(message)

    def _stream(self, step: Any, first: int) -> dict[str, Any]:
        rows, more = self._inspection.rows(step)
        if rows is None:
            empty = {"times": [], "kinds": "", "sizes": [], "grown": [], "texts": [], "gaps": []}
            waiting = not self.reply.ended
            return {"first": 0, "total": 0, **empty, "more": waiting, "note": "" if waiting else _(GONE)}
        hides = self._inspection.hides_reasoning
        note = joined(_(CUT) if rows.is_cut else "", _(HIDDEN) if hides else "")
        return dict(chunks.stream(rows, first, more=more, note=note, hides=hides))

    def _line(self, rows: StreamRows | None, message: Mapping[str, Any], step: Any, *, whole: bool) -> dict[str, Any]:
        first, count = _number(message, "first"), _number(message, "count")
        if rows is None:
            return {"raw": "", "left_out": 0, "meanings": []} if whole else {"first": first, "lines": []}
        request, hides = self._inspection.request_of(step), self._inspection.hides_reasoning
        if whole:
            return dict(chunks.line(rows, _number(message, "place"), request, hides=hides))
        return dict(chunks.lines(rows, first, count, request, hides=hides))

    def _tokens(self, step: Any, first: int) -> dict[str, Any]:
        found = self._inspection
        answer = chunks.tokens(self._units_of(step), found.step(step), found.tokens(step), first)
        if found.hides_reasoning and answer["total"]:
            answer["note"] = _(HIDDEN)
        return dict(answer)

    def _units_of(self, number: Any) -> TokenUnits:
        """Return the tokens of a step as the page shows them."""
        step = self._inspection.step(number)
        place = next((at for at, each in enumerate(self.reply.steps) if each.request is step.request), 0)
        with self._units_lock:
            units = self._units.get(place)
            tokens = self._inspection.tokens(number)
            if units is None or not units.follows(tokens):
                units = self._units[place] = TokenUnits(0 if units is None else units.version + 1)
            units.extend(tokens[units.taken :], is_last=step.ended or step.timing.ended is not None)
            return units

    def _bundle(self) -> tuple[dict[str, str], dict[str, Any]]:
        if not self._is_kept:
            return {"text/plain": self._plain(), "text/html": f"<div>{_(_NOT_KEPT)}</div>"}, {}
        from nbstream.output.kept_inspection import bundle  # noqa: PLC0415  (the renderer, loaded when it is used)

        step = self._inspection.step(None)
        rows = self._inspection.read_all(None)
        hides = self._inspection.hides_reasoning
        found = chunks.lines(rows, 0, chunks.MOST_LINES, step.request, hides=hides)["lines"] if rows is not None else []
        times = [row.at for row in rows.rows] if rows is not None else []
        return bundle(self.reply, times, found, hides_reasoning=hides), {}

    def _plain(self) -> str:
        return f"<Inspector of a reply from {self.reply.model or 'no model yet'}>"


_NOT_KEPT = marked("An Inspector was shown here, and not kept in the notebook.")


def _number(message: Mapping[str, Any], name: str) -> int:
    value = message.get(name)
    return value if isinstance(value, int) and not isinstance(value, bool) else 0
