"""No text is lost, whatever fault a stream has. The benchmark runs the same experiments in full."""

from __future__ import annotations

import pytest

from tests import needs
from tests.faults import cuts, endings, floods, losses, recording, refusals, waiting
from tests.faults.findings import Findings


def test_the_recording_has_everything_that_a_stream_can_have() -> None:
    record = recording.load()
    whole = record.whole_at(len(record.body))
    assert len(record.ends) >= 200
    assert whole.deltas >= 200
    assert record.comments
    assert whole.reasoning
    assert "👋" in whole.answer
    assert len(whole.calls) == 3
    assert "☀" in whole.calls[2][2]
    assert whole.finish_reason == "tool_calls"
    assert whole.prompt_tokens


def test_a_cut_at_any_byte_in_the_decoder() -> None:
    record = recording.load()
    findings = cuts.decode_everywhere(record, both=False)
    assert findings == Findings(tried=len(record.body) + 1)


@pytest.mark.parametrize(
    ("way", "count"), [pytest.param("reset", 300, marks=needs.linux(needs.DELIVERY)), ("clean", 300), ("cut", 60)]
)
def test_a_cut_over_a_socket(way: str, count: int) -> None:
    record = recording.load()
    chosen = cuts.spread(record, count)
    assert len(chosen) >= count
    assert cuts.cut_over_sockets(record, way, chosen) == Findings(tried=len(chosen))


@needs.linux(needs.DELIVERY)
def test_the_judge_notices_a_delta_that_is_missing() -> None:
    record = recording.load()
    other = recording.Recording(record.body.replace(record.body[record.ends[9] : record.ends[10]], b"", 1))
    findings = cuts.cut_over_sockets(other, "reset", [other.ends[20]])
    assert findings.clean
    # The expectation of one recording, and the bytes of the other.
    wrong = recording.Recording(record.body)
    wrong.body = other.body
    findings = cuts.cut_over_sockets(wrong, "reset", [record.ends[20]])
    assert not findings.clean


@needs.linux(needs.DELIVERY)
@pytest.mark.parametrize("status", refusals.ROWS)
def test_a_refusal_in_every_form(status: int) -> None:
    assert refusals.refuse(status) == Findings(tried=len(refusals.BODIES) + 2 * len(refusals.SHAPES))


@pytest.mark.parametrize(
    "experiment",
    [
        endings.broken_http,
        endings.finish_reasons,
        waiting.queue_then_answer,
        waiting.silence_at_every_stage,
        waiting.headers_late,
        waiting.refused_then_answered,
        waiting.stopped_while_waiting,
        waiting.connection_never_closed,
        floods.flood,
        pytest.param(floods.memory, marks=needs.linux("the peak of a process's memory is read from /proc")),
        floods.keep_alives_at_once,
        floods.white_space,
    ],
)
def test_an_experiment(experiment: object) -> None:
    assert callable(experiment)
    findings = experiment()
    assert findings.clean, findings


def test_no_text_of_a_random_stream_is_dropped() -> None:
    assert losses.lose_nothing(1_500) == Findings(tried=1_500)


def test_an_exception_in_a_task_is_found() -> None:
    from nbstream.client.loop import background_loop
    from tests.faults.findings import record_exceptions

    async def fail() -> None:
        raise ValueError("not retrieved")

    findings = Findings()
    with record_exceptions(findings):
        loop = background_loop()
        loop.call_soon_threadsafe(lambda: loop.create_task(fail()))
    assert "not retrieved" in findings.exceptions[0]
    assert not findings.clean
