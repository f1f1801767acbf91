"""The settled output of a reply, in every form that a front end or an export may ask for.

This module must not know how it gets into the notebook.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from nbstream.model.text import utf16_length
from nbstream.output.settled import answer_in_markdown, to_markdown, to_plain, to_static_html

if TYPE_CHECKING:
    from nbstream.model.reply import Reply


def bundle(reply: Reply, reasoning: str) -> tuple[dict[str, str], dict[str, Any]]:
    """Return the settled output of a reply, for every front end and export, and its metadata.

    Args:
        reply: what is shown.
        reasoning: how reasoning is shown, one of `settings.REASONING`.

    Returns:
        The data by MIME type, and `{"nbstream": {"answer": [start, end]}}`: where the answer stands in the Markdown, in
        UTF-16 code units, for the page to copy it.
    """
    data = {
        "text/html": to_static_html(reply, reasoning=reasoning),
        "text/markdown": to_markdown(reply, reasoning=reasoning),
        "text/plain": to_plain(reply),
    }
    answer = answer_in_markdown(reply)
    # Should the same words stand in the reasoning as well, it makes no difference which of them are copied.
    found = data["text/markdown"].find(answer)
    if not answer or found < 0:
        return data, {}
    start = utf16_length(data["text/markdown"][:found])
    return data, {"nbstream": {"answer": [start, start + utf16_length(answer)]}}
