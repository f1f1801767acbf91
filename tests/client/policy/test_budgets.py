"""Budgets of files: forced ones hold beside the user's own, and defaults give way to these."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING

import pytest

import nbstream
from nbstream.billing.ledger import database
from nbstream.client.budgets import needs, setting
from nbstream.model.origin import Origin
from nbstream.output import sentences

if TYPE_CHECKING:
    from pathlib import Path

    from nbstream.simulator.server import Simulator
    from tests.client.policy.conftest import Machine

pytestmark = pytest.mark.usefixtures("machine", "simulator")


@pytest.fixture(autouse=True)
def _place(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Ask in a cell of a notebook, with a ledger of one's own."""
    monkeypatch.setenv("NBSTREAM_LEDGER", str(tmp_path / "ledger.sqlite"))
    monkeypatch.setattr("nbstream.client.metering.origin_here", lambda: Origin("/course/lesson.ipynb", "c1"))
    monkeypatch.setattr("nbstream.client.metering.execution_here", lambda: f"{tmp_path}")


def standing() -> dict[str, Decimal]:
    return {each.limit.scope: each.limit.most for each in setting.standings()}


def test_a_forced_budget_is_held_whatever_the_user_sets(machine: Machine, simulator: Simulator) -> None:
    machine.system.write_text('[forced.budget]\nmonth = "6000 tokens"\n')
    setting.set_budget("month", Decimal(1_000_000), is_tokens=True)
    first = nbstream.stream("[simulate: tokens=3000] Hello").result()
    assert first.usage is not None
    assert first.status == "complete"
    refused = None
    for _ in range(6):
        reply = nbstream.stream("[simulate: tokens=3000] Hello").result()
        if reply.error is not None and not reply.answer + reply.reasoning:
            refused = reply
            break
    assert refused is not None
    assert f"{machine.system}, line 2, forced" in sentences.alert(refused, "cell")
    used = [each for each in setting.standings() if each.limit.is_forced]
    assert used[0].spent + used[0].about <= 6000
    assert len(simulator.log()) < 7


def test_a_default_budget_gives_way_to_the_users(machine: Machine) -> None:
    machine.lesson.write_text('[budget]\nday = "2"\nnotebook = "0.50"\nper_cell = "0.10"\n')
    assert standing() == {"day": 2, "notebook": Decimal("0.50"), "cell": Decimal("0.10")}
    setting.set_budget("day", Decimal(5))
    setting.set_budget("cell", Decimal(1))
    assert standing() == {"day": 5, "notebook": Decimal("0.50"), "cell": 1}
    setting.remove_budget("day")
    setting.remove_budget("cell")
    assert standing() == {"day": 2, "notebook": Decimal("0.50"), "cell": Decimal("0.10")}


def test_a_budget_of_each_cell_is_held(machine: Machine, simulator: Simulator) -> None:
    machine.system.write_text('[forced.budget]\nper_cell = "10 tokens"\n')
    reply = nbstream.stream("Hello, and a prompt that is longer than ten tokens, as prompts are.").result()
    assert reply.error is not None
    assert f"{machine.system}, line 2, forced" in sentences.alert(reply, "cell")
    assert simulator.log() == []


def test_a_forced_budget_without_a_price_advises_nothing_that_does_not_help(
    machine: Machine, simulator: Simulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    machine.system.write_text('[forced.budget]\nday = "5"\n')
    host = simulator.url.removeprefix("http://")
    monkeypatch.setattr(needs, "_served", {(host, "deepseek-flash"): "deepseek-flash"})
    setting.set_budget("day", Decimal(5), allow_unknown=True)
    said = sentences.alert(nbstream.stream("Hello").result(), "cell")
    assert "the price of deepseek-flash is not known" in said
    assert "--allow-unknown" not in said
    assert said.endswith("%deepseek config shows where the budget is set.")
    assert simulator.log() == []


def test_without_a_ledger_a_forced_budget_sends_nothing(
    machine: Machine, simulator: Simulator, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    machine.system.write_text('[forced.budget]\nday = "5"\n')
    monkeypatch.setenv("NBSTREAM_LEDGER", "off")
    assert database.current() is None
    said = sentences.alert(nbstream.stream("Hello").result(), "cell")
    assert "Nothing was sent: the budget of today, $5.00" in said
    assert "cannot be held without a ledger" in said
    # Nor with one that is no ledger.
    (tmp_path / "broken").mkdir()
    monkeypatch.setenv("NBSTREAM_LEDGER", str(tmp_path / "broken"))
    assert "cannot be held without a ledger" in sentences.alert(nbstream.stream("Hello").result(), "cell")
    assert simulator.log() == []
    machine.system.write_text('[budget]\nday = "5"\n')
    reply = nbstream.stream("Hello").result()
    assert (reply.status, [each.kind for each in reply.warnings]) == ("complete", ["budget_not_held"])
