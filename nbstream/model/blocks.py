"""The content blocks of a response in Anthropic's Messages schema, which go back as they came.

A model's thoughts are signed there, and the server refuses them if anything in or about them
changes. So a reply remembers where each block ended, and what it had besides its text.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

#: What a block adds to a reply.
BlockKind: TypeAlias = Literal[
    "reasoning",  # text of its reasoning
    "answer",  # text of its answer
    "call",  # a tool call
    "other",  # none of these, as thoughts that are encrypted and searches of the server
    "gap",  # no block: a blank line that keeps the texts of two blocks of one kind apart
]

#: In place of arguments that are no JSON object, which the schema does not have: the name that
#: Anthropic's documentation of tool use gives them (November 2026).
_INVALID = "INVALID_JSON"


@dataclass(frozen=True, slots=True)
class Block:
    """One content block.

    Attributes:
        kind: what it added to the reply.
        reasoning: the length of the reply's reasoning at its end.
        answer: the same of its answer.
        call: the number of its tool call.
        fields: its fields, without the text or the call that the reply has.
    """

    kind: BlockKind
    reasoning: int = 0
    answer: int = 0
    call: int = 0
    fields: Mapping[str, Any] = field(default_factory=dict, hash=False)


def content_of(
    blocks: Iterable[Block], reasoning: str, answer: str, calls: Mapping[int, Mapping[str, Any]]
) -> list[dict[str, Any]]:
    """Return the content of an assistant's message, with every text as it came.

    Text after the last block belongs to one that did not end, as after a stop. Of thoughts, such a
    block has no signature.

    Args:
        blocks: the blocks in their order.
        reasoning: the reply's reasoning.
        answer: its answer, with the white space at its ends.
        calls: its tool calls, as blocks, by their numbers.
    """
    found: list[dict[str, Any]] = []
    thought = said = 0
    for block in blocks:
        match block.kind:
            case "reasoning":
                found.append({"type": "thinking", "thinking": reasoning[thought : block.reasoning], **block.fields})
                thought = max(thought, block.reasoning)
            case "answer":
                found.append({"type": "text", "text": answer[said : block.answer], **block.fields})
                said = max(said, block.answer)
            case "call":
                if block.call in calls:
                    found.append({**calls[block.call], **block.fields})
            case "other":
                found.append(dict(block.fields))
            case "gap":
                thought, said = max(thought, block.reasoning), max(said, block.answer)
    if reasoning[thought:]:
        found.append({"type": "thinking", "thinking": reasoning[thought:]})
    if answer[said:]:
        found.append({"type": "text", "text": answer[said:]})
    # A block of text without any is refused.
    return [each for each in found if not (each.get("type") == "text" and not each.get("text"))]


def call_block(call_id: str, name: str, arguments: str) -> dict[str, Any]:
    """Return a tool call as a block; `arguments` is JSON text."""
    try:
        given = json.loads(arguments or "{}")
    except (ValueError, RecursionError):
        given = None
    return {
        "type": "tool_use",
        "id": call_id,
        "name": name,
        "input": given if isinstance(given, dict) else {_INVALID: arguments},
    }
