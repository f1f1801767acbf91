"""Outputs of cells, of a page or of IPython's history, as values."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from nbstream.model.notebook import CellOutput

if TYPE_CHECKING:
    from collections.abc import Sequence

#: Representations that say nothing: `<IPython.core.display.HTML object>`, `<Figure size 640x480>`.
_EMPTY_TEXT = re.compile(r"\s*<[\w.]+(?: object| at 0x[0-9a-f]+| size [\w. ]+)[^<>\n]*>\s*")
_TEXTS = ("text/plain", "text/markdown", "text/latex")


def output_of(
    kind: str, data: dict[str, Any], types: Sequence[str], left_out: int = 0, answer: object = None
) -> CellOutput:
    """Return an output.

    Args:
        kind: its kind in a notebook's file: stream, error, execute_result or display_data.
        data: its texts by MIME type.
        types: all its MIME types.
        left_out: how many characters are missing in the middle of its text.
        answer: the model's answer, if it is the settled output of a reply.
    """
    if isinstance(answer, str) and answer:
        return CellOutput("answer", answer)
    if kind in ("stream", "error"):
        return CellOutput("printed" if kind == "stream" else "error", str(data.get("text/plain", "")), left_out)
    text = str(data.get("text/plain", ""))
    if _EMPTY_TEXT.fullmatch(text):
        text = next((str(data[each]) for each in _TEXTS[1:] if data.get(each)), "" if len(types) > 1 else text)
    shows_more = [each for each in types if each not in _TEXTS and (each != "text/html" or not text)]
    return CellOutput("value", text, left_out, tuple(shows_more))


def joined(outputs: Sequence[CellOutput]) -> tuple[CellOutput, ...]:
    """Return outputs with adjacent ones that were printed joined, as the reader sees them."""
    found: list[CellOutput] = []
    for output in outputs:
        last = found[-1] if found else None
        if last is not None and last.kind == output.kind == "printed" and not (last.left_out or output.left_out):
            found[-1] = CellOutput("printed", last.text + output.text)
        else:
            found.append(output)
    return tuple(found)
