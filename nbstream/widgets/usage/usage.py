"""`nbstream.usage()`: what requests took, live while cells run, and a picture in the file."""

from __future__ import annotations

import threading
import weakref
from typing import TYPE_CHECKING, Any, get_args

from nbstream.client import metering
from nbstream.language import _, marked
from nbstream.model.exceptions import RequestError
from nbstream.model.printable import one_line
from nbstream.output.usage_pictures import settled
from nbstream.output.usage_pictures.figures import Figures, Span
from nbstream.output.usage_pictures.from_ledger import Changes, Question, read
from nbstream.output.usage_pictures.picture import WIDTH, Picture, picture
from nbstream.sessions.process_lock import ProcessLock
from nbstream.widgets import cells, front_ends
from nbstream.widgets.instruments.instrument import Instrument

if TYPE_CHECKING:
    from nbstream.model.origin import Origin
    from nbstream.widgets.usage.protocol import UsageArea, UsageOwn, UsagePicture

_SPANS: tuple[Span, ...] = get_args(Span)
_LABELS: dict[Span, str] = {
    "notebook": marked("This notebook"),
    "today": marked("Today"),
    "month": marked("Month"),
    "all": marked("All"),
}
#: While a page shows it, requests of other kernels are looked for this often.
_POLL_SECONDS = 2.0
#: Widths of the picture in the file, in pixels: so that a small change of a page makes no new one.
_STEP, _NARROWEST, _WIDEST = 40, 360, 920
#: The most models that a page offers, those with most requests first.
_MOST_MODELS = 50


def usage(span: Span | None = None, model: str | None = None) -> Usage:
    """Return a widget that shows what requests took: spend, tokens, cache hits and speed.

    It is drawn from the ledger, and follows it: requests of this kernel at once, those of others
    within some seconds while a page shows it. Its last state stays in the file as a picture.

    Args:
        span: "notebook" for this notebook, "today", "month" or "all". None takes the notebook, or
            this day where no notebook is known.
        model: the only model that is counted, as the responses name it; None for all.

    Raises:
        RequestError: if there is no such span.
    """
    return Usage(span, model)


