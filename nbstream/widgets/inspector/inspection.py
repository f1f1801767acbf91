"""What an Inspector's page asks, and the answers: each is made when it is asked for."""

from __future__ import annotations

import threading
import weakref
from typing import TYPE_CHECKING, Any

from nbstream.client.trace import trace_of
from nbstream.language import _, marked
from nbstream.model.exceptions import RequestError
from nbstream.model.printable import one_line, printable
from nbstream.output import cost_account, hidden_reasoning, time_account
from nbstream.output.sent_messages import others, sent_messages
from nbstream.sessions.process_lock import ProcessLock
from nbstream.widgets.inspector.stream_rows import StreamRows

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from nbstream.client.run import Run
    from nbstream.client.trace import ResponseTrace
    from nbstream.model.probabilities import Token
    from nbstream.model.reply import Reply
    from nbstream.model.request import Request
    from nbstream.output.sent_messages import SentMessage
    from nbstream.widgets.inspector.protocol import (
        CostAnswer,
        MessagesAnswer,
        MessageView,
        RequestAnswer,
        TimeAnswer,
    )

#: Of a longer message the beginning and the end are shown, so many characters each.
_FIRST, _LAST = 3_000, 600
#: A message is never shown with more characters than this; the request's JSON has all.
_MOST_CHARACTERS = 400_000
_MOST_MESSAGES = 200
#: A longer program is shown without colours, and one that is still longer is cut.
_LONGEST_COLOURED, _LONGEST_PROGRAM = 60_000, 1_000_000
#: What is said of a step whose raw bytes are not there.
GONE = marked(
    "The raw bytes of this reply are not in this kernel: they are kept in memory only, for the latest replies. The "
    "other tabs show what the reply itself has."
)
#: What is said where reasoning is hidden.
HIDDEN = marked("The reasoning is hidden: `nbstream.Inspector(reply, reasoning='open')` shows it.")
CUT = marked("A part of the raw bytes was too large to be kept.")
#: The lines of so many replies are kept, as each has its bytes and its events once more. Those of
#: others are read again from the trace when somebody looks at them.
_MOST_READ = 8
_latest: list[weakref.ref[Inspection]] = []
_latest_lock = ProcessLock()
STATUS_WORDS = {
    "complete": marked("complete"),
    "cancelled": marked("cancelled"),
    "failed": marked("failed"),
    "truncated": marked("truncated"),
}
_NO_PROMPT = marked("The request of this reply is not known: a reply from a file or a recording may have none.")


