"""What the columns of a comparison are asked for: the user's specs, read and checked."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from nbstream.chat.conversation import Chat
from nbstream.client.options import NAMES, checked
from nbstream.language import _
from nbstream.model.exceptions import RequestError

if TYPE_CHECKING:
    from nbstream.client.options import Options

#: More columns than fit beside each other are no help to a reader.
LEAST, MOST = 2, 6
#: What a spec may hold besides the options of a request.
_OWN = ("name", "prompt", "chat")


@dataclass(frozen=True, slots=True)
class Spec:
    """What one column is asked for.

    Attributes:
        prompt: its prompt; None if it has messages.
        options: the options of its request, those of all columns included.
        own: the options that only its spec names.
        chat: the chat whose turns are sent before the prompt; None without one.
        name: the user's name for the column; empty if it gets one from what differs.
    """

    prompt: str | None
    #: A key may be in them.
    options: Options = field(repr=False)
    own: Mapping[str, Any] = field(repr=False)
    chat: Chat | None = None
    name: str = ""


def read_specs(prompt: str | None, specs: Sequence[Any], common: Mapping[str, Any]) -> tuple[Spec, ...]:
    """Return the specs of the columns.

    Args:
        prompt: what all columns are asked; None if each spec has a prompt or messages.
        specs: for each column the name of a model, a chat, a list of messages, or a dict of the
            options of `nbstream.ask`, in which `name`, `prompt` and `chat` may stand, too.
        common: options and a `chat` of all columns. A spec goes before them.

    Raises:
        RequestError: if a spec is none of these, or if there are too few or too many.
        TypeError: if `common` has something that is no option.
    """
    shared = dict(common)
    chat = _chat(shared.pop("chat", None), "`chat=`")
    checked(shared, "Compare")
    if isinstance(specs, str | bytes | Mapping) or not isinstance(specs, Sequence):
        raise RequestError(_('Compare takes a list of specs, not {kind}: ["flash", "pro"].', kind=type(specs).__name__))
    if not LEAST <= len(specs) <= MOST:
        raise RequestError(
            _("A comparison has {least} to {most} columns, not {count}.", least=LEAST, most=MOST, count=len(specs))
        )
    read = tuple(_read(prompt, spec, shared, chat, _("Column {at}", at=at)) for at, spec in enumerate(specs, 1))
    names = [each.name for each in read if each.name]
    if doubled := sorted({name for name in names if names.count(name) > 1}):
        raise RequestError(_("Two columns have the name {doubled!r}.", doubled=doubled[0]))
    return read


def _read(prompt: str | None, spec: Any, shared: Mapping[str, Any], chat: Chat | None, where: str) -> Spec:
    own: dict[str, Any]
    if isinstance(spec, str):
        own = {"model": spec}
    elif isinstance(spec, Chat):
        own = {"chat": spec}
    elif isinstance(spec, Mapping):
        own = {name: value for name, value in spec.items() if value is not None}
    elif isinstance(spec, Sequence) and spec and all(isinstance(each, Mapping) for each in spec):
        own = {"messages": list(spec)}
    else:
        raise RequestError(
            _(
                "{where}: a spec is the name of a model, a dict of options, a chat, or a list of messages, not {kind}.",
                where=where,
                kind=type(spec).__name__,
            )
        )
    if isinstance(own.get("model"), str) and not own["model"].strip():
        raise RequestError(_("{where}: the name of the model is empty.", where=where))
    for name in own:
        if name not in (*NAMES, *_OWN):
            raise RequestError(
                _("{where} has an option {name!r}, which nbstream.ask does not have.", where=where, name=name)
            )
    name = own.pop("name", "")
    if not isinstance(name, str):
        raise RequestError(_("{where}: a name is text, not {kind}.", where=where, kind=type(name).__name__))
    chat = _chat(own.pop("chat", None), where) or chat
    asked = own.pop("prompt", prompt)
    options = {**shared, **own}
    if options.get("messages") is not None:
        if chat is not None:
            raise RequestError(_("{where} has a chat and messages: leave one out.", where=where))
        if asked is not None:
            # As in a chat: the messages come first, and then the question.
            options["messages"] = [*options["messages"], {"role": "user", "content": asked}]
            asked = None
    elif asked is None:
        raise RequestError(_("{where} has no prompt.", where=where))
    return Spec(asked, checked(options, "Compare"), own, chat, " ".join(name.split()))


def _chat(value: Any, where: str) -> Chat | None:
    if value is None or isinstance(value, Chat):
        return value
    if isinstance(value, str):
        return Chat(value)
    raise RequestError(
        _("{where}: a chat is an nbstream.Chat or its name, not {kind}.", where=where, kind=type(value).__name__)
    )
