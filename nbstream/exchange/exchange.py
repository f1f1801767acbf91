"""An exchange: after each response, its tool calls are decided and run, until there is an answer.

A structured answer that does not fit is asked for again.

It works on the background loop. Tools, rules of consent and `input()` run on the thread that waits
for the reply.
"""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from nbstream.client.following import Next
from nbstream.client.tool_options import MAX_STEPS
from nbstream.exchange.calls import StepCalls
from nbstream.exchange.round_trip import messages_of
from nbstream.exchange.state import ExchangeState
from nbstream.model.warning import ReplyWarning

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from nbstream.client.following import OpenReply
    from nbstream.client.secret import Secret
    from nbstream.client.sources import Source
    from nbstream.client.thinking import ReasoningRule
    from nbstream.model.reply import Reply
    from nbstream.model.request import Request
    from nbstream.tools.tool import Tool


class Exchange:
    """Carries on a reply as long as the model calls tools, or its structured answer does not fit.

    Args:
        tools: the tools that the request names.
        next_source: returns the source for a request that follows.
        allowed: the names of those that run without asking.
        max_steps: the most requests in which the model may call tools; one more asks for an answer.
        rule: whether reasoning goes back.
        secrets: the keys of the request, which no result of a tool may have.
    """

    def __init__(
        self,
        tools: Iterable[Tool],
        next_source: Callable[[Request], Source],
        allowed: Iterable[str] = (),
        max_steps: int = MAX_STEPS,
        *,
        rule: ReasoningRule,
        secrets: Sequence[Secret] = (),
    ) -> None:
        self._state = ExchangeState(tools, allowed, secrets)
        self._next_source = next_source
        self._max_steps = max_steps
        self._rule = rule

    def goes_on(self, reply: Reply) -> bool:
        """Return whether the response calls tools, and may do so, or is to be asked for again."""
        if reply.status != "complete":
            return False
        if not any(call.name for call in reply.tool_calls):
            return _question_after(reply) is not None
        recorded = reply.last_step.recorded
        if recorded is not None and recorded.kind == "cache":
            # The cache keeps no calls, so somebody else has written this one.
            return False
        # Some servers call tools although the request forbids it.
        return reply.last_step.request.parameters.get("tool_choice") != "none"

    async def following(self, open_reply: OpenReply) -> Next | None:
        """Decide about the calls, run them, and return the request with their results.

        Without calls, return the request that asks for the structured answer again.
        """
        question = _question_after(open_reply.reply)
        if question is not None:
            return Next(
                self._next_source(self._request(open_reply.source, open_reply.reply.last_step, question)), "again"
            )
        calls = StepCalls(open_reply, self._state)
        try:
            await calls.settle()
        except asyncio.CancelledError:
            calls.stop()
            raise
        reply = open_reply.reply
        if self._state.end is None and len(reply.steps) >= self._max_steps:
            self._state.end = "max_steps"
        return Next(self._next_source(self._request(open_reply.source, reply.last_step)), "tools")

    def stopped(self, open_reply: OpenReply) -> None:
        """Give each open call an outcome, as the reply was stopped."""
        StepCalls(open_reply, self._state).stop()

    def _request(self, source: Source, step: Reply, question: str | None = None) -> Request:
        """Return the request after `source`, whose response is `step` and has no open calls.

        `question` asks for the answer again.
        """
        request = source.request
        # The beginning of an answer that was given is a part of the reply.
        sent = request.messages[:-1] if source.earlier is not None else request.messages
        parameters = _without_demand(request.parameters)
        if self._state.end is not None:
            parameters = {**parameters, "tool_choice": "none"}
        warnings = (ReplyWarning(self._state.end),) if self._state.end is not None else ()
        asked = () if question is None else ({"role": "user", "content": question},)
        messages = (*sent, *messages_of(step, self._rule), *asked)
        # Results of tools are new each time.
        caching = None if question is None else request.caching
        return replace(request, messages=messages, parameters=parameters, warnings=warnings, caching=caching)


def _question_after(reply: Reply) -> str | None:
    if reply.request.structure is None:
        return None
    from nbstream.exchange.second_try import question_after  # noqa: PLC0415  (only where it is used)

    return question_after(reply)


def _without_demand(parameters: Mapping[str, Any]) -> dict[str, Any]:
    """Return parameters that do not demand a call again: after a result, that would never end."""
    is_demand = parameters.get("tool_choice") not in (None, "auto", "none")
    return {name: value for name, value in parameters.items() if not (is_demand and name == "tool_choice")}
