"""Jobs against the simulator: order, values, refusals, breaks, stops."""

from __future__ import annotations

import itertools
import time
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from nbstream.client.receiver import Receiver
from nbstream.model.exceptions import NbstreamWarning, RequestError
from nbstream.model.reply import ReplyError
from tests.batch.jobs import run, sent
from tests.client.test_run import until

if TYPE_CHECKING:
    from collections.abc import Iterator

    from nbstream.batch.job import Job
    from nbstream.simulator.server import Simulator


def test_the_replies_are_in_the_order_of_the_prompts(simulator: Simulator) -> None:
    # The first ones take longest.
    prompts = [f"no. {number} [simulate: echo first-token={0.3 - number / 100}]" for number in range(30)]
    replies, progress = run(prompts)
    assert [reply.request.messages[-1]["content"] for reply in replies] == prompts
    assert [reply.answer.split()[-1] for reply in replies] == [str(number) for number in range(30)]
    assert (progress.answered, progress.failed, progress.total) == (30, 0, 30)
    assert sent(simulator) == 30


KINDS = {"echo": "complete", "400": "failed", "reset after=3": "failed", "truncate after=2": "truncated"}


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    kinds=st.lists(st.sampled_from([*KINDS, "429 times=1 retry-after=0", "503 times=1 retry-after=0"]), max_size=12),
    concurrency=st.integers(1, 9),
    has_length=st.booleans(),
)
def test_every_prompt_has_its_own_reply_whatever_happens(
    simulator: Simulator, kinds: list[str], concurrency: int, *, has_length: bool
) -> None:
    number = next(_numbers)
    prompts = [f"{number}.{at} [simulate: {kind} tokens=5]" for at, kind in enumerate(["echo", *kinds])]
    replies, progress = run(prompts if has_length else iter(prompts), concurrency=concurrency)
    assert len(replies) == len(prompts) == progress.total
    for prompt, reply, kind in zip(prompts, replies, ["echo", *kinds], strict=True):
        assert reply.request.messages[-1]["content"] == prompt
        assert reply.status == KINDS.get(kind, "complete")
        assert (reply.error is None) == (reply.status != "failed")
    assert progress.answered + progress.failed == len(prompts)
    assert set(replies.failed) == {at for at, reply in enumerate(replies) if reply.status == "failed"}


_numbers = itertools.count()


def test_a_busy_server_slows_the_job_down_and_fails_nothing(simulator: Simulator) -> None:
    prompts = [f"{number} [simulate: 429 times=2 retry-after=0.05 tokens=5]" for number in range(24)]
    limits: list[int] = []
    waits: list[Any] = []

    def look(job: Job) -> None:
        limits.append(job.progress().limit)
        waits.append(job.progress().waits_for)

    replies, progress = run(prompts, look)
    assert {reply.status for reply in replies} == {"complete"}
    assert sent(simulator) == 3 * 24
    assert min(limits) < 8
    assert any(wait is not None and wait.status_code == 429 for wait in waits)
    assert progress.failed == 0


def test_a_prompt_that_alone_is_refused_for_ever_fails_in_the_end(simulator: Simulator) -> None:
    prompts = [f"{at} [simulate: {'429 retry-after=0' if at == 2 else 'normal'} tokens=5]" for at in range(60)]
    replies, progress = run(prompts)
    assert list(replies.failed) == [2]
    assert replies[2].error is not None
    assert progress.answered == 59


def test_a_prompt_that_is_refused_for_ever_does_not_keep_others_from_being_asked(simulator: Simulator) -> None:
    """With one request at a time, it would be asked again and again before all others."""
    prompts = [f"{at} [simulate: {'429 retry-after=0' if at == 2 else 'normal'} tokens=5]" for at in range(30)]
    replies, progress = run(prompts, concurrency=1)
    assert list(replies.failed) == [2]
    assert progress.answered == 29


def test_prompts_that_are_refused_to_the_end_fail(simulator: Simulator) -> None:
    prompts = ["a [simulate: normal tokens=5]", *(f"{at} [simulate: 429 retry-after=0]" for at in range(3))]
    replies, progress = run(prompts)
    assert list(replies.failed) == [1, 2, 3]
    assert (progress.answered, progress.failed) == (1, 3)


