"""What replies cost, in words. Every sum of money that a person reads is written here."""

from __future__ import annotations

from typing import TYPE_CHECKING

from nbstream.language import _, listed, plural

if TYPE_CHECKING:
    from nbstream.model.spend import Spend


def amount(spend: Spend) -> str:
    """Return what was spent, as `would cost at least $0.41 + about $0.02`; empty if unknown."""
    if not spend.is_known:
        return ""
    is_free = not any(each.amount for each in (*spend.exact, *spend.about))
    return _("would cost {amount}", amount=spend) if spend.is_simulated and not is_free else str(spend)


def marked(spend: Spend) -> str:
    """Return the same in signs, for a table: `≥ $0.41 + ≈ $0.02`; empty if unknown."""
    exact = [each for each in spend.exact if each.amount or not spend.about]
    sign = {(True, False): "≥ ", (False, True): "≤ ", (True, True): "≈ "}.get((spend.at_least, spend.at_most), "")
    known = [f"{sign}{each}" for each in exact]
    return " + ".join(known + [f"≈ {each.text(1)}" for each in spend.about])


def unknown(spend: Spend, *, of_requests: bool = False) -> str:
    """Return of how many replies the cost is not known: `the cost of 2 replies is not known`."""
    if not spend.unknown:
        return ""
    if of_requests:
        return plural(
            "the cost of {n:,} request is not known", "the cost of {n:,} requests is not known", spend.unknown
        )
    return plural("the cost of {n:,} reply is not known", "the cost of {n:,} replies is not known", spend.unknown)


def free(spend: Spend) -> str:
    """Return how many replies cost nothing: `2 replies replayed, 1 cached, at $0`."""
    words = [_("{count:,} replayed", count=spend.replayed)] if spend.replayed else []
    words += [_("{count:,} cached", count=spend.cached)] if spend.cached else []
    return _("{replies}, at $0", replies=listed(words)) if words else ""


def notes(spend: Spend, *, of_requests: bool = False) -> list[str]:
    """Return what a reader of an amount should know about it, each as a sentence.

    Args:
        spend: the amount.
        of_requests: whether requests are counted; else replies.
    """
    found = [_("What is “about” is estimated, as no tokens were reported of it.")] if spend.about else []
    found += [
        f"{each[0].upper()}{each[1:]}{_('.')}"
        for each in (unknown(spend, of_requests=of_requests), free(spend))
        if each
    ]
    return found
