"""Jobs on executors: threads, processes, and a real Dask cluster."""

from __future__ import annotations

import concurrent.futures
import multiprocessing
import os
import pickle
from typing import TYPE_CHECKING, Any

import pytest
from pydantic import BaseModel

from nbstream.batch import places
from nbstream.client.secret import Secret
from nbstream.model.exceptions import RequestError
from tests.batch.jobs import run, sent

if TYPE_CHECKING:
    from nbstream.batch.job import Job
    from nbstream.simulator.server import Simulator


class Person(BaseModel):
    name: str
    age: int


PROMPTS = [f"no. {at} [simulate: {'400' if at == 3 else 'echo'}]" for at in range(20)]
KEY = "sk-canary-0123456789abcdef"


def check(replies: Any) -> None:
    statuses = [reply.status for reply in replies]
    assert statuses == ["complete"] * 3 + ["failed"] + ["complete"] * 16
    assert all(f"no. {at}" in reply.answer for at, reply in enumerate(replies) if at != 3)
    assert [reply.request.messages[-1]["content"] for reply in replies] == PROMPTS


def test_threads(simulator: Simulator) -> None:
    with concurrent.futures.ThreadPoolExecutor(4) as executor:
        replies, _ = run(PROMPTS, executor=executor, options={"api_key": KEY, "thinking": False})
    check(replies)


@pytest.fixture
def workers(simulator: Simulator) -> Any:
    """Processes that were started anew, so that they share only the environment with this one."""
    context = multiprocessing.get_context("spawn")
    with concurrent.futures.ProcessPoolExecutor(2, mp_context=context) as executor:
        yield executor


def test_processes(simulator: Simulator, workers: Any, tmp_path: Any) -> None:
    replies, progress = run(PROMPTS, executor=workers, save=tmp_path / "a.jsonl")
    check(replies)
    assert progress.spend.cost is not None
    assert {entry["key_digest"] for entry in simulator.log()} == {simulator.log()[0]["key_digest"]}
    simulator.clear_log()
    _, progress = run(PROMPTS, executor=workers, save=tmp_path / "a.jsonl")
    assert (progress.kept, sent(simulator)) == (19, 1)


def test_a_busy_server_slows_workers_down(simulator: Simulator, workers: Any) -> None:
    prompts = [f"{at} [simulate: 429 times=1 retry-after=0.05 tokens=5]" for at in range(8)]
    replies, _ = run(prompts, executor=workers)
    assert {reply.status for reply in replies} == {"complete"}
    assert sent(simulator) == 16


def test_no_key_travels_to_workers(simulator: Simulator, monkeypatch: pytest.MonkeyPatch, workers: Any) -> None:
    monkeypatch.setenv("DEEPSEEK_API_KEY", KEY)
    pickled: list[bytes] = []

    class Looking(concurrent.futures.Executor):
        def submit(self, function: Any, /, *arguments: Any, **options: Any) -> Any:
            pickled.append(pickle.dumps((function, arguments, options)))
            future: Any = concurrent.futures.Future()
            future.set_result(function(*arguments, **options))
            pickled.append(pickle.dumps(future.result()))
            return future

    replies, _ = run(PROMPTS, executor=Looking())
    check(replies)
    assert len(pickled) == 40
    assert not any(b"canary" in each for each in pickled)
    for options in (
        {"api_key": KEY},
        {"base_url": f"{simulator.url}?api_key={KEY}"},
        {"extra_body": {"api_key": KEY}},
    ):
        simulator.clear_log()
        with pytest.raises(RequestError, match="not sent to workers") as error:
            run(PROMPTS, executor=workers, options=options)
        assert "canary" not in str(error.value)
        assert sent(simulator) == 0
    with pytest.raises(TypeError):
        pickle.dumps(Secret(KEY))


def test_a_worker_without_a_key_ends_the_job(simulator: Simulator, monkeypatch: pytest.MonkeyPatch) -> None:
    context = multiprocessing.get_context("spawn")
    monkeypatch.setenv("DEEPSEEK_BASE_URL", "https://api.deepseek.com")
    with concurrent.futures.ProcessPoolExecutor(1, mp_context=context, initializer=_forget_key) as executor:
        replies, progress = run(PROMPTS, executor=executor)
    assert progress.end == "hopeless"
    assert "on a worker: No API key" in str(replies[0].error)


