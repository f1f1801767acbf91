"""A dry run sends nothing, and its range of cost holds the real cost."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

import nbstream

if TYPE_CHECKING:
    from nbstream.simulator.server import Simulator


def test_the_real_cost_is_within_the_range(simulator: Simulator) -> None:
    prompt = "Why is the sky blue, and the sunset red? [simulate: normal tokens=300]"
    found = nbstream.dry_run(prompt, max_tokens=2000)
    assert simulator.log() == []
    assert (found.count, found.reply, found.is_named) == (1, 2000, True)
    reply = nbstream.stream(prompt, max_tokens=2000).result(20)
    assert reply.cost is not None
    assert found.lowest < reply.cost.amount < found.highest


def test_many_prompts_are_summed_up(simulator: Simulator) -> None:
    one = nbstream.dry_run("hello", max_tokens=100)
    many = nbstream.dry_run(["hello"] * 50, max_tokens=100)
    assert (many.count, many.highest, many.prompt) == (50, 50 * one.highest, 50 * one.prompt)
    assert nbstream.dry_run("hello").reply == 65_536
    assert simulator.log() == []
    with pytest.raises(nbstream.RequestError, match="no prompt"):
        nbstream.dry_run([])
