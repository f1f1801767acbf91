"""The meter that holds the budgets of one reply: before each request, while text arrives, after it.

Before a request is sent, its worst case is reserved in each budget that counts it: the prompt, and
as many tokens as the reply may have. If less is left, the request asks for fewer tokens, and says
so; if hardly any is left, it is not sent.
"""

from __future__ import annotations

import asyncio
import os
import uuid
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from decimal import Decimal
from functools import partial
from typing import TYPE_CHECKING

from nbstream.billing.budgets import holding
from nbstream.billing.budgets.limit import TOKENS, said
from nbstream.billing.estimates import choices_of
from nbstream.billing.ledger import writing
from nbstream.billing.ledger.problems import LedgerError
from nbstream.client.budgets import needs
from nbstream.client.metering import Asked, Meter, Taken
from nbstream.language import _
from nbstream.model.failure import Failure
from nbstream.model.token_estimate import estimate_tokens
from nbstream.model.warning import ReplyWarning
from nbstream.sessions.per_session import PerSession

if TYPE_CHECKING:
    from collections.abc import Sequence
    from concurrent.futures import Future

    from nbstream.billing.budgets.account import Account
    from nbstream.billing.budgets.holding import Place, Verdict
    from nbstream.billing.budgets.limit import Limit, Need
    from nbstream.billing.budgets.shared import Standing
    from nbstream.billing.ledger.database import Database
    from nbstream.model.reply import Reply
    from nbstream.model.request import Request
    from nbstream.model.usage import Usage

#: How often a request looks whether what others had reserved is free, in seconds.
_LOOK_SECONDS = 0.1
#: A reply whose limit the server knows is ended here if its estimate exceeds the limit by so much.
_TRUST, _TRUST_TOKENS = 1.25, 64
#: So many characters at the end of a text are counted anew each time.
_TAIL = 2_000
_NOT_HELD = ReplyWarning("budget_not_held")
#: What is said once in a session.
_told: PerSession[set[tuple[str, ...]]] = PerSession(set)
#: Writes to the file, one after another, so that the event loop never waits for another program.
_worker: ThreadPoolExecutor | None = None


