"""About how many tokens a reply took, where servers did not report them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from nbstream.model.token_estimate import estimate_tokens

if TYPE_CHECKING:
    from nbstream.model.reply import Reply


def received_tokens(reply: Reply) -> int:
    """Return about how many tokens all requests brought; label the number as an estimate."""
    return sum(_tokens_of(step) for step in reply.steps)


def unreported_output(reply: Reply) -> int:
    """Return about how many of the tokens that were received no report of a server counts."""
    return sum(_output_of(step) for step in reply.steps)


def unreported_prompt(reply: Reply) -> int:
    """Return about how many tokens of the prompts no report of a server counts."""
    return sum(_prompt_of(step) for step in reply.steps)


def _tokens_of(step: Reply) -> int:
    earlier = step.earlier
    given = earlier.tokens if earlier is not None and not earlier.requests else 0
    texts = [step.reasoning, str(step.message["content"]), step.refusal, *(call.arguments for call in step.tool_calls)]
    return max(0, estimate_tokens("".join(texts)) - given)


def _output_of(step: Reply) -> int:
    before = step.earlier.unreported if step.earlier is not None else 0
    own = step.own
    if own.unreported is not None:
        return before + (own.unreported.completion_tokens or 0)
    return before + (own.tokens if own.usage is None else 0)


def _prompt_of(step: Reply) -> int:
    before = step.earlier.unreported_prompt if step.earlier is not None else 0
    own = step.own.unreported
    return before + step.lost_tokens + ((own.prompt_tokens or 0) if own is not None else 0)
