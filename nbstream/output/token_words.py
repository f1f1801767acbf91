"""Numbers of tokens in a footer."""

from __future__ import annotations

from nbstream.language import _


def tokens_in(prompt: int, cached: int | None) -> str:
    """Return the tokens of a prompt, and how many of them came from the server's cache."""
    if not cached:
        return _("in {count:,}", count=prompt)
    return _("in {count:,} ({cached:,} cached)", count=prompt, cached=cached)
