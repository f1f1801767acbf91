"""Replies that were written beforehand: which request gets which, in which form."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from nbstream import cli
from nbstream.simulator.server import Simulator
from nbstream.simulator.written import WrittenError, load
from tests.simulator.client import NOTICE, TOOL, chat

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

_FILE = '''
[[reply]]
prompt = "Which is larger,\\n9.11 or 9.9?"
effort = "max"
reasoning = "A long thought."
answer = "9.9, surely."

[[reply]]
prompt = "Which is larger, 9.11 or 9.9?"
reasoning = "A thought."
answer = """
**9.9**
"""

[[reply]]
prompt = "Describe this table:"
begins = true
answer = "A table."

[[reply]]
prompt = "And then?"
turn = 2
earlier = "Once upon"
system = "storyteller"
answer = "The end."

[[reply]]
prompt = "The weather in Lima?"
calls = [{name = "weather", arguments = {city = "Lima"}}]

[[reply]]
prompt = "The weather in Lima?"
step = 2
result = "denied"
answer = "You did not want that."

[[reply]]
prompt = "The weather in Lima?"
step = 2
answer = "It is {{ result }} there."

[[reply]]
prompt = "Give me JSON."
answer = '{"a": 1}'

[[reply]]
prompt = "Middle?"
answer = "The median"
likely = [{token = " median", probability = 0.6, others = {" mean" = 0.3}}]
'''


@pytest.fixture(scope="module")
def sim(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Simulator]:
    path = tmp_path_factory.mktemp("written") / "lesson.toml"
    path.write_text(_FILE, "utf-8")
    with Simulator(rate=0, first_token=0, written=[path]) as simulator:
        yield simulator


def _texts(sim: Simulator, prompt: str, **fields: Any) -> tuple[str, str]:
    response = chat(sim, prompt, **fields)
    return response.joined("reasoning_content"), response.joined("content")


def test_the_first_reply_whose_conditions_hold_answers(sim: Simulator) -> None:
    question = "Which is  larger, 9.11 or 9.9?\n"
    assert _texts(sim, question) == ("A thought.", f"{NOTICE}\n\n**9.9**")
    assert _texts(sim, question, reasoning_effort="max") == ("A long thought.", f"{NOTICE}\n\n9.9, surely.")
    assert _texts(sim, question, thinking={"type": "disabled"}) == ("", f"{NOTICE}\n\n**9.9**")
    assert _texts(sim, "Describe this table: 1, 2, 3")[1].endswith("A table.")
    # A fault in the prompt is none of the prompt.
    assert "9.9" in _texts(sim, question, scenario="no-done")[1]
    assert "larger" not in _texts(sim, "Something else?")[1]


def test_a_conversation_is_a_condition(sim: Simulator) -> None:
    story = [
        {"role": "system", "content": "You are a storyteller."},
        {"role": "user", "content": "A story."},
        {"role": "assistant", "content": "Once  upon a time."},
        {"role": "user", "content": "And then?"},
    ]
    assert _texts(sim, "", messages=story)[1].endswith("The end.")
    assert not _texts(sim, "", messages=story[1:])[1].endswith("The end.")
    assert not _texts(sim, "And then?")[1].endswith("The end.")


def test_tools_are_called_and_their_results_are_in_the_answer(sim: Simulator) -> None:
    first = chat(sim, "The weather in Lima?", tools=[TOOL])
    assert first.finish_reason == "tool_calls"
    # A reply with calls is none for a request without these tools.
    assert chat(sim, "The weather in Lima?").finish_reason == "stop"
    call = {"id": "call_1", "type": "function", "function": {"name": "weather", "arguments": '{"city": "Lima"}'}}
    said: dict[str, Any] = {"role": "assistant", "content": "", "reasoning_content": "", "tool_calls": [call]}
    for result, answer in (("19 degrees", "It is 19 degrees there."), ("denied by the user", "You did not want that.")):
        messages = [
            {"role": "user", "content": "The weather in Lima?"},
            said,
            {"role": "tool", "tool_call_id": "call_1", "content": result},
        ]
        assert _texts(sim, "", messages=messages, tools=[TOOL])[1].endswith(answer)


def test_json_has_no_notice_and_probabilities_are_those_of_the_file(sim: Simulator) -> None:
    assert _texts(sim, "Give me JSON.", response_format={"type": "json_object"})[1] == '{"a": 1}'
    chunks = chat(sim, "Middle?", logprobs=True, top_logprobs=2, thinking={"type": "disabled"}).chunks
    tokens = [
        token
        for chunk in chunks
        for each in chunk["choices"]
        for token in (each.get("logprobs") or {}).get("content") or []
    ]
    (median,) = (token for token in tokens if token["token"] == " median")
    assert [each["token"] for each in median["top_logprobs"]] == [" median", " mean"]
    assert median["logprob"] == pytest.approx(-0.5108, abs=0.001)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("x = [", "it is not TOML"),
        ("x = 1", "it must have a list of"),
        ("[[reply]]\nanswer = 'a'", "reply 1 has no prompt"),
        ("[[reply]]\nprompt = 'p'", "neither an answer nor calls"),
        ("[[reply]]\nprompt = 'p'\nanswer = 'a'\nefort = 'max'", "unknown key efort"),
        ("[[reply]]\nprompt = 'p'\nanswer = 'a'\nturn = 'two'", "turn must be int"),
        ("[[reply]]\nprompt = 'p'\ncalls = [{name = 'f'}]", "needs a name and arguments"),
        ("[[reply]]\nprompt = 'p'\nanswer = 'a'\nlikely = [1]", "needs a token and a probability"),
    ],
)
def test_a_file_that_is_not_valid_says_where(
    text: str, said: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "lesson.toml"
    path.write_text(text, "utf-8")
    with pytest.raises(WrittenError, match=said):
        load(path)
    assert cli.main(["simulate", "--port", "0", "--written", str(path)]) == 1
    assert said in capsys.readouterr().err
