"""`-v`, `--file` and `--fill` in cells, and the words of a magic's line."""

from __future__ import annotations

import shlex
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nbstream.jupyter.value_words import with_quoted_values
from nbstream.output.audience import name_options
from tests.jupyter.conftest import CANARY_KEY
from tests.jupyter.test_commands import error_of

if TYPE_CHECKING:
    from pathlib import Path

    from nbstream.simulator.server import Simulator
    from tests.jupyter.kernel import Kernel


@pytest.mark.kernel
def test_values_of_the_notebook_go_with_a_prompt(kernel: Kernel, server: Simulator, tmp_path: Path) -> None:
    (tmp_path / "my notes.txt").write_text("read me", "utf-8")
    kernel.run("df = [1, 2, 3]\nd = {'key': [5], 'a b': {'x': 7}}\nlog = 'ab' * 10_000")
    cell = kernel.run(
        f"%%deepseek -v df -v d[\"key\"][0] --value d['a b'] -v log -o reply --file '{tmp_path / 'my notes.txt'}'\n"
        "It's {{ df }}, \\frac{1}{2}"
    )
    assert error_of(cell) == ""
    content = server.log()[0]["body"]["messages"][-1]["content"]
    assert content.split("\n\n")[:4] == [
        "It's {{ df }}, \\frac{1}{2}",
        "Attached: df (list; 3 items)\n```json\n[1, 2, 3]\n```",
        'Attached: d["key"][0] (int)\n```text\n5\n```',
        "Attached: d['a b'] (dict; 1 entry)\n```json\n{\"x\": 7}\n```",
    ]
    assert content.endswith(
        "[Not all of log is shown: first 8,000 of 20,000 characters]\n\n"
        "Attached: my notes.txt (file; 1 line)\n```txt\nread me\n```"
    )
    names = kernel.evaluate("[(each.name, each.shown) for each in reply.request.inserted]")
    assert names[:2] == [["df", "3 items"], ['d["key"][0]', ""]]
    footer = kernel.evaluate("__import__('nbstream.output.wording').output.wording.footer(reply)")
    assert "log: first 8,000 of 20,000 characters" in footer


@pytest.mark.kernel
def test_fill_takes_the_variables_of_the_notebook(kernel: Kernel, server: Simulator) -> None:
    kernel.run("df = [1, 2]\ntext = '{{ df }}'")
    kernel.run("%%deepseek --fill\n{{ df[1] }} {{ text }} {{{{ df }}}}")
    assert server.log()[0]["body"]["messages"][-1]["content"] == "2 {{ df }} {{ df }}"


@pytest.mark.kernel
def test_what_cannot_be_sent_is_one_line_in_the_cell(kernel: Kernel, server: Simulator) -> None:
    kernel.run(
        f"import os\nd = {{'a': 1, 'password': 'x'}}\ntext = 'the key {CANARY_KEY}'\nMY_API_KEY = 'abc'\nf = len"
    )
    refused = {
        "-v nothing": "-v nothing: there is no variable nothing, so nothing was sent.",
        "-v d['b']": "-v d['b']: there is no such value (KeyError: 'b'), so nothing was sent.",
        "-v f(d)": "-v f(d): only names, attributes and indices are read",
        '-v "f(d)"': "-v f(d): only names, attributes and indices are read",
        "-v d": "-v d has password, which looks like the name of a secret",
        "-v d['password']": "-v d['password']: password looks like the name of a secret",
        "-v MY_API_KEY": "-v MY_API_KEY: MY_API_KEY looks like the name of a secret",
        "-v os.environ": "-v os.environ: os.environ has keys",
        "-v text": "-v text: its text has an API key or another secret in it, so nothing was sent.",
        "--file /no/such/picture.png": "--file picture.png: there is no such file in its folder",
        "--fill": "--fill {{ nothing }}: there is no variable nothing",
        "-v": "expected one argument",
    }
    for line, says in refused.items():
        cell = kernel.run(f"%%deepseek {line}\nHello {{{{ nothing }}}}")
        assert says.replace("--fill {{ nothing }}", "--fill nothing") in error_of(cell), line
        assert len(error_of(cell).strip().splitlines()) == 1, line
        assert CANARY_KEY not in error_of(cell)
    assert server.log() == []


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("-v df", ["-v", "df"]),
        ('-v d["key"][0] -o x', ["-v", 'd["key"][0]', "-o", "x"]),
        ("-v d['a b'] -v x", ["-v", "d['a b']", "-v", "x"]),
        ("--value=d['a'] --fill", ["--value", "d['a']", "--fill"]),
        ("-v \"d['a']\"", ["-v", "d['a']"]),
        ("-v f(a, b) -m pro", ["-v", "f(a, b)", "-m", "pro"]),
        ("-v d['a]']", ["-v", "d['a]']"]),
        (r"-v d['a\'b c']", ["-v", r"d['a\'b c']"]),
        ("-v größe", ["-v", "größe"]),
        ('-s "-v is no option" -v x', ["-s", "-v is no option", "-v", "x"]),
        ("-v x.y[1:2, ...]", ["-v", "x.y[1:2, ...]"]),
    ],
)
def test_the_quotes_of_an_expression_stay(line: str, words: list[str]) -> None:
    assert shlex.split(with_quoted_values(line)) == words


@given(st.text(st.characters(exclude_characters="v")))
def test_a_line_without_values_stays_as_it_is(line: str) -> None:
    assert with_quoted_values(line) == line


def test_options_are_named_as_flags_in_a_cell() -> None:
    text = "`values=` df, `files=` a.txt, `fill=True` x, `model=` flash"
    assert name_options(text, "cell") == "-v df, --file a.txt, --fill x, -m flash"
    assert name_options(text, "python") == text
