"""Who answers live: the user's own server, with the user's own key, and what that may cost."""

from __future__ import annotations

import os
from datetime import UTC, datetime
from decimal import Decimal
from typing import TYPE_CHECKING, NamedTuple
from urllib.parse import urlsplit

from nbstream.billing.volume import Volume, estimate
from nbstream.client import models, routing, settings
from nbstream.client.endpoints import KEY_VARIABLE, URL_VARIABLE
from nbstream.language import _, joined
from nbstream.lesson import offline
from nbstream.model.exceptions import RequestError
from nbstream.model.token_estimate import estimate_tokens
from nbstream.output.price_words import total
from nbstream.simulator.written import load

if TYPE_CHECKING:
    from nbstream.client.endpoints import Endpoint
    from nbstream.lesson.course import Lesson

#: Set where lessons must stay offline: by whoever runs the notebooks of others.
OFFLINE_VARIABLE = "NBSTREAM_LESSON_OFFLINE"
#: Set by `nbstream demo`: the base URL that its user had before; may be empty.
DEMO_VARIABLE = "NBSTREAM_DEMO_USUAL_URL"
_CENT = Decimal("0.0001")


class Live(NamedTuple):
    """The server that answers, its base URL, and what the lesson may cost, as a sentence."""

    server: str
    url: str
    cost: str


def is_allowed() -> bool:
    """Return whether lessons may ask a real server here."""
    return not os.environ.get(OFFLINE_VARIABLE)


def switch_to(lesson: Lesson) -> Live:
    """Send requests to the server and the model of the user's settings.

    Raises:
        RequestError: if there is no key for it. Requests do not go to the simulator then, either,
            so that a key can be entered.
    """
    offline.restore()
    if (usual := os.environ.pop(DEMO_VARIABLE, None)) is not None:
        # The demo has put its own simulator there, and has no key.
        for name, value in ((URL_VARIABLE, usual), (KEY_VARIABLE, "")):
            os.environ[name] = value
    endpoint, model = routing.route(without_key=True)
    if endpoint.missing_key:
        said = _(
            "No key for {server}: enter it with %deepseek key {name}, and run this cell again. Or run it without "
            "live=True: offline, no key is needed.",
            server=endpoint.server,
            name=endpoint.name or endpoint.server,
        )
        raise RequestError(said)
    return Live(
        _("{model} at {server}", model=model, server=endpoint.server), endpoint.base_url, _cost(lesson, endpoint, model)
    )


def _cost(lesson: Lesson, endpoint: Endpoint, model: str) -> str:
    """Return what the lesson may cost: what its written replies would, at today's prices."""
    replies = [reply for path in lesson.written if path.parent.name == "written" for reply in load(path)]
    chosen, lowest = settings.current(), Decimal(0)
    for reply in replies:
        output = estimate_tokens(reply.reasoning) + estimate_tokens(reply.answer)
        found = estimate(
            Volume(1, estimate_tokens(reply.prompt) + 10, 0, output),
            model=model if reply.model is None else models.resolve(reply.model, {}, on_deepseek=endpoint.on_deepseek),
            host=urlsplit(endpoint.origin).netloc,
            at=datetime.now(UTC),
            currency=chosen.currency,
            url=endpoint.base_url,
        )
        if found is None:
            return _("What it costs is not known: there is no price for this model.")
        lowest += found.each[0].cost.amount
    shown = total(lowest.quantize(_CENT) or _CENT, chosen.currency)
    return joined(
        _("The offline replies would cost about {cost} there; a model that writes more costs more.", cost=shown),
        _("%deepseek budget 0.50 sets a limit."),
    )
