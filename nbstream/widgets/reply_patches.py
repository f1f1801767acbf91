"""A growing reply as patches for its page, without kernel, widget or clock."""

from __future__ import annotations

from dataclasses import replace
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from nbstream.language import _
from nbstream.model.events import Answer, Continued, Event, Moved, Reasoning, Stepped
from nbstream.widgets.call_cards import CallCards
from nbstream.widgets.document_writer import DocumentWriter
from nbstream.widgets.meta import meta_of, without_clocks
from nbstream.widgets.protocol import Keyframe, Meta, Patch, empty_state

if TYPE_CHECKING:
    from collections.abc import Mapping

    from nbstream.markdown.rendering import Renderer
    from nbstream.model.earlier import Earlier
    from nbstream.model.presentation import Presentation
    from nbstream.model.reply import Reply
    from nbstream.widgets.markdown_document import MarkdownDocument
    from nbstream.widgets.protocol import Op


class ReplyPatches:
    """Turns the events of one reply into patches, and its present state into a keyframe.

    Args:
        reply: the reply before the first event.
        presentation: how it is shown.
        foreground: whether a cell waits for the run, so that ■ would stop it.
        deciders: the page whose user decided about a call, by the question; any thread may change
            it.

    Attributes:
        reply: the reply after the last events.
        is_behind: whether there are events that no patch holds yet.
        renderer: remembers the HTML of the texts, for the settled output; None without any text.
    """

    def __init__(
        self,
        reply: Reply,
        presentation: Presentation,
        *,
        foreground: bool,
        deciders: Mapping[str, str] = MappingProxyType({}),
    ) -> None:
        self.reply = reply
        self.is_behind = False
        self._presentation = presentation
        self._foreground = foreground
        #: Reasoning and answer, once there is any: the renderer is loaded when the view is shown
        #: already.
        self._documents: tuple[MarkdownDocument, MarkdownDocument] | None = None
        self.renderer: Renderer | None = None
        self._is_json = reply.request.structure is not None
        #: The steps before the present one.
        self._earlier = DocumentWriter()
        self._step = 0
        self._deciders = deciders
        self._cards = CallCards(0, deciders)
        self._seq = 0
        self._meta: Meta | None = None
        if reply.earlier is not None:
            # In the first keyframe, so that what was there does not vanish until the first patch.
            self._begin(reply.earlier)
            self._take_frames()

    @property
    def unfinished(self) -> str:
        """What stands in a file that was saved before the end."""
        return _("A reply from {model} that had not ended when this was written.", model=self.reply.model)

    @property
    def seq(self) -> int:
        """The sequence number of the last patch."""
        return self._seq

    @property
    def changes_status(self) -> bool:
        """Whether the next patch changes the status or a tool call, and not only text."""
        return self._cards.is_urgent or self._meta is None or self._meta["status"] != self.reply.status

    def feed(self, events: list[Event], reply: Reply) -> None:
        """Take new events, and the reply after them."""
        self._is_json = reply.request.structure is not None
        for event in events:
            if isinstance(event, Answer):
                self._document(1).feed(event.text)
            elif isinstance(event, Reasoning) and self._shows_reasoning:
                self._document(0).feed(event.text)
            elif isinstance(event, Continued) and self.reply.earlier is None:
                self._begin(event.earlier)
            elif isinstance(event, Moved):
                self._move(event)
            elif isinstance(event, Stepped):
                self._begin_step(reply)
            else:
                self._cards.feed(event)
        self.reply = reply
        self.is_behind = True

    def patch(self, elapsed: float, *, final: bool = False) -> Patch | None:
        """Return the next patch, or None if nothing has changed.

        Args:
            elapsed: seconds since the request was sent.
            final: whether it is the last one, in which the text is complete.
        """
        self.is_behind = False
        patch: Patch = {"seq": self._seq + 1}
        reasoning, answer = self._take_frames(final=final)
        if earlier := self._earlier.take():
            patch["earlier"] = earlier
        if reasoning:
            patch["reasoning"] = reasoning
        if answer:
            patch["answer"] = answer
        if cards := self._cards.changes(self.reply):
            patch["cards"] = cards
        meta = self._meta_at(elapsed)
        if self._meta is None or without_clocks(meta) != without_clocks(self._meta):
            patch["meta"] = self._meta = meta
        if not patch.keys() > {"seq"}:
            return None
        self._seq += 1
        return patch

    def keyframe(self, elapsed: float) -> Keyframe:
        """Return the state after every patch so far; `elapsed` is as for `patch`."""
        reasoning, answer = [each.state for each in self._documents or ()] or [empty_state(), empty_state()]
        return {
            "seq": self._seq,
            "earlier": self._earlier.state,
            "reasoning": reasoning,
            "answer": answer,
            "cards": self._cards.state,
            "meta": self._meta_at(elapsed),
        }

    def settled(self, run_id: str) -> tuple[dict[str, str], dict[str, Any]]:
        """Return the settled output, and its metadata; see `output.settled.bundle`."""
        from nbstream.output.settled import bundle  # noqa: PLC0415  (the renderer, loaded when it is needed)

        return bundle(self.reply, self._presentation, self.renderer, run_id)

    @property
    def _shows_reasoning(self) -> bool:
        return self._presentation.reasoning != "hidden"

    def _take_frames(self, *, final: bool = False) -> list[list[Op]]:
        """Draw the documents, and return the operations on reasoning and answer since then."""
        return [each.finish() if final else each.frame() for each in self._documents or ()] or [[], []]

    def _begin(self, earlier: Earlier) -> None:
        """Show what a reply goes on with."""
        if earlier.reasoning and self._shows_reasoning:
            self._document(0).feed(earlier.reasoning)
        if earlier.answer:
            self._document(1).feed(earlier.answer)
        self.is_behind = True

    def _begin_step(self, reply: Reply) -> None:
        """Put the finished step to those before it; `reply` has all of its steps so far."""
        from nbstream.output.steps import step_html  # noqa: PLC0415  (the renderer; see _documents)

        for document in self._documents or ():
            document.clear()
        finished, following = reply.steps[self._step : self._step + 2]
        is_repeated = following.cause == "again"
        html = step_html(finished, self._presentation, self._renderer(), repeated=is_repeated, settled=False)
        self._earlier.add(html)
        self._step += 1
        self._cards = CallCards(self._step, self._deciders)

    def _move(self, event: Moved) -> None:
        """Move all text of the last request from one document to the other."""
        source, target = (1, 0) if event.to == "reasoning" else (0, 1)
        self._document(source).clear()
        if (earlier := self.reply.earlier) is not None:
            if target == 1:
                self._document(1).clear()
            self._begin(earlier if target == 1 else replace(earlier, reasoning=""))
        if target == 1 or self._shows_reasoning:
            self._document(target).feed(event.text)

    def _document(self, which: int) -> MarkdownDocument:
        if self._documents is None:
            from nbstream.widgets.markdown_document import MarkdownDocument  # noqa: PLC0415  (0.1 s; see _documents)

            renderer = self._renderer()
            self._documents = MarkdownDocument(renderer), MarkdownDocument(renderer, is_json=self._is_json)
        return self._documents[which]

    def _renderer(self) -> Renderer:
        if self.renderer is None:
            from nbstream.markdown.rendering import Renderer  # noqa: PLC0415  (as above)

            self.renderer = Renderer()
        return self.renderer

    def _meta_at(self, elapsed: float) -> Meta:
        return meta_of(self.reply, self._presentation, elapsed=elapsed, foreground=self._foreground)
