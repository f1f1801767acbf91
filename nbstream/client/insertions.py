"""Puts what the options name into the prompt of a request, and keeps keys out of it."""

from __future__ import annotations

import os
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from nbstream.client import models
from nbstream.client.redaction import KeyRedactor
from nbstream.language import _, listed, marked
from nbstream.model.exceptions import RequestError
from nbstream.wire.surrogates import join_surrogates

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from nbstream.client.endpoints import Endpoint
    from nbstream.client.options import Options
    from nbstream.model.notebook import NotebookCell
    from nbstream.model.request import Inserted

_OPTIONS = ("values", "files", "fill", "above", "error")
_FROM_HISTORY = marked(
    "No page told which cells stand above: the cells that were run in this session are sent, in the order of their "
    "runs."
)


#: The prompt of a request with an exception, if there is no other.
_CORRECT = "Explain in a few sentences why this cell failed. Then give the whole corrected cell as one block of code."


def prompt_of(prompt: str | None, options: Options) -> str | None:
    """Return the prompt; with the option `error`, an empty one asks for a correction."""
    return _CORRECT if isinstance(prompt, str) and not prompt.strip() and options.get("error") else prompt


def insertion_notes(inserted: tuple[Inserted, ...]) -> list[str]:
    """Return a sentence if cells do not come from where the user expects."""
    if not inserted:
        return []
    from nbstream.prompt.cells import came_from_history  # noqa: PLC0415  (as below)

    return [_(_FROM_HISTORY)] if came_from_history(inserted) else []


def with_insertions(
    messages: tuple[Mapping[str, Any], ...],
    prompt: str | None,
    options: Options,
    endpoint: Endpoint,
    model: str,
    *,
    is_turn: Callable[[NotebookCell], bool],
) -> tuple[tuple[Mapping[str, Any], ...], tuple[Inserted, ...]]:
    """Return the messages with what the options insert into the last one, and what this was.

    Without such an option they are returned as they are.

    Args:
        messages: the messages; the last one is the prompt, if there is one.
        prompt: the prompt.
        options: the options of the request.
        endpoint: the server, whose key is not sent within a message.
        model: the id of the model.
        is_turn: returns whether a cell has asked a turn of the chat.

    Raises:
        RequestError: if something cannot be inserted, or is secret, or if the model does not see an
            image.
    """
    # No cells at all are a mistake, which is reported below.
    used = [
        name for name in _OPTIONS if options.get(name) or (options.get(name) is not False and options.get(name) == 0)
    ]
    if not used:
        return messages, ()
    if prompt is None:
        raise RequestError(_("`{used}=` needs a prompt, not `messages=`.", used=used[0]))
    # Without these options, none of this is loaded.
    from nbstream.prompt import session  # noqa: PLC0415
    from nbstream.prompt.blocks import with_text_above  # noqa: PLC0415
    from nbstream.prompt.insertion import compose  # noqa: PLC0415
    from nbstream.prompt.secrets import secrets_of  # noqa: PLC0415

    secrets = (*KeyRedactor(*endpoint.secrets).forms, *secrets_of(os.environ))
    above = session.attached(options.get("above"), options.get("error"), secrets, is_turn)
    content, inserted = compose(
        prompt, values=options.get("values"), files=options.get("files"), fill=options.get("fill"), secrets=secrets
    )
    refuse_unseen(inserted, model)
    # As `build_request` does with the message itself.
    inserted = tuple(replace(each, text=join_surrogates(each.text)) for each in (*above, *inserted))
    content = with_text_above(content, [each.text for each in above])
    return (*messages[:-1], {**messages[-1], "content": content}), inserted


def refuse_unseen(inserted: Iterable[Inserted], model: str) -> None:
    """Refuse images for a model that does not see them.

    Raises:
        RequestError: if there are such images.
    """
    images = [each.name for each in inserted if each.media_type]
    if images and not models.sees_images(model):
        raise RequestError(
            _(
                "{images}: DeepSeek V4 Pro does not see images, it drops them without an error, so nothing was sent. "
                "Flash sees them: `model=` flash.",
                images=listed(images),
            )
        )
