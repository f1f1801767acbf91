"""Names of models: the short ones, and those that DeepSeek has retired. A user's own aliases go first.

Source: DeepSeek's model and change-log pages as of October 2026.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from nbstream.model.exceptions import RequestError

if TYPE_CHECKING:
    from collections.abc import Mapping

ALIASES = {"flash": "deepseek-flash", "pro": "deepseek-v4-pro"}

#: Retired on 2026-07-24 15:59 UTC, with the options that do the same today.
RETIRED = {
    "deepseek-chat": "`model=` flash with `thinking=False`",
    "deepseek-reasoner": "`model=` flash with `thinking=True`",
}


def resolve(name: str, aliases: Mapping[str, str], *, on_deepseek: bool) -> str:
    """Return the id to send for `name`.

    Args:
        name: an alias, a short name, or any id, which passes through.
        aliases: the user's own names, which may name one another.
        on_deepseek: the request goes to DeepSeek itself; other servers may name a model as they like.

    Raises:
        RequestError: if the name is empty, or DeepSeek has retired it.
    """
    names = {**ALIASES, **aliases}
    name = name.strip()
    passed = set()
    # An alias may be called as the id that it stands for.
    while name in names and name not in passed:
        passed.add(name)
        name = names[name].strip()
    if not name:
        raise RequestError("No model: give one with `model=`, such as flash or pro.")
    if on_deepseek and (explanation := retired(name)):
        raise RequestError(explanation)
    return name


def retired(name: str) -> str:
    """Return the sentence that explains a retired id and names its replacement; empty for any other id."""
    if name not in RETIRED:
        return ""
    return f"DeepSeek retired {name} on 2026-07-24; use {RETIRED[name]} instead."


def is_deepseek(model: str) -> bool:
    """Return whether `model` is exactly one of DeepSeek's own ids, whose treatment of parameters is known."""
    return model in ALIASES.values()
