"""The messages to the page and from it. `js/src/protocol.ts` mirrors this file, name by name.

Text that grows is sent as a `Document`: HTML that is written from front to back into nested groups and never changes
once written, followed by a short tail that does. Operations are append-only, so that all of a reply's messages together
are linear in its length. Offsets count UTF-16 code units, because the page's strings do. This module must not know
Markdown, widgets or comms.
"""

from __future__ import annotations

import re
from typing import Any, Literal, NotRequired, TypeAlias, TypedDict

from nbstream.model.text import utf16_length

Op: TypeAlias = (
    tuple[Literal["add"], str]  # append balanced HTML (or text, escaped) to the innermost group
    | tuple[Literal["add"], str, int]  # the same, where the HTML begins with that many UTF-16 units of the tail
    | tuple[Literal["open"], str, str]  # start a group: HTML that leaves elements open, and their end tags
    | tuple[Literal["close"]]  # end the innermost group; what it holds stays, as part of the group around it
    | tuple[Literal["colour"], str]  # end the innermost group, which holds nothing but text, and give it colours
    | tuple[Literal["redo"], str]  # end the innermost group and put this balanced HTML in its place
    | tuple[Literal["tail"], int, str]  # keep that many UTF-16 units of the tail, then append
    | tuple[Literal["reset"], str]  # the whole document is this balanced HTML; no groups, no tail
)


class Group(TypedDict):
    """A run of HTML that is being written: `open + html + …inner groups… + close`."""

    open: str
    html: str
    close: str


class DocumentState(TypedDict):
    """A document at one moment; `groups[0]` has no tags of its own."""

    groups: list[Group]
    tail: str


class Meta(TypedDict):
    """What stands around the text. All texts are made in Python, so that live and settled say the same words."""

    status: str
    #: Seconds from the start of the run to this message, so that the page can go on counting by its own clock.
    elapsed: float
    #: Seconds since reasoning started, while it goes on.
    reasoning_elapsed: float | None
    #: What is going on: "Waiting for deepseek-flash"; empty once text arrives.
    label: str
    #: How the reasoning is shown: auto, open, closed, or hidden, which means that none is sent.
    reasoning: str
    #: What the server last said while waiting: "the server says keep-alive".
    note: str
    #: "Thought for 12 s", once it is known.
    thought: str
    #: A line for each tool call that the model asks for; their arguments only at the end, as they grow.
    tool_calls: list[str]
    #: The sentence for a reply that is not whole; empty otherwise.
    alert: str
    #: The footer's items, in order; empty until the end.
    footer: list[str]
    #: Whether ■ (interrupting the kernel) would stop this very reply.
    foreground: bool


class Patch(TypedDict):
    """One frame. `seq` counts frames from 1; a page that has applied `seq` drops any that is not greater."""

    type: Literal["patch"]
    seq: int
    reasoning: NotRequired[list[Op]]
    answer: NotRequired[list[Op]]
    meta: NotRequired[Meta]


class Keyframe(TypedDict):
    """The whole state after frame `seq`, kept in a trait for a page that comes late."""

    seq: int
    reasoning: DocumentState
    answer: DocumentState
    meta: Meta


class Acknowledgement(TypedDict):
    """Python has taken notice of a Stop: the page must not interrupt the kernel any more."""

    type: Literal["ack"]


class Settled(TypedDict):
    """What takes the view's place, for a page that the front end does not hand it to: a reloaded or a second one."""

    type: Literal["settled"]
    #: The widget's, as outputs name it.
    model_id: str
    data: dict[str, str]
    metadata: dict[str, Any]


