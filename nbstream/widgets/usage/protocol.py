"""What the page of a picture of usage has, and what it asks.

The picture is drawn by the kernel, as wide as the page has room, when the page asks for it: pages
of different widths have different ones. It is asked for again when the version has changed, and
while somebody can see it.
"""

from __future__ import annotations

from typing import Literal, NotRequired, TypeAlias, TypedDict


class UsageOwn(TypedDict):
    """The own state."""

    #: Grows when the picture has changed.
    version: int
    span: str
    #: What can be chosen, each with its label.
    spans: list[tuple[str, str]]
    #: The only model that is counted; empty for all.
    model: str
    #: The models that can be chosen.
    models: list[str]


class UsageMark(TypedDict):
    """One bar or dot."""

    #: Where it begins and ends along the axis of its area, in pixels of the picture.
    start: float
    end: float
    title: str
    #: For each figure the kind of tokens, whose colour it has, or ""; its name; its value.
    rows: list[tuple[str, str, str]]


class UsageArea(TypedDict):
    """A part of the picture whose marks can be pointed at."""

    name: str
    axis: Literal["x", "y"]
    #: Left, top, width and height, in pixels of the picture.
    box: tuple[float, float, float, float]
    marks: list[UsageMark]


class UsagePicture(TypedDict):
    """The answer to `picture`."""

    version: int
    svg: str
    width: int
    height: int
    areas: list[UsageArea]


class UsageTables(TypedDict):
    """The answer to `tables`: the numbers of the picture as HTML."""

    version: int
    html: str


class UsageAskPicture(TypedDict):
    """Ask for the picture."""

    type: Literal["picture"]
    #: In pixels.
    width: int
    #: Which view of the page asks, as ids in a page must differ.
    view: int


class UsageAskTables(TypedDict):
    """Ask for the numbers as tables."""

    type: Literal["tables"]


class UsageChoose(TypedDict):
    """Choose what is shown."""

    type: Literal["choose"]
    span: NotRequired[str]
    model: NotRequired[str]


UsagePageMessage: TypeAlias = UsageAskPicture | UsageAskTables | UsageChoose
