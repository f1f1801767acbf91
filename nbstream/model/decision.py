"""What a user decides about a tool call."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, TypeAlias

#: What a user decides about a tool call: it may run, every call of its tool in this reply may run,
#: or it may not.
Consent: TypeAlias = Literal["allow", "allow_all", "deny"]


@dataclass(frozen=True, slots=True)
class Decision:
    """A user's answer to the question whether a tool call may run.

    Attributes:
        action: what is decided.
        edited: the arguments with which it runs instead of the model's, as JSON text; None to keep
            the model's.
        reason: why it may not run, for the model to read; may be empty.
        by: who decided: the user, or nobody, because nobody could be asked.
    """

    action: Consent
    edited: str | None = None
    reason: str = ""
    by: Literal["user", "nobody"] = "user"


#: Nobody could be asked.
NOBODY = Decision("deny", by="nobody")