class Usage(Instrument):
    """What requests took, as a picture: see `usage`, which makes one.

    Attributes:
        figures: what is shown.
    """

    _module = "usage"

    def __init__(self, span: Span | None = None, model: str | None = None) -> None:
        if span is not None and span not in _SPANS:
            raise RequestError(_("`span=` is {span!r}: it must be one of {spans}.", span=span, spans=", ".join(_SPANS)))
        self._notebook = metering.origin_here().notebook
        chosen: Span = span or ("notebook" if self._notebook else "today")
        self._question = Question(chosen, self._notebook, model or "", cells.number_of)
        #: What others than the owner of the ledger may see: what was chosen for them.
        self._offered: tuple[Span, ...] = _SPANS if front_ends.visited() is None else (chosen,)
        self._version = 0
        #: The version of the picture in the file, or of the one that is going to be there.
        self._transcribed = 0
        self._models: list[str] = []
        self._figures: Figures | None = None
        #: Held while the ledger is read.
        self._reading = threading.RLock()
        self._changes = Changes()
        #: That of the picture in the file: about that of the page, so that its text is as large.
        self._width = WIDTH
        super().__init__()
        with _listing:
            _shown.add(self)
        self.changed()

    # For people.

    @property
    def figures(self) -> Figures:
        """What is shown: sums by period and cell, and distributions."""
        with self._reading:
            if self._figures is None or self._changes.are_there():
                return self._read()
            return self._figures

    @property
    def svg(self) -> str:
        """The picture as it stays in the file: an SVG that needs nothing else."""
        return picture(self.figures).svg

    def choose(self, span: str | None = None, model: str | None = None) -> None:
        """Show another span or model, as `usage` takes them; None keeps the present one.

        Raises:
            RequestError: if there is no such span.
        """
        if span is not None and span not in _SPANS:
            raise RequestError(
                _("There is no span {span!r}: it is one of {spans}.", span=span, spans=", ".join(_SPANS))
            )
        with self._state:
            before = self._question
            self._question = Question(
                span or before.span,
                before.notebook,
                before.model if model is None else model,
                before.number_of,
            )
        self._changes.forget()
        self.changed()

    def close(self) -> None:
        """Close the widget."""
        with _listing:
            _shown.discard(self)
        super().close()

    def __repr__(self) -> str:
        return f"<Usage {self._question.span}>"

    def __str__(self) -> str:
        return settled.text(self.figures)

    # For the page.

    def _own(self) -> dict[str, Any]:
        spans: list[tuple[str, str]] = [
            (each, _(_LABELS[each])) for each in self._offered if each != "notebook" or self._notebook
        ]
        own: UsageOwn = {
            "version": self._version,
            "span": self._question.span,
            "spans": spans,
            "model": one_line(self._question.model),
            "models": [one_line(each) for each in self._models[:_MOST_MODELS]],
        }
        return dict(own)

    def _only_asks(self, message: dict[str, Any]) -> bool:
        return message.get("type") in ("picture", "tables")

    def _on_page(self, message: dict[str, Any]) -> dict[str, Any] | None:
        # Not those that are being read: a Stop may wait behind this message.
        version, figures = self._version, self._figures
        match message.get("type"):
            case "picture" if figures is not None:
                return dict(self._picture(message, figures, version))
            case "tables" if figures is not None:
                return {"version": version, "html": settled.tables_html(figures)}
            case "picture" | "tables":
                return None
            case "choose":
                span, model = message.get("span"), message.get("model")
                self.choose(
                    span if span in self._offered else None,
                    self._named(model) if isinstance(model, str) else None,
                )
                return None
        return super()._on_page(message)

    def _named(self, shown: str) -> str:
        """Return the model of a name that the page shows."""
        return next((each for each in self._models if one_line(each) == shown), shown)

    def _picture(self, message: dict[str, Any], figures: Figures, version: int) -> UsagePicture:
        width, view = message.get("width"), message.get("view")
        width = width if isinstance(width, int) else WIDTH
        self._width = min(max(width - width % _STEP, _NARROWEST), _WIDEST)
        drawn = picture(
            figures,
            width,
            name=f"nbu-{self.run_id}-{view if isinstance(view, int) else 0}",
            standalone=False,
        )
        return {
            "version": version,
            "svg": drawn.svg,
            "width": drawn.width,
            "height": drawn.height,
            "areas": _areas(drawn),
        }

    def _on_change(self) -> None:
        if self._changes.are_there():
            self._read()
        if self._version != self._transcribed:
            self._transcribed = self._version
            self.transcribe(hurries=False)

    def _read(self) -> Figures:
        with self._reading:
            # Before, as what comes meanwhile is another change.
            self._changes.note()
            figures, models = read(self._question)
            if (figures, models) != (self._figures, self._models):
                self._figures, self._models = figures, models
                self._version += 1
                self.changed()
            return figures

    def _pause(self) -> float | None:
        pause = super()._pause()
        # Where no page has told that it shows it, nobody waits for the requests of others.
        if not self._views.pages:
            return pause
        return _POLL_SECONDS if pause is None else min(pause, _POLL_SECONDS)

    def _step(self) -> None:
        if self._views.pages and self._changes.are_there():
            self._has_changed = True
        super()._step()

    def _bundle(self) -> tuple[dict[str, str], dict[str, Any]]:
        return settled.bundle(self.figures, self._width), {}

    def _plain(self) -> str:
        return settled.text(self.figures)


class _Meter(metering.Meter):
    """Lets the pictures of this kernel look for each request when it is over."""

    def ended(self, taken: metering.Taken) -> None:  # noqa: ARG002  (see `Meter`)
        with _listing:
            every = [*_shown]
        for each in every:
            each.changed()


def _meter(_: Origin) -> metering.Meter | None:
    return _Meter() if _shown else None


def _areas(drawn: Picture) -> list[UsageArea]:
    return [
        {
            "name": one_line(area.name),
            "axis": area.axis,
            "box": area.box,
            "marks": [
                {
                    "start": round(mark.start, 1),
                    "end": round(mark.end, 1),
                    "title": one_line(mark.title),
                    "rows": list(mark.rows),
                }
                for mark in area.marks
            ],
        }
        for area in drawn.areas
    ]


_shown: weakref.WeakSet[Usage] = weakref.WeakSet()
_listing = ProcessLock()
metering.makers.append(_meter)
