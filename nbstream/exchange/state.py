"""What was decided and counted in an exchange so far."""

from __future__ import annotations

import json
from collections import Counter
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from nbstream.client.secret import Secret
    from nbstream.model.tool_call import ToolCall
    from nbstream.model.warning import WarningKind
    from nbstream.tools.tool import Tool

#: So many equal calls, or denials in a row, end the exchange.
_MOST_EQUAL = 3
_MOST_DENIALS = 3


class ExchangeState:
    """The tools of an exchange, and what its calls have led to.

    Args:
        tools: the tools that the request names.
        allowed: the names of those that run without asking.
        secrets: the keys of the request, which no result of a tool may have.

    Attributes:
        tools: the same, by name.
        allowed: as above.
        secrets: as above.
        granted: the names of the tools that the user has allowed for this reply.
        end: why the next request is the last one; None if it is not.
    """

    def __init__(self, tools: Iterable[Tool], allowed: Iterable[str], secrets: Sequence[Secret]) -> None:
        self.tools = {tool.name: tool for tool in tools}
        self.allowed = frozenset(allowed)
        self.secrets = secrets
        self.granted: set[str] = set()
        self.end: WarningKind | None = None
        self._denials = 0
        self._made: Counter[str] = Counter()

    def note_call(self, call: ToolCall) -> bool:
        """Count a call, and return whether it may run: the same call runs twice at most."""
        key = _key(call)
        self._made[key] += 1
        if self._made[key] < _MOST_EQUAL:
            return True
        self.end = self.end or "repeated_call"
        return False

    def note_allowed(self) -> None:
        """End a row of denials."""
        self._denials = 0

    def note_denied(self, call: ToolCall) -> None:
        """Count the denials in a row; the call has not run."""
        self._made[_key(call)] -= 1
        self._denials += 1
        if self._denials >= _MOST_DENIALS:
            self.end = self.end or "denials"


def _key(call: ToolCall) -> str:
    try:
        arguments = json.dumps(json.loads(call.arguments or "{}"), sort_keys=True)
    except (ValueError, RecursionError):
        arguments = call.arguments
    return f"{call.name} {arguments}"
