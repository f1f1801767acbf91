"""The files of the cache: whatever becomes of them, the request is answered, and truly."""

from __future__ import annotations

import json
import multiprocessing
import os
import shutil
import subprocess
import sys
from typing import TYPE_CHECKING, Any

import hypothesis.strategies as st
import pytest
from hypothesis import given

import nbstream
from nbstream.client.cache import choice, files
from nbstream.client.cache.identity import identity
from nbstream.output.warning_words import warning_sentence
from nbstream.recordings import seal
from nbstream.recordings.lines import FormatError
from nbstream.recordings.recording import load
from nbstream.recordings.taken import Asked, Taken
from tests.cache.conftest import ask, only, sent
from tests.exchange.conftest import calls
from tests.recordings.conftest import told

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from nbstream.simulator.server import Simulator

URL = "https://api.deepseek.com/chat/completions"


def _edited(data: bytes) -> bytes:
    return data.replace(b'"end": "whole"', b'"end": "left"', 1)


def _other_answer(data: bytes) -> bytes:
    rows = data.splitlines(keepends=True)
    at = next(place for place, row in enumerate(rows) if b'"text"' in row)
    return b"".join([*rows[:at], rows[at].replace(b"data: ", b"data:  ", 1), *rows[at + 1 :]])


def _of_another(data: bytes) -> bytes:
    taken = seal.unsealed(data)
    body = {**(taken.asked.body or {}), "max_tokens": 7}
    return seal.sealed(Taken(Asked("POST", taken.asked.url, body), 0.0, 200, pieces=taken.pieces))


