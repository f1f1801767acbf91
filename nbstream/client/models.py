"""Names of models: the short ones, and those that are gone. The one table; a user's own aliases go before it.

Source: DeepSeek's model and change-log pages as of October 2026. This module must not know prices or requests.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from nbstream.model.exceptions import RequestError

if TYPE_CHECKING:
    from collections.abc import Mapping

ALIASES = {"flash": "deepseek-flash", "pro": "deepseek-v4-pro"}

#: Retired on 2026-07-24 15:59 UTC, with what does the same today.
RETIRED = {
    "deepseek-chat": "-m flash --no-think",
    "deepseek-reasoner": "-m flash --think",
}


def resolve(name: str, aliases: Mapping[str, str], *, on_deepseek: bool) -> str:
    """Return the id to send for `name`.

    Args:
        name: a short name, or any id, which passes through.
        aliases: the user's own names; they go before the table.
        on_deepseek: the request goes to DeepSeek itself; other servers may call a model as they like.

    Raises:
        RequestError: if the name is empty, or DeepSeek has retired it.
    """
    name = name.strip()
    if name in aliases:
        return aliases[name]
    if not name:
        raise RequestError("No model: give one with -m, such as flash or pro.")
    if on_deepseek and (explanation := retired(name)):
        raise RequestError(explanation)
    return ALIASES.get(name, name)


def retired(name: str) -> str:
    """Return the sentence that explains a retired id and names its replacement; empty for any other id."""
    if name not in RETIRED:
        return ""
    return f"DeepSeek retired {name} on 2026-07-24; the same today is: {RETIRED[name]}."


def is_deepseek(model: str) -> bool:
    """Return whether `model` is one of DeepSeek's own ids, whose treatment of parameters is known."""
    return model.startswith("deepseek-")
