"""How a reply is shown, as one value.

A field with a description is an option of the magic, of `ask` and of `show`, and also a setting. To
add such an option, add a field here.
"""

from __future__ import annotations

from dataclasses import dataclass, field, fields
from typing import TYPE_CHECKING, Any, Literal, NamedTuple, TypeAlias, get_args, get_type_hints

from nbstream.language import _, listed, marked
from nbstream.model.exceptions import RequestError

if TYPE_CHECKING:
    from collections.abc import Mapping

ReasoningDisplay: TypeAlias = Literal["auto", "open", "closed", "hidden"]
#: The reader: the user of a magic in a notebook, of Python code, of a magic in a terminal, or of a
#: panel with buttons. Messages name options and settings accordingly.
Audience: TypeAlias = Literal["cell", "python", "terminal", "panel"]


@dataclass(frozen=True, slots=True)
class Presentation:
    """How a reply is shown.

    Attributes:
        reasoning: whether the reasoning is shown open while it streams, open, closed, or hidden.
        audience: the reader.
        has_buttons: whether the page makes buttons that go on with a reply; if not, commands are
            named.
        names_turn: whether the footer names the chat and the turn; a panel shows both elsewhere.
        has_footer: whether its figures stand below it; in a comparison they stand in a table.
        provenance: whether the notebook's file gets what the reply is made of, without the prompt
            or with it.
    """

    reasoning: ReasoningDisplay = field(
        default="auto",
        metadata={
            "description": marked(
                "How reasoning is shown: auto (open while it streams), open, closed, or hidden. Hidden reasoning is "
                'neither in the page nor in the file; nbstream.show(reasoning="open") shows it.'
            )
        },
    )
    audience: Audience = "python"
    has_buttons: bool = True
    names_turn: bool = True
    has_footer: bool = True
    provenance: Literal["", "facts", "prompt"] = ""


class DisplayOption(NamedTuple):
    """One option of a presentation."""

    name: str
    values: tuple[str, ...]
    default: str
    description: str


_TYPES = get_type_hints(Presentation)
OPTIONS: tuple[DisplayOption, ...] = tuple(
    DisplayOption(each.name, get_args(_TYPES[each.name]), str(each.default), each.metadata["description"])
    for each in fields(Presentation)
    if each.metadata
)


def presentation_of(defaults: object, given: Mapping[str, str | None], audience: Audience) -> Presentation:
    """Return a presentation.

    Args:
        defaults: has an attribute for each option.
        given: options that replace the defaults; None replaces nothing.
        audience: the reader.

    Raises:
        RequestError: if the value of an option is unknown.
    """
    values: dict[str, Any] = {}
    for option in OPTIONS:
        value = given.get(option.name)
        value = getattr(defaults, option.name) if value is None else value
        if value not in option.values:
            raise RequestError(
                _(
                    "`{name}=` is {value!r}: it must be one of {values}.",
                    name=option.name,
                    value=value,
                    values=listed(option.values),
                )
            )
        values[option.name] = value
    return Presentation(**values, audience=audience)