@pytest.mark.parametrize(
    ("damage", "said"),
    [
        (lambda _: b"", "it is empty"),
        (lambda data: data[: len(data) // 2], "it was cut off, or changed"),
        (lambda data: data[:-20], "it was cut off, or changed"),
        (lambda data: b"\n".join(data.splitlines()[:-1]) + b"\n", "it was cut off, or changed"),
        (_edited, "it was changed after it had been written"),
        (_other_answer, "it was changed after it had been written"),
        (lambda data: b"<<<<<<< HEAD\n" + data + b"=======\n" + data + b">>>>>>> other\n", "no recording"),
        (lambda _: b"\x00\xff" * 900, "no recording"),
        (lambda _: b"[" * 100_000, "no recording"),
        (lambda data: data.replace(b'"nbstream_recording": 1', b'"nbstream_recording": 9'), "newer nbstream"),
        (_of_another, "it belongs to another request"),
        (lambda data: data + data, "it was changed after it had been written"),
    ],
)
def test_a_damaged_file_costs_a_warning(
    damage: Callable[[bytes], bytes], said: str, folder: Path, simulator: Simulator
) -> None:
    live = ask("damaged")
    file = only(folder)
    whole = file.read_bytes()
    file.write_bytes(damage(whole))
    reply = ask("damaged")
    assert (reply.status, reply.answer, reply.recorded, sent(simulator)) == ("complete", live.answer, None, 2)
    (warning,) = reply.warnings
    assert (warning.kind, warning.where) == ("cache_unusable", f"{choice.FOLDER}/{file.name}")
    assert said in warning.said
    assert f"{file.name} in the cache cannot be used" in warning_sentence(warning, reply.request)
    # The new reply is whole.
    assert (told(ask("damaged"))["steps"], only(folder)) == (told(reply)["steps"], file)
    assert sent(simulator) == 2


def test_calls_in_a_file_of_somebody_else_do_not_run(folder: Path, simulator: Simulator, tmp_path: Path) -> None:
    ran = []

    def add(a: int, b: int) -> int:
        """Add two numbers."""
        ran.append((a, b))
        return a + b

    prompt = calls('add {"a": 2, "b": 3}')
    with nbstream.record(tmp_path / "calls.jsonl"):
        ask(prompt, tools=[add], allow=["add"])
    taken = load(tmp_path / "calls.jsonl").taken[0]
    file = folder / f"{identity(taken.asked.url, taken.asked.body or {})}.jsonl"
    folder.mkdir()
    file.write_bytes(seal.sealed(taken))
    reply = ask(prompt, tools=[add], allow=["add"])
    assert reply.recorded is not None
    assert [each.name for each in reply.tool_calls] == ["add"]
    assert (ran, len(reply.steps), sent(simulator)) == ([(2, 3)], 1, 2)


def test_other_line_ends_and_blank_lines_change_nothing(folder: Path, simulator: Simulator) -> None:
    live = ask("from git")
    file = only(folder)
    for changed in (b"\r\n", b"\n\n", b" \n"):
        file.write_bytes(file.read_bytes().replace(b"\r\n", b"\n").replace(b"\n", changed))
        assert told(ask("from git")) == told(live)
    assert sent(simulator) == 1


def test_a_folder_that_cannot_be_used_costs_a_warning(folder: Path, simulator: Simulator) -> None:
    folder.write_text("a file")
    for number in (1, 2):
        reply = nbstream.stream("no folder", cache=True).result(20)
        assert (reply.status, sent(simulator)) == ("complete", number)
        assert [each.kind for each in reply.warnings] == ["cache_unusable", "cache_read_only"]
    assert choice.problems().startswith(f"A reply could not be kept in {choice.FOLDER}: ")
    assert (choice.problems(), folder.read_text()) == ("", "a file")
    folder.unlink()
    folder.mkdir()
    assert ask("no folder").warnings == ()
    # A folder in the place of the file.
    file = only(folder)
    file.unlink()
    file.mkdir()
    reply = nbstream.stream("no folder", cache=True).result(20)
    assert (reply.status, [each.kind for each in reply.warnings]) == ("complete", ["cache_unusable"])
    assert "could not be kept" in choice.problems()


#: Root may write everywhere, unless it has given this up.
_NO_ROOT = ["setpriv", "--bounding-set", "-dac_override"] if hasattr(os, "geteuid") and os.geteuid() == 0 else []


@pytest.mark.skipif(sys.platform == "win32", reason="has other rights")
@pytest.mark.skipif(bool(_NO_ROOT) and shutil.which("setpriv") is None, reason="root may write everywhere")
def test_a_read_only_folder_still_answers(folder: Path, simulator: Simulator) -> None:
    live = ask("[simulate: tokens=9] kept")
    code = (
        "import sys\n"
        "import nbstream\n"
        "for prompt in ('kept', 'new'):\n"
        "    reply = nbstream.stream(f'[simulate: tokens=9] {prompt}', cache=sys.argv[1]).result(20)\n"
        "    print(reply.status, reply.recorded is not None, [each.kind for each in reply.warnings], reply.answer)\n"
    )
    folder.chmod(0o555)
    try:
        command = [*_NO_ROOT, sys.executable, "-c", code, str(folder)]
        done = subprocess.run(command, capture_output=True, text=True, check=True, timeout=60)
    finally:
        folder.chmod(0o755)
    first, second = (line.partition("] ") for line in done.stdout.splitlines() if line.startswith("complete"))
    assert first[0] == "complete True ["
    assert second[0] == "complete False ['cache_read_only'"
    assert first[2] in live.answer
    assert (sent(simulator), len([*folder.iterdir()])) == (2, 1)


def _ask_in_process(arguments: tuple[str, int]) -> list[str]:
    notebook, number = arguments
    os.environ["JPY_SESSION_NAME"] = notebook
    runs = [
        nbstream.stream(f"[simulate: tokens=200] {prompt % 3}", cache=True, fresh=(prompt + number) % 2 == 0)
        for prompt in range(9)
    ]
    found = [run.result(60).answer for run in runs]
    assert choice.problems() == ""
    return found


def test_several_processes_at_once(folder: Path, simulator: Simulator) -> None:
    context = multiprocessing.get_context("spawn")
    with context.Pool(2) as pool:
        found = pool.map(_ask_in_process, [(str(folder.parent / "lesson.ipynb"), number) for number in range(2)])
    assert found[0] == found[1]
    requests = sent(simulator)
    assert len([*folder.iterdir()]) == 3
    for number in range(3):
        assert ask(f"[simulate: tokens=200] {number}").answer == found[0][number]
    assert sent(simulator) == requests


def test_a_killed_process_leaves_no_half_file(folder: Path, simulator: Simulator) -> None:
    code = (
        "import os, pathlib, sys\n"
        "os.environ['JPY_SESSION_NAME'] = sys.argv[1]\n"
        "import nbstream\n"
        "whole = pathlib.Path.replace\n"
        "pathlib.Path.replace = lambda *_: os._exit(9)\n"
        "nbstream.stream('killed', cache=True).result(20)\n"
        "from nbstream.client.cache import choice\n"
        "choice.problems()\n"
    )
    command = [sys.executable, "-c", code, str(folder.parent / "lesson.ipynb")]
    assert subprocess.run(command, check=False, timeout=60).returncode == 9
    assert [each.suffix for each in folder.iterdir()] == [files.UNFINISHED]
    ask("killed")
    assert sent(simulator) == 2
    assert ask("killed").recorded is not None


_SCALARS = st.none() | st.booleans() | st.integers(-1000, 1000) | st.floats(allow_nan=False, allow_infinity=False)
_VALUES = st.recursive(
    _SCALARS | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=8,
)
_NAMES = st.sampled_from(["model", "messages", "temperature", "top_p", "seed", "stop", "tools", "max_tokens", "n", "é"])
_BODIES = st.dictionaries(_NAMES, _VALUES, min_size=1)


@given(_BODIES, st.data())
def test_the_order_of_fields_does_not_matter_and_every_value_does(body: dict[str, Any], data: st.DataObject) -> None:
    key = identity(URL, body)
    names = data.draw(st.permutations([*body]))
    shuffled = {name: body[name] for name in names}
    assert identity(URL, json.loads(json.dumps(shuffled))) == key
    assert identity(URL, {**body, "stream": True, "stream_options": {"include_usage": True}}) == key
    assert identity(URL, {**body, "user_id": "somebody", "metadata": {"user_id": "x"}}) == key
    name, value = data.draw(_NAMES), data.draw(_VALUES)
    changed = {**body, name: value}
    # As JSON: 1 and 1.0 are equal there, and 1 and true are not.
    same = _as_json(changed) == _as_json(body)
    assert (identity(URL, changed) == key) is same
    less = {each: body[each] for each in names[1:]}
    assert identity(URL, less) != key
    for other in ("https://api.deepseek.com/v1/chat/completions", "http://127.0.0.1:8000/chat/completions"):
        assert identity(other, body) != key


def _as_json(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _as_json(each) for name, each in value.items()}
    if isinstance(value, list):
        return [_as_json(each) for each in value]
    return (value, isinstance(value, bool))


@given(st.lists(st.tuples(st.floats(0, 100), st.binary(max_size=30)), max_size=6), st.data())
def test_any_change_of_a_file_is_seen(pieces: list[tuple[float, bytes]], data: st.DataObject) -> None:
    taken = Taken(Asked("POST", URL, {"model": "m", "x": "é\ud800"}), 1e9, 200, pieces=pieces, end="whole", seconds=9.0)
    whole = seal.sealed(taken)
    read = seal.unsealed(whole)
    assert b"".join(piece for _, piece in read.pieces) == b"".join(piece for _, piece in pieces)
    at = data.draw(st.integers(0, len(whole) - 1))
    new = data.draw(st.sampled_from([b"", b"0", b"x", b'"', b"{", b"\xff"]))
    changed = whole[:at] + new + whole[at + 1 :]
    if _rows(changed) == _rows(whole):
        return
    with pytest.raises(FormatError):
        seal.unsealed(changed)


def _rows(data: bytes) -> Any:
    """Return what the lines of a file say."""
    try:
        return [json.dumps(json.loads(line), sort_keys=True) for line in data.split(b"\n") if line.strip()]
    except ValueError:
        return None