class Inspection:
    """One reply under inspection. Any thread may call its methods.

    Args:
        source: a run, or a reply that has ended.
        changed: is called when more lines of a stream have been read.
        hides_reasoning: whether no reasoning is shown.

    Attributes:
        hides_reasoning: see above.
    """

    def __init__(
        self, source: Run | Reply, changed: Callable[[], None] = lambda: None, *, hides_reasoning: bool = False
    ) -> None:
        self._source = source
        self.hides_reasoning = hides_reasoning
        self._changed = changed
        self._lock = threading.Lock()
        self._rows: dict[int, StreamRows] = {}
        self._reading: set[int] = set()
        #: Held while the lines of a step are read.
        self._locks: dict[int, threading.Lock] = {}

    @property
    def reply(self) -> Reply:
        """The reply so far."""
        source: Any = self._source
        return source if not hasattr(source, "receiver") else source.reply  # type: ignore[no-any-return]

    @property
    def elapsed(self) -> float | None:
        """Seconds since the reply began, while it arrives."""
        receiver = getattr(self._source, "receiver", None)
        return receiver.elapsed if receiver is not None and not self.reply.ended else None

    def step(self, number: Any) -> Reply:
        """Return a step; the last one if there is none of that number."""
        steps = self.reply.steps
        return steps[number] if isinstance(number, int) and 0 <= number < len(steps) else steps[-1]

    def request_of(self, number: Any) -> Request:
        """Return the request of a step as it is shown."""
        request = self.step(number).request
        return hidden_reasoning.without_reasoning(request) if self.hides_reasoning else request

    def tokens(self, number: Any) -> Sequence[Token]:
        """Return the tokens of a step that are shown."""
        found = self.step(number).logprobs
        return [each for each in found if each.channel != "reasoning"] if self.hides_reasoning else found

    def labels(self) -> list[str]:
        """Return a label for each request of the reply."""
        steps = self.reply.steps
        return [_label(number, step, len(steps)) for number, step in enumerate(steps)]

    def title(self) -> str:
        """Return the model, and how far the reply is."""
        reply = self.reply
        model = one_line(reply.model) or _("no model")
        status = [_(STATUS_WORDS[reply.status])] if reply.ended else []
        return " · ".join([model, *status, *([_("simulated")] if reply.simulated else [])])

    # The tabs.

    def messages(self, number: Any, whole: Any = None) -> MessagesAnswer:
        """Return the messages of a request; with `whole` only that one, with all its text."""
        request = self.request_of(number)
        found = sent_messages(request)
        if isinstance(whole, int) and 0 <= whole < len(found):
            return {"messages": [_message(found[whole], _MOST_CHARACTERS, 0)], "others": [], "left_out": 0, "note": ""}
        left_out = max(0, len(found) - _MOST_MESSAGES)
        return {
            "messages": [_message(each, _FIRST, _LAST) for each in found[left_out:]],
            "others": [
                _("{name} ({facts})", name=name, facts=facts) if facts else name for name, facts in others(request)
            ],
            "left_out": left_out,
            "note": "" if found else _(_NO_PROMPT),
        }

    def request(self, number: Any, language: Any) -> RequestAnswer:
        """Return a request as a program or as JSON."""
        request = self.request_of(number)
        forms = {"json": request.json, "python": request.python, "curl": request.curl, "node": request.node}
        language = language if language in forms else "json"
        try:
            text = forms[language]()
        except RequestError as error:
            return {"text": "", "html": "", "note": str(error)}
        note = _(HIDDEN) if request.messages != self.step(number).request.messages else ""
        if len(text) > _LONGEST_PROGRAM:
            note = _(
                "{count:,} characters are not shown: reply.request.{language}() has all.",
                count=len(text) - _LONGEST_PROGRAM,
                language=language,
            )
            text = text[:_LONGEST_PROGRAM]
        coloured = _coloured(text, language) if len(text) <= _LONGEST_COLOURED else ""
        return {"text": text, "html": coloured, "note": note}

    def time(self, number: Any) -> TimeAnswer:
        """Return where the time of a request went."""
        step, rows = self.step(number), self._known_rows(number)
        deltas: Any = rows.deltas() if rows is not None else []
        total = step.own.usage.completion_tokens if step.own.usage is not None else None
        note = ""
        if rows is None:
            note = _("The rate over time is not known: the raw bytes of this reply are not in this kernel.")
        elif deltas:
            note = _(
                "Servers count all tokens together, so the rate over time is an estimate by the length of the texts."
            )
        return {
            "spans": [
                {"kind": each.kind, "name": printable(each.name), "start": each.start, "end": each.end}
                for each in time_account.spans(step, self.elapsed)
            ],
            "curve": [
                (each.start, each.end, each.per_second, each.kind == "reasoning")
                for each in time_account.curve(deltas, total)
            ],
            "facts": time_account.facts(step),
            "note": note,
        }

    def cost(self, number: Any) -> CostAnswer:
        """Return the sum of the cost of a request."""
        reply = self.reply
        account = cost_account.cost_account(self.step(number))
        steps = cost_account.total_of_steps(reply.steps) if len(reply.steps) > 1 else ()
        return {"rows": [*account.rows], "total": account.total, "notes": [*account.notes], "steps": [*steps]}

    # The lines of the stream are read on a thread of their own, as that may take a second.

    def rows(self, number: Any) -> tuple[StreamRows | None, bool]:
        """Return the lines of a step that were read, and whether more of them are being read.

        There are none if the raw bytes are not in this process.
        """
        place = self._place(number)
        found = self._known_rows(place)
        if found is None:
            return None, False
        self._note_read()
        with self._lock:
            is_new = place not in self._reading
            if is_new:
                self._reading.add(place)
        if is_new:
            threading.Thread(target=self._read, args=(place,), name="nbstream-inspector", daemon=True).start()
        return found, found.whole < len(self._responses(place))

    def read_all(self, number: Any) -> StreamRows | None:
        """Return all lines of a step that have arrived, read on this thread."""
        found = self._known_rows(number)
        if found is not None:
            self._note_read()
            self._read(self._place(number))
        return found

    def _known_rows(self, number: Any) -> StreamRows | None:
        place = self._place(number)
        responses = self._responses(place)
        with self._lock:
            found = self._rows.get(place)
            if found is not None and not responses:
                # The bytes were dropped since then; the lines that were read are still there.
                found.end()
            if found is None and responses:
                found = self._rows[place] = StreamRows(responses[0].begun, self.step(place).earlier)
            return found

    def forget(self) -> None:
        """Forget the lines that were read."""
        with self._lock:
            self._rows.clear()

    def _note_read(self) -> None:
        """Note that this reply is looked at; one that was not for long forgets its lines."""
        with _latest_lock:
            if _latest and _latest[-1]() is self:
                return
            _latest[:] = [*(each for each in _latest if each() not in (None, self)), weakref.ref(self)]
            forgotten, _latest[:] = _latest[:-_MOST_READ], _latest[-_MOST_READ:]
        for each in forgotten:
            if (found := each()) is not None:
                found.forget()

    def _read(self, place: int) -> None:
        has_grown = False
        try:
            with self._lock:
                rows = self._rows.get(place)
                lock = self._locks.setdefault(place, threading.Lock())
            if rows is not None:
                with lock:
                    has_grown = rows.read(self._responses(place))
        finally:
            with self._lock:
                self._reading.discard(place)
        if has_grown:
            self._changed()

    def _place(self, number: Any) -> int:
        count = len(self.reply.steps)
        return number if isinstance(number, int) and 0 <= number < count else count - 1

    def _responses(self, place: int) -> Sequence[ResponseTrace]:
        """Return the responses of a step: those of all attempts at its request."""
        receiver = getattr(self._source, "receiver", None)
        trace = receiver.trace if receiver is not None else trace_of(self.reply)
        if trace is None or trace.was_dropped:
            return ()
        steps: list[list[ResponseTrace]] = []
        for each in trace.responses:
            if each.attempt == 1 or not steps:
                steps.append([])
            steps[-1].append(each)
        return steps[place] if place < len(steps) else ()


