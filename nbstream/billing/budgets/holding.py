"""Reserves what a request may take in each budget that counts it, before it is sent; settles it.

A reservation is the worst case, so that replies which arrive at the same time cannot pass together.
Where others' reservations leave too little, a request waits for them, as they mostly take less.
"""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from typing import TYPE_CHECKING, NamedTuple

from nbstream.billing.budgets import shared
from nbstream.billing.budgets.limit import counting
from nbstream.billing.budgets.shared import Standing
from nbstream.sessions.process_lock import ProcessLock

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from nbstream.billing.budgets.account import Account
    from nbstream.billing.budgets.limit import Limit, Need
    from nbstream.billing.ledger.database import Database

#: A reply with room for so many tokens does not wait for more.
_ENOUGH = 4_096
#: How long to wait for another program that holds the file, in seconds.
_WAIT = 5.0
_memory = ProcessLock()


class Place(NamedTuple):
    """Where the budgets are that kernels share, and which of them count a request.

    Attributes:
        file: the file of the ledger.
        notebook: the notebook in which the request is asked.
        rules: budgets that count it and do not stand in the file.
    """

    file: Database
    notebook: str
    rules: tuple[Limit, ...] = ()


class Verdict(NamedTuple):
    """Whether a request may be sent.

    Attributes:
        tokens: the most tokens that its reply may have; 0 if it may not be sent.
        standing: the tightest budget; None if there is none.
        waits: whether it may be sent later, when what others have reserved is free again.
        unpriced: a budget in money that cannot be held, as the price is not known.
    """

    tokens: int
    standing: Standing | None = None
    waits: bool = False
    unpriced: Limit | None = None


def try_to_reserve(name: str, need: Need, accounts: Sequence[Account], place: Place | None) -> Verdict:
    """Reserve what a request needs in all budgets, or in none.

    Args:
        name: the request's name, which is unique.
        need: what it needs.
        accounts: the budgets in memory that count it.
        place: where those are that kernels share; None if there are none.

    Raises:
        LedgerError: if the file cannot be used; nothing is reserved then.
    """
    with _memory:
        verdict = _decide((_standing(each) for each in accounts), need)
        _note(accounts, name, need, verdict.tokens)
    if not verdict.tokens or place is None:
        return verdict
    tokens = 0
    try:
        with place.file.transaction(_WAIT) as connection:
            shared.release_dead(connection)
            limits = counting(shared.limits(connection, place.notebook), place.rules)
            simulated = need.may_be_simulated
            others = [shared.standing(connection, each, with_simulated=simulated) for each in limits]
            both = _decide(others, replace(need, wanted=verdict.tokens))
            tokens = both.tokens
            if tokens:
                units = {each.unit for each in limits}
                shared.reserve(connection, name, place.notebook, {unit: need.at(unit, tokens) for unit in units})
    finally:
        with _memory:
            _note(accounts, name, need, tokens)
    tightest = both.standing if tokens < verdict.tokens or verdict.standing is None else verdict.standing
    return both._replace(standing=tightest, unpriced=both.unpriced or verdict.unpriced)


def settle(accounts: Sequence[Account], spent: dict[str, Decimal], about: dict[str, Decimal]) -> None:
    """Add what a request has taken to the budgets in memory; what is reserved for it stays so.

    Args:
        accounts: the budgets in memory that count it.
        spent: what the server counted, by unit.
        about: what it is guessed to have taken besides.
    """
    with _memory:
        for account in accounts:
            account.spent += spent.get(account.limit.unit, Decimal(0))
            account.about += about.get(account.limit.unit, Decimal(0))


def release(name: str, accounts: Sequence[Account]) -> None:
    """Release what is reserved for a request in the budgets in memory."""
    with _memory:
        for account in accounts:
            account.reserved.pop(name, None)


def release_shared(name: str, file: Database) -> None:
    """Release what is reserved for a request in a file.

    Raises:
        LedgerError: if the file cannot be written.
    """
    with file.transaction(_WAIT) as connection:
        shared.release(connection, name)


def _standing(account: Account) -> Standing:
    return Standing(account.limit, account.spent, account.about, sum(account.reserved.values(), Decimal(0)))


def _note(accounts: Sequence[Account], name: str, need: Need, tokens: int) -> None:
    for account in accounts:
        if tokens:
            account.reserved[name] = need.at(account.limit.unit, tokens)
        else:
            account.reserved.pop(name, None)


def _decide(standings: Iterable[Standing], need: Need) -> Verdict:
    """Return how many tokens a reply may have."""
    now = later = need.wanted
    tightest: Standing | None = None
    unpriced: Limit | None = None
    for each in standings:
        unit = each.limit.unit
        if not need.can_be_held(unit):
            if not each.limit.allows_unknown:
                return Verdict(0, each, unpriced=each.limit)
            unpriced = each.limit
        fits = need.fitting(unit, each.left)
        if tightest is None or fits < now:
            now, tightest = min(now, fits), each
        later = min(later, need.fitting(unit, each.left + each.reserved))
    if now < min(need.wanted, _ENOUGH) and later > now and later >= need.least:
        return Verdict(0, tightest, waits=True)
    return Verdict(now if now >= need.least else 0, tightest, unpriced=unpriced)