class PageMessage(TypedDict):
    """From the page.

    It has the widget (`hello`), draws it (`shown`), has its end on the screen or not (`sight`), wants a keyframe
    (`resync`) or the settled output (`settle`), draws it no more, now that the reply has ended (`gone`); or its reader
    wants the reply to end (`cancel`).
    """

    type: Literal["hello", "shown", "sight", "resync", "settle", "gone", "cancel"]
    #: Which page: two tabs of one notebook are two, and so are one before it was reloaded and after.
    page: NotRequired[str]
    #: The last frame that the page has applied; with `hello` and `resync`.
    seq: NotRequired[int]
    #: With `sight`: whether a reader can see the text grow; and the how manieth it is, as each comes by two ways.
    seen: NotRequired[bool]
    nth: NotRequired[int]


#: The same by the control channel, where a busy kernel still listens: message type and its reply.
CONTROL_REQUEST = "nbstream_request"
CONTROL_REPLY = "nbstream_reply"

_COLOURED = re.compile(r'<span class="([a-z][a-z0-9]*)">([^<]*)</span>')
_COLOUR = re.compile(r"(\d*)([a-z][a-z0-9]*)\.(\d+)")
_END = "</span>".encode("utf-16-le")


def empty_state() -> DocumentState:
    """Return the state of a document that nothing was written to."""
    return {"groups": [{"open": "", "html": "", "close": ""}], "tail": ""}


def apply(state: DocumentState, ops: list[Op]) -> None:
    """Apply `ops` to `state` in place, as the page does; the fixtures in `tests/data/protocol` hold both to it."""
    groups = state["groups"]
    for op in ops:
        match op:
            case ("add", html):
                groups[-1]["html"] += html
            case ("add", html, kept):
                groups[-1]["html"] += _utf16_prefix(state["tail"], kept) + html
            case ("open", start, end):
                groups.append({"open": start, "html": "", "close": end})
            case ("close",):
                group = groups.pop()
                groups[-1]["html"] += group["open"] + group["html"] + group["close"]
            case ("colour", colours):
                group = groups.pop()
                groups[-1]["html"] += group["open"] + coloured(group["html"], colours) + group["close"]
            case ("redo", html):
                groups.pop()
                groups[-1]["html"] += html
            case ("tail", keep, html):
                state["tail"] = _utf16_prefix(state["tail"], keep) + html
            case ("reset", html):
                groups[:] = [{"open": "", "html": html, "close": ""}]
                state["tail"] = ""


def html_of(state: DocumentState) -> str:
    """Return the document's HTML: everything written, the tail, and the end tags of the groups that are open."""
    groups = state["groups"]
    written = "".join(group["open"] + group["html"] for group in groups)
    return written + state["tail"] + "".join(group["close"] for group in reversed(groups))


def colours_of(text: str, html: str) -> str | None:
    """Return the colours that make `html` of `text`, which is escaped; None if there is more to it than colours.

    For each stretch that has one: how many UTF-16 units further on it begins, if any; its class; `.`; and how many
    units it has: `k.3 1nf.6` for `<span class="k">def</span> <span class="nf">median</span>`.
    """
    if "<" in text or _COLOURED.sub(r"\2", html) != text:
        return None
    # In turn: text without a colour, a class, and the text that has it.
    gaps, names, words = (_COLOURED.split(html)[first::3] for first in range(3))
    stretches = zip(gaps, names, words, strict=False)
    return " ".join(f"{utf16_length(gap) or ''}{name}.{utf16_length(word)}" for gap, name, word in stretches)


def coloured(text: str, colours: str) -> str:
    """Return what `colours` make of `text`, which is escaped: the other way round than `colours_of`."""
    units, at, parts = text.encode("utf-16-le", "surrogatepass"), 0, []
    for gap, name, length in _COLOUR.findall(colours):
        start = at + 2 * int(gap or 0)
        end = start + 2 * int(length)
        parts += [units[at:start], f'<span class="{name}">'.encode("utf-16-le"), units[start:end], _END]
        at = end
    return b"".join([*parts, units[at:]]).decode("utf-16-le", "surrogatepass")


def _utf16_prefix(text: str, units: int) -> str:
    if text.isascii():
        return text[:units]
    return text.encode("utf-16-le", "surrogatepass")[: units * 2].decode("utf-16-le", "surrogatepass")
