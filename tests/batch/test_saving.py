"""Answers in a file: kept over a kill, torn lines, changed prompts, two jobs, a full disk."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from typing import TYPE_CHECKING, Any

import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from nbstream.batch.lines import from_line, head_of, key_of, pack, to_line, unpack
from nbstream.batch.stores import AnswerFile
from nbstream.model.exceptions import RequestError
from nbstream.model.failure import Failure
from nbstream.model.reply import Reply
from nbstream.model.request import Request
from nbstream.model.text import Text
from nbstream.model.usage import Usage
from tests.batch.jobs import run, sent

if TYPE_CHECKING:
    from pathlib import Path

    from nbstream.batch.job import Job
    from nbstream.simulator.server import Simulator

PROMPTS = [f"no. {at} [simulate: echo]" for at in range(40)]

JOB = """
import nbstream, sys
prompts = [f"no. {at} [simulate: normal tokens=30 first-token=0.1]" for at in range(60)]
nbstream.map(prompts, save=sys.argv[1], thinking=False)
"""


def test_each_answer_is_a_line_that_other_programs_read(simulator: Simulator, path: Path) -> None:
    replies, progress = run(PROMPTS, save=path)
    assert progress.file == str(path)
    table = pd.read_json(path, lines=True)
    assert set(table["prompt"]) == set(PROMPTS)
    assert dict(zip(table["prompt"], table["answer"], strict=True)) == {
        reply.request.messages[-1]["content"]: reply.answer for reply in replies
    }
    assert set(table["status"]) == {"complete"}
    assert "simulated" not in path.read_text("utf-8").replace("*Simulated", "")


def test_only_what_is_not_in_the_file_is_asked(simulator: Simulator, path: Path) -> None:
    first, _ = run(PROMPTS[:25], save=path)
    simulator.clear_log()
    second, progress = run(PROMPTS, save=str(path))
    assert (progress.kept, progress.answered) == (25, 15)
    assert sent(simulator) == 15
    assert second[:25] == list(first)
    # In any order, and with others between them.
    simulator.clear_log()
    third, progress = run(["new [simulate: echo]", *PROMPTS[::-1]], save=path)
    assert (progress.kept, progress.answered) == (40, 1)
    assert third[1:] == list(second)[::-1]


def test_other_options_are_other_requests(simulator: Simulator, path: Path) -> None:
    run(PROMPTS[:5], save=path)
    for options in ({"model": "pro"}, {"thinking": True}, {"system": "Be brief."}, {"max_tokens": 77}):
        simulator.clear_log()
        _, progress = run(PROMPTS[:5], save=path, options=options)
        assert (progress.kept, sent(simulator)) == (0, 5)
    _, progress = run(PROMPTS[:5], save=path)
    assert progress.kept == 5


def test_equal_prompts_are_kept_as_often_as_they_were_asked(simulator: Simulator, path: Path) -> None:
    first, _ = run([PROMPTS[0]] * 3, save=path)
    simulator.clear_log()
    second, progress = run([PROMPTS[0]] * 5, save=path)
    assert (progress.kept, sent(simulator)) == (3, 2)
    assert second[:3] == list(first)


def test_failures_are_not_in_the_file_and_are_asked_again(simulator: Simulator, path: Path) -> None:
    prompts = [f"{at} [simulate: {'400 times=1' if at % 2 else 'normal'} tokens=5]" for at in range(10)]
    replies, progress = run(prompts, save=path)
    assert progress.failed == 5
    assert [reply.status for reply in replies[:2]] == ["complete", "failed"]
    assert len(path.read_bytes().splitlines()) == 5
    replies, progress = run(prompts, save=path)
    assert (progress.kept, progress.answered) == (5, 5)
    assert not replies.failed


def test_an_answer_that_was_cut_off_at_its_limit_is_not_asked_again(simulator: Simulator, path: Path) -> None:
    prompts = ["[simulate: truncate after=3]", "[simulate: finish reason=aborted]", "[simulate: error-in-band]"]
    replies, _ = run(prompts, save=path)
    assert [reply.status for reply in replies] == ["truncated", "truncated", "failed"]
    simulator.clear_log()
    _, progress = run(prompts, save=path)
    assert progress.kept == 1


@pytest.mark.parametrize("answers", [1, 25])
def test_a_killed_process_loses_no_answer(simulator: Simulator, path: Path, answers: int) -> None:
    process = subprocess.Popen([sys.executable, "-c", JOB, path], stderr=subprocess.DEVNULL)
    deadline = time.monotonic() + 60
    while not path.exists() or path.read_bytes().count(b"\n") < answers:
        assert process.poll() is None, "the job ended before it was killed"
        assert time.monotonic() < deadline
        time.sleep(0.01)
    process.send_signal(signal.SIGKILL)
    process.wait()
    whole = path.read_bytes().count(b"\n")
    assert answers <= whole < 60
    simulator.clear_log()
    subprocess.run([sys.executable, "-c", JOB, path], check=True, stderr=subprocess.DEVNULL)
    assert sent(simulator) == 60 - whole
    lines = [json.loads(line) for line in path.read_text("utf-8").splitlines()]
    assert {line["prompt"].split(" [")[0] for line in lines} == {f"no. {at}" for at in range(60)}
    assert len(lines) == 60


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(size=st.integers(0, 6_000))
def test_a_torn_last_line_is_cut_off(simulator: Simulator, tmp_path: Path, size: int) -> None:
    path = tmp_path / "whole.jsonl"
    if not path.exists():
        run(PROMPTS[:3], save=path)
    content = path.read_bytes()[:size]
    torn = tmp_path / "torn.jsonl"
    torn.write_bytes(content)
    simulator.clear_log()
    replies, progress = run(PROMPTS[:3], save=torn)
    assert progress.kept == content.count(b"\n")
    assert sent(simulator) == 3 - progress.kept
    assert all(head_of(line) for line in torn.read_bytes().splitlines(keepends=True))
    assert {reply.status for reply in replies} == {"complete"}


@pytest.mark.parametrize("content", [b"a,b\n1,2\n", b"a,b", b'{"prompt": "mine"}\n', b"\n", b"\xff\xfe"])
def test_a_file_with_anything_else_is_left_alone(simulator: Simulator, path: Path, content: bytes) -> None:
    path.write_bytes(content)
    with pytest.raises(RequestError, match="line 1 is no answer"):
        run(PROMPTS[:1], save=path)
    assert path.read_bytes() == content
    assert sent(simulator) == 0


def test_two_jobs_do_not_write_one_file(simulator: Simulator, path: Path) -> None:
    def look(_job: Job) -> None:
        with pytest.raises(RequestError, match="another job"):
            AnswerFile(path)

    run(PROMPTS[:2], look, save=path)
    AnswerFile(path).release()


def test_another_process_does_not_write_it_either(simulator: Simulator, path: Path) -> None:
    code = "import sys; from nbstream.batch.stores import AnswerFile; AnswerFile(sys.argv[1])"

    def look(_job: Job) -> None:
        if not tried:
            tried.append(
                subprocess.run([sys.executable, "-c", code, path], capture_output=True, text=True, check=False)
            )

    tried: list[Any] = []
    run(PROMPTS[:2], look, save=path)
    assert "is being written by another job" in tried[0].stderr


def test_the_file_has_the_permissions_of_the_users_umask(simulator: Simulator, path: Path) -> None:
    before = os.umask(0o027)
    try:
        run(PROMPTS[:1], save=path)
    finally:
        os.umask(before)
    assert path.stat().st_mode & 0o777 == 0o640


def test_a_folder_that_is_not_there_is_told(simulator: Simulator, tmp_path: Path) -> None:
    with pytest.raises(RequestError, match="No such file"):
        run(PROMPTS[:1], save=tmp_path / "no" / "answers.jsonl")
    with pytest.raises(RequestError, match="directory"):
        run(PROMPTS[:1], save=tmp_path)
    assert sent(simulator) == 0


def test_a_full_disk_ends_the_job_and_loses_nothing(simulator: Simulator, path: Path) -> None:
    resource = pytest.importorskip("resource")
    before = resource.getrlimit(resource.RLIMIT_FSIZE)

    def fill(_job: Job) -> None:
        # From now on, the file may only grow by less than one line.
        if path.stat().st_size:
            resource.setrlimit(resource.RLIMIT_FSIZE, (path.stat().st_size + 100, before[1]))

    try:
        replies, progress = run(PROMPTS, fill, save=path)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    assert progress.end == "disk"
    assert progress.said == "File too large"
    assert 1 < progress.answered < len(PROMPTS)
    assert sum(reply.status == "complete" for reply in replies) == progress.answered
    # What could be written is there, and the next job goes on from it.
    lines = path.read_bytes().splitlines(keepends=True)
    assert 0 < len(lines) < progress.answered
    assert all(head_of(line) for line in lines)
    simulator.clear_log()
    _, progress = run(PROMPTS, save=path)
    assert progress.kept == len(lines)
    assert progress.kept + sent(simulator) == len(PROMPTS)


def test_no_key_is_in_the_file(simulator: Simulator, path: Path) -> None:
    key = "sk-canary-0123456789abcdef"
    run(PROMPTS[:3], save=path, options={"api_key": key, "extra_body": {"api_key": f"{key}-2"}})
    assert b"canary" not in path.read_bytes()


TEXTS = st.text(max_size=40)


@given(
    prompt=TEXTS | st.none(),
    answer=TEXTS,
    reasoning=TEXTS,
    system=TEXTS,
    status=st.sampled_from(["complete", "truncated", "failed", "cancelled"]),
    number=st.integers(1, 1_000),
)
def test_a_line_is_the_reply_again(
    *, prompt: str | None, answer: str, reasoning: str, system: str, status: Any, number: int
) -> None:
    messages = [{"role": "system", "content": system}, {"role": "user", "content": prompt or "x"}]
    reply = Reply(
        status=status,
        request=Request("m", "http://here", tuple(messages), {"stream": True}),
        usage=Usage(1, 2, 3),
        error=Failure("refused", "rate", status_code=429, retry_after=1.5) if status == "failed" else None,
        _answer=Text().append(answer) if answer else Text(),
        _reasoning=Text().append(reasoning) if reasoning else Text(),
    )
    key = key_of(reply.request) | (number - 1) << 128
    line = to_line(key, reply, prompt, whole=status == "complete")
    assert line.count(b"\n") == 1
    line.decode("utf-8")
    assert head_of(line) == (key, status == "complete")
    assert from_line(line) == reply
    assert unpack(pack(reply), reply.request) == reply


def test_the_key_of_a_request_is_its_server_and_its_body() -> None:
    request = Request("m", "http://here", ({"role": "user", "content": "a"},), {"a": 1, "b": 2})
    same = Request("m", "http://here", ({"content": "a", "role": "user"},), {"b": 2, "a": 1}, key_origin="keyring")
    assert key_of(request) == key_of(same)
    for other in (
        Request("n", "http://here", request.messages, request.parameters),
        Request("m", "http://there", request.messages, request.parameters),
        Request("m", "http://here", request.messages, {"a": 1}),
        Request("m", "http://here", ({"role": "user", "content": "b"},), request.parameters),
    ):
        assert key_of(other) != key_of(request)
