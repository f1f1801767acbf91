"""The messages between an instrument and its page.

An instrument is a widget with a state of its own and any number of replies. Its state in a page is
a keyframe; one message a frame brings what has changed in all of it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal, NotRequired, TypeAlias, TypedDict

from nbstream.widgets.protocol import Notice

if TYPE_CHECKING:
    from nbstream.widgets.protocol import Keyframe, Patch


class ShownReply(TypedDict):
    """A reply that an instrument shows under a key."""

    #: Names the run, or the reply: another one under the same key has another name.
    run: str
    state: Keyframe


class InstrumentKeyframe(TypedDict):
    """The whole state of an instrument after frame `seq`."""

    seq: int
    #: The instrument's own state, by field.
    own: dict[str, Any]
    #: The replies that it shows, by key.
    replies: dict[str, ShownReply]


class Frame(TypedDict):
    """What has changed since the frame before. Frames are numbered from 1."""

    type: Literal["frame"]
    seq: int
    #: The fields of the own state that have changed, each with its whole value.
    own: NotRequired[dict[str, Any]]
    #: The fields of the own state that are gone.
    gone: NotRequired[list[str]]
    #: The keys of replies that are not shown any more; taken before `shown`.
    hidden: NotRequired[list[str]]
    #: The replies that are shown from now on, by key.
    shown: NotRequired[dict[str, ShownReply]]
    #: By key.
    replies: NotRequired[dict[str, Patch]]
    #: The keys of replies that are being stopped.
    stopping: NotRequired[list[str]]


class Answer(TypedDict):
    """The answer to a message that came by comm; else the control reply is the answer."""

    type: Literal["answer"]
    page: str
    number: int
    answer: dict[str, Any]


#: From the kernel to the page of an instrument.
InstrumentMessage: TypeAlias = Frame | Answer | Notice


class InstrumentPageMessage(TypedDict):
    """What each message of an instrument's page has, besides what it says.

    The types `hello`, `mounted`, `resync` and `left` are those of every instrument. A message with
    a `reply` is one that the page of that reply alone would send, see `PageMessage`. All others are
    the instrument's own.
    """

    type: str
    #: An id of the page.
    page: str
    #: Counted from 1 for each page: a message may come by two channels, and counts once.
    number: int
    #: The key of the reply that the message is about.
    reply: NotRequired[str]
    #: With `reply`: its name. By the time that the message comes, another one may be shown there.
    run: NotRequired[str]
    #: With `hello` and `resync`: the last frame that the page applied.
    seq: NotRequired[int]
    #: With `hello`: the language of the page, as in `zh-CN`; left out if the page does not know it.
    language: NotRequired[str]
