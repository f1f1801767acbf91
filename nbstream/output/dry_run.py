"""The words of a dry run: what requests would take, and the first of them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from nbstream.billing.budgets.limit import said
from nbstream.language import _, joined, listed, marked, plural
from nbstream.output import sent_request
from nbstream.output.tables import Table

if TYPE_CHECKING:
    from nbstream.client.budgets.dry_run import DryRun

_NOTHING = marked("Nothing was sent.")


def dry_run_text(run: DryRun) -> str:
    """Return a dry run as text."""
    return f"{_table(run).text()}\n\n{sent_request.account_text(run.first, is_sent=False)}"


def dry_run_html(run: DryRun) -> str:
    """Return a dry run as HTML."""
    return f"{_table(run).html()}{sent_request.account_html(run.first, is_sent=False)}"


def _table(run: DryRun) -> Table:
    many = run.count > 1
    most = said_tokens(run.reply)
    if run.is_named:
        limit = _("at most {tokens}", tokens=most)
    elif many:
        limit = _("at most {tokens}, the server's own limit for each", tokens=most)
    else:
        limit = _("at most {tokens}, the server's own limit", tokens=most)
    rows = [
        [
            _("requests") if many else _("request"),
            _("{count:,} to {models}", count=run.count, models=listed(run.models)),
        ],
        [_("prompts") if many else _("prompt"), _("about {tokens}", tokens=said_tokens(run.prompt))],
        [_("replies") if many else _("reply"), limit],
        [_("cost"), _cost(run)],
    ]
    notes = [_(_NOTHING)]
    if run.has_tools:
        notes.append(_("Each call of a tool leads to a request more."))
    if many:
        notes.append(_("The first request:"))
    return Table("", [_("a dry run"), ""], rows, note=joined(*notes))


def _cost(run: DryRun) -> str:
    if run.unpriced == run.count:
        return _("not known: there is no price")
    low, high = said(run.lowest, run.currency), said(run.highest, run.currency)
    fields = {"low": low, "high": high}
    if run.unpriced:
        return _(
            "from {low} (all cached, no reply) to {high} (nothing cached, the longest reply), "
            "and {unpriced:,} without a known price",
            unpriced=run.unpriced,
            **fields,
        )
    return _("from {low} (all cached, no reply) to {high} (nothing cached, the longest reply)", **fields)


def said_tokens(count: int) -> str:
    """Return a number of tokens for reading."""
    return plural("{n:,} token", "{n:,} tokens", count)
