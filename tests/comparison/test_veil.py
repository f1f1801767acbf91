"""The equal pace of a blind comparison: what is shown depends on no column's speed."""

from __future__ import annotations

from dataclasses import dataclass, field
from itertools import pairwise
from typing import TYPE_CHECKING, Any, cast

from hypothesis import given, settings
from hypothesis import strategies as st

from nbstream.client.retry import Limits
from nbstream.comparison.columns import prepared
from nbstream.comparison.specs import read_specs
from nbstream.comparison.veil import Veil, note_on
from nbstream.model.reply import Reply
from nbstream.model.text import Text

if TYPE_CHECKING:
    from nbstream.comparison.columns import Column
    from nbstream.simulator.server import Simulator


@dataclass(eq=False)
class Writing:
    """A column whose text grows as the test says."""

    text: str
    written: int = 0
    source: Any = field(default=None)

    @property
    def has_ended(self) -> bool:
        return self.written >= len(self.text)

    @property
    def reply(self) -> Reply:
        return Reply("complete" if self.has_ended else "answering", _answer=Text().append(self.text[: self.written]))


@given(st.lists(st.integers(1, 400), min_size=2, max_size=4), st.data())
@settings(deadline=None, max_examples=25)
def test_no_column_shows_more_than_the_slowest_has_written(lengths: list[int], data: st.DataObject) -> None:
    columns = [Writing("x" * length) for length in lengths]
    now = 0.0
    veil = Veil(cast("list[Column]", columns), lambda: now)
    for _ in range(15):
        now += data.draw(st.sampled_from([0.05, 0.1, 1.0]))
        for column in columns:
            column.written = min(len(column.text), column.written + data.draw(st.sampled_from([0, 1, 30, 200])))
        shown = [veil.text_of(cast("Column", column)) for column in columns]
        least = min((each.written for each in columns if not each.has_ended), default=max(lengths))
        most = max(len(text) for text, _ in shown)
        assert most <= least
        for column, (text, is_over) in zip(columns, shown, strict=True):
            # As much as the others show, or all of it.
            assert len(text) == min(most, len(column.text)) or len(text) == min(most, column.written)
            assert column.text.startswith(text)
            assert not is_over or text == column.text
    for column in columns:
        column.written = len(column.text)
    for _ in range(60):
        now += 1
        ends = [veil.text_of(cast("Column", column)) for column in columns]
    assert ends == [(column.text, True) for column in columns]


def test_what_is_left_is_shown_at_the_same_pace() -> None:
    fast, slow = Writing("f" * 9_000, 9_000), Writing("s" * 3_000)
    now = 0.0
    veil = Veil(cast("list[Column]", [fast, slow]), lambda: now)
    shown = []
    for tick in range(1, 1_000):
        now = tick / 10
        slow.written = min(3_000, tick * 100)
        shown.append(len(veil.text_of(cast("Column", fast))[0]))
    steps = [after - before for before, after in pairwise(shown) if before]
    # 1,000 characters a second before the slow one ended, and after it.
    assert max(steps) < 250
    assert shown[-1] == 9_000


def test_a_veiled_reply_has_a_text_and_nothing_that_tells_its_model(simulator: Simulator) -> None:
    specs = [{"prompt": "a [simulate: echo]"}, {"prompt": "b [simulate: 402]", "model": "pro"}]
    columns, _ = prepared(read_specs(None, specs, {"thinking": False}), {})
    veil = Veil(columns)
    shown = [veil.run(place, letter, Limits()) for place, letter in enumerate("AB")]
    for column in columns:
        column.start()
    first, second = (run.result(30) for run in shown)
    assert first.status == "complete"
    assert first.answer == columns[0].reply.answer
    assert second.status == "cancelled"
    assert note_on(columns[1].reply) == "It failed. Why is told after the choice."
    for letter, reply in zip("AB", (first, second), strict=True):
        assert (reply.model, reply.usage, reply.cost, reply.error, reply.id) == (letter, None, None, None, None)
        assert (reply.request.endpoint, reply.request.messages, reply.request.parameters) == ("", (), {})


def test_a_lifted_veil_shows_the_rest_at_once() -> None:
    columns = [Writing("x" * 50_000, 30_000), Writing("x" * 20_000, 20_000)]
    now = 0.0
    veil = Veil(cast("list[Column]", columns), lambda: now)
    now = 1.0
    assert len(veil.text_of(cast("Column", columns[1]))[0]) < 2_000
    columns[0].text = columns[0].text[:30_000]
    veil.lift()
    assert [len(veil.text_of(cast("Column", each))[0]) for each in columns] == [30_000, 20_000]


def test_to_stop_a_veiled_reply_stops_its_column(simulator: Simulator) -> None:
    slow = "[simulate: normal rate=20 tokens=400]"
    columns, _ = prepared(read_specs(f"Why? {slow}", ["flash", "pro"], {"thinking": False}), {})
    veil = Veil(columns)
    shown = [veil.run(place, letter, Limits()) for place, letter in enumerate("AB")]
    runs = [column.start() for column in columns]
    shown[0].cancel()
    assert runs[0].result(30).status == "cancelled"
    assert not runs[1].done
    runs[1].cancel()
    assert shown[1].result(30).status == "cancelled"
