"""A request as a program that sends it again: in Python, for curl and for Node, and as JSON.

Each module of this package has one language. The programs are made from the body that was sent, all
of it, and read keys from the environment.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from nbstream.language import _
from nbstream.model.exceptions import RequestError
from nbstream.model.request import MESSAGES
from nbstream.snippets import curl, node, python, python_messages
from nbstream.snippets.literals import JSON

if TYPE_CHECKING:
    from nbstream.model.request import Request


def code_of(request: Request, language: str, *, sdk: bool = False) -> str:
    """Return the program that sends `request`, without a line end.

    Args:
        request: the request.
        language: json, python, curl or node; json is the body alone.
        sdk: whether a program for Node uses the package `openai`.

    Raises:
        RequestError: if the request is not known, as that of a recording; or if the package does
            not speak its API.
    """
    check(request)
    if language == "json":
        return JSON.write(request.body())
    is_messages = request.address.call == MESSAGES
    if language == "node":
        if sdk and is_messages:
            raise RequestError(_("The package openai does not speak Anthropic's API: `request.node()` uses fetch."))
        return node.with_sdk(request) if sdk else node.with_fetch(request)
    if language == "python" and is_messages:
        return python_messages.code(request)
    return python.code(request) if language == "python" else curl.code(request)


def check(request: Request) -> None:
    """Raise `RequestError` if the request is not known."""
    if not request.endpoint or not (request.messages or "prompt" in request.parameters):
        raise RequestError(
            _(
                "The request of this reply is not known: a recording has none, and a reply that was recovered keeps no "
                "prompt."
            )
        )
