"""The state of a chat panel, and the messages of its pages.

`js/src/chat_panel/protocol.ts` is generated from `nbstream/widgets/chat_panel/protocol.py`: after a
change, run `python js/generate_protocol.py`.

All state is the kernel's: a page draws `ChatState`, and sends what its user does. Every text here
is plain text, of users and of models, and never HTML. The replies are reply views of the
instrument, under the keys that the rows name.
"""

from __future__ import annotations

from typing import Literal, NotRequired, TypeAlias, TypedDict

#: What a user can do with a row at present. A page offers nothing else. `edit_answer` changes the
#: answer without a request; `send` sends an unsent prompt; `edit` of an unsent prompt puts it into
#: the input field.
RowAction: TypeAlias = Literal[
    "stop", "retry", "continue", "edit", "edit_answer", "hide", "show", "cell", "send", "dismiss"
]
#: Who asked a turn: a panel, a cell of the notebook, or Python code without a cell.
Origin: TypeAlias = Literal["panel", "cell", "code"]
#: A text of a row that a page may ask for: the whole prompt, the answer as the model wrote it, the
#: reasoning, or the source of a cell that asks the same.
RowText: TypeAlias = Literal["prompt", "answer", "reasoning", "cell"]
Thinking: TypeAlias = Literal["auto", "on", "off"]


class ChatRow(TypedDict):
    """A turn of the chat; or, below the turns, a prompt that could not be sent."""

    #: Names the row as long as the kernel lives; another version of a turn has the same key.
    key: str
    kind: Literal["turn", "unsent"]
    #: The turn's place in the chat, counted from 1; 0 for a prompt that could not be sent.
    number: int
    origin: Origin
    #: The prompt as it was written; of a long one the beginning.
    prompt: str
    #: How many characters of it are left out; `RowText` brings all.
    prompt_left_out: int
    #: What was put into the prompt: "df (pandas DataFrame, 5 of 10,000 rows)".
    attached: list[str]
    #: The key of the reply in the replies of the instrument; empty for an unsent prompt. Another
    #: version has another key.
    reply: str
    #: Whether the reply is still arriving.
    arriving: bool
    #: Which version of the turn is shown, counted from 1, and how many there are.
    version: int
    versions: int
    #: The turn is not sent any more with those after it; it is shown dimmed.
    hidden: bool
    #: The user changed the prompt or the answer.
    edited: bool
    #: It answered an earlier version of a turn before it.
    outdated: bool
    #: Why the prompt could not be sent and what to do; empty for a turn.
    problem: str
    #: Remarks on the request, each a sentence, to be shown quietly.
    notes: list[str]
    actions: list[RowAction]


class Queued(TypedDict):
    """The prompt that is sent when the reply ends."""

    id: str
    prompt: str
    #: Why it is not sent by itself any more, as the reply was stopped or failed: then it waits for
    #: `send_queued` or `unqueue`. Empty while it waits for the end of the reply.
    held: str


class Editing(TypedDict):
    """A text of a row that is being changed in a form."""

    row: str
    part: Literal["prompt", "answer"]
    text: str


class Draft(TypedDict):
    """What is typed and not sent, so that a page that is reloaded has it again.

    A page takes a draft whose number it has not seen and whose page is another one, or "" for the
    kernel: an unsent or queued prompt was taken back, or an edit was refused.
    """

    number: int
    page: str
    #: The numbers with which the kernel has changed the input field, and the text of a row: a page
    #: takes what it has not seen.
    put_text: int
    put_editing: int
    #: False for a long one, of which nothing is here; `written` brings it.
    is_whole: bool
    text: str
    #: The template that is being filled in; empty without one. Then `text` does not count.
    template: str
    #: The texts of its blanks, by their names.
    blanks: dict[str, str]
    editing: Editing | None


class TemplatePart(TypedDict):
    """A piece of a template: a text, or a blank with a name."""

    text: str
    #: The name of the blank; empty for a text. Blanks of one name are one field.
    blank: str


class Template(TypedDict):
    """A prompt with blanks that become fields."""

    name: str
    parts: list[TemplatePart]


class ModelChoice(TypedDict):
    """A model to choose."""

    #: What a page sends: flash, pro, an id, or an endpoint and an id as in `ollama/qwen3:8b`.
    value: str
    #: Beside it: the id that is sent, or whose server it is; may be empty.
    note: str


class Choices(TypedDict):
    """What the next request is asked with. Each empty value leaves the chat its default."""

    #: The chosen model; empty for the default. A page also takes an id that is not in the list.
    model: str
    #: What an empty model stands for.
    default_model: str
    models: list[ModelChoice]
    thinking: Thinking
    #: low, high or max; empty for the default.
    effort: str
    efforts: list[str]


