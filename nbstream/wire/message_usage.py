"""The `usage` of Anthropic's Messages API, of which a later report replaces an earlier one."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from nbstream.model.usage import Usage
from nbstream.wire.other_fields import storable
from nbstream.wire.surrogates import join_surrogates
from nbstream.wire.usage_counts import amount, count

_WRITTEN = "cache_creation_input_tokens"
_INPUT = ("input_tokens", "cache_read_input_tokens", _WRITTEN)
_PLAIN = frozenset({*_INPUT, "output_tokens"})
#: The names of the tokens of thoughts within the details of the output.
_THOUGHTS = ("thinking_tokens", "reasoning_tokens")


class MessageUsage:
    """Collects the counts of one response.

    The first event has the tokens of the prompt, and the last one those of the reply; newer servers
    repeat all of them there. None is ever added to another. Nothing is reported before the last
    event, as the first one counts a few tokens of a reply that has not begun. Without a last event,
    `begun` has what the first one said of the prompt.

    Attributes:
        is_reported: whether there was a count.
        details: what a report has beyond the counts, such as the searches of the server; None if
            the last report had nothing new.
    """

    def __init__(self) -> None:
        self.is_reported = False
        self.details: dict[str, Any] | None = None
        self._counts: dict[str, int] = {}
        self._raw: dict[str, Any] = {}
        self._usage: Usage | None = None
        self._is_output_counted = False

    def add(self, raw: dict[str, Any], *, has_text: bool, is_first: bool = False) -> None:
        """Take a report.

        Args:
            raw: the report.
            has_text: whether the response had text already.
            is_first: whether it came at the beginning, before any token of the reply.
        """
        new = {name: number for name in _PLAIN if (number := count(raw.get(name))) is not None}
        if not any(new.get(name) for name in _INPUT):
            # Some gateways fill in zeros for what they do not know.
            new = {name: number for name, number in new.items() if name not in _INPUT or name not in self._counts}
        if has_text and new.get("output_tokens") == 0:
            # A server that does not count: the text that came was made of tokens.
            del new["output_tokens"]
        self._is_output_counted |= "output_tokens" in new and not is_first
        self._counts |= new
        self._note(raw)

    def report(self) -> Usage | None:
        """Return the usage so far, or None if it is the same as that of the last call."""
        usage = self._total()
        if usage is None or usage == self._usage:
            return None
        self._usage = usage
        self.is_reported = True
        return usage

    def begun(self) -> Usage | None:
        """Return the tokens of the prompt, if that is all that was reported."""
        usage = None if self.is_reported else self._total()
        return None if usage is None or usage.prompt_tokens is None else usage

    def _note(self, raw: dict[str, Any]) -> None:
        stored = {name: storable(value) for name, value in raw.items() if value is not None}
        merged = {**self._raw, **{join_surrogates(name): value for name, (value, fits) in stored.items() if fits}}
        # The tokens that were written to the cache have a price of their own.
        has_more = bool(merged.keys() - _PLAIN) or bool(merged.get(_WRITTEN))
        self.details = merged if has_more and merged != self._raw else None
        self._raw = merged

    def _total(self) -> Usage | None:
        counts = self._counts
        hit, written = counts.get("cache_read_input_tokens"), counts.get(_WRITTEN, 0)
        miss = counts.get("input_tokens")
        miss = None if miss is None and not written else (miss or 0) + written
        parts = [each for each in (hit, miss) if each is not None]
        prompt = sum(parts) if parts else None
        # The first report counts a few tokens of a reply that has not begun.
        output = counts.get("output_tokens") if self._is_output_counted else None
        if not (prompt or output):
            return None
        if not prompt:
            # Every prompt has tokens: a gateway that does not count those fills in zeros.
            prompt, hit, miss = None, hit or None, miss or None
        total = None if prompt is None or output is None else prompt + output
        usage = Usage(prompt, output, total, hit, miss, self._thoughts(output), amount(self._raw.get("cost")))
        return replace(
            usage, cache_write_tokens=counts.get(_WRITTEN), cache_write_1h_tokens=self._written_for_an_hour()
        )

    def _written_for_an_hour(self) -> int | None:
        details = self._raw.get("cache_creation")
        return count(details.get("ephemeral_1h_input_tokens")) if isinstance(details, dict) else None

    def _thoughts(self, output: int | None) -> int | None:
        details = self._raw.get("output_tokens_details")
        if not isinstance(details, dict) or output is None:
            return None
        found = next((number for name in _THOUGHTS if (number := count(details.get(name))) is not None), None)
        return found if found is not None and found <= output else None