def test_a_broken_connection_is_asked_again_a_few_times(simulator: Simulator) -> None:
    replies, progress = run(["a", "[simulate: reset after=3]", "b"])
    assert [reply.status for reply in replies] == ["complete", "failed", "complete"]
    assert sent(simulator) == 2 + 3
    # Each of the broken ones may have been billed, for its prompt and for the text that came.
    (lost,) = progress.spend.about
    assert replies[1].estimate is not None
    assert lost.amount == pytest.approx(3 * replies[1].estimate.amount, rel=Decimal("0.2"))
    assert progress.spend == replies.spend
    assert " + about $" in str(progress.spend)


def test_a_server_that_is_silent_is_a_failed_prompt(simulator: Simulator, monkeypatch: pytest.MonkeyPatch) -> None:
    from nbstream.client import settings as client_settings

    chosen = client_settings.Settings(bytes_idle=0.2, payload_idle=0.5, retries=1)
    monkeypatch.setattr(client_settings, "current", lambda: chosen)
    replies, _ = run(["a [simulate: normal tokens=5]", "[simulate: silence after=3]"])
    assert replies[1].error is not None
    assert replies[1].error.kind == "stalled"
    assert sent(simulator) == 3


def test_without_money_the_job_ends_and_keeps_what_it_has(simulator: Simulator) -> None:
    prompts = [f"{at} [simulate: {'402' if at >= 10 else 'normal'} tokens=5]" for at in range(1_000)]
    replies, progress = run(prompts)
    assert progress.end == "hopeless"
    assert progress.reason is not None
    assert progress.reason.error is not None
    assert progress.reason.error.cause == "balance"
    assert progress.answered == 10
    assert sent(simulator) <= 10 + 8
    assert len(replies) == 1_000
    assert replies[9].status == "complete"
    assert replies[999].status == "pending"
    assert len(replies.failed) == 990


def test_what_refuses_every_prompt_ends_the_job(simulator: Simulator) -> None:
    _, progress = run([f"{at} [simulate: 422]" for at in range(1_000)])
    assert progress.end == "alike"
    assert sent(simulator) < 30
    # After an answer, the prompts themselves may be refused.
    _, progress = run(["[simulate: normal tokens=5]", *(f"x{at} [simulate: 422]" for at in range(40))], concurrency=1)
    assert (progress.end, progress.failed) == ("", 40)