class BudgetMeter(Meter):
    """Holds budgets.

    Args:
        accounts: those in memory.
        place: where those are that kernels share; None if there are none.
        lost: rules that cannot be held, as there is no file.
    """

    is_checking = True

    def __init__(self, accounts: Sequence[Account], place: Place | None, *, lost: Sequence[Limit] = ()) -> None:
        self._accounts = accounts
        self._place = place
        self._lost = lost
        self._is_lost = bool(lost)
        self._name = ""
        self._need: Need | None = None
        self._granted = 0
        #: How much more than that may be reserved at once; 0 if the budget has bounded the reply.
        self._step = 0
        #: The names of further reservations for the same request, and the latest one on its way.
        self._further: list[str] = []
        self._reserving: Future[Verdict] | None = None
        self._is_told = False
        self._standing: Standing | None = None
        self._counter = _Counter()

    async def admit(self, asked: Asked) -> Request | Failure:
        """Reserve what the request needs; see `Meter.admit`."""
        if not asked.is_sent or self._name:
            # A replay is free, and another attempt has what was reserved for the first one.
            return asked.request
        # A step of a reply has the request before it, which another amount may have bounded.
        request = needs.as_asked(asked.request)
        need = needs.need_of(request, asked.currency)
        if forced := next((limit for limit in self._lost if limit.is_forced), None):
            return _not_held(forced)
        self._name = name = uuid.uuid4().hex
        while (verdict := await self._try(name, need)).waits:  # noqa: ASYNC110  (another process may release it)
            await asyncio.sleep(_LOOK_SECONDS)
        if forced := next((limit for limit in self._lost if limit.is_forced), None):
            self._release()
            return _not_held(forced)
        if not verdict.tokens:
            self._name = ""
            return _refusal(verdict, need, asked.request)
        warnings = [_NOT_HELD] if self._is_lost and _is_new("file") else []
        if verdict.unpriced is not None and _is_new(asked.request.endpoint, asked.request.model):
            warnings.append(_unpriced(asked.request, verdict.unpriced))
        if warnings:
            request = replace(request, warnings=(*request.warnings, *warnings))
        if verdict.tokens < need.wanted and verdict.standing is not None:
            request = needs.lowered(request, verdict.tokens, _of(verdict.standing))
        self._need, self._standing = need, verdict.standing
        self._granted = verdict.tokens
        self._step = verdict.tokens if verdict.tokens == need.wanted else 0
        self._is_told = needs.limit_of(request) is not None
        self._counter = _Counter(choices_of(request))
        return request

    def check(self, reply: Reply) -> Failure | None:
        """Return that the reply has reached the line, if it has; see `Meter.check`."""
        if self._need is None or self._standing is None:
            return None
        tokens = self._counter.tokens(reply)
        most = self._granted * _TRUST + _TRUST_TOKENS if self._is_told else self._granted
        if tokens <= most or self._has_more(self._need):
            return None
        return Failure("budget", "line", said=str(self._standing.limit), code=_kind(self._standing.limit))

    def ended(self, taken: Taken) -> None:
        """Settle what the request took; see `Meter.ended`."""
        if self._need is None:
            return
        spent, about = _taken(taken)
        holding.settle(self._accounts, spent, about)
        if taken.usage is not None and not taken.step.simulated:
            needs.note_served(taken.asked.request, taken.step.model, taken.cost)
        if not taken.is_repeated:
            self._release()

    def closed(self) -> None:
        """Release what is still reserved; see `Meter.closed`."""
        if self._name:
            self._release()

    def _has_more(self, need: Need) -> bool:
        """Return whether the reply may go on beyond the limit that the user gave, as there is room.

        Its server may not know the field of the limit, or count in other tokens.
        """
        if not self._step:
            # The budget itself has bounded it.
            return False
        if self._reserving is None:
            price = None if need.price is None else need.price._replace(prompt=Decimal(0))
            further = replace(need, prompt=0, wanted=self._step, least=1, price=price)
            self._further.append(name := f"{self._name} {len(self._further)}")
            work = partial(holding.try_to_reserve, name, further, self._accounts, self._place)
            self._reserving = _executor().submit(work)
            return True
        if not self._reserving.done():
            return True
        verdict = self._reserving.result() if self._reserving.exception() is None else None
        more = verdict.tokens if verdict is not None else 0
        self._granted, self._is_told, self._reserving = self._granted + more, False, None
        self._step = self._granted if more == self._step else 0
        return more > 0

    async def _try(self, name: str, need: Need) -> Verdict:
        if self._place is not None:
            work = partial(holding.try_to_reserve, name, need, self._accounts, self._place)
            try:
                return await asyncio.get_running_loop().run_in_executor(_executor(), work)
            except LedgerError:
                self._lost = self._place.rules
                self._place, self._is_lost = None, True
        return holding.try_to_reserve(name, need, self._accounts, None)

    def _release(self) -> None:
        names, self._name, self._need = [self._name, *self._further], "", None
        self._further, self._reserving = [], None
        file = None if self._place is None else self._place.file
        for name in names:
            holding.release(name, self._accounts)
            if file is not None or name != names[0]:
                # Behind a further reservation that is on its way.
                _executor().submit(partial(_release_later, name, file, self._accounts))


class _Counter:
    """Counts about how many tokens of output a request has brought, each character once.

    Args:
        choices: how many replies the request asks for at once. The others are about as long.
    """

    def __init__(self, choices: int = 1) -> None:
        self._choices = choices
        #: Of each text, how many characters are counted, and their tokens.
        self._counted: dict[str, tuple[int, int]] = {}

    def tokens(self, reply: Reply) -> int:
        """Return about how many tokens the last request of `reply` has brought."""
        step = reply.last_step
        if step.own.is_counted and step.own.usage is not None and step.own.usage.completion_tokens is not None:
            return step.own.usage.completion_tokens
        before = (step.earlier.reasoning, step.earlier.answer) if step.earlier is not None else ("", "")
        calls = "".join(f"{call.name}{call.arguments}" for call in step.tool_calls)
        return self._choices * (
            self._count("reasoning", step.reasoning, len(before[0]))
            + self._count("answer", step.answer, len(before[1]))
            + self._count("refusal", step.refusal)
            + self._count("calls", calls)
        )

    def _count(self, name: str, text: str, before: int = 0) -> int:
        seen, tokens = self._counted.get(name, (before, 0))
        if len(text) < seen:
            seen, tokens = min(before, len(text)), 0
        if len(text) - seen > _TAIL:
            # Between two words, as parts of one have more tokens than the whole.
            end = max(text.rfind(" ", seen), text.rfind("\n", seen)) if not text[-1].isspace() else len(text)
            end = end if end > seen else len(text)
            tokens += estimate_tokens(text[seen:end])
            seen = end
            self._counted[name] = seen, tokens
        return tokens + estimate_tokens(text[seen:])


