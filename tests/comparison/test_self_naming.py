"""Answers that name a compared model."""

from __future__ import annotations

import pytest

from nbstream.comparison.self_naming import names_a_model

MODELS = ["deepseek-v4-pro", "ollama/qwen3:8b"]


@pytest.mark.parametrize(
    "answer",
    [
        "I am DeepSeek.",
        "As Qwen, I think so.",
        "This is qwen3 speaking",
        "**DeepSeek-V4-Pro**",
        "我是DeepSeek",
        "v4 pro",
    ],
)
def test_a_name_that_tells_models_apart_is_found(answer: str) -> None:
    assert names_a_model(["It depends.", answer], MODELS, ["Why?"])


@pytest.mark.parametrize(
    ("answer", "models", "prompt"),
    [
        ("A pro and a con, in 8 bits, in a flash.", MODELS, "Why?"),
        ("Seek deep; v4 of it.", MODELS, "Why?"),
        # What was asked about stands in every answer.
        ("Qwen is a model.", MODELS, "What is Qwen?"),
        # All of them have this name, so it tells nothing.
        ("I am DeepSeek.", ["deepseek-v4-pro", "deepseek-v4-flash"], "Who are you?"),
        ("I am deepseek-v4-pro.", ["deepseek-v4-pro", "deepseek-v4-pro"], "Who are you?"),
        ("", ["", ""], ""),
    ],
)
def test_other_words_are_not(answer: str, models: list[str], prompt: str) -> None:
    assert not names_a_model([answer], models, [prompt])


def test_models_of_one_family_are_told_apart_by_the_rest_of_their_names() -> None:
    models = ["deepseek-v4-pro", "deepseek-v4-flash"]
    assert names_a_model(["I am DeepSeek V4 Flash."], models, [])
    assert names_a_model(["I am DeepSeek Pro."], models, [])
