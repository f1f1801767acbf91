"""What an exchange needs from the front end; `nbstream/__init__` sets it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from nbstream.model.decision import Decision

if TYPE_CHECKING:
    from collections.abc import Callable

    from nbstream.model.tool_call import ToolCall


def _nobody(_call: ToolCall) -> Decision:
    return Decision("deny", by="nobody")


#: Asks the user by `input()` whether a call may run, on the thread that waits for the reply.
ask: Callable[[ToolCall], Decision] = _nobody
