"""The command on the request that was sent: request."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from IPython.display import publish_display_data

from nbstream.client import history
from nbstream.language import _
from nbstream.model.exceptions import RequestError
from nbstream.snippets import check

if TYPE_CHECKING:
    from collections.abc import Sequence

    from nbstream.jupyter.commands.command import Context

_SDK = "sdk"


def request(words: Sequence[str], context: Context) -> None:
    """Show what the last reply's request sent, or the program that sends it again."""
    from nbstream.output import sent_request  # noqa: PLC0415  (the renderer, only where it is used)

    language = words[0] if words else ""
    if (language and language not in sent_request.LANGUAGES) or (words[1:] and words != ["node", _SDK]):
        raise RequestError(
            _(
                "%deepseek request {words}: the forms are json, python, curl, node, and node {sdk}.",
                words=" ".join(words),
                sdk=_SDK,
            )
        )
    reply = history.last_reply()
    if reply is None:
        raise RequestError(_("There is no reply yet, so no request was sent."))
    request, in_cell = reply.request, context.presentation.audience == "cell"
    if not language:
        check(request)
        before = len(reply.steps) - 1
        text = sent_request.account_text(request, before)
        html = sent_request.account_html(request, before) if in_cell else ""
    else:
        text = request.node(sdk=_SDK in words) if language == "node" else getattr(request, language)()
        html = sent_request.code_html(text, language) if in_cell else ""
    if in_cell:
        publish_display_data({"text/html": html, "text/plain": text})
    else:
        sys.stdout.write(f"{text}\n")
