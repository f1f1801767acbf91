"""Events as lines of text and back, for a journal.

Every line is ASCII JSON, so that a lone surrogate cannot break a file.
"""

from __future__ import annotations

import json
from dataclasses import asdict, replace
from datetime import date, datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any, cast, get_args

from nbstream.model.earlier import Earlier
from nbstream.model.events import Continued, Event, Scored, Started, Stepped
from nbstream.model.failure import Failure
from nbstream.model.probabilities import Tokens, packed, unpacked
from nbstream.model.recorded import Recorded
from nbstream.model.request import Request
from nbstream.model.structure import Structure
from nbstream.model.timing import Timing
from nbstream.model.tool_result import Printed, ToolOutcome, tool_outcome
from nbstream.model.usage import Cost, CostParts, Usage
from nbstream.model.warning import ReplyWarning

if TYPE_CHECKING:
    from collections.abc import Callable

    from nbstream.model.recorded import RecordedKind
    from nbstream.model.usage import CostSource

_CLASSES = {each.__name__: each for each in get_args(Event)}


def _request(model: str, endpoint: str, structure: dict[str, Any] | None = None, **_: Any) -> Request:
    return Request(model, endpoint, structure=Structure(**structure) if structure else None)


def _cost(
    amount: str,
    dated: str | None,
    parts: dict[str, str] | None = None,
    checked: str | None = None,
    source: str | None = None,
    **others: Any,
) -> Cost:
    split = CostParts(**{name: Decimal(each) for name, each in parts.items()}) if parts else None
    day = date.fromisoformat(checked) if checked else None
    if source is None:
        # An older version had only its own table and the server's figure.
        source = "table" if dated else "server"
    since = datetime.fromisoformat(dated) if dated else None
    return Cost(Decimal(amount), dated=since, parts=split, checked=day, source=cast("CostSource", source), **others)


def _earlier(
    timing: dict[str, Any],
    usage: dict[str, Any] | None,
    cost: dict[str, Any] | None,
    logprobs: list[Any] | None = None,
    estimate: dict[str, Any] | None = None,
    **others: Any,
) -> Earlier:
    counted, paid = Usage(**usage) if usage else None, _cost(**cost) if cost else None
    about = _cost(**estimate) if estimate else None
    tokens = Tokens(unpacked(logprobs or []))
    return Earlier(timing=Timing(**timing), usage=counted, cost=paid, estimate=about, logprobs=tokens, **others)


def _outcome(**fields: Any) -> ToolOutcome:
    return tool_outcome(fields)


def _recorded(instant: float, cost: dict[str, Any] | None, kind: RecordedKind = "recording") -> Recorded:
    return Recorded(instant, _cost(**cost) if cost else None, kind)


#: The constructors for fields of events whose values are objects.
_VALUES: dict[str, Callable[..., Any]] = {
    "request": _request,
    "usage": Usage,
    "failure": Failure,
    "cost": _cost,
    "warning": ReplyWarning,
    "earlier": _earlier,
    "printed": Printed,
    "outcome": _outcome,
    "recorded": _recorded,
}


def encode_event(event: Event) -> str:
    """Return an event as one line, without a line end; a request only as model and endpoint."""
    if isinstance(event, Started | Stepped):
        # Neither prompt nor parameters: a journal holds what was received, and how to read it.
        request, structure = event.request, event.request.structure
        structure = None if structure is None else replace(structure, check=None)
        event = replace(event, request=Request(request.model, request.endpoint, structure=structure))
    if isinstance(event, Scored):
        fields: dict[str, Any] = {"at": event.at, "tokens": packed(event.tokens)}
    elif isinstance(event, Continued):
        tokens, earlier = packed(event.earlier.logprobs), replace(event.earlier, logprobs=Tokens())
        fields = {"at": event.at, "earlier": {**asdict(earlier), "logprobs": tokens}}
    else:
        fields = asdict(event)
    return json.dumps({"event": type(event).__name__, **fields}, separators=(",", ":"), default=str)


def decode_event(line: str) -> Event:
    """Return the event of a line.

    Raises:
        ValueError: if the line is not an event, as the last line of a killed process may not be.
    """
    try:
        fields: dict[str, Any] = json.loads(line)
        build = _CLASSES[fields.pop("event")]
        for name, build_value in _VALUES.items():
            # `Ended` has a text of this name.
            if isinstance(fields.get(name), dict):
                fields[name] = build_value(**fields[name])
        if build is Scored:
            fields["tokens"] = tuple(unpacked(fields["tokens"]))
        return cast("Event", build(**fields))
    except (ArithmeticError, AttributeError, KeyError, TypeError) as error:
        raise ValueError(f"not an event: {error}") from None
