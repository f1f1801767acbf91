"""What an Inspector and its page tell each other, besides the messages of every instrument.

The page asks for what its user looks at, and the answer holds that. So ten thousand lines of a
stream go to the page in parts, and none of them before somebody opens the tab. A step is a request
of the reply, counted from 0.
"""

from __future__ import annotations

from typing import Literal, NotRequired, TypeAlias, TypedDict

#: The tabs, in their order.
Tab: TypeAlias = Literal["messages", "request", "stream", "time", "cost", "tokens"]


class InspectorState(TypedDict):
    """The own state: when it changes, the page asks for its tab again."""

    #: Grows with everything that arrives.
    version: int
    #: Whether the reply still arrives.
    live: bool
    #: What the Inspector is about: the model, and how the reply ended.
    title: str
    #: A label for each request of the reply.
    steps: list[str]
    #: The tab that is shown first.
    tab: Tab
    #: Whether a static form of it stays in the notebook.
    kept: bool
    #: Whether that is possible: marimo and Voilà keep nothing that comes after the cell.
    can_keep: bool


class TextPart(TypedDict):
    """A stretch of a message; `name` and `facts` are those of what was inserted there, or empty."""

    text: str
    name: str
    facts: str


class MessageView(TypedDict):
    """One text of the request."""

    role: str
    title: str
    parts: list[TextPart]
    #: Characters that are left out in the middle; the page may ask for all of them.
    left_out: int


class MessagesAnswer(TypedDict):
    """The answer to `messages`, and with `message` to one of them, whole."""

    messages: list[MessageView]
    #: What was inserted without a text, such as images.
    others: list[str]
    #: How many older messages are not here; they are in the request's JSON.
    left_out: int
    #: Why there are none; empty otherwise.
    note: str


class RequestAnswer(TypedDict):
    """The answer to `request`: the program in the language that was asked for."""

    text: str
    #: The same in colours; empty if it is very long.
    html: str
    note: str


class StreamText(TypedDict):
    """Text that lines added. A line that changes the text so far begins another epoch."""

    #: Counted from 0; the last one of the answer before goes on if it is the same.
    epoch: int
    #: The first line of the epoch.
    line: int
    reasoning: str
    answer: str
    #: How many UTF-16 units the texts had before the first line, if the epoch begins here.
    base: tuple[int, int]


class StreamAnswer(TypedDict):
    """The answer to `stream`: the lines from number `first` on, but for what they say."""

    first: int
    #: How many lines there are now.
    total: int
    #: When each arrived, in tenths of a millisecond since the line before.
    times: list[int]
    #: A letter for each, see `output.stream_words.KINDS`.
    kinds: str
    #: The size of each, in bytes.
    sizes: list[int]
    #: UTF-16 units of reasoning and of answer that each added.
    grown: list[int]
    texts: list[StreamText]
    #: Whether the kernel is still reading them.
    more: bool
    #: Silences: when each began and ended, in seconds since the first request of the step.
    gaps: list[tuple[float, float]]
    #: What is missing, such as bytes that were dropped; empty otherwise.
    note: str


class LinesAnswer(TypedDict):
    """The answer to `lines`: for each line from `first` on its text and its meaning, cut."""

    first: int
    lines: list[tuple[str, str]]


class LineAnswer(TypedDict):
    """The answer to `line`: one line, whole unless it is very long."""

    raw: str
    left_out: int
    meanings: list[str]


class SpanView(TypedDict):
    """A stretch of time, in seconds since the request was sent."""

    kind: str
    name: str
    start: float
    end: float


class TimeAnswer(TypedDict):
    """The answer to `time`."""

    spans: list[SpanView]
    #: For each stretch its beginning, its end, tokens a second, and whether that is reasoning.
    curve: list[tuple[float, float, float, bool]]
    facts: list[tuple[str, str]]
    note: str


class CostAnswer(TypedDict):
    """The answer to `cost`: the rows of the sum, the sum, and sentences."""

    rows: list[tuple[str, str, str, str]]
    total: str
    notes: list[str]
    steps: list[str]


class TokenView(TypedDict):
    """What is shown as one token: mostly one, or the tokens of a character that several share."""

    #: r, a, f or c: reasoning, answer, refusal or tool call.
    of: str
    text: str
    #: Null if the server did not say it.
    p: float | None


class TokensAnswer(TypedDict):
    """The answer to `tokens`: those from number `first` on."""

    first: int
    total: int
    #: Grows when tokens before `first` have changed, as an answer that was found to be reasoning.
    version: int
    tokens: list[TokenView]
    #: Of all tokens: how many have a probability, their mean, and the perplexity.
    summary: list[tuple[str, str]]
    #: The least probable ones.
    least: list[int]
    note: str


class Likely(TypedDict):
    """A token that could have stood in a place."""

    text: str
    p: float | None
    bytes: str
    #: Whether it is the one that was taken.
    taken: bool


class TokenAnswer(TypedDict):
    """The answer to `token`: for each token of the place, those that could have stood there."""

    tokens: list[list[Likely]]


class KeepAnswer(TypedDict):
    """The answer to `keep`."""

    kept: bool


class Question(TypedDict):
    """What the page asks, besides the fields of each message."""

    type: Literal["messages", "request", "stream", "lines", "line", "time", "cost", "tokens", "token", "keep"]
    step: NotRequired[int]
    #: With `messages`: the one that is wanted whole.
    message: NotRequired[int]
    #: With `request`.
    language: NotRequired[Literal["json", "python", "curl", "node"]]
    #: With `stream`, `lines` and `tokens`.
    first: NotRequired[int]
    #: With `lines`: how many.
    count: NotRequired[int]
    #: With `line` and `token`: which of them, counted from 0.
    place: NotRequired[int]
    #: With `keep`.
    kept: NotRequired[bool]
