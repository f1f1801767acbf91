"""A recording in a folder of each test, and what of two replies must be the same."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from pathlib import Path

    import nbstream


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "lesson.jsonl"


def told(reply: nbstream.Reply) -> dict[str, Any]:
    """Return everything that a reply tells, apart from times, keys and money."""
    return {
        "status": reply.status,
        "steps": [
            {
                "message": step.message,
                "finish": step.finish_reason,
                "usage": step.usage,
                "names": (step.id, step.model, step.system_fingerprint, step.reasoning_field),
                "extras": dict(step.extras),
                "results": [(call.state, call.result) for call in step.tool_calls],
                "body": step.request.body(),
                "refusal": step.refusal,
            }
            for step in reply.steps
        ],
        "usage": reply.usage,
        "warnings": reply.warnings,
        "error": reply.error,
        "data": reply.data,
    }
