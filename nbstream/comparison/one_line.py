"""What `--compare` says: `flash,pro`, or an option and its values, as in `effort=low,max`."""

from __future__ import annotations

from itertools import product
from math import prod
from typing import TYPE_CHECKING, Any

from nbstream.comparison.specs import LEAST, MOST
from nbstream.language import _, listed
from nbstream.model.exceptions import RequestError

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

_WORDS = {"on": True, "true": True, "yes": True, "off": False, "false": False, "no": False}


def _yes_or_no(text: str) -> bool:
    try:
        return _WORDS[text.casefold()]
    except KeyError:
        raise ValueError from None


#: The options that a line can compare, and how their values are read.
_READ: dict[str, Callable[[str], Any]] = {
    "model": str,
    "effort": str,
    "thinking": _yes_or_no,
    "temperature": float,
    "top_p": float,
    "max_tokens": int,
    "system": str,
    "base_url": str,
    "prefix": str,
    "prompt": str,
    "chat": str,
    "schema": str,
    "json": _yes_or_no,
}
#: Other words for them, as the flags of the magic are called.
_ALSO = {
    "endpoint": "base_url",
    "server": "base_url",
    "think": "thinking",
    "top-p": "top_p",
    "max-tokens": "max_tokens",
}
#: Texts may have commas in them, so this separates values, too.
_BAR = "|"


def specs_of(lines: Sequence[str]) -> list[dict[str, Any]]:
    """Return the specs that the values of `--compare` describe.

    With several of them, there is a column for each combination.

    Raises:
        RequestError: if one of them is not of this form.
    """
    axes = [_axis(line) for line in lines]
    names = [name for name, _values in axes]
    if doubled := [name for name in names if names.count(name) > 1]:
        raise RequestError(
            _("`--compare` names {doubled} twice: write all its values behind one `--compare`.", doubled=doubled[0])
        )
    count = prod(len(values) for _name, values in axes)
    if count > MOST:
        # Before they are made: a few long lists are millions of columns.
        raise RequestError(
            _("A comparison has {least} to {most} columns, not {count:,}.", least=LEAST, most=MOST, count=count)
        )
    return [dict(zip(names, values, strict=True)) for values in product(*(values for _name, values in axes))]


def _axis(line: str) -> tuple[str, list[Any]]:
    name, equals, rest = line.partition("=")
    option = _ALSO.get(name.strip(), name.strip().replace("-", "_"))
    if not equals:
        option, rest = "model", line
    elif option not in _READ:
        # The id of a model may have an equals sign, but no beginning that looks like an option.
        raise RequestError(
            _("`--compare` cannot compare {name!r}: there are {read}.", name=name.strip(), read=listed(_READ))
        )
    texts = [text.strip() for text in rest.split(_BAR if _BAR in rest else ",")]
    if "" in texts and option != "system":
        raise RequestError(
            _("`--compare {line}` has an empty value: write {option}=first,second.", line=line, option=option)
        )
    try:
        return option, [_READ[option](text) for text in texts]
    except ValueError:
        raise RequestError(
            _("`--compare {line}`: these are no values of {option}.", line=line, option=option)
        ) from None
