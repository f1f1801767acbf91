"""The messages between the kernel and the page.

`js/src/protocol.ts` is generated from `nbstream/widgets/protocol.py`: after a change, run
`python js/generate_protocol.py`.

Growing text is sent as a document: HTML that is written once, from front to back, into nested
groups, and after it a short tail that may change. So all messages of a reply together are linear in
its length. Offsets count UTF-16 code units, as the strings of JavaScript do.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal, NotRequired, TypeAlias, TypedDict

if TYPE_CHECKING:
    from nbstream.model.decision import Consent
    from nbstream.model.events import CallState
    from nbstream.model.presentation import ReasoningDisplay
    from nbstream.model.reply import Status

Op: TypeAlias = (
    tuple[Literal["add"], str]  # append balanced HTML, or escaped text, to the innermost group
    | tuple[Literal["add"], str, int]  # the same, after that many UTF-16 units of the tail
    | tuple[Literal["open"], str, str]  # start a group: HTML that leaves elements open, and their end tags
    | tuple[Literal["close"]]  # end the innermost group; its content stays, as part of the outer group
    | tuple[Literal["colour"], str]  # add colours to the innermost group, which holds only text, and end it
    | tuple[Literal["redo"], str]  # end the innermost group and replace it with this balanced HTML
    | tuple[Literal["tail"], int, str]  # keep that many UTF-16 units of the tail, then append
    | tuple[Literal["reset"], str]  # replace the whole document with this balanced HTML; no groups, no tail
)


class Group(TypedDict):
    """A run of HTML that is being written: `open + html + …inner groups… + close`."""

    open: str
    html: str
    close: str


class DocumentState(TypedDict):
    """A document at one moment. `groups[0]` is the outermost group and has no tags."""

    groups: list[Group]
    tail: str


#: What a button of a settled reply does about it.
Action: TypeAlias = Literal["continue", "retry"]


class Meta(TypedDict):
    """What is shown around the text, in the words of the settled output."""

    status: Status
    #: Seconds since the run began; the page counts on by its own clock, as it does for the others.
    clock: float
    #: Seconds since what is waited for began.
    elapsed: float
    #: Seconds since reasoning started; null when the model is not reasoning.
    reasoning_elapsed: float | None
    #: How reasoning is shown; with `hidden` no reasoning is sent.
    reasoning: ReasoningDisplay
    #: What the run is waiting for: "Waiting for deepseek-flash". Empty once text arrives.
    label: str
    #: What the server last said while waiting: "the server says keep-alive".
    note: str
    #: "Thought for 12 s", once it is known.
    thought: str
    #: A sentence for each warning, to be shown quietly.
    notes: list[str]
    #: The sentence for a reply that is not whole; empty otherwise.
    alert: str
    #: The footer's items, in order; empty until the end.
    footer: list[str]
    #: Tokens of the answer, without the reasoning; null until the end, or if it is not known.
    answer_tokens: int | None
    #: What can be done about a reply that is not whole, by buttons of its settled output.
    actions: list[Action]
    #: Whether a cell waits for this reply, so that interrupting the kernel would stop it.
    foreground: bool


class Question(TypedDict):
    """What the user needs to decide whether a tool call may run, besides the card itself."""

    #: The tool's name for a button; a long one is cut.
    name: str
    #: What may deceive the user, such as letters that look like others.
    notes: list[str]
    #: The arguments as indented JSON, to be edited.
    arguments: str


class Card(TypedDict):
    """A tool call of the present step, as the page shows it. All HTML is the kernel's."""

    #: `STEP.INDEX`: the positions of the step in the reply and of the call in the step, from 0.
    key: str
    state: CallState
    #: The name of the tool, on one line.
    name: str
    #: The start tag around the parts below.
    root: str
    #: The name and the state.
    head: str
    #: The arguments; while they arrive, only the end of their text.
    arguments: str
    #: What the tool has printed, and what came of the call.
    results: str
    #: When it began, in seconds since the run began; null unless it runs. The page counts on.
    began: float | None
    #: How often the user was asked: once more if the arguments that they gave do not fit.
    asked: int
    #: Null unless the user is asked.
    question: Question | None
    #: The page whose user decided last time; empty if none did.
    decider: str


class CardChange(TypedDict):
    """The fields of a card that have changed; a new card has all of them."""

    key: str
    state: NotRequired[CallState]
    name: NotRequired[str]
    root: NotRequired[str]
    head: NotRequired[str]
    arguments: NotRequired[str]
    #: Keep that many UTF-16 units of the HTML, then append.
    results: NotRequired[tuple[int, str]]
    began: NotRequired[float | None]
    asked: NotRequired[int]
    question: NotRequired[Question | None]
    decider: NotRequired[str]


class Patch(TypedDict):
    """One frame. Frames are numbered from 1; a page ignores a frame that it has applied already.

    It has no type, because there are many of them.
    """

    seq: int
    #: Finished steps are added to those before them. The cards so far were in them, and are gone.
    earlier: NotRequired[list[Op]]
    reasoning: NotRequired[list[Op]]
    answer: NotRequired[list[Op]]
    cards: NotRequired[list[CardChange]]
    meta: NotRequired[Meta]


