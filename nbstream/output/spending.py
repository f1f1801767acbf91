"""What replies cost, in words. Every sum of money that a person reads is written here."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from nbstream.model.spend import Spend


def amount(spend: Spend) -> str:
    """Return what was spent, as `would cost at least $0.41 + about $0.02`; empty if unknown."""
    would = "would cost " if spend.is_simulated else ""
    return f"{would}{spend}" if spend.is_known else ""


def notes(spend: Spend) -> list[str]:
    """Return what a reader of an amount should know about it, each as a sentence."""
    found = []
    if spend.about:
        found.append("“About” is an estimate: of replies that were stopped or broke, no tokens are reported.")
    if spend.unknown:
        found.append(f"The cost of {_counted(spend.unknown)} is not known.")
    free = [(spend.replayed, "replayed"), (spend.cached, "cached")]
    if any(count for count, _ in free):
        what = " and ".join(f"{count:,} {word}" for count, word in free if count)
        found.append(f"{what}: {'this cost' if spend.replayed + spend.cached == 1 else 'these cost'} nothing now.")
    return found


def _counted(replies: int) -> str:
    return f"{replies:,} {'reply' if replies == 1 else 'replies'}"
