"""Short names of models, and ids that DeepSeek has retired.

Source: DeepSeek's pages on models and changes, October 2026.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from nbstream.language import _, marked
from nbstream.model.exceptions import RequestError

if TYPE_CHECKING:
    from collections.abc import Mapping

ALIASES = {"flash": "deepseek-flash", "pro": "deepseek-v4-pro"}

#: Retired on 2026-07-24 15:59 UTC, with the options that replace them.
RETIRED = {
    "deepseek-chat": marked("`model=` flash with `thinking=False`"),
    "deepseek-reasoner": marked("`model=` flash with `thinking=True`"),
}


def resolve(name: str, aliases: Mapping[str, str], *, on_deepseek: bool) -> str:
    """Return the id to send for `name`.

    Args:
        name: an alias, a short name, or any id.
        aliases: the user's short names, which have priority and may refer to one another.
        on_deepseek: whether the request goes to DeepSeek, where retired ids are an error.

    Raises:
        RequestError: if the name is empty, or DeepSeek has retired the model.
    """
    names = {**ALIASES, **aliases}
    name = name.strip()
    seen = set()
    # An alias may have the same name as its id.
    while name in names and name not in seen:
        seen.add(name)
        name = names[name].strip()
    if not name:
        raise RequestError(_("No model: give one with `model=`, such as flash or pro."))
    if on_deepseek and (explanation := retired(name)):
        raise RequestError(explanation)
    return name


def retired(name: str) -> str:
    """Return a sentence with the replacement of a retired id; empty for any other id."""
    if name not in RETIRED:
        return ""
    return _("DeepSeek retired {name} on 2026-07-24; use {retired} instead.", name=name, retired=_(RETIRED[name]))


def is_deepseek(model: str) -> bool:
    """Return whether `model` is one of DeepSeek's ids, whose use of parameters is documented."""
    return model in ALIASES.values()


def sees_images(model: str) -> bool:
    """Return whether a model sees images: V4 Pro drops them without an error, on any server."""
    return model.rpartition("/")[2] != ALIASES["pro"]
