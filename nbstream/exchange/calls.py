"""The calls of one response: each is decided, run on the waiting thread, and gets an outcome."""

from __future__ import annotations

import asyncio
from collections import defaultdict
from contextlib import nullcontext, suppress
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, TypeVar

from nbstream.client.jobs import InterruptedWorkError
from nbstream.client.redaction import is_secret
from nbstream.exchange import front_end, words
from nbstream.exchange.printing import Printing
from nbstream.model.decision import NOBODY, Decision
from nbstream.model.events import CallChanged, Warned
from nbstream.model.warning import ReplyWarning
from nbstream.tools.arguments import read_arguments
from nbstream.tools.consent import judge
from nbstream.tools.running import run_call

if TYPE_CHECKING:
    from collections.abc import Callable

    from nbstream.client.following import OpenReply
    from nbstream.client.jobs import InUserCode
    from nbstream.exchange.state import ExchangeState
    from nbstream.model.events import DecidedBy
    from nbstream.model.tool_call import ToolCall
    from nbstream.model.tool_result import ToolOutcome
    from nbstream.tools.consent import Judgement
    from nbstream.tools.tool import Tool

T = TypeVar("T")

#: A page that shows questions says so within this time.
_SEEN_SECONDS = 2.0


@dataclass(frozen=True, slots=True)
class _Open:
    """A call that may run, if somebody or something allows it: its position and its tool."""

    index: int
    tool: Tool


