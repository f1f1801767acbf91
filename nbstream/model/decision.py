"""What a user decides about a tool call."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True, slots=True)
class Decision:
    """A user's answer to the question whether a tool call may run.

    Attributes:
        action: the call may run; every call of this tool in this reply may run; or it may not.
        edited: the arguments with which it runs instead of the model's, as JSON text; None to keep
            the model's.
        reason: why it may not run, for the model to read; may be empty.
        by: who decided: the user, or nobody, because nobody could be asked.
    """

    action: Literal["allow", "allow_all", "deny"]
    edited: str | None = None
    reason: str = ""
    by: Literal["user", "nobody"] = "user"
