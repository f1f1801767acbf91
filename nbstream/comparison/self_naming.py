"""Answers that name a model of a blind comparison, which no veil can hide."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from nbstream.language import marked

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

#: What is said then: not which answer, and not whether it is right about itself.
SENTENCE = marked("The name of a model that is compared here stands in an answer, so the choice may not be blind.")
#: Shorter words of a model's name are words of the language, too: `pro`, `max`.
_LEAST_LETTERS = 4
#: Longer ones that are.
_COMMON = frozenset({"chat", "flash", "large", "small", "medium", "mini", "micro", "tiny", "base", "code", "coder"}) | {
    "instruct", "reasoner", "reasoning", "thinking", "think", "turbo", "lite", "fast", "light", "vision", "preview",
    "latest", "next", "plus", "ultra", "nano", "free", "exp", "experimental", "distill", "online", "open", "command",
}  # fmt: skip
_PIECE = re.compile(r"[^\W\d_]+|\d+(?:\.\d+)*")


def names_a_model(answers: Iterable[str], models: Sequence[str], prompts: Iterable[str]) -> bool:
    """Return whether a name that tells the models apart stands in an answer.

    Args:
        answers: the texts.
        models: the ids of the models, as `qwen3:8b` or `deepseek-v4-pro`.
        prompts: what was asked. A name in it stands in answers for that reason, and tells nothing.
    """
    names = [_names(model) for model in models]
    common = set.intersection(*names) if names else set()
    asked = " ".join(prompts)
    telling = [_pattern(name) for name in set.union(set(), *names) - common]
    telling = [each for each in telling if not each.search(asked)]
    return any(each.search(answer) for answer in answers for each in telling)


def _names(model: str) -> set[tuple[str, ...]]:
    """Return the forms of a model's name, each as its pieces: all, without the first one, one."""
    pieces = tuple(_PIECE.findall(model.rpartition("/")[2].casefold()))
    forms = {pieces, pieces[1:], (*pieces[:1], *pieces[-1:])}
    words = {(each,) for each in pieces if len(each) >= _LEAST_LETTERS and each not in _COMMON}
    return {form for form in forms if len(form) > 1} | {word for word in words if word[0].isalpha()}


def _pattern(name: tuple[str, ...]) -> re.Pattern[str]:
    # Chinese and Japanese have no blanks around a name, so only these letters belong to a word.
    pieces = r"[\W_]{0,2}".join(map(re.escape, name))
    return re.compile(rf"(?<![a-z0-9]){pieces}(?![a-z])", re.IGNORECASE)
