"""Code between fences, as models write it: with fences in a Markdown fence, or glued to a text.

A model shows a README between fences that are no longer than those within it. In a fence whose
language is Markdown or plain text, a fence with a language opens another one, and a bare one closes
the last. A bare one that may open or close something closes, so that no text after it is swallowed;
only below a heading or a colon, and a blank line, it opens: there a document does not end.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from markdown_it.rules_block import StateBlock

#: Languages of a document, and of a text, that may hold fences.
_DOCUMENTS = frozenset(["markdown", "md", "mdx", "mkd", "mdown", "rmarkdown", "rmd", "qmd", "quarto"])
_TEXTS = frozenset(["text", "txt", "plain", "plaintext"])
#: In a string over several lines, such as a prompt, Python may hold fences.
_PYTHON = frozenset(["python", "py", "python3"])
_QUOTES = re.compile("\"\"\"|'''")
_FENCE = re.compile(r"(?P<markup>`{3,}(?=[^`\n]*$)|~{3,})[ \t]*(?P<info>.*?)[ \t]*$")
_LANGUAGE = re.compile(r"[\w.+#-]+")
#: A fence after a text: with a language, or after a colon.
_GLUED = re.compile(r"(?P<text>[^`]*[^`\s])[ \t]*(?P<markup>`{3,})(?P<info>[\w.+#-]*)[ \t]*$")
#: The line before a blank line and code: a heading, or one that ends in a colon.
_BEFORE_CODE = re.compile(r"#{1,6}[ \t].*|.*[:\uff1a][*_]*")
_LONGEST_LINE = 200
#: Fences nest this deep.
_DEEPEST = 20


class _Fence(NamedTuple):
    """A fence that is open: its signs, and its language."""

    markup: str
    language: str

    @property
    def nests(self) -> bool:
        """Whether other fences may stand anywhere in it."""
        return self.language in _DOCUMENTS or self.language in _TEXTS

    @property
    def line(self) -> str:
        """A line that opens such a fence."""
        return self.markup + (self.language if self.nests or self.language in _PYTHON else "x")


def language_of(info: str) -> str:
    """Return the first word after a fence."""
    return (info.split(maxsplit=1) or [""])[0]


def fence(state: StateBlock, start: int, end: int, silent: bool) -> bool:  # noqa: FBT001  (markdown-it calls it so)
    """Read code between fences."""
    at = state.bMarks[start] + state.tShift[start]
    if state.src[at : at + 3] not in ("```", "~~~") or state.is_code_block(start):
        return False
    found = _FENCE.match(state.src, at, state.eMarks[start])
    if not found:
        return False
    if not silent:
        _push_code(state, start, end, found["markup"], state.src[at + len(found["markup"]) : state.eMarks[start]])
    return True


def indented_fence(state: StateBlock, start: int, end: int, silent: bool) -> bool:  # noqa: FBT001
    """Read code between fences that are indented as code is: models indent them below an item."""
    at = state.bMarks[start] + state.tShift[start]
    if state.src[at : at + 3] not in ("```", "~~~") or not state.is_code_block(start):
        return False
    found = _FENCE.match(state.src, at, state.eMarks[start])
    if not found or not _LANGUAGE.fullmatch(found["info"]):
        return False
    if not silent:
        _push_code(state, start, end, found["markup"], found["info"])
    return True


def glued_fence(state: StateBlock, start: int, end: int, silent: bool) -> bool:  # noqa: FBT001
    """Read code whose first fence stands after a text on the same line."""
    at, last = state.bMarks[start] + state.tShift[start], state.eMarks[start]
    if state.src.find("```", at, last) < 0 or state.is_code_block(start):
        return False
    found = _GLUED.match(state.src, at, last)
    grows = state.env["position"].is_repaired and last == len(state.src)
    if not found or not (found["info"] or found["text"][-1] in ":\uff1a" or grows):
        return False
    if silent:
        return True
    state.push("paragraph_open", "p", 1).map = lines = [start, start + 1]
    text = state.push("inline", "", 0)
    text.content, text.map, text.children = found["text"], lines, []
    state.push("paragraph_close", "p", -1)
    state.line = start + 1
    if not grows:
        _push_code(state, start, end, found["markup"], found["info"])
        state.tokens[-1].meta["glued"] = found["text"]
    return True


def _push_code(state: StateBlock, start: int, end: int, markup: str, info: str) -> None:
    """Read the lines of code below a fence, and its closing line."""
    lines = _Lines(_Fence(markup, language_of(info).lower()))
    is_less_indented = not state.is_code_block(start)
    line = start + 1
    while line < end:
        at = state.bMarks[line] + state.tShift[line]
        if at < state.eMarks[line] and state.sCount[line] < state.blkIndent:
            # The item or quote around the code ends.
            break
        lines.read(
            state.src[state.bMarks[line] : state.eMarks[line]],
            is_indented=is_less_indented and state.is_code_block(line),
        )
        if not lines.open_fences:
            break
        line += 1
    token = state.push("fence", "code", 0)
    token.info, token.markup = info, markup
    token.content = state.getLines(start + 1, line, state.sCount[start], True)  # noqa: FBT003
    state.line = line + (not lines.open_fences)
    token.map = [start, state.line]
    token.meta["context"] = lines.context


class _Lines:
    """The lines between fences that were read, as far as they say what the next fence does.

    Attributes:
        open_fences: the fences that are open, from the outer one.
    """

    def __init__(self, fence: _Fence) -> None:
        self.open_fences = [fence]
        #: The last line, if code may come after it; then the blank line below it, if there is one.
        self._last: list[str] = []
        #: The quotes of the Python string that is open.
        self._quote = ""

    @property
    def context(self) -> list[str]:
        """The lines from which the same would be known, with the one that opens the code."""
        outer, *fences = self.open_fences or [_Fence("", "")]
        quote = [self._quote] if self._quote else []
        return [outer.line, *quote, *([fence.line for fence in fences] or self._last)]

    def read(self, line: str, *, is_indented: bool) -> None:
        """Read a line.

        Args:
            line: the line.
            is_indented: whether it is indented so far that it may not close the outer fence.
        """
        text = line.strip(" \t")
        found = _FENCE.fullmatch(text) if text[:1] in ("`", "~") else None
        if found and self._change(found["markup"], found["info"], is_indented=is_indented):
            self._last = []
        elif self.open_fences[0].language in _PYTHON:
            self._read_quotes(text)
        elif not text:
            self._last = [*self._last[:1], ""] if self._last else []
        elif len(self.open_fences) == 1 and self.open_fences[0].language in _DOCUMENTS:
            self._last = [line] if len(text) < _LONGEST_LINE and _BEFORE_CODE.fullmatch(text) else []

    def _read_quotes(self, text: str) -> None:
        if len(self.open_fences) == 1 and ('"""' in text or "'''" in text):
            for quote in _QUOTES.findall(text):
                self._quote = "" if quote == self._quote else self._quote or quote

    def _change(self, markup: str, info: str, *, is_indented: bool) -> bool:
        """Open or close a fence; return whether this line does so."""
        last = self.open_fences[-1]
        is_outer = len(self.open_fences) == 1
        if not markup.startswith(last.markup) or (not info and is_outer and is_indented):
            return False
        expects_code = is_outer and len(self._last) > 1
        nests = last.nests or (is_outer and self._quote != "")
        if (nests and len(self.open_fences) < _DEEPEST) if info else expects_code:
            self.open_fences.append(_Fence(markup, language_of(info).lower()))
            return True
        if not info:
            self.open_fences.pop()
        return not info
