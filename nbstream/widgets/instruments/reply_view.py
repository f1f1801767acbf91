"""`nbstream.ReplyView`: one reply as a widget."""

from __future__ import annotations

import time
from functools import cached_property
from typing import TYPE_CHECKING, Any, Unpack

import traitlets

from nbstream.client import settings
from nbstream.client.run import Run
from nbstream.exchange.start import stream
from nbstream.language import _
from nbstream.model.exceptions import RequestError
from nbstream.model.presentation import OPTIONS, presentation_of
from nbstream.model.reply import Reply
from nbstream.widgets import front_ends
from nbstream.widgets.instruments.callbacks import Callbacks, attempt
from nbstream.widgets.instruments.instrument import Instrument
from nbstream.widgets.instruments.json_values import as_json
from nbstream.widgets.instruments.reply_parts import Parts

if TYPE_CHECKING:
    from collections.abc import Callable

    from nbstream.client.options import Options
    from nbstream.model.events import Event

_KEY = "reply"
_TICK_SECONDS = 0.02


class ReplyView(Instrument):
    """One reply as a widget, live or ended, for a layout, and to link with other widgets.

    ```python
    view = nbstream.ReplyView(nbstream.stream("Why is the sky blue?"))
    view.observe(lambda change: print(change.new), "status")
    ipywidgets.HBox([view, other])
    ```

    Its traits can be read, observed (`observe`) and linked (`traitlets.link`, `dlink`). They follow
    the reply up to 15 times a second, also while a cell runs, so observers are called on a thread
    of the widget. They must not wait for the main thread. `status`, `value` and `usage` are in the
    page as well, for `ipywidgets.jslink`. `answer` and `reasoning` are not: sent whole each time
    that they grow, a long text would cost a hundred times its size. `value` has the answer once it
    is whole.

    Where nobody looks on (nbclient, papermill), a cell ends when its replies and their observers
    have ended, and the reply is static output, also below a layout.

    Args:
        shown: a run (`nbstream.stream`), or a reply (`nbstream.last`); None for a view that waits
            for `ask`.
        **display: how it is shown, as for `nbstream.show`: `reasoning`.

    Raises:
        RequestError: if `shown` is neither, or an option has no such value.

    Attributes:
        status: as `reply.status`; empty without a reply.
        answer: the answer's text so far.
        reasoning: the reasoning's text so far.
        value: None until the reply is complete; then the structured answer, if one was asked for,
            and else the answer's text. The page has it as JSON.
        usage: the tokens by their names, and `cost` as text such as "$0.0023"; None until they are
            known.
        parts: Stop, reasoning, answer and usage, as widgets of their own.
    """

    _module = "reply_view"
    status = traitlets.Unicode(read_only=True).tag(sync=True)
    answer = traitlets.Unicode(read_only=True)
    reasoning = traitlets.Unicode(read_only=True)
    value = traitlets.Any(allow_none=True, read_only=True).tag(sync=True, to_json=lambda value, _: as_json(value))
    usage = traitlets.Dict(None, allow_none=True, read_only=True).tag(sync=True)

    def __init__(self, shown: Run | Reply | None = None, **display: str | None) -> None:
        given = {each.name: display.pop(each.name, None) for each in OPTIONS}
        if display:
            raise TypeError(f"ReplyView has no option {', '.join(sorted(display))}.")
        self._presentation = presentation_of(settings.current(), given, "python")
        self._reply = Reply()
        self._run: Run | None = None
        self._ends: Callbacks[[Reply]] = Callbacks()
        self._events: Callbacks[[Event, Reply]] = Callbacks()
        if shown is not None:
            _check(shown)
        super().__init__()
        if shown is not None:
            self.show(shown)

    @property
    def reply(self) -> Reply:
        """The reply so far."""
        return self._reply

    @cached_property
    def parts(self) -> Parts:
        """The parts of the view as widgets: `stop`, `reasoning`, `answer` and `usage`."""
        return Parts(self)

    def ask(self, prompt: str | None = None, **options: Unpack[Options]) -> Run:
        """Send a prompt, show its reply instead of the present one, and return its run at once.

        A present reply that has not ended is stopped.

        Args:
            prompt: as for `nbstream.stream`.
            **options: those of `nbstream.stream`.

        Raises:
            RequestError: if the request is not valid. Nothing was sent or stopped then.
        """
        run = stream(prompt, **options)
        self.stop()
        self.show(run)
        return run

    def show(self, shown: Run | Reply) -> None:
        """Show a run, or a reply that has ended, instead of the present one.

        Raises:
            RequestError: if it is neither.
        """
        _check(shown)
        with self._state:
            # Together: the pump takes events of the one that is shown.
            self._run, self._reply = (None, shown) if isinstance(shown, Reply) else (shown, shown.reply)
            self.replies.show(_KEY, shown, self._presentation)
        self._set_traits()
        self.transcribe()

    def stop(self) -> bool:
        """Stop the reply, and return whether it had not ended."""
        # Read once: another thread may show another reply meanwhile.
        run = self._run
        return run is not None and run.cancel()

    def on_end(self, callback: Callable[[Reply], object], remove: bool = False) -> None:  # noqa: FBT001, FBT002  (as ipywidgets)
        """Call `callback` with each reply that has ended in the view, on a thread of the widget.

        A reply that `ask` or `show` has replaced before its end is not among them: its run has it.
        With `remove`, do not call it any more.
        """
        self._ends.change(callback, remove=remove)

    def on_event(self, callback: Callable[[Event, Reply], object], remove: bool = False) -> None:  # noqa: FBT001, FBT002  (as above)
        """Call `callback` with each event (`nbstream.model.events`), and the reply after its frame.

        It is called on a thread of the widget. With `remove`, do not call it any more.
        """
        self._events.change(callback, remove=remove)

    def close(self) -> None:
        """Close the widget and its parts. A reply that nobody else holds is stopped."""
        if "parts" in vars(self):
            self.parts.close()
        self._run = None
        super().close()

    def _ipython_display_(self, **options: Any) -> None:
        run = self._run
        if run is not None and not front_ends.current().has_page:
            # Nobody looks on, and what is shown is kept.
            run.result()
            while not self._reply.ended:
                # The thread of the widget has not seen the end yet.
                time.sleep(_TICK_SECONDS)
        super()._ipython_display_(**options)

    def _on_events(self, key: str, events: list[Event], reply: Reply) -> None:
        with self._state:
            shown = self.replies.get(key)
            if shown is None or shown.reply is not reply:
                # Another one has taken its place meanwhile.
                return
            self._reply = reply
        self._set_traits()
        for event in events:
            self._events(event, reply)

    def _on_end(self, key: str, reply: Reply) -> None:  # noqa: ARG002  (there is one)
        self._ends(reply)

    def _set_traits(self) -> None:
        """Let the traits follow the reply; any thread may call it, and another one meanwhile."""
        reply = None
        while reply is not self._reply:
            reply = self._reply
            # Texts first, so that who observes the status finds them.
            values = {
                "reasoning": reply.reasoning,
                "answer": reply.answer,
                "usage": _usage(reply),
                "value": _value(reply),
                "status": reply.status,
            }
            for name, value in values.items():
                if reply is self._reply:
                    attempt(self.set_trait, name, value)

    def _bundle(self) -> tuple[dict[str, str], dict[str, Any]]:
        if self._reply.ended:
            from nbstream.output.settled import bundle  # noqa: PLC0415  (the renderer, loaded when it is needed)

            return bundle(self._reply, self._presentation)
        return {"text/plain": self._plain()}, {}

    def _plain(self) -> str:
        if self._reply.ended:
            return _("A reply from {model}.", model=self._reply.model)
        if self._run is None:
            return _("A view of a reply, without one when this was written.")
        return _("A reply from {model} that had not ended when this was written.", model=self._reply.model)


def _check(shown: object) -> None:
    if not isinstance(shown, Run | Reply):
        raise RequestError(
            _(
                "A ReplyView shows a run or a reply, not {kind}: nbstream.ReplyView(nbstream.last), or "
                "nbstream.ReplyView().ask(…) for a prompt.",
                kind=type(shown).__name__,
            )
        )


def _value(reply: Reply) -> Any:
    if reply.status != "complete":
        return None
    return reply.answer if reply.request.structure is None else reply.data


def _usage(reply: Reply) -> dict[str, Any] | None:
    if reply.usage is None:
        return None
    counts = {name: getattr(reply.usage, name) for name in reply.usage.__slots__}
    return {**counts, "cost": str(reply.spend) or None}
