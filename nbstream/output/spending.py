"""What replies cost, in words. Every sum of money that a person reads is written here."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from nbstream.model.spend import Spend


def amount(spend: Spend) -> str:
    """Return what was spent, as `would cost at least $0.41 + about $0.02`; empty if unknown."""
    if not spend.is_known:
        return ""
    is_free = not any(each.amount for each in (*spend.exact, *spend.about))
    return f"{'would cost ' if spend.is_simulated and not is_free else ''}{spend}"


def marked(spend: Spend) -> str:
    """Return the same in signs, for a table: `≥ $0.41 + ≈ $0.02`; empty if unknown."""
    exact = [each for each in spend.exact if each.amount or not spend.about]
    sign = {(True, False): "≥ ", (False, True): "≤ ", (True, True): "≈ "}.get((spend.at_least, spend.at_most), "")
    known = [f"{sign}{each}" for each in exact]
    return " + ".join(known + [f"≈ {each.text(1)}" for each in spend.about])


def unknown(spend: Spend) -> str:
    """Return of how many replies the cost is not known: `the cost of 2 replies is not known`."""
    return f"the cost of {_replies(spend.unknown)} is not known" if spend.unknown else ""


def free(spend: Spend) -> str:
    """Return how many replies cost nothing: `2 replies replayed, 1 cached, at $0`."""
    counts = [(spend.replayed, "replayed"), (spend.cached, "cached")]
    words = [f"{count:,} {how}" for count, how in counts if count]
    return f"{', '.join(words)}, at $0" if words else ""


def notes(spend: Spend) -> list[str]:
    """Return what a reader of an amount should know about it, each as a sentence."""
    found = ["What is “about” is estimated, as no tokens were reported of it."] if spend.about else []
    found += [f"{each[0].upper()}{each[1:]}." for each in (unknown(spend), free(spend)) if each]
    return found


def _replies(count: int) -> str:
    return f"{count:,} {'reply' if count == 1 else 'replies'}"
