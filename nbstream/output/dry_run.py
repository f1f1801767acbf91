"""The words of a dry run: what requests would take, and the first of them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from nbstream.billing.budgets.limit import said
from nbstream.output import sent_request
from nbstream.output.tables import Table

if TYPE_CHECKING:
    from nbstream.client.budgets.dry_run import DryRun

_NOTHING = "Nothing was sent."


def dry_run_text(run: DryRun) -> str:
    """Return a dry run as text."""
    return f"{_table(run).text()}\n\n{sent_request.account_text(run.first, is_sent=False)}"


def dry_run_html(run: DryRun) -> str:
    """Return a dry run as HTML."""
    return f"{_table(run).html()}{sent_request.account_html(run.first, is_sent=False)}"


def _table(run: DryRun) -> Table:
    many = run.count > 1
    limit = "" if run.is_named else f", the server's own limit{' for each' if many else ''}"
    rows = [
        ["requests" if many else "request", f"{run.count:,} to {', '.join(run.models)}"],
        ["prompts" if many else "prompt", f"about {said_tokens(run.prompt)}"],
        ["replies" if many else "reply", f"at most {said_tokens(run.reply)}{limit}"],
        ["cost", _cost(run)],
    ]
    notes = [_NOTHING]
    if run.has_tools:
        notes.append("Each call of a tool leads to a request more.")
    if many:
        notes.append("The first request:")
    return Table("", ["a dry run", ""], rows, note=" ".join(notes))


def _cost(run: DryRun) -> str:
    if run.unpriced == run.count:
        return "not known: there is no price"
    low, high = said(run.lowest, run.currency), said(run.highest, run.currency)
    rest = f", and {run.unpriced:,} without a known price" if run.unpriced else ""
    return f"from {low} (all cached, no reply) to {high} (nothing cached, the longest reply){rest}"


def said_tokens(count: int) -> str:
    """Return a number of tokens for reading."""
    return f"{count:,} token{'' if count == 1 else 's'}"
