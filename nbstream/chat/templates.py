"""Prompts with blanks in them, each between two pairs of braces."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from nbstream.language import _, listed
from nbstream.model.exceptions import RequestError
from nbstream.prompt.braces import BRACES, UNCLOSED_IN_TEMPLATE

if TYPE_CHECKING:
    from collections.abc import Mapping


class Part(NamedTuple):
    """A piece of a template: a text, or a blank with a name."""

    text: str
    blank: str = ""


def parts_of(template: str) -> tuple[Part, ...]:
    """Return the texts and the blanks of a template, in their order.

    Raises:
        RequestError: if a blank has no end or no name.
    """
    found, at = [], 0
    for mark in BRACES.finditer(template):
        text, at = template[at : mark.start()], mark.end()
        if mark["open"]:
            raise RequestError(
                _("The template {template!r}: {reason}", template=template, reason=_(UNCLOSED_IN_TEMPLATE))
            )
        if mark["literal"] is not None:
            found.append(Part(f"{text}{{{{{mark['literal']}}}}}"))
            continue
        name = mark["name"].strip()
        if not name:
            raise RequestError(_("The template {template!r} has a blank without a name.", template=template))
        found += [Part(text), Part("", name)]
    return tuple(part for part in (*found, Part(template[at:])) if part != Part(""))


def filled(parts: tuple[Part, ...], blanks: Mapping[str, str]) -> str:
    """Return the prompt; what stands in a blank is taken literally.

    Raises:
        RequestError: if a blank is empty.
    """
    empty = [name for name in dict.fromkeys(part.blank for part in parts) if name and not blanks.get(name, "").strip()]
    if empty:
        raise RequestError(_("Fill in {empty}; nothing was sent.", empty=listed(empty)))
    return "".join(blanks[part.blank] if part.blank else part.text for part in parts)
