"""Finds the code blocks in the Markdown of an answer, wherever they are in the text."""

from __future__ import annotations

from dataclasses import dataclass

from nbstream.markdown.parser import parse, unix_lines
from nbstream.model.printable import printable

_REPR_CHARS = 60


@dataclass(frozen=True, slots=True, repr=False)
class CodeBlock:
    """Code that an answer shows between fences. Nothing of it was run.

    Attributes:
        language: the first word after the fence, such as `python`; empty if there is none.
        code: the code, without the line end before the closing fence.
    """

    language: str
    code: str

    def __str__(self) -> str:
        return self.code

    def __repr__(self) -> str:
        lines = self.code.count("\n") + 1
        size = "1 line" if lines == 1 else f"{lines} lines"
        shown = self.code if len(self.code) <= _REPR_CHARS else self.code[: _REPR_CHARS - 1] + "…"
        return f"<CodeBlock {printable(self.language) or 'without a language'}, {size}: {shown!r}>"


def find_code(text: str) -> list[CodeBlock]:
    """Return the code between fences in Markdown, also in lists, quotes and open fences."""
    fences = [token for block in parse(unix_lines(text)).blocks for token in block.tokens if token.type == "fence"]
    return [
        CodeBlock(language=(fence.info.split() or [""])[0], code=fence.content.removesuffix("\n")) for fence in fences
    ]