def test_a_server_that_is_not_there_ends_the_job(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DEEPSEEK_BASE_URL", "http://127.0.0.1:9")
    monkeypatch.setenv("DEEPSEEK_API_KEY", "simulated")
    _, progress = run([str(at) for at in range(100)])
    assert progress.end == "hopeless"
    assert progress.reason is not None
    assert progress.reason.error is not None
    assert progress.reason.error.kind == "unreachable"


def test_a_prompt_that_cannot_be_sent_is_a_failed_reply(simulator: Simulator) -> None:
    replies, progress = run(["[simulate: echo]", "", 3, None, "[simulate: echo] again"])
    assert [reply.status for reply in replies] == ["complete", "failed", "failed", "failed", "complete"]
    assert "empty" in str(replies[1].error)
    assert "not int" in str(replies[2].error)
    assert progress.failed == 3
    assert sent(simulator) == 2


def test_prompts_are_taken_one_by_one(simulator: Simulator) -> None:
    taken = 0

    def endless() -> Iterator[str]:
        nonlocal taken
        for taken in itertools.count(1):
            yield f"{taken} [simulate: normal tokens=5]"

    def look(job: Job) -> None:
        progress = job.progress()
        assert progress.total is None or progress.end
        assert taken <= progress.answered + progress.failed + 8 + 8
        if progress.answered >= 40:
            job.cancel()

    replies, progress = run(endless(), look)
    assert progress.end == "stopped"
    assert len(replies) >= 40


def test_what_the_iterable_raises_ends_the_job_after_the_open_replies(simulator: Simulator) -> None:
    from nbstream.batch import latest

    def broken() -> Iterator[str]:
        yield from (f"{at} [simulate: normal tokens=5]" for at in range(5))
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        run(broken())
    replies = latest.last_replies()
    assert replies is not None
    assert [reply.status for reply in replies] == ["complete"] * 5


def test_after_a_stop_the_same_call_asks_only_the_rest(simulator: Simulator) -> None:
    prompts = [f"{at} [simulate: normal tokens=5]" for at in range(60)]

    def look(job: Job) -> None:
        if job.progress().answered >= 20:
            job.cancel()

    first, progress = run(prompts, look)
    done = progress.answered
    assert progress.end == "stopped"
    assert 20 <= done < 60
    assert sum(reply.status == "complete" for reply in first) == done
    simulator.clear_log()
    second, progress = run(prompts)
    assert (progress.kept, progress.answered) == (done, 60 - done)
    # The log tells late of requests that the stop closed, and of the end of those that were served.
    deadline = time.monotonic() + 20
    while any(each["outcome"] is None for each in simulator.log()) and time.monotonic() < deadline:
        time.sleep(0.01)
    assert sum(each["outcome"] == "served" for each in simulator.log()) == 60 - done
    assert {reply.status for reply in second} == {"complete"}
    # Then it is finished: once more means anew.
    _, progress = run(prompts[:10])
    assert progress.kept == 0


def test_failed_prompts_are_the_rest(simulator: Simulator) -> None:
    prompts = [f"{at} [simulate: {'400 times=1' if at % 3 else 'normal'} tokens=5]" for at in range(12)]
    _, progress = run(prompts)
    assert progress.failed == 8
    replies, progress = run(prompts)
    assert (progress.kept, progress.answered, progress.failed) == (4, 8, 0)
    assert not replies.failed


def test_equal_prompts_are_asked_as_often_as_they_are_given(simulator: Simulator) -> None:
    replies, _ = run(["[simulate: normal tokens=5]"] * 7)
    assert sent(simulator) == 7
    assert len({reply.id for reply in replies}) == 7


def test_a_stop_cancels_what_is_open_and_keeps_its_text(simulator: Simulator) -> None:
    def look(job: Job) -> None:
        open_replies = [item.running.reply for item in job._running.values() if isinstance(item.running, Receiver)]
        if len(open_replies) == 8 and all(reply.reasoning for reply in open_replies):
            job.cancel()

    replies, progress = run([f"{at} [simulate: normal rate=50]" for at in range(20)], look, options={})
    assert [reply.status for reply in replies] == ["cancelled"] * 8 + ["pending"] * 12
    assert all(reply.reasoning for reply in replies[:8])
    assert progress.usage is None
    until(lambda: {entry["outcome"] for entry in simulator.log()} == {"disconnected"})


def test_lists_of_messages_are_prompts(simulator: Simulator) -> None:
    turns = [{"role": "user", "content": "[simulate: echo]"}, {"role": "assistant", "content": "a"}]
    turns.append({"role": "user", "content": "b [simulate: echo]"})
    replies, _ = run([turns, "c"])
    assert replies[0].request.messages == tuple(turns)
    assert "b" in replies[0].answer


def test_slices_sums_and_answers(simulator: Simulator) -> None:
    replies, progress = run([f"{at} [simulate: {'400' if at == 1 else 'echo'}]" for at in range(4)])
    assert [reply.status for reply in replies[::-2]] == ["complete", "failed"]
    assert replies[-1] == list(replies)[-1]
    assert replies.usage == progress.usage
    assert replies.spend == progress.spend
    assert replies.answers[1] == ""
    with pytest.raises(ReplyError, match="Prompt 1"):
        replies.raise_for_status()
    with pytest.raises(IndexError):
        replies[4]


def test_no_prompts_are_no_replies(simulator: Simulator) -> None:
    replies, progress = run([])
    assert list(replies) == []
    assert progress.total == 0


def test_mistakes_are_told_before_anything_is_sent(simulator: Simulator) -> None:
    import pandas as pd

    items: Any
    for items, options, said in (
        ("one text", {}, "one text"),
        (3, {}, "not int"),
        ({"a": "b"}, {}, "dict"),
        (pd.DataFrame({"text": ["a"]}), {}, "frame"),
        (["a"], {"messages": [{"role": "user", "content": "a"}]}, "`messages=`"),
        (["a"], {"above": True}, "`above=`"),
        (["a"], {"temperature": -1}, "`temperature=`"),
        (["a"], {"files": "no such file"}, "no such file"),
    ):
        with pytest.raises(RequestError, match=said):
            run(items, options=options)
    for arguments, said in (
        ({"concurrency": 0}, "`concurrency=`"),
        ({"concurrency": 1.5}, "`concurrency=`"),
        ({"executor": 8}, "`executor=`"),
    ):
        with pytest.raises(RequestError, match=said):
            run(["a"], **arguments)
    assert sent(simulator) == 0


def test_a_note_on_an_option_comes_once(simulator: Simulator) -> None:
    with pytest.warns(NbstreamWarning, match="top_p") as caught:
        run([f"{at} [simulate: normal tokens=5]" for at in range(5)], options={"top_p": 0.5})
    assert len(caught) == 1