class Gauge(TypedDict):
    """How full the model's context is: the tokens of the last request and its reply."""

    tokens: int
    #: The most tokens that the model takes; null if that is not known.
    window: int | None
    #: Whether the tokens are an estimate, as the server did not count them or the turns were
    #: changed since.
    about: bool
    #: "about 1,203 of 128,000 tokens".
    text: str


class Waiting(TypedDict):
    """Why something does not go on, though nothing is wrong."""

    #: The row that waits.
    row: str
    #: "Kernel busy: the tool runs when it is free." Stop ends the waiting.
    text: str


class ChatState(TypedDict):
    """The `own` state of a chat panel."""

    #: The chat's name.
    chat: str
    #: The system prompt; empty without one.
    system: str
    #: A window of the turns, in their order, and after them the prompts that could not be sent.
    rows: list[ChatRow]
    #: How many turns stand before the window, and how many there are in all.
    first: int
    count: int
    #: The keys of the rows whose replies are arriving, also outside the window: then Send is Stop,
    #: and what is sent is queued.
    arriving: list[str]
    #: Whether they are being stopped.
    stopping: bool
    queued: Queued | None
    draft: Draft
    choices: Choices
    #: Null before the first request.
    context: Gauge | None
    #: What the replies of the chat cost: "at least $0.0023 for 12 replies"; may be empty.
    cost: str
    #: What is in that sum and what is not, for a tooltip.
    cost_note: str
    waiting: Waiting | None
    #: Whether a cell keeps the kernel busy. Sending works all the same where the page has the
    #: control channel.
    kernel_busy: bool
    suggestions: list[str]
    templates: list[Template]
    #: The last remark that belongs to no row, such as what was undone; may be empty.
    remark: str
    can_undo: bool


class ChatMessage(TypedDict):
    """From a page to the kernel, besides the page and the number that each message has.

    The user sends a prompt (`send`), which is queued while a reply arrives; stops what arrives
    (`stop`: all, or the row); takes the queued prompt back into the input field (`unqueue`) or
    sends a held one (`send_queued`); asks a turn again (`retry`), goes on with a reply that is not
    whole (`continue`), gives a turn another prompt or answer (`edit`: a new version, and a prompt
    is asked), selects a version (`version`: what follows is what followed it), hides a turn or
    shows it (`hide`), sends an unsent prompt again (`send_unsent`), puts it into the input field
    (`edit` without `text`) or drops it (`dismiss`), takes back the last change (`undo`); chooses an
    option (`choose`); types (`draft`); scrolls to other turns (`window`); or opens the list of
    models (`models`). The page needs a text of a row (`text`), or a long draft (`written`).
    """

    type: Literal[
        "send",
        "stop",
        "unqueue",
        "send_queued",
        "retry",
        "continue",
        "edit",
        "version",
        "hide",
        "send_unsent",
        "dismiss",
        "undo",
        "choose",
        "draft",
        "window",
        "text",
        "models",
        "written",
    ]
    #: The key of the row.
    row: NotRequired[str]
    #: With `send`, `edit` and `draft`: the text; with `unqueue`: what the input field holds, to be
    #: put after the text that comes back.
    text: NotRequired[str]
    #: With `send` and `draft`: the name of a template, and the texts of its blanks by their names;
    #: `text` does not count then.
    template: NotRequired[str]
    blanks: NotRequired[dict[str, str]]
    #: With `draft`: the text of a row that is being changed, and the number of the last draft that
    #: the page has seen.
    editing: NotRequired[Editing]
    seen: NotRequired[int]
    #: With `unqueue` and `send_queued`: the id of the queued prompt.
    queued: NotRequired[str]
    #: With `edit` (prompt or answer) and `text`.
    part: NotRequired[RowText]
    #: With `version`: which one, counted from 1.
    version: NotRequired[int]
    #: With `hide`.
    hidden: NotRequired[bool]
    #: With `choose`: model, thinking or effort, and its new value.
    option: NotRequired[Literal["model", "thinking", "effort"]]
    value: NotRequired[str]
    #: With `window`: the first turn to show, counted from 0; -1 stays with the last.
    first: NotRequired[int]


class ChatAnswer(TypedDict):
    """The kernel's answer to a message of a page, as of every instrument."""

    #: To `text`: the text.
    text: NotRequired[str]
    #: To `written`: the whole draft.
    draft: NotRequired[Draft]
    #: To any other message: why nothing was done, as a sentence. What was sent by `send` and cannot
    #: be asked is not a problem here: it becomes an unsent row.
    problem: NotRequired[str]