class StepCalls:
    """The calls of the response that has just ended.

    Args:
        open_reply: the reply.
        state: the tools, and what was decided before.
    """

    def __init__(self, open_reply: OpenReply, state: ExchangeState) -> None:
        self._open = open_reply
        self._state = state
        self._step = len(open_reply.reply.steps) - 1
        #: The answers to come, by the position of their call.
        self._asked: dict[int, asyncio.Future[Decision]] = {}
        self._ended: defaultdict[int, asyncio.Event] = defaultdict(asyncio.Event)
        #: Set once the user's decision about a call is noted.
        self._decided: dict[int, asyncio.Event] = {}
        #: The positions of the calls that were allowed. No other call runs.
        self._permitted: set[int] = set()

    async def settle(self) -> None:
        """Give each call an outcome, in the model's order. All questions are asked at once."""
        may_run = [each for each in self._callable_ones() if await self._is_allowed_or_asked(each)]
        fallback = asyncio.create_task(self._ask_by_input(may_run)) if self._asked else None
        try:
            for each in may_run:
                if await self._is_decided_to_run(each):
                    await self._run(each)
        finally:
            self._close_questions()
            if fallback is not None:
                fallback.cancel()

    def stop(self) -> None:
        """Give each open call an outcome that says that the user stopped the reply."""
        for index, call in enumerate(self._open.reply.tool_calls):
            if call.outcome is None:
                self._change(index, outcome=words.STOPPED)

    def _call(self, index: int) -> ToolCall:
        return self._open.reply.tool_calls[index]

    def _change(self, index: int, **changes: Any) -> None:
        if "outcome" in changes:
            self._ended[index].set()
        self._open.emit(CallChanged(self._open.elapsed, index, **changes))

    def _callable_ones(self) -> list[_Open]:
        """Return the calls that can run; each of the others gets an outcome that says why not."""
        found = []
        for index, call in enumerate(self._open.reply.tool_calls):
            if call.outcome is not None:
                continue
            tool = self._state.tools.get(call.name)
            if tool is None:
                self._change(index, outcome=words.unknown(call.name, list(self._state.tools)))
            elif (arguments := read_arguments(tool.shape, call.used)).problem:
                self._change(index, outcome=words.invalid(arguments.problem, arguments.reason))
            elif not self._state.note_call(call):
                self._change(index, outcome=words.REPEATED)
            else:
                found.append(_Open(index, tool))
        return found

    async def _is_allowed_or_asked(self, each: _Open) -> bool:
        """Return whether a call runs or is asked for; a call that a rule denies gets an outcome."""
        judgement = await self._judge(each)
        if judgement.decision == "deny":
            self._deny(each.index, judgement.reason, "rule")
            return False
        if judgement.decision == "ask":
            self._ask(each, judgement.reason)
        else:
            self._state.note_allowed()
            self._permitted.add(each.index)
            self._change(each.index, decided_by=self._allowed_by(each.tool))
        return True

    async def _judge(self, each: _Open) -> Judgement:
        call, state = self._call(each.index), self._state
        values = read_arguments(each.tool.shape, call.used).values

        def work(in_user_code: InUserCode) -> Judgement:
            with in_user_code():
                return judge(each.tool, values, call.used, allowed=state.allowed, granted=state.granted)

        # A rule is the user's own code, so it runs where that does.
        return await self._perform(work) if callable(each.tool.consent) else work(nullcontext)

    def _allowed_by(self, tool: Tool) -> DecidedBy:
        if tool.consent == "never":
            return "never"
        if tool.name in self._state.allowed:
            return "request"
        return "user_all" if tool.name in self._state.granted else "rule"

    def _deny(self, index: int, reason: str, decided_by: DecidedBy) -> None:
        self._state.note_denied(self._call(index))
        self._permitted.discard(index)
        outcome = words.denied(reason, by_user=decided_by == "user")
        self._change(index, reason=reason, decided_by=decided_by, outcome=outcome)

    # Questions

    def _key(self, index: int) -> str:
        return f"{self._step}.{index}"

    def _ask(self, each: _Open, reason: str = "") -> None:
        answer = self._open.questions.open(self._key(each.index))
        answer.add_done_callback(lambda answered: self._on_answer(each, answered))
        self._asked[each.index] = answer
        self._decided.setdefault(each.index, asyncio.Event())
        self._change(each.index, state="asking", reason=reason)

    def _on_answer(self, each: _Open, answered: asyncio.Future[Decision]) -> None:
        """Show at once what was decided, although calls before it may still be open."""
        if answered.cancelled():
            return
        decision = answered.result()
        if decision.action == "deny":
            self._deny(each.index, decision.reason, decision.by)
            self._decided[each.index].set()
            if decision.by == "nobody":
                warning = ReplyWarning("nobody_asked", where=each.tool.name)
                self._open.emit(Warned(self._open.elapsed, warning))
            return
        if decision.edited is not None and (problem := read_arguments(each.tool.shape, decision.edited).problem):
            self._ask(each, problem)
            return
        self._state.note_allowed()
        is_for_all = decision.action == "allow_all"
        decided_by: DecidedBy = "user_all" if is_for_all else "user"
        self._change(each.index, state="open", edited=decision.edited, decided_by=decided_by, reason="")
        self._permitted.add(each.index)
        self._decided[each.index].set()
        if is_for_all:
            self._state.granted.add(each.tool.name)
            for index in self._asked:
                if self._call(index).name == each.tool.name:
                    self._open.questions.answer(self._key(index), Decision("allow_all"))

    async def _is_decided_to_run(self, each: _Open) -> bool:
        """Wait until a call is decided, and return whether it runs."""
        if each.index in self._decided:
            # Not the answer's future: that is done before the decision is noted.
            await self._decided[each.index].wait()
        if each.index in self._permitted and self._call(each.index).edited is not None and callable(each.tool.consent):
            judgement = await self._judge(each)
            if judgement.decision == "deny":
                # What a rule denies is denied, whoever asks.
                self._deny(each.index, judgement.reason, "rule")
        return each.index in self._permitted

    def _close_questions(self) -> None:
        for index in self._asked:
            self._open.questions.close(self._key(index))

    async def _ask_by_input(self, calls: list[_Open]) -> None:
        """Ask on the waiting thread, if no page shows the questions."""
        questions = self._open.questions
        first = self._key(min(self._asked))
        if not questions.has_view:
            # The thread that waits makes the view before it takes work.
            await self._perform(lambda _: None)
        if questions.has_view and await questions.wait_until_seen(first, _SEEN_SECONDS):
            return
        for each in calls:
            while (answer := self._asked.get(each.index)) is not None and questions.is_open(self._key(each.index)):
                try:
                    decision = await self._typed(each) if questions.has_cell else NOBODY
                except Exception:  # noqa: BLE001  (no question stays open for ever, whatever `input()` raises)
                    decision = NOBODY
                questions.answer(self._key(each.index), decision)
                await answer
            # What a call prints stands below its question, and above the next one.
            await self._ended[each.index].wait()

    async def _typed(self, each: _Open) -> Decision:
        """Return what the user types about a call."""
        call, questions = self._call(each.index), self._open.questions

        def work(in_user_code: InUserCode) -> Decision:
            with in_user_code():
                # By now another thread may do it, between two cells.
                return front_end.ask(call) if questions.has_cell else NOBODY

        questions.by_input.add(self._key(each.index))
        return await self._perform(work)

    # Running

    async def _run(self, each: _Open) -> None:
        call, loop = self._call(each.index), asyncio.get_running_loop()
        printing = Printing(loop, lambda printed: self._change(each.index, printed=printed))
        secrets = [key for secret in self._state.secrets if is_secret(key := secret.reveal())]

        def work(_: InUserCode) -> ToolOutcome:
            return run_call(each.tool, call.used, printing.note, secrets=secrets)

        self._change(each.index, state="running")
        job = self._open.jobs.submit(work)
        done = asyncio.wrap_future(job)
        try:
            await asyncio.shield(done)
        except InterruptedWorkError:
            self._open.cancel()
            raise asyncio.CancelledError from None
        except asyncio.CancelledError:
            if not job.cancel():
                self._change(each.index, state="stopping")
                with suppress(InterruptedWorkError):
                    self._keep(each, await done)
            raise
        finally:
            printing.end()
        self._keep(each, done.result())
        if done.result().interrupted:
            # ■ stops the reply as well, even if the tool has handled it.
            self._open.cancel()
            raise asyncio.CancelledError

    def _keep(self, each: _Open, outcome: ToolOutcome) -> None:
        edited = self._call(each.index).edited
        if edited is not None:
            outcome = replace(outcome, content=words.edited(edited, outcome.content))
        self._change(each.index, outcome=outcome)

    async def _perform(self, work: Callable[[InUserCode], T]) -> T:
        """Do work on the waiting thread; work that nobody has begun is dropped by a cancel.

        ■ within the work stops the reply.
        """
        try:
            return await asyncio.wrap_future(self._open.jobs.submit(work))
        except InterruptedWorkError:
            # The waiting thread cancels the reply as well, but perhaps only after this.
            self._open.cancel()
            raise asyncio.CancelledError from None
