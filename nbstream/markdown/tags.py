"""The few HTML tags that are rendered: line breaks, subscripts, superscripts and keys.

Models write `<br>` in the cells of tables, and `H<sub>2</sub>O`. Every other tag is text, and so is
one with an attribute, or one without its partner in the same text.
"""

from __future__ import annotations

import re
from collections import Counter
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from markdown_it.rules_inline import StateInline

#: A tag. As in browsers, its name may be written in capitals.
TAG = re.compile(r"<(?:(?P<void>br)[ ]?/?|(?P<close>/?)(?P<name>sub|sup|kbd))>", re.IGNORECASE)
#: What may become a tag or a mail address at the end of a growing text.
HALF_TAG = re.compile(r"<(?:br /?|/?[a-z][^\s<>]{0,40}|/)?$", re.IGNORECASE)
#: How a tag, a comment, an instruction or a block of HTML begins.
_RAW_HTML = re.compile(r"<[a-z/?!]", re.IGNORECASE)
_LINE_END = re.compile(r"[ \t]*\n[ \t]*")
# What hides a tag: an escape, or code.
_TAG_OR_CODE = re.compile(rf"\\.|(?<!`)(?P<code>`++)(?s:.)*?(?<!`)(?P=code)(?!`)|{TAG.pattern}", re.IGNORECASE)


def tag(state: StateInline, silent: bool) -> bool:  # noqa: FBT001  (markdown-it calls it so)
    """Read a line break, or an element with its content."""
    if state.src[state.pos] != "<":
        return False
    found = TAG.match(state.src, state.pos, state.posMax)
    if not found:
        return False
    if found["void"]:
        if not silent:
            state.push("hardbreak", "br", 0)
        # The end of the line would be a second break.
        line_end = _LINE_END.match(state.src, found.end(), state.posMax)
        state.pos = line_end.end() if line_end else found.end()
        return True
    known = vars(state)
    if "tag_partners" not in known:
        known["tag_partners"] = partners(state.src)
    partner = known["tag_partners"].get(state.pos)
    if partner is None or partner.end() > state.posMax:
        return False
    if not silent:
        name, end = found["name"].lower(), state.posMax
        state.push(f"{name}_open", name, 1)
        state.pos, state.posMax = found.end(), partner.start()
        state.md.inline.tokenize(state)
        state.push(f"{name}_close", name, -1)
        state.posMax = end
    state.pos = partner.end()
    return True


def raw_html(state: StateInline, silent: bool) -> bool:  # noqa: FBT001  (markdown-it calls it so)
    """Note where text begins that may be HTML in CommonMark, for `portable`; it stays text."""
    signs = state.env.get("signs")
    if not silent and signs is not None and _RAW_HTML.match(state.src, state.pos):
        signs.append(state.pos)
    return False


def partners(text: str) -> dict[int, re.Match[str]]:
    """Return the closing tag of each opening tag, by its position, for tags that do not cross."""
    found: dict[int, re.Match[str]] = {}
    opened: list[re.Match[str]] = []
    count = Counter[str]()
    for each in _TAG_OR_CODE.finditer(text):
        if not each["name"]:
            continue
        name = each["name"].lower()
        if not each["close"]:
            opened.append(each)
            count[name] += 1
        elif count[name]:
            before = ""
            while before != name:
                last = opened.pop()
                before = last["name"].lower()
                count[before] -= 1
            found[last.start()] = each
    return found
