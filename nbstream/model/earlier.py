"""What a reply had before its last request, which goes on with it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from nbstream.model.probabilities import Tokens
from nbstream.model.spend import Spend
from nbstream.model.timing import Timing
from nbstream.model.token_estimate import estimate_tokens

if TYPE_CHECKING:
    from collections.abc import Mapping

    from nbstream.model.usage import Cost, Usage


@dataclass(frozen=True, slots=True)
class Earlier:
    """The part of a reply that its last request goes on with, or the answer's given beginning.

    Attributes:
        answer: the answer so far, with every character as the server sent it.
        reasoning: the reasoning so far.
        requests: how many requests brought it; 0 for a beginning that the user gave.
        model: the model that it came from; empty for a beginning that the user gave.
        timing: its times.
        usage: the sum of the tokens that the server reported for it; None if it reported none.
        cost: the sum of what it cost; None if that is not known.
        given: the beginning of the answer that the user gave.
        estimate: about what it cost beside that, where the server reported no tokens.
        is_unknown: whether a part of its cost is neither known nor estimated.
        unreported: about how many tokens of output no report counts.
        unreported_prompt: about how many tokens of prompts no report counts.
        id: the id of its last response.
        system_fingerprint: the fingerprint of its last response.
        reasoning_field: the field in which the server sent its reasoning, maybe an empty one.
        left_out: the fields of its first request that a request which goes on does not have.
        logprobs: its tokens with their probabilities, if the requests asked for them.
    """

    answer: str = ""
    reasoning: str = ""
    requests: int = 0
    model: str = ""
    timing: Timing = field(default_factory=Timing)
    usage: Usage | None = None
    cost: Cost | None = None
    estimate: Cost | None = None
    is_unknown: bool = False
    given: str = ""
    unreported: int = 0
    unreported_prompt: int = 0
    id: str | None = None
    system_fingerprint: str | None = None
    reasoning_field: str | None = None
    left_out: Mapping[str, Any] = field(default_factory=dict, hash=False)
    logprobs: Tokens = field(default_factory=Tokens)

    @property
    def spend(self) -> Spend:
        """What it cost."""
        # A file of an older version has no estimates.
        is_unknown = self.is_unknown or (self.cost is None and self.estimate is None)
        return Spend.of(self.cost, self.estimate, is_unknown=is_unknown) if self.requests else Spend()

    @property
    def tokens(self) -> int:
        """About how many tokens of output it has; label the number as an estimate."""
        return estimate_tokens(self.reasoning + self.answer)
