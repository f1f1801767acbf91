"""Asks for a structured answer: what the options name becomes a part of the request.

The instruction stands below the prompt, in the same message: the messages before it stay what they
were, so a server still finds them in its cache, and a chat can go on as with any other turn.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from nbstream.language import _
from nbstream.model.exceptions import RequestError
from nbstream.model.request import Inserted
from nbstream.model.structure import Structure
from nbstream.wire.surrogates import join_surrogates

if TYPE_CHECKING:
    from collections.abc import Mapping

    from nbstream.client.endpoints import Endpoint
    from nbstream.client.options import Options
    from nbstream.model.request import Request
    from nbstream.schemas.shape import Shape

_TRIES = 2


def structure_of(options: Options) -> Structure | None:
    """Return the form of the answer that the options ask for; None for any text.

    For many requests it is made once: it is then the option `schema` of each of them.

    Raises:
        RequestError: if `schema` is neither a type nor a schema, or `tries` is no number of tries.
    """
    schema: Any = options.get("schema")
    tries: Any = options.get("tries")
    if tries is not None and not (isinstance(tries, int) and not isinstance(tries, bool) and tries >= 1):
        raise RequestError(_("`tries=` is {tries!r}: it must be a whole number of at least 1.", tries=tries))
    if isinstance(schema, Structure):
        return schema if tries is None else replace(schema, tries=tries)
    tries = _TRIES if tries is None else tries
    if schema is None:
        return Structure(tries=tries) if options.get("json") else None
    # Without a structured answer, none of this is loaded.
    from nbstream.schemas.instruction import with_object_at_top, wrapper_of  # noqa: PLC0415

    shape = _shape(schema)
    made = with_object_at_top(shape.json_schema)
    return Structure(made, shape.name, wrapper_of(made), tries, shape.validate)


def with_instruction(
    messages: tuple[Mapping[str, Any], ...], structure: Structure
) -> tuple[tuple[Mapping[str, Any], ...], Inserted]:
    """Return the messages with the instruction for a structured answer, and what was inserted.

    It stands at the end of the last message if that is the user's, else in a message of its own.
    """
    from nbstream.schemas.instruction import instruction  # noqa: PLC0415  (as above)

    text = join_surrogates(instruction(structure))
    name = _("JSON of {name}", name=structure.name) if structure.name else "JSON"
    inserted = Inserted(name, _("instruction, {count:,} characters", count=len(text)), text)
    last = messages[-1] if messages else {}
    if last.get("role") != "user":
        return (*messages, {"role": "user", "content": text}), inserted
    content = last.get("content")
    if isinstance(content, list | tuple):
        return (*messages[:-1], {**last, "content": [*content, {"type": "text", "text": text}]}), inserted
    return (*messages[:-1], {**last, "content": f"{content}\n\n{text}"}), inserted


def asking_for(request: Request, structure: Structure, endpoint: Endpoint) -> Request:
    """Return a request with the server's own field for such answers.

    What the user gives in `extra_body` goes before it.
    """
    from nbstream.schemas.instruction import response_format  # noqa: PLC0415  (as above)

    field = response_format(structure, endpoint.facts.schema)
    parameters = request.parameters if field is None else {"response_format": field, **request.parameters}
    return replace(request, parameters=parameters, structure=structure)


def _shape(schema: Any) -> Shape:
    if isinstance(schema, str):
        from nbstream.schemas.one_line import shape_of_text  # noqa: PLC0415  (as above)

        made: Shape = shape_of_text(schema)
        return made
    if isinstance(schema, dict):
        from nbstream.schemas.json_schema import shape_of_schema  # noqa: PLC0415  (as above)

        return shape_of_schema(schema)
    # It loads pydantic.
    from nbstream.schemas.python_types import shape_of  # noqa: PLC0415

    return shape_of(schema)
