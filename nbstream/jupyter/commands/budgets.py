"""The command budget: sets a budget, ends it, or shows how the budgets stand."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from nbstream.jupyter.commands.servers import show_table
from nbstream.language import _
from nbstream.model.exceptions import RequestError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from nbstream.client.budgets.setting import Settable
    from nbstream.jupyter.commands.command import Context

_SCOPES: dict[str, Settable] = {"--day": "day", "--month": "month", "--per-cell": "cell"}
_FLAGS = ("--allow-unknown", "--anew")
_USAGE = "%deepseek budget [AMOUNT|N tokens|off] [--day|--month|--per-cell] [--anew] [--allow-unknown]"


def budget(words: Sequence[str], context: Context) -> None:
    """Carry out the command; see the module.

    Raises:
        RequestError: if the words are not understood, or the budget cannot be held.
    """
    from nbstream.client.budgets import setting  # noqa: PLC0415  (only where it is used)
    from nbstream.client.budgets.blocks import positive  # noqa: PLC0415  (as above)
    from nbstream.output.budgets import budgets_table, is_set  # noqa: PLC0415  (as above)

    flags = [word for word in words if word.startswith("--")]
    rest = [word for word in words if not word.startswith("--")]
    scopes = [_SCOPES[flag] for flag in flags if flag in _SCOPES]
    if unknown := [flag for flag in flags if flag not in _SCOPES and flag not in _FLAGS]:
        raise RequestError(
            _("{unknown} is no option of this command: {usage}", unknown=" ".join(unknown), usage=_USAGE)
        )
    if len(scopes) > 1:
        raise RequestError(_("A budget is that of a day, of a month or of each cell: set them one after another."))
    scope = scopes[0] if scopes else "notebook"
    if not rest and not flags:
        table = budgets_table(setting.standings())
        if isinstance(table, str):
            sys.stdout.write(f"{table}\n")
        else:
            show_table(table, context)
        return
    if rest == ["off"]:
        count = setting.remove_budget(scope)
        sys.stdout.write(_("The budget is off.\n") if count else _("There was no such budget.\n"))
        return
    is_tokens = len(rest) == 2 and rest[1] in ("token", "tokens")  # noqa: PLR2004  (a number and its unit)
    if len(rest) != 1 + is_tokens:
        raise RequestError(_("Name an amount, as 0.50, or 5000 tokens: {usage}", usage=_USAGE))
    most = positive(rest[0].lstrip("$").replace(",", ""), whole=is_tokens)
    is_anew, allow_unknown = "--anew" in flags, "--allow-unknown" in flags
    limit = setting.set_budget(scope, most, is_tokens=is_tokens, allow_unknown=allow_unknown, anew=is_anew)
    sys.stdout.write(f"{is_set(limit)}\n")
