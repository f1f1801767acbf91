"""Puts what the options name into the prompt of a request, and keeps keys out of it."""

from __future__ import annotations

import os
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from nbstream.client import models
from nbstream.client.redaction import KeyRedactor
from nbstream.model.exceptions import RequestError
from nbstream.wire.surrogates import join_surrogates

if TYPE_CHECKING:
    from collections.abc import Mapping

    from nbstream.client.endpoints import Endpoint
    from nbstream.client.options import Options
    from nbstream.model.request import Inserted

_OPTIONS = ("values", "files", "fill")


def with_insertions(
    messages: tuple[Mapping[str, Any], ...], prompt: str | None, options: Options, endpoint: Endpoint, model: str
) -> tuple[tuple[Mapping[str, Any], ...], tuple[Inserted, ...]]:
    """Return the messages with what the options insert into the last one, and what this was.

    Without such an option they are returned as they are.

    Args:
        messages: the messages; the last one is the prompt, if there is one.
        prompt: the prompt.
        options: the options of the request.
        endpoint: the server, whose key is not sent within a message.
        model: the id of the model.

    Raises:
        RequestError: if something cannot be inserted, or is secret, or if the model does not see an
            image.
    """
    used = [name for name in _OPTIONS if options.get(name)]
    if not used:
        return messages, ()
    if prompt is None:
        raise RequestError(f"`{used[0]}=` needs a prompt, not `messages=`.")
    # Without these options, none of this is loaded.
    from nbstream.prompt.insertion import compose  # noqa: PLC0415
    from nbstream.prompt.secrets import secrets_of  # noqa: PLC0415

    secrets = (*KeyRedactor(endpoint.secret).forms, *secrets_of(os.environ))
    content, inserted = compose(
        prompt, values=options.get("values"), files=options.get("files"), fill=options.get("fill"), secrets=secrets
    )
    if not models.sees_images(model) and (images := [each.name for each in inserted if each.media_type]):
        raise RequestError(
            f"{', '.join(images)}: DeepSeek V4 Pro does not see images, it drops them without an error, so nothing was "
            "sent. Flash sees them: `model=` flash."
        )
    # As `build_request` does with the message itself.
    inserted = tuple(replace(each, text=join_surrogates(each.text)) for each in inserted)
    return (*messages[:-1], {**messages[-1], "content": content}), inserted
