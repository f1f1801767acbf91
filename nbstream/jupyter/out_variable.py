"""The variable that `-o` names: it holds the reply that began last."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

if TYPE_CHECKING:
    from nbstream.model.reply import Reply


class OutVariable:
    """Puts the reply of one cell into a variable.

    A reply that is replaced, as its cell is run again, ends after its successor has begun.

    Args:
        name: the name of the variable.
        namespace: the user's variables.
    """

    #: The one whose reply began last, by name.
    _latest: ClassVar[dict[str, OutVariable]] = {}

    def __init__(self, name: str, namespace: dict[str, Any]) -> None:
        self._name = name
        self._namespace = namespace
        self._has_begun = False

    def keep(self, reply: Reply) -> None:
        """Put a reply into the variable, unless another reply began later."""
        if not reply.ended or not self._has_begun:
            self._latest[self._name] = self
            self._has_begun = True
        if self._latest[self._name] is self:
            self._namespace[self._name] = reply
