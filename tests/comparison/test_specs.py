"""Specs of a comparison: what can be one, what `--compare` says on a line, and what is refused."""

from __future__ import annotations

from typing import Any

import pytest

from nbstream.chat.conversation import Chat
from nbstream.comparison.one_line import specs_of
from nbstream.comparison.specs import read_specs
from nbstream.model.exceptions import RequestError


def test_a_spec_is_a_model_a_dict_a_chat_or_messages() -> None:
    chat = Chat("compare-specs")
    messages = [{"role": "user", "content": "Hi"}, {"role": "assistant", "content": "Ho"}]
    model, options, after, said = read_specs("Why?", ["pro", {"effort": "max"}, chat, messages], {"temperature": 0})
    assert (model.prompt, model.options) == ("Why?", {"temperature": 0, "model": "pro"})
    assert options.options == {"temperature": 0, "effort": "max"}
    assert (after.chat, after.options) == (chat, {"temperature": 0})
    # The messages come first, and then the question.
    assert said.prompt is None
    assert said.options.get("messages") == [*messages, {"role": "user", "content": "Why?"}]


def test_a_spec_goes_before_the_options_of_all() -> None:
    one, two = read_specs("Why?", [{"temperature": 1.0}, {"prompt": "How?", "name": "b"}], {"temperature": 0})
    assert one.options["temperature"] == 1.0
    assert (two.options["temperature"], two.prompt, two.name) == (0, "How?", "b")


@pytest.mark.parametrize(
    ("specs", "said"),
    [
        ("flash,pro", "a list of specs"),
        ({"model": "pro"}, "a list of specs"),
        (["flash"], "2 to 6 columns, not 1"),
        (["flash"] * 7, "2 to 6 columns, not 7"),
        (["flash", 3], "Column 2: a spec is"),
        (["flash", ""], "Column 2: the name of the model is empty"),
        (["flash", []], "Column 2: a spec is"),
        (["flash", {"modle": "pro"}], "Column 2 has an option 'modle'"),
        ([{"name": "x"}, {"name": "x"}], "Two columns have the name 'x'"),
        (["flash", {"chat": 3}], "Column 2: a chat is"),
        (["flash", {"chat": "two words"}], "no name of a chat"),
        (["flash", {"chat": "compare-specs", "messages": [{"role": "user", "content": "Hi"}]}], "a chat and messages"),
    ],
)
def test_what_is_no_spec_is_refused(specs: Any, said: str) -> None:
    with pytest.raises(RequestError, match=said):
        read_specs("Why?", specs, {})


def test_a_prompt_is_needed_unless_each_column_has_one() -> None:
    read_specs(None, [{"prompt": "a"}, {"prompt": "b"}], {})
    with pytest.raises(RequestError, match="Column 2 has no prompt"):
        read_specs(None, [{"prompt": "a"}, "pro"], {})


@pytest.mark.parametrize(
    ("lines", "specs"),
    [
        (["flash,pro"], [{"model": "flash"}, {"model": "pro"}]),
        (["model=flash, ollama/qwen3:8b"], [{"model": "flash"}, {"model": "ollama/qwen3:8b"}]),
        (["effort=low,max"], [{"effort": "low"}, {"effort": "max"}]),
        (["think=on,off"], [{"thinking": True}, {"thinking": False}]),
        (["temperature=0,0.7"], [{"temperature": 0.0}, {"temperature": 0.7}]),
        (["max-tokens=5,50"], [{"max_tokens": 5}, {"max_tokens": 50}]),
        (["endpoint=deepseek,ollama"], [{"base_url": "deepseek"}, {"base_url": "ollama"}]),
        (["system=Be terse, please|Be kind"], [{"system": "Be terse, please"}, {"system": "Be kind"}]),
        (["system=Be kind|"], [{"system": "Be kind"}, {"system": ""}]),
        (
            ["flash,pro", "effort=low,max"],
            [{"model": model, "effort": effort} for model in ("flash", "pro") for effort in ("low", "max")],
        ),
    ],
)
def test_what_a_line_says(lines: list[str], specs: list[dict[str, Any]]) -> None:
    assert specs_of(lines) == specs


@pytest.mark.parametrize(
    ("lines", "said"),
    [
        (["flash,"], "empty value"),
        (["colour=red,green"], "cannot compare 'colour'"),
        (["temperature=low,high"], "no values of temperature"),
        (["think=on,maybe"], "no values of thinking"),
        (["flash,pro", "model=a,b"], "names model twice"),
    ],
)
def test_what_a_line_cannot_say(lines: list[str], said: str) -> None:
    with pytest.raises(RequestError, match=said):
        specs_of(lines)


def test_millions_of_columns_are_refused_before_they_are_made() -> None:
    axes = [f"{name}={','.join(map(str, range(100)))}" for name in ("model", "effort", "system", "prefix", "prompt")]
    with pytest.raises(RequestError, match="2 to 6 columns, not 10,000,000,000"):
        specs_of(axes)