def _forget_key() -> None:
    os.environ.pop("DEEPSEEK_API_KEY", None)


def test_an_executor_that_breaks_ends_the_job_and_keeps_its_answers(simulator: Simulator) -> None:
    context = multiprocessing.get_context("spawn")
    with concurrent.futures.ProcessPoolExecutor(1, mp_context=context) as executor:

        def look(job: Job) -> None:
            if job.progress().answered >= 3:
                for process in list((executor._processes or {}).values()):
                    process.kill()

        prompts = [f"{at} [simulate: normal tokens=5]" for at in range(200)]
        replies, progress = run(prompts, look, executor=executor, concurrency=2)
    assert progress.end == "hopeless"
    assert sum(reply.status == "complete" for reply in replies) == progress.answered >= 3
    assert progress.reason is not None
    assert progress.reason.error is not None
    assert progress.reason.error.cause == "executor"


def test_an_executor_that_was_shut_down_ends_the_job(simulator: Simulator) -> None:
    executor = concurrent.futures.ProcessPoolExecutor(1)
    executor.shutdown()
    _, progress = run(PROMPTS, executor=executor)
    assert progress.end == "hopeless"
    assert sent(simulator) == 0


@pytest.mark.parametrize("kind", ["threads", "processes"])
def test_a_stop_ends_soon(simulator: Simulator, workers: Any, kind: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("nbstream.batch.job._WAIT_FOR_WORKERS_SECONDS", 0.3)
    executor = workers if kind == "processes" else concurrent.futures.ThreadPoolExecutor(2)

    def look(job: Job) -> None:
        if len(simulator.log()) >= 2:
            job.cancel()

    prompts = [f"{at} [simulate: normal rate=200 tokens=100]" for at in range(50)]
    replies, progress = run(prompts, look, executor=executor, concurrency=2)
    assert progress.end == "stopped"
    assert {reply.status for reply in replies} <= {"cancelled", "pending", "complete"}
    executor.shutdown() if kind == "threads" else None


@pytest.mark.slow
def test_a_dask_cluster(simulator: Simulator, tmp_path: Any) -> None:
    distributed = pytest.importorskip("distributed")
    with (
        distributed.LocalCluster(
            n_workers=2, threads_per_worker=2, processes=True, dashboard_address=None, local_directory=str(tmp_path)
        ) as cluster,
        distributed.Client(cluster) as client,
    ):
        executor = client.get_executor()
        replies, _ = run(PROMPTS, executor=executor)
        check(replies)
        # Dask takes equal calls for one: neither a second answer nor another attempt may be one.
        simulator.clear_log()
        replies, _ = run(["[simulate: normal tokens=5]"] * 6, executor=executor)
        assert sent(simulator) == len({reply.id for reply in replies}) == 6
        simulator.clear_log()
        prompts = [f"{at} [simulate: 429 times=2 retry-after=0.05 tokens=5]" for at in range(6)]
        replies, _ = run(prompts, executor=executor)
        assert {reply.status for reply in replies} == {"complete"}
        assert sent(simulator) == 18


def test_what_a_worker_raises_is_a_failed_reply(simulator: Simulator, monkeypatch: pytest.MonkeyPatch) -> None:
    def answer(request: Any, *_: Any) -> bytes:
        if "no. 5 " in request.messages[-1]["content"]:
            raise MemoryError
        return original(request, *_)

    original = places.answer
    monkeypatch.setattr(places, "answer", answer)

    class Direct(concurrent.futures.Executor):
        def submit(self, function: Any, /, *arguments: Any, **options: Any) -> Any:
            future: Any = concurrent.futures.Future()
            try:
                future.set_result(function(*arguments, **options))
            except BaseException as error:  # noqa: BLE001
                future.set_exception(error)
            return future

    replies, _ = run(PROMPTS, executor=Direct(), concurrency=1)
    assert "MemoryError" in str(replies[5].error)
    assert replies[6].status == "complete"


def test_structured_answers_of_workers_are_of_the_type(simulator: Simulator, workers: Any) -> None:
    replies, _ = run(["a", "b"], executor=workers, options={"schema": Person, "thinking": False})
    assert [type(each) for each in replies.data] == [Person, Person]