def _label(number: int, step: Reply, count: int) -> str:
    if count == 1:
        return _("the request")
    label = _("request {number} of {count}", number=number + 1, count=count)
    why = {"tools": _("with the results of tools"), "again": _("asks again")}.get(step.cause or "")
    return f"{label} · {why}" if why else label


def _message(message: SentMessage, first: int, last: int) -> MessageView:
    """Return a message for the page; of a long text the beginning and the end."""
    left_out = max(0, message.size - first - last)
    parts: list[Any] = []
    at = 0
    for each in message.segments:
        text, size = each.text, len(each.text)
        if left_out:
            head, tail = max(0, first - at), max(0, at + size - (message.size - last))
            if head < size:
                cut = text[:head]
                if at <= first < at + size:
                    note = _("{count:,} characters are not shown here", count=left_out)
                    cut += f"\n[… {note} …]\n"
                text = cut + text[max(head, size - tail) :]
        if text:
            parts.append({"text": text, "name": each.name, "facts": each.facts})
        at += size
    return {"role": message.role, "title": message.title, "parts": parts, "left_out": left_out}


def _coloured(text: str, language: str) -> str:
    from nbstream.output.sent_request import code_html  # noqa: PLC0415  (Pygments, loaded when it is used)

    return code_html(text, language)
