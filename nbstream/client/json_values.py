"""Makes the values of a request ones that JSON has, or says which one is not and what to give.

Otherwise a request would fail while it is encoded, which looks like a server that cannot be
reached.
"""

from __future__ import annotations

import dataclasses
import datetime as dt
import decimal
import enum
import fractions
import math
import os
from collections.abc import Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from typing import Any

from nbstream.language import _, joined, marked
from nbstream.model.exceptions import RequestError
from nbstream.model.warning import ReplyWarning
from nbstream.wire.surrogates import join_surrogates

#: Far more than any request has, and less than Python's own limit.
_DEEPEST = 200
#: Python does not write larger numbers in decimal notation.
_MOST_BITS = 10_000

#: What to give instead of a value that JSON does not have.
_INSTEAD: tuple[tuple[type | tuple[type, ...], str], ...] = (
    (AbstractSet, marked("Give a list.")),
    ((bytes, bytearray, memoryview), marked("Decode it to text first, as with `.decode()`.")),
    ((decimal.Decimal, fractions.Fraction, complex), marked("Give a float, or its text.")),
    ((dt.date, dt.time, dt.timedelta), marked("Give its text, as with `.isoformat()`.")),
    (os.PathLike, marked("Give its text, as with `str(…)`, or the file's text.")),
    (enum.Enum, marked("Give its `.value`.")),
    (Iterator, marked("Give a list.")),
)
_INSTEAD_BY_METHOD = (
    ("to_csv", marked("Give its text, as with `.to_csv()`.")),
    ("tolist", marked("Give a list, as with `.tolist()`.")),
    ("model_dump", marked("Give a dict, as with `.model_dump()`.")),
)


class JsonValues:
    """Reads the values of one request.

    Attributes:
        warnings: the changes that were needed to send it.
    """

    def __init__(self) -> None:
        self.warnings: list[ReplyWarning] = []
        #: The objects that contain the value that is being read.
        self._outer: list[int] = []

    def read(self, value: Any, place: str) -> Any:
        """Return a value as JSON has it; lists and objects are copied.

        Scalars of numpy and of libraries like it are numbers. Lone surrogates, which cannot be
        sent, are replaced by U+FFFD.

        Args:
            value: any value.
            place: names the value in a message, such as `messages[0].content`.

        Raises:
            RequestError: if JSON does not have it.
        """
        if isinstance(value, str):
            return self._text(value.value if isinstance(value, enum.Enum) else value, place)
        if value is None or isinstance(value, bool):
            return value
        if isinstance(value, int):
            if value.bit_length() > _MOST_BITS:
                raise RequestError(_("`{place}` cannot be sent: the number has more than 3,000 digits.", place=place))
            return value
        if isinstance(value, float):
            if not math.isfinite(value):
                raise RequestError(
                    _("`{place}` cannot be sent: it is {value}, which is no number in JSON.", place=place, value=value)
                )
            return value
        if isinstance(value, Mapping) or (
            isinstance(value, Sequence) and not isinstance(value, bytes | bytearray | memoryview)
        ):
            return self._inner(value, place)
        # numpy is not imported for this: its scalars have no dimension.
        if getattr(value, "shape", None) == () and callable(getattr(value, "item", None)):
            item = value.item()
            return self.read(float(item) if type(item) is type(value) else item, place)
        said = _("`{place}` cannot be sent: JSON has no {kind}.", place=place, kind=type(value).__name__)
        raise RequestError(joined(said, _instead(value)))

    def _inner(self, value: Any, place: str) -> Any:
        if id(value) in self._outer:
            raise RequestError(_("`{place}` cannot be sent: it contains itself.", place=place))
        if len(self._outer) >= _DEEPEST:
            raise RequestError(
                _(
                    "`{place}` cannot be sent: it is nested more than {deepest} levels deep.",
                    place=place,
                    deepest=_DEEPEST,
                )
            )
        self._outer.append(id(value))
        try:
            if isinstance(value, Mapping):
                return {self._key(key, place): self.read(each, f"{place}.{key}") for key, each in value.items()}
            return [self.read(each, f"{place}[{index}]") for index, each in enumerate(value)]
        finally:
            self._outer.pop()

    def _key(self, key: object, place: str) -> str:
        if isinstance(key, int) and not isinstance(key, bool):
            return str(int(key))
        if not isinstance(key, str):
            raise RequestError(_("`{place}` cannot be sent: its key {key!r:.40} is no text.", place=place, key=key))
        return self._text(key, place)

    def _text(self, value: str, place: str) -> str:
        try:
            # Much faster than to look for surrogates, and nearly every text has none.
            value.encode()
        except UnicodeEncodeError:
            text = join_surrogates(value)
        else:
            return value
        if replaced := text.count("\ufffd") - value.count("\ufffd"):
            self.warnings.append(ReplyWarning("replaced", where=place, count=replaced))
        return text


def _instead(value: object) -> str:
    if hasattr(value, "answer"):
        return _("Give its text, as with `.answer`.")
    if dataclasses.is_dataclass(value):
        return _("Give a dict, as with `dataclasses.asdict(…)`.")
    for kind, advice in _INSTEAD:
        if isinstance(value, kind):
            return _(advice)
    return next((_(advice) for name, advice in _INSTEAD_BY_METHOD if hasattr(value, name)), "")