def _taken(taken: Taken) -> tuple[dict[str, Decimal], dict[str, Decimal]]:
    """Return what a request took by unit: as the server counted it, and as it is guessed."""
    usage, missing = taken.usage, taken.step.own.unreported
    spent = {TOKENS: _sum(usage)} if usage is not None else {}
    about = {TOKENS: _sum(missing)} if missing is not None else {}
    if taken.cost is not None:
        spent[taken.cost.currency] = taken.cost.amount
    if taken.estimate is not None:
        about[taken.estimate.currency] = taken.estimate.amount
    return spent, about


def _sum(usage: Usage) -> Decimal:
    return Decimal((usage.prompt_tokens or 0) + (usage.completion_tokens or 0))


def _refusal(verdict: Verdict, need: Need, request: Request) -> Failure:
    standing = verdict.standing
    assert standing is not None  # noqa: S101  (nothing else refuses)
    limit = standing.limit
    if verdict.unpriced is not None:
        model = request.model
        if need.price is not None or needs.reported_currency(request) is not None:
            model = _("{model} in {currency}", model=model, currency=limit.unit)
        return Failure("budget", "unpriced", said=f"{limit}", code=_kind(limit), server=model)
    left = said(max(standing.left, Decimal(0)), limit.unit)
    needed = need.at(limit.unit, need.least)
    said_so = _(
        "{limit}, has {left} left, and this request may take {needed} or more",
        limit=limit,
        left=left,
        needed=said(needed, limit.unit),
    )
    return Failure("budget", said=said_so, code=_kind(limit))


def _not_held(limit: Limit) -> Failure:
    said = _(
        "{limit}, cannot be held without a ledger, which is switched off (NBSTREAM_LEDGER) or cannot be used",
        limit=limit,
    )
    return Failure("unsent", "policy", said=said)


def _kind(limit: Limit) -> str:
    return "rule" if limit.rule else limit.scope


def _of(standing: Standing) -> str:
    left = said(max(standing.left, Decimal(0)), standing.limit.unit)
    return _("{limit}, has {left} left", limit=standing.limit, left=left)


def _unpriced(request: Request, limit: Limit) -> ReplyWarning:
    server = request.endpoint.rpartition("/")[2]
    return ReplyWarning(
        "budget_unpriced", said=_("{model} at {server}", model=request.model, server=server), where=str(limit)
    )


def _is_new(*key: str) -> bool:
    """Return whether something was not said in this session before."""
    told = _told.get()
    is_new = key not in told
    told.add(key)
    return is_new


def _release_later(name: str, file: Database | None, accounts: Sequence[Account]) -> None:
    # A cancelled wait may have reserved it after all.
    holding.release(name, accounts)
    if file is None:
        return
    # First the row of the ledger, so that the money is never free in between.
    writing.flush()
    try:
        holding.release_shared(name, file)
    except LedgerError:
        # What is reserved stays so, until this process has ended.
        return


def _executor() -> ThreadPoolExecutor:
    global _worker  # noqa: PLW0603  (made at its first use, anew in a forked process)
    if _worker is None:
        _worker = ThreadPoolExecutor(1, "nbstream-budgets")
    return _worker


def wait_until_settled() -> None:
    """Wait until all that has ended is settled, also in the file."""
    if _worker is not None:
        _worker.submit(_nothing).result()


def _nothing() -> None:
    pass


def _forget() -> None:
    global _worker  # noqa: PLW0603  (as above)
    _worker = None


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_forget)
