"""The replies of a job as a DataFrame, and structured answers."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pandas as pd
from pydantic import BaseModel

from nbstream.batch.data_frame import frame_of
from nbstream.batch.rows import RowPrompts
from nbstream.model.reply import Reply
from nbstream.model.request import Request
from nbstream.model.structure import Structure
from nbstream.model.text import Text
from tests.batch.jobs import run, sent

if TYPE_CHECKING:
    from pathlib import Path

    from nbstream.simulator.server import Simulator


class Person(BaseModel):
    name: str
    age: int


def test_prompts_and_answers_are_columns(simulator: Simulator) -> None:
    replies, _ = run(["a [simulate: echo]", "b [simulate: echo]"])
    frame = replies.frame()
    assert list(frame.columns) == ["prompt", "answer"]
    assert list(frame.index) == [0, 1]
    assert list(frame["answer"]) == replies.answers


def test_why_a_prompt_failed_is_a_column(simulator: Simulator) -> None:
    frame = run(["a [simulate: echo]", "b [simulate: 400]", ""])[0].frame()
    assert list(frame.columns) == ["prompt", "answer", "error"]
    assert frame["error"].isna().tolist() == [True, False, False]
    assert "status 400" in frame["error"][1]


def test_the_fields_of_a_structured_answer_are_columns(simulator: Simulator, path: Path) -> None:
    options = {"schema": Person, "thinking": False}
    replies, _ = run(["a", "b [simulate: 400]", "c"], options=options, save=path)
    assert [type(each) for each in replies.data] == [Person, type(None), Person]
    frame = replies.frame()
    assert list(frame.columns) == ["name", "age", "error"]
    assert list(frame.index) == [0, 1, 2]
    # From the file, too, data are of the type that is asked for.
    simulator.clear_log()
    replies, progress = run(["a", "c"], options=options, save=path)
    assert progress.kept == 2
    assert sent(simulator) == 0
    assert [type(each) for each in replies.data] == [Person, Person]
    table = pd.read_json(path, lines=True)
    assert pd.DataFrame(list(table["data"])).columns.tolist() == ["name", "age"]


def test_the_frame_joins_the_rows_that_were_asked(simulator: Simulator) -> None:
    from nbstream.batch.asking import job_of

    rows = pd.DataFrame({"word": ["one [simulate: echo]", "two [simulate: 400]"]}, index=["x", "y"])
    job, end = job_of(RowPrompts("{{ word }}", rows, {"thinking": False}))
    while job.step(0.05):
        pass
    joined = rows.join(end().frame())
    assert list(joined.columns) == ["word", "prompt", "answer", "error"]
    assert joined.loc["x", "prompt"] == "one [simulate: echo]"


def test_an_answer_that_is_a_list_has_a_row_for_each_item() -> None:
    def reply(answer: str) -> Reply:
        request = Request(structure=Structure(schema={"type": "array"}, wrapper="items"))
        return Reply(status="complete", request=request, _answer=Text().append(answer))

    replies = [
        reply('{"items": [{"a": 1}, {"a": 2}]}'),
        reply('{"items": []}'),
        reply('{"items": [{"a": 3}]}'),
        Reply(),
    ]
    frame = frame_of(replies, pd.Index(["p", "q", "r", "s"]))
    assert list(frame.index) == ["p", "p", "r", "s"]
    assert frame["a"].tolist()[:3] == [1, 2, 3]


def test_without_prompts_there_are_no_rows(simulator: Simulator) -> None:
    assert len(run([])[0].frame()) == 0
