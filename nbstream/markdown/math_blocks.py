# ruff: noqa: RUF001  (the punctuation of Chinese looks like ours)
"""The block rule for formulas on lines of their own.

A formula may contain blank lines, as long as what follows them looks like TeX, within a bound. So
an opening delimiter without a closing one takes no text with it, and a reader sees no formula turn
into text: once its first line is TeX, it stays a formula, whether its end comes or not.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from markdown_it.rules_block import paragraph

from nbstream.markdown import tex_or_text
from nbstream.markdown.delimiters import BlockDelimiters, without_blank_lines
from nbstream.markdown.tex_or_text import Kind

if TYPE_CHECKING:
    from markdown_it.rules_block import StateBlock

_PUNCTUATION = frozenset(".,;:。，；")
_CODE_INDENT = 4
#: A formula goes on after a blank line only up to this many lines and characters.
_MOST_LINES = 100
_MOST_CHARACTERS = 4_000


@dataclass(slots=True)
class _Reading:
    """What was read of a formula.

    Attributes:
        at: the line after the last one that was read.
        lines: the text of the lines, without the opening delimiter.
        is_sure: whether its first line shows that it is a formula, whatever follows.
        is_closed: whether the closing delimiter was found.
        after: the rest of the closing delimiter's line.
    """

    at: int
    lines: list[str] = field(default_factory=list)
    is_sure: bool = False
    is_closed: bool = False
    after: str = ""


def math_block(state: StateBlock, start: int, end: int, silent: bool) -> bool:  # noqa: FBT001  (markdown-it calls it so)
    """Read a formula on lines of its own."""
    at = state.bMarks[start] + state.tShift[start]
    if state.src[at : at + 1] not in ("$", "\\"):
        return False
    delimiters = BlockDelimiters.at_start_of(_line(state, start))
    if delimiters is None or state.is_code_block(start):
        return False
    if _CODE_INDENT <= state.sCount[start] < state.blkIndent:
        # Indented less than the item, but so far that outside of the item it would be code: then
        # the line continues the text of the item.
        return False
    read = _read(state, start, end, delimiters)
    is_unfinished, last = state.env["position"].is_unfinished, len(state.bMarks) - 1
    is_at_end = read.at >= last or all(state.isEmpty(line) for line in range(read.at, last))
    if end < last - (not state.src.endswith("\n")):
        # A blank line has ended the quote that the formula is in.
        is_at_end = False
    if read.after:
        if not read.is_sure or read.at == start + 1:
            return False
        if not silent:
            _paragraph_with_formula(state, start, read.at - 1, end)
        return True
    if not (read.is_closed or read.is_sure or (is_at_end and (is_unfinished or _may_be_formula(read)))):
        return False
    if not silent:
        token = state.push("math_block", "math", 0)
        # If it does not end, or its last line is incomplete, it may turn out to be text of the
        # paragraph before it.
        is_last_line = read.at >= last and not state.src.endswith("\n")
        is_open = is_unfinished and not read.is_sure and (is_last_line or not read.is_closed)
        is_doubtful = is_open and (not state.isEmpty(start - 1) if start else state.env["position"].follows_text)
        tex = without_blank_lines("\n".join(read.lines))
        token.content = "" if is_doubtful else delimiters.opener + tex if delimiters.are_tex else tex
        token.markup, token.map = delimiters.opener, [start, read.at]
        is_finished = read.is_closed and not (is_unfinished and is_last_line and delimiters.are_tex)
        token.meta = {"display": True, "finished": is_finished, "doubtful": is_doubtful}
        state.line = read.at
    return True


def _read(state: StateBlock, start: int, end: int, delimiters: BlockDelimiters) -> _Reading:
    """Read the lines of a formula."""
    position, last = state.env["position"], len(state.bMarks) - 2
    line = _line(state, start)[len(delimiters.opener) :]
    read = _Reading(at=start + 1, is_sure=delimiters.are_tex)
    size = 0
    while (ends := delimiters.end_in(line)) is None:
        read.lines.append(line)
        size += len(line)
        is_complete = read.at <= last or state.src.endswith("\n") or not position.is_unfinished
        if not read.is_sure and is_complete and line.strip():
            read.is_sure = _is_sure(read.lines)
        following = read.at
        while following < end and state.isEmpty(following):
            following += 1
        if following >= end or state.sCount[following] < state.blkIndent:
            return read
        line = _line(state, following)
        if following > read.at and delimiters.end_in(line) is None:
            is_bounded = following - start <= _MOST_LINES and size <= _MOST_CHARACTERS
            if not (is_bounded and (read.is_sure or not "".join(read.lines).strip())):
                return read
            is_complete = following < last or state.src.endswith("\n") or not position.is_unfinished
            kind = tex_or_text.line_in_formula(line, is_complete=is_complete)
            if kind is Kind.TEXT:
                return read
            if kind is Kind.UNDECIDED:
                read.at = following + 1
                return read
        read.at = following + 1
    closing = line[:ends] if delimiters.are_tex else line[: ends - 2]
    read.lines.append(closing)
    read.is_closed, read.after = True, line[ends:].strip()
    if read.after in _PUNCTUATION and closing.endswith("}") and delimiters.opener.startswith("\\begin"):
        # It ends the sentence; within the environment both MathJax and LaTeX take it.
        at = closing.rindex("\\end")
        sign = read.after if read.after.isascii() else f"\\text{{{read.after}}}"
        read.lines[-1], read.after = closing[:at].rstrip() + sign + closing[at:], ""
    return read


def _is_sure(lines: list[str]) -> bool:
    """Return whether the first line with text, the last of `lines`, makes a formula of them."""
    rest = lines[-1]
    is_first = not "".join(lines[:-1]).strip()
    if not is_first or tex_or_text.is_prose(rest) or tex_or_text.is_escaped_bracket(rest):
        return False
    return len(lines) > 1 or tex_or_text.has_sign(rest)


def _may_be_formula(read: _Reading) -> bool:
    """Return whether what ends a text without a closing delimiter is the beginning of a formula."""
    text = "\n".join(read.lines)
    return text.strip() != "" and not tex_or_text.is_prose(text) and not tex_or_text.is_escaped_bracket(text)


def _paragraph_with_formula(state: StateBlock, start: int, closing: int, end: int) -> None:
    """Read a formula with text after its closing delimiter, which goes on as a paragraph."""
    source = state.getLines(start, closing, state.blkIndent, keepLastLF=True)
    at = len(state.tokens)
    paragraph(state, closing, end, silent=False)
    for token in state.tokens[at : at + 2]:
        token.map = [start, state.line]
    inline = state.tokens[at + 1]
    inline.content = source.strip() + "\n" + inline.content


def _line(state: StateBlock, line: int) -> str:
    return state.src[state.bMarks[line] + state.tShift[line] : state.eMarks[line]]
