"""Content that is not a string: a list of parts, as Mistral's, or a single part."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Iterator

PartKind: TypeAlias = Literal["answer", "reasoning", "refusal", "other"]

#: The fields that hold the text of a part, by kind. Each may hold a string or parts again.
_FIELDS: dict[str, PartKind] = {
    "text": "answer",
    "content": "answer",
    "output_text": "answer",
    "value": "answer",
    "thinking": "reasoning",
    "reasoning": "reasoning",
    "reasoning_content": "reasoning",
    "summary": "reasoning",
    "refusal": "refusal",
}
#: Fields that hold no text.
_LABELS = frozenset({"type", "id", "index", "signature", "format", "mime_type", "detail", "role", "closed"})
_DEEPEST = 8


def parts_of(content: Any, kind: PartKind = "answer") -> Iterator[tuple[PartKind, str, str]]:
    """Yield the texts of content of any form: the kind of each, the text, and the field's name.

    The name matters only for the kind `other`, text that is not shown.

    Args:
        content: a string, a part, or a list of them.
        kind: the kind of a text that does not say it.
    """
    yield from _parts(content, kind, "", 0)


def _parts(value: Any, kind: PartKind, name: str, depth: int) -> Iterator[tuple[PartKind, str, str]]:
    if isinstance(value, str):
        if value:
            yield kind, value, name
    elif isinstance(value, bool) or value is None:
        return
    elif isinstance(value, int | float):
        if kind != "other":
            yield kind, str(value), name
    elif depth > _DEEPEST:
        for text in strings_in(value):
            yield "other", text, name
    elif isinstance(value, list):
        for each in value:
            yield from _parts(each, kind, name, depth + 1)
    elif isinstance(value, dict):
        yield from _part(value, kind, name, depth)


def _part(part: dict[str, Any], kind: PartKind, name: str, depth: int) -> Iterator[tuple[PartKind, str, str]]:
    label = part.get("type")
    label = label if isinstance(label, str) else ""
    is_reasoning = kind == "reasoning" or "think" in label or "reason" in label or label == "summary_text"
    is_text = not label or "text" in label or is_reasoning or label == "refusal"
    for field, value in part.items():
        found = _FIELDS.get(field)
        if found is not None and is_text and kind != "other":
            inner: PartKind = "reasoning" if is_reasoning and found == "answer" else found
            yield from _parts(value, inner, field, depth + 1)
        elif field not in _LABELS:
            for text in strings_in(value):
                yield "other", text, f"{name or 'content'}.{label or field}"


def strings_in(value: Any) -> list[str]:
    """Return every string in a value, in order, without names of fields and labels."""
    found: list[str] = []
    stack = [value]
    while stack:
        each = stack.pop()
        if isinstance(each, str):
            if each:
                found.append(each)
        elif isinstance(each, list):
            stack += reversed(each)
        elif isinstance(each, dict):
            stack += reversed([inner for name, inner in each.items() if name not in _LABELS])
    return found
