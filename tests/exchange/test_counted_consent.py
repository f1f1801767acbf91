"""Decisions at random moments, from several threads: what ran is what was allowed, counted."""

from __future__ import annotations

import json
import random
import threading
import time
from typing import TYPE_CHECKING, Any

import pytest

import nbstream
from nbstream.model.decision import Decision
from tests.exchange.conftest import calls

if TYPE_CHECKING:
    from nbstream.model.decision import Consent
    from nbstream.simulator.server import Simulator

_STEPS, _CALLS = 3, 4
_ACTIONS: tuple[Consent, ...] = ("allow", "deny", "allow_all")
_WEIGHTS = (5, 5, 1)


class Clicks(threading.Thread):
    """Answers each question of a run at a random moment, as one of several pages.

    Attributes:
        accepted: for each key, the decisions that counted.
    """

    def __init__(self, run: nbstream.Run, seed: str) -> None:
        super().__init__(daemon=True)
        self.accepted: dict[str, list[Decision]] = {}
        self._run = run
        self._chance = random.Random(seed)

    def run(self) -> None:
        questions, chance = self._run.receiver.questions, self._chance
        while not self._run.done:
            keys = [f"{step}.{index}" for step in range(_STEPS) for index in range(_CALLS)]
            for key in chance.sample(keys, len(keys)):
                questions.note_seen(key)
                if not questions.is_open(key) or chance.random() < 0.5:
                    continue
                (action,) = chance.choices(_ACTIONS, _WEIGHTS)
                edited = None
                if action == "allow" and chance.random() < 0.3:
                    edited = chance.choice(['{"key": "edited"}', '{"lock": 1}', "{"])
                decision = Decision(action, edited=edited)
                if questions.answer(key, decision):
                    self.accepted.setdefault(key, []).append(decision)
                if chance.random() < 0.7:
                    time.sleep(chance.random() * 0.004)


@pytest.mark.parametrize("seed", range(25))
def test_what_ran_is_what_was_allowed(simulator: Simulator, seed: int) -> None:
    ran: list[tuple[str, str]] = []

    def one(key: str) -> str:
        """Note a key."""
        ran.append(("one", key))
        return key

    def two(key: str) -> str:
        """Note a key."""
        ran.append(("two", key))
        return key

    chance = random.Random(seed)
    names = {(step, index): chance.choice(["one", "two"]) for step in range(_STEPS) for index in range(_CALLS)}
    lines = [f'{step + 1} {name} {{"key": "{step}.{index}"}}' for (step, index), name in names.items()]
    run = nbstream.stream(calls(*lines), tools=[one, two], thinking=False)
    run.receiver.questions.has_view = True
    pages = [Clicks(run, f"{seed} {page}") for page in range(3)]
    for page in pages:
        page.start()
    reply = run.result(30)
    for page in pages:
        page.join()

    expected: list[tuple[str, str]] = []
    granted: set[str] = set()
    for step, part in enumerate(reply.steps):
        found = {
            index: _last(pages, f"{step}.{index}") for index in range(len(part.tool_calls)) if (step, index) in names
        }
        # Allowing a tool answers its other questions, which are open, and those of later steps.
        granted_here = {names[step, index] for index, last in found.items() if last and last.action == "allow_all"}
        for index, decision in found.items():
            call: Any = part.tool_calls[index]
            name = names[step, index]
            if decision is None:
                assert name in granted | granted_here, f"{step}.{index} was not asked"
                assert (call.state, call.decided_by) == ("done", "user_all")
            else:
                assert call.state == ("denied" if decision.action == "deny" else "done")
            if call.state == "done":
                expected.append((name, json.loads(call.used)["key"]))
        granted |= granted_here
    assert ran == expected
    assert reply.status == "complete"


def _last(pages: list[Clicks], key: str) -> Decision | None:
    """Return the decision about a call that fits; of those that do not, none is the last one."""
    found = [each for page in pages for each in page.accepted.get(key, ())]
    fitting = [each for each in found if each.edited in (None, '{"key": "edited"}')]
    assert len(fitting) <= 1, f"{key} was decided twice: {found}"
    return fitting[0] if fitting else None
