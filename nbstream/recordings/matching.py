"""Whether two requests are the same, and the first field in which they differ."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from nbstream.recordings.taken import Asked, Taken

#: A value is shown with so many characters.
_LONGEST = 60
#: So many characters before the first difference are shown.
_BEFORE = 20
#: Differences beyond so many are not counted.
_MOST = 20
_ABSENT: Any = object()
#: The fields that say whose request it is.
_WHO_ASKS = ("user_id", "user", "metadata")


class Difference(NamedTuple):
    """The first field in which a request differs from the recorded one that is nearest to it.

    Attributes:
        path: the field, such as `messages[1].content`.
        recorded: its recorded value, cut; `nothing` if there was none.
        asked: its value now, in the same way.
    """

    path: str
    recorded: str
    asked: str

    def __str__(self) -> str:
        return f"{self.path}: recorded {self.recorded}, asked {self.asked}"


def key_of(asked: Asked) -> str:
    """Return a text that is the same for requests that ask the same.

    That are the method, the call, and every field of the body, whatever their order. The host is
    not in it: the same request may have been recorded at another address of the same server, such
    as a gateway. Keys, headers and limits of time are not part of what is asked, nor is who asks.
    """
    return f"{asked.call} {json.dumps(_compared(asked.body), sort_keys=True)}"


def _compared(body: Mapping[str, Any] | None) -> Any:
    """Return what is compared of a body."""
    if body is None:
        return None
    return canonical({name: value for name, value in body.items() if name not in _WHO_ASKS})


def canonical(value: Any) -> Any:
    """Return a JSON value in which equal numbers are written alike: JSON's 1 and 1.0 are equal."""
    if isinstance(value, float) and value.is_integer():
        return int(value)
    if isinstance(value, dict):
        return {str(name): canonical(each) for name, each in value.items()}
    if isinstance(value, list | tuple):
        return [canonical(each) for each in value]
    # A hidden text is its mark.
    return str(value) if isinstance(value, str) else value


def nearest_difference(asked: Asked, recorded: Iterable[Taken]) -> Difference | None:
    """Return where a request differs from the nearest recorded one; None if none is of its kind."""
    best: tuple[int, Difference] | None = None
    body = _compared(asked.body)
    for each in recorded:
        if each.asked.call != asked.call:
            continue
        found = []
        for difference in _differences(_compared(each.asked.body), body, ""):
            found.append(difference)
            if len(found) >= _MOST:
                break
        if found and (best is None or len(found) < best[0]):
            best = len(found), found[0]
    return best[1] if best is not None else None


def _differences(recorded: Any, asked: Any, path: str) -> Iterator[Difference]:
    if isinstance(recorded, dict) and isinstance(asked, dict):
        for name in [*asked, *(name for name in recorded if name not in asked)]:
            inner = f"{path}.{name}" if path else name
            yield from _differences(_item(recorded, name), _item(asked, name), inner)
    elif isinstance(recorded, list) and isinstance(asked, list):
        for index in range(max(len(recorded), len(asked))):
            one, other = (each[index] if index < len(each) else _ABSENT for each in (recorded, asked))
            yield from _differences(one, other, f"{path}[{index}]")
    elif recorded is _ABSENT or asked is _ABSENT or recorded != asked or type(recorded) is not type(asked):
        at = _first_difference(recorded, asked) if isinstance(recorded, str) and isinstance(asked, str) else 0
        yield Difference(path, _shown(recorded, at), _shown(asked, at))


def _item(value: Mapping[str, Any], name: str) -> Any:
    return value.get(name, _ABSENT)


def _first_difference(one: str, other: str) -> int:
    pairs = enumerate(zip(one, other, strict=False))
    return next((at for at, (left, right) in pairs if left != right), min(len(one), len(other)))


def _shown(value: Any, at: int) -> str:
    """Return a value in one line, cut around the character at `at`."""
    if value is _ABSENT:
        return "nothing"
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    start = max(0, at - _BEFORE) if len(text) > _LONGEST else 0
    shown = text[start : start + _LONGEST]
    if isinstance(value, str):
        # As JSON, so that it is one line.
        shown = json.dumps(shown, ensure_ascii=False)[1:-1]
    before, after = "…" if start else "", "…" if start + _LONGEST < len(text) else ""
    return f'"{before}{shown}{after}"' if isinstance(value, str) else f"{before}{shown}{after}"
