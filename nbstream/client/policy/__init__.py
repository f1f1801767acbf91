"""Rules of `nbstream.toml`: defaults for requests, and what no request may pass.

`current` returns the rules that hold now.
"""

from __future__ import annotations

from nbstream.client.policy import files, reading
from nbstream.client.policy.rules import BUDGETS, Budget, BudgetOf, Rule, Rules, combined

__all__ = ["BUDGETS", "Budget", "BudgetOf", "Rule", "Rules", "current"]

_NO_RULES = Rules()
#: The rules as they were combined last, and the files that they are from.
_last: tuple[list[files.Found], Rules] = [], _NO_RULES


def current() -> Rules:
    """Return the rules that hold now, of all files together.

    Raises:
        RequestError: if a file cannot be read or is not valid. Its rules may be forced, so nothing
            may be sent then.
    """
    global _last  # noqa: PLW0603  (files are read again if they change)
    found = files.found()
    known, rules = _last
    # The same objects, as long as no file changes.
    if len(found) == len(known) and all(
        new.file is old.file and new.is_nearby == old.is_nearby for new, old in zip(found, known, strict=True)
    ):
        return rules
    rules = combined([reading.rules_of(each) for each in found]) if found else _NO_RULES
    _last = found, rules
    return rules
