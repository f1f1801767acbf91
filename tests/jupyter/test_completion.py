"""Tab completion of the magic's line, through IPython's own completer."""

from __future__ import annotations

import shlex
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from IPython.core.completer import provisionalcompleter
from IPython.core.interactiveshell import InteractiveShell

from nbstream.chat.conversation import Chat
from nbstream.client import listings, routing
from nbstream.jupyter import commands, magic
from nbstream.jupyter.completion import words
from nbstream.model.exceptions import RequestError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from nbstream.simulator.server import Simulator
    from tests.jupyter.kernel import Kernel


@pytest.fixture
def shell(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[InteractiveShell]:
    """An IPython with the extension, in a folder with some files."""
    (tmp_path / "my table.csv").touch()
    (tmp_path / "notes.txt").touch()
    (tmp_path / ".hidden").touch()
    (tmp_path / "a folder").mkdir()
    (tmp_path / "a folder" / "x.png").touch()
    monkeypatch.chdir(tmp_path)
    made = InteractiveShell()
    magic.load(made)
    made.user_ns.update(frame=SimpleNamespace(shape=(1, 2), rows=3), frank=1, my_api_key="sk-x", shlex=shlex)
    yield made
    magic.unload(made)


def complete(shell: InteractiveShell, text: str) -> list[str]:
    """Return the lines that Tab at `|` offers, as the newest front ends ask for them."""
    at = text.index("|")
    code = text.replace("|", "")
    with provisionalcompleter():
        found = list(shell.Completer.completions(code, at))
    lines = [code[: each.start] + each.text + code[each.end :] for each in found]
    # Front ends that do not use this interface get the same for a single line of ours.
    if "\n" not in code and "%deepseek " in code:
        with pytest.warns(PendingDeprecationWarning):
            start, texts = shell.complete("", code, at)
        assert [code[: at - len(start)] + each + code[at:] for each in texts] == lines
    return lines


def words_at(shell: InteractiveShell, text: str) -> list[str]:
    """Return what may stand at the end of the line."""
    before = text.rindex(" ") + 1
    return [each[before:] for each in complete(shell, text + "|")]


def test_classes_of_the_session_are_forms_of_an_answer(shell: InteractiveShell) -> None:
    shell.run_cell("class Person: pass\nclass Place: pass")
    assert words_at(shell, "%%deepseek --as P|") == ["Person", "Place"]
    assert words_at(shell, "%%deepseek --as list[Pe|") == ["list[Person]"]


def test_every_option_of_the_magic_is_offered(shell: InteractiveShell) -> None:
    parser = magic.DeepSeekMagics.deepseek.parser
    flags = [flag for action in parser._actions for flag in action.option_strings]
    assert words_at(shell, "%%deepseek -") == flags
    assert words_at(shell, "%%deepseek ") == [each for each in flags if each.startswith("--")]
    assert words_at(shell, "%%deepseek --top") == ["--top-p"]
    assert "--model" not in words_at(shell, "%%deepseek -m pro --")
    assert "--stop" in words_at(shell, "%%deepseek --stop x --")


def test_the_values_of_options(shell: InteractiveShell, monkeypatch: pytest.MonkeyPatch) -> None:
    shell.run_line_magic("config", "DeepSeekMagics.aliases = {'mine': 'some-model'}")
    assert words_at(shell, "%%deepseek -m ")[:3] == ["mine", "flash", "pro"]
    assert words_at(shell, "%%deepseek --model=pr") == ["--model=pro"]
    assert words_at(shell, "%%deepseek -m olla") == ["ollama/"]
    monkeypatch.setitem(listings._listed, "http://localhost:11434", {"qwen3:8b": None})
    assert words_at(shell, "%%deepseek -m ollama/q") == ["ollama/qwen3:8b"]
    assert words_at(shell, "%%deepseek --effort h") == ["high"]
    assert words_at(shell, "%%deepseek --reasoning ") == ["auto", "open", "closed", "hidden"]
    assert "--error" in words_at(shell, "%%deepseek --above ")
    Chat("plan-a")
    assert "plan-a" in words_at(shell, "%%deepseek -m pro -c pl")
    assert words_at(shell, "%%deepseek --base-url openr") == ["openrouter"]

    def broken() -> Any:
        raise RequestError("a wrong entry")

    monkeypatch.setattr(routing, "known", broken)
    assert words_at(shell, "%%deepseek -m fl") == ["flash"]


def test_variables_without_modules_and_secrets(shell: InteractiveShell) -> None:
    assert words_at(shell, "%%deepseek -v fra") == ["frame", "frank"]
    assert words_at(shell, "%%deepseek -v frame.") == ["frame.rows", "frame.shape"]
    assert words_at(shell, "%%deepseek --fill -o fran") == ["frank"]
    offered = words_at(shell, "%%deepseek -v ")
    assert not {"my_api_key", "shlex", "In", "Out", "exit", "get_ipython"} & set(offered)


def test_files_are_quoted_where_they_must_be(shell: InteractiveShell) -> None:
    assert words_at(shell, "%%deepseek --file ") == ['"a folder/', '"my table.csv"', "notes.txt"]
    assert words_at(shell, "%%deepseek --file .h") == [".hidden"]
    assert complete(shell, '%%deepseek --file "my|') == ['%%deepseek --file "my table.csv']
    assert complete(shell, '%%deepseek --file "a folder/|') == ['%%deepseek --file "a folder/x.png']
    assert complete(shell, "%%deepseek --file 'my|'") == ["%%deepseek --file 'my table.csv'"]
    assert complete(shell, "%%deepseek --file nowhere/|") == []


def test_in_the_middle_of_a_line_and_of_a_word(shell: InteractiveShell) -> None:
    assert complete(shell, "%%deepseek -m pr| --no-think") == ["%%deepseek -m pro --no-think"]
    assert complete(shell, "%%deepseek --no-t|nk -t 1") == ["%%deepseek --no-think -t 1"]
    assert complete(shell, "%%deepseek -m pr|o") == []
    assert complete(shell, "%%deepseek --eff|\nA prompt") == ["%%deepseek --effort\nA prompt"]
    assert complete(shell, '%%deepseek -s "Be brief." --eff|') == ['%%deepseek -s "Be brief." --effort']


@pytest.mark.parametrize(
    "line",
    [
        "%%deepseek -s |",
        "%%deepseek -s 'some free te|",
        "%%deepseek -t |",
        "%%deepseek -m pro no-opti|",
        "%deepseek nonsense |",
        "%deepseek cancel |",
        "%deepseek code |",
    ],
)
def test_nothing_is_offered_where_anything_may_stand(shell: InteractiveShell, line: str) -> None:
    shell.user_ns["some_free_text"] = shell.user_ns["no_option"] = 1
    assert complete(shell, line) == []


@pytest.mark.parametrize("name", commands.COMMANDS)
def test_every_command_has_its_function(name: str) -> None:
    assert callable(commands.COMMANDS[name].carry_out)


def test_every_command_is_offered(shell: InteractiveShell) -> None:
    assert words_at(shell, "%deepseek ") == list(commands.COMMANDS)
    assert words_at(shell, "  %deepseek ch") == ["chat", "chats"]
    assert words_at(shell, "%deepseek show ") == ["--recover"]
    Chat("plan-b")
    assert "plan-b" in words_at(shell, "%deepseek chat plan")
    assert words_at(shell, "%deepseek chat o") == ["off"]
    assert words_at(shell, "%deepseek help fi") == ["fix"]
    assert words_at(shell, "%deepseek help --eff") == ["--effort"]
    assert words_at(shell, "%deepseek models olla") == ["ollama"]
    assert words_at(shell, "%deepseek fix --no-t") == ["--no-think"]
    assert words_at(shell, "%deepseek fix -m pr") == ["pro"]
    assert complete(shell, "x = 1\n%deepseek chat|") == ["x = 1\n%deepseek chat", "x = 1\n%deepseek chats"]


def test_prompts_and_other_lines_are_left_alone(shell: InteractiveShell) -> None:
    before = complete(shell, "fra|")
    assert "frame" in before
    for line in ("%%deepseek\n--eff|", "%%deepseek\n%deepseek ch|", "%%time\n%%deepseek --eff|", "%deepseekx ch|"):
        assert not any("effort" in each or "chats" in each for each in complete(shell, line))
    magic.unload(shell)
    assert complete(shell, "fra|") == before
    magic.load(shell)
    magic.load(shell)
    ours = [each for each in shell.Completer.custom_matchers if "nbstream" in each.matcher_identifier]
    assert len(ours) == 1


@settings(deadline=None)
@given(st.text(st.sampled_from(list("ab-m=pro \"'\\\n|{}é🚀./")), max_size=40), st.integers(0, 40))
def test_no_text_raises(text: str, at: int) -> None:
    shell = InteractiveShell.instance()
    magic.load(shell)
    line = f"%%deepseek {text}"
    place = min(len("%%deepseek ") + at, len(line))
    with provisionalcompleter(), pytest.MonkeyPatch.context() as patch:
        patch.setattr("sys.excepthook", lambda *error: pytest.fail(f"a matcher raised {error}"))
        list(shell.Completer.completions(line, place))
    magic.unload(shell)


@given(st.lists(st.text(min_size=1, max_size=8).filter(lambda text: not text.isspace()), max_size=4))
def test_words_are_split_as_by_a_shell(texts: list[str]) -> None:
    line = " ".join(map(shlex.quote, texts)) + " "
    found, word = words.split(line)
    assert found == texts
    assert (word.text, word.start, word.quote) == ("", len(line), "")


@given(st.text(max_size=12).filter(lambda text: not text.endswith("/")))
def test_what_is_inserted_is_one_word(text: str) -> None:
    if text:
        assert shlex.split(words.quoted(text, "")) == [text]
    assert shlex.split(f'"{words.quoted(text, chr(34))}"') == [text]
    assert shlex.split(f"'{words.quoted(text, chr(39))}'") == [text]


@pytest.mark.kernel
def test_a_kernel_completes_as_a_page_asks(kernel: Kernel, server: Simulator) -> None:
    kernel.run("completed_here = 1; from nbstream import Chat; _ = Chat('plan-k')")

    def at(text: str) -> list[str]:
        place, code = text.index("|"), text.replace("|", "")
        found = kernel.request("shell", "complete_request", {"code": code, "cursor_pos": place})
        return [code[: found["cursor_start"]] + each + code[found["cursor_end"] :] for each in found["matches"]]

    assert at("%%deepseek --eff| -c plan\nA prompt") == ["%%deepseek --effort -c plan\nA prompt"]
    assert at("%%deepseek --effort hi|") == ["%%deepseek --effort high"]
    assert at("%%deepseek -v completed_|\nA prompt") == ["%%deepseek -v completed_here\nA prompt"]
    assert "%%deepseek -c plan-k" in at("%%deepseek -c plan|")
    assert at("%deepseek cha|") == ["%deepseek chat", "%deepseek chats"]
    assert at("%%deepseek\ncompleted_|") in ([], ["%%deepseek\ncompleted_here"])
    assert server.log() == []
