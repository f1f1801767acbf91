"""A text of a request that no output shows, such as a key that the user put into its body."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Self

if TYPE_CHECKING:
    from collections.abc import Iterator

#: Stands for a secret in everything that is shown.
MARK = "<secret>"


class HiddenText(str):
    """A text that reads as a mark everywhere: printed, as JSON, in a file, and pickled.

    Attributes:
        variable: the environment variable from which a program reads the text.
    """

    __slots__ = ("_text", "variable")
    _text: str
    variable: str

    def __new__(cls, text: str, variable: str) -> Self:
        """Return a mark that holds `text`."""
        made = super().__new__(cls, MARK)
        made._text, made.variable = text, variable
        return made

    def reveal(self) -> str:
        """Return the text itself; its `repr` is still the mark."""
        return _Revealed(self._text)

    def __copy__(self) -> Self:
        return self

    def __deepcopy__(self, _memo: object) -> Self:
        return self

    def __reduce__(self) -> tuple[type[str], tuple[str]]:
        return str, (MARK,)


class _Revealed(str):
    """A text as it is sent: the SDK writes the `repr` of what it sends into its log."""

    __slots__ = ()

    def __repr__(self) -> str:
        return repr(MARK)


def revealed(value: Any) -> Any:
    """Return a JSON value with each hidden text as itself, to be sent."""
    if isinstance(value, HiddenText):
        return value.reveal()
    if isinstance(value, dict):
        return {name: revealed(each) for name, each in value.items()}
    return [revealed(each) for each in value] if isinstance(value, list) else value


def hidden_in(value: Any) -> Iterator[HiddenText]:
    """Yield the hidden texts of a JSON value."""
    if isinstance(value, HiddenText):
        yield value
    elif isinstance(value, dict | list):
        for each in value.values() if isinstance(value, dict) else value:
            yield from hidden_in(each)
