"""What an exchange needs from the front end; `nbstream/__init__` sets it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from nbstream.model.decision import NOBODY

if TYPE_CHECKING:
    from collections.abc import Callable

    from nbstream.model.decision import Decision
    from nbstream.model.tool_call import ToolCall


def _nobody(_call: ToolCall) -> Decision:
    return NOBODY


#: Asks the user by `input()` whether a call may run, on the thread that waits for the reply.
ask: Callable[[ToolCall], Decision] = _nobody
