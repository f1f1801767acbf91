"""Literals are exact for every value, and show what they are."""

from __future__ import annotations

import ast
import json
import subprocess
import sys
import unicodedata
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nbstream.client.start import source_of
from nbstream.model.printable import printable
from nbstream.snippets.literals import JAVASCRIPT, JSON, PYTHON, WIDTH, Language, javascript_rounds, template
from tests import needs
from tests.snippets.bodies import TRAPS, VALUES, canonical, corpus

if TYPE_CHECKING:
    from pathlib import Path

NUMBERS: st.SearchStrategy[Any] = st.recursive(
    st.integers(0, 99), lambda inner: st.one_of(st.lists(inner), st.dictionaries(st.text("ab"), inner))
)


@given(VALUES)
def test_python_reads_the_same_value(value: Any) -> None:
    for level in (0, 3):
        read = ast.literal_eval(PYTHON.write(value, level))
        assert repr(read) == repr(value)


@given(VALUES)
def test_json_is_the_same_value(value: Any) -> None:
    assert repr(json.loads(JSON.write(value, 1))) == repr(value)


@needs.command("node", "nodejs")
@settings(max_examples=5, deadline=None)
@given(st.lists(VALUES, min_size=100, max_size=100))
def test_javascript_reads_the_same_value(values: list[Any]) -> None:
    values = [*values, *TRAPS]
    literals = [
        f"JSON.parse({template(JSON.write(value))})" if javascript_rounds(value) else JAVASCRIPT.write(value)
        for value in values
    ]
    rounded = [javascript_rounds(value) for value in values]
    module = "const values = [\n" + ",\n".join(literals) + "\n];\nprocess.stdout.write(JSON.stringify(values));"
    ended = subprocess.run(
        ["node", "--input-type=module", "-"], input=module.encode(), capture_output=True, check=False
    )
    assert ended.returncode == 0, ended.stderr.decode()[-2_000:]
    for value, read, is_rounded in zip(values, json.loads(ended.stdout), rounded, strict=True):
        if not is_rounded:
            assert canonical(read) == canonical(value)


@pytest.mark.parametrize("language", [PYTHON, JAVASCRIPT, JSON])
@given(st.text(st.characters(exclude_categories=["Cs"])) | st.sampled_from(TRAPS))
def test_a_literal_has_no_character_that_cannot_be_seen(language: Language, text: str) -> None:
    for literal in (language.write(text), language.write({"a": [text, {text: text}]})):
        assert printable(literal) == literal
        assert "\r" not in literal
        assert "\t" not in literal
        unseen = {char for char in literal if unicodedata.category(char) in ("Cc", "Cs", "Zl", "Zp", "Zs")}
        assert unseen <= {" ", "\n", "\u3000"}


@pytest.mark.parametrize("language", [PYTHON, JAVASCRIPT, JSON])
@given(NUMBERS)
def test_a_line_with_several_values_stays_within_the_width(language: Language, value: Any) -> None:
    # A comma at the end may stand outside.
    assert all(len(line) <= WIDTH + 1 or ", " not in line for line in language.write(value).split("\n"))


def test_a_long_text_has_its_own_lines_where_that_is_exact() -> None:
    text = "Explain each line of this table, and say what is missing from it:\n| a | b |\n|---|---|\n| 1 | 2 |\n"
    assert PYTHON.write({"content": text}) == f'{{\n    "content": """{text}""",\n}}'
    assert JAVASCRIPT.write({"content": text}) == f"{{\n  content: `{text}`,\n}}"
    # An editor that removes blanks at the ends of lines would change this one.
    assert "\n" not in PYTHON.write(text.replace("|\n", "| \n"))
    assert PYTHON.write("two\nlines") == r'"two\nlines"'


def test_literals_are_as_people_write_them() -> None:
    value: dict[str, Any] = {"role": "user", "it's": 'say "hi"', "both": "'\"", "none": None, "yes": True, "list": []}
    assert PYTHON.write(value) == (
        "{\n"
        '    "role": "user",\n'
        '    "it\'s": \'say "hi"\',\n'
        '    "both": "\'\\"",\n'
        '    "none": None,\n'
        '    "yes": True,\n'
        '    "list": [],\n'
        "}"
    )
    assert JAVASCRIPT.write({"role": "user", "a-b": {"c": None}}) == '{ role: "user", "a-b": { c: null } }'
    assert JSON.write({"role": "user", "list": [1, {}]}) == '{"role": "user", "list": [1, {}]}'


@pytest.mark.filterwarnings("ignore::nbstream.NbstreamWarning")
def test_python_programs_are_formatted_as_black_formats_them(tmp_path: Path) -> None:
    cases = {name: options for name, options in corpus().items() if name not in ("prefix", "huge prompt")}
    for number, options in enumerate(cases.values()):
        source = source_of(None, {"base_url": "http://127.0.0.1:1", **options})  # type: ignore[typeddict-item]
        (tmp_path / f"{number}.py").write_text(f"{source.request.python()}\n", "utf-8")
    ruff = [sys.executable, "-m", "ruff"]
    for command in (["format", "--diff", "--isolated"], ["check", "--isolated"]):
        ended = subprocess.run([*ruff, *command, tmp_path], capture_output=True, text=True, check=False)
        assert ended.returncode == 0, ended.stdout + ended.stderr