class Keyframe(TypedDict):
    """The whole state after frame `seq`. The widget's state always has one."""

    seq: int
    #: The steps before the present one, as they are settled.
    earlier: DocumentState
    #: The texts and the tool calls of the present step.
    reasoning: DocumentState
    answer: DocumentState
    cards: list[Card]
    meta: Meta


class Acknowledgement(TypedDict):
    """The kernel received a Stop, so the page must not interrupt it any more."""

    type: Literal["ack"]


class Settled(TypedDict):
    """The settled output, for a page that the front end does not give it.

    Such are a reloaded page, a second one, and the inside of an Output widget.
    """

    type: Literal["settled"]
    #: The widget that it replaces, as outputs name it.
    model_id: str
    #: The Output widgets that may hold it.
    outputs: list[str]
    data: dict[str, str]
    metadata: dict[str, Any]


class Notice(TypedDict):
    """A sentence for the user that belongs to no cell. The page shows it for a while."""

    type: Literal["notice"]
    text: str


#: From the kernel to the page.
KernelMessage: TypeAlias = Patch | Acknowledgement | Settled | Notice


class PageMessage(TypedDict):
    """From the page to the kernel.

    The page has the widget (`hello`); draws it for the first time (`mounted`); shows or hides the
    end of the text (`visibility`); missed a frame and needs a keyframe (`resync`); needs the
    settled output of a reply that ended (`settle`); does not draw a reply that ended any more
    (`unmounted`); is being closed or reloaded (`left`); its user pressed Stop (`cancel`); shows the
    question whether a call may run (`asked`); or its user has decided (`decide`). A decision is
    repeated until the question is closed; only the first one counts.
    """

    type: Literal[
        "hello", "mounted", "visibility", "resync", "settle", "unmounted", "left", "cancel", "asked", "decide"
    ]
    #: An id of the page. Two tabs are two pages, and a page that was reloaded is a new one.
    page: NotRequired[str]
    #: With `hello` and `resync`: the last frame that the page applied. With `visibility`: which of
    #: these messages it is, counted from 1, because each arrives by two channels.
    seq: NotRequired[int]
    #: With `hello`: the language of the page, as in `zh-CN`; left out if the page does not know it.
    language: NotRequired[str]
    #: With `visibility`.
    visible: NotRequired[bool]
    #: With `asked` and `decide`: the key of the call.
    call: NotRequired[str]
    #: With `decide`: how often the user had been asked about the call.
    asked: NotRequired[int]
    #: With `decide`.
    action: NotRequired[Consent]
    #: With `decide`: the arguments to use instead of the model's, as JSON text.
    edited: NotRequired[str]
    #: With `decide`: why the call may not run, for the model; may be empty.
    reason: NotRequired[str]


class CellOutput(TypedDict):
    """An output of a cell, as far as it is text."""

    #: As in the notebook's file: stream, display_data, execute_result or error.
    kind: str
    #: Its text by MIME type, that of a stream or an error as text/plain.
    data: dict[str, str]
    #: Characters that the page left out in the middle of its texts.
    left_out: int
    #: All its MIME types.
    types: list[str]
    #: The answer, if it is the settled output of a reply.
    answer: NotRequired[str]


class CellContent(TypedDict):
    """A cell as its notebook shows it."""

    #: Its id; empty if the notebook gives it none.
    id: str
    #: As in the notebook's file: code, markdown or raw.
    kind: str
    #: Its place in the notebook, counted from 1.
    place: int
    source: str
    #: Its execution number; null if it was not run.
    number: int | None
    #: Whether its code was changed since it was run.
    edited: bool
    outputs: list[CellOutput]


class CellsAnswer(TypedDict):
    """From a page to the kernel: the cells above the one that asked, the topmost first."""

    type: Literal["cells"]
    #: The client of the page's kernel connection; the kernel knows which client ran the cell.
    client: str
    #: How many cells that are not empty stand above in all.
    above: int
    #: Null if the page does not know the notebook.
    cells: list[CellContent] | None


class Click(TypedDict):
    """From a page to the kernel, with the `run_id` of a settled reply: a button was pressed.

    The page repeats it until it learns which run has taken the reply's place.
    """

    type: Literal["again"]
    action: Action


class ClickAnswer(TypedDict):
    """The kernel's answer to a click or a decision, in the control reply."""

    #: Whether this kernel has the reply.
    known: NotRequired[bool]
    #: To a decision: the page whose user decided; empty if the call does not wait for one.
    decider: NotRequired[str]
    #: Why the reply stays as it is.
    notice: NotRequired[str]
    #: The run in the reply's place; null until it is shown.
    next: NotRequired[str | None]


#: In place of a page that decided: the kernel asks by `input()`, below the reply.
BY_INPUT = "input()"

#: Message types of the control channel: a message of a page with a `run_id`, and the kernel's
#: reply.
CONTROL_REQUEST = "nbstream_request"
CONTROL_REPLY = "nbstream_reply"


def empty_state() -> DocumentState:
    """Return the state of a document that nothing was written to."""
    return {"groups": [{"open": "", "html": "", "close": ""}], "tail": ""}


def empty_keyframe(seq: int, meta: Meta) -> Keyframe:
    """Return the keyframe of a reply without any text."""
    texts = {"earlier": empty_state(), "reasoning": empty_state(), "answer": empty_state()}
    return {"seq": seq, "cards": [], "meta": meta, **texts}  # type: ignore[typeddict-item]
