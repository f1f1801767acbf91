"""Values and files in prompts, as they arrive at a server."""

from __future__ import annotations

import base64
import os
import re
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from markdown_it import MarkdownIt
from PIL import Image

import nbstream
from nbstream.client import continuation
from nbstream.client.start import start_run
from nbstream.model.exceptions import RequestError
from nbstream.output import wording
from nbstream.prompt.blocks import Piece, block, content_of
from nbstream.prompt.description import Description
from nbstream.prompt.insertion import compose

if TYPE_CHECKING:
    from pathlib import Path

    from nbstream.simulator.server import Simulator

KEY = "sk-4d7a0c19e8b25f63aa10"


def received(simulator: Simulator) -> Any:
    """Return the content of the last message that the simulator received."""
    return simulator.log()[-1]["body"]["messages"][-1]["content"]


def test_values_and_files_stand_in_blocks_below_the_prompt(simulator: Simulator, tmp_path: Path) -> None:
    path = tmp_path / "notes.txt"
    path.write_text("one\ntwo\n", "utf-8")
    frame = pd.DataFrame({"a": range(10_000)})
    reply = nbstream.stream("Explain.", values={"df": frame, "x.shape": (2, 3)}, files=[path]).result(20)
    assert received(simulator) == (
        "Explain.\n\n"
        "Attached: df (pandas DataFrame, 10,000 rows, 1 column; 5 of 10,000 rows)\n"
        "```csv\ncolumns: a (int64)\nfirst 5 rows, as CSV, the index first:\n,a\n0,0\n1,1\n2,2\n3,3\n4,4\n```\n"
        "[Not all of df is shown: 5 of 10,000 rows]\n\n"
        "Attached: x.shape (tuple; 2 items)\n```json\n[2, 3]\n```\n\n"
        "Attached: notes.txt (file; 2 lines)\n```txt\none\ntwo\n```"
    )
    assert [(each.name, each.shown, each.is_cut) for each in reply.request.inserted] == [
        ("df", "5 of 10,000 rows", True),
        ("x.shape", "2 items", False),
        ("notes.txt", "2 lines", False),
    ]
    assert reply.request.inserted[1].text == "[2, 3]"
    assert wording.footer(reply)[-3:] == ["df: 5 of 10,000 rows", "x.shape: 2 items", "notes.txt: 2 lines"]


def test_pictures_are_parts_with_their_labels(simulator: Simulator, tmp_path: Path) -> None:
    Image.new("RGB", (4, 3), "red").save(tmp_path / "a.jpg")
    made = Image.new("RGB", (40, 30), "blue")
    reply = nbstream.stream("Compare.", values={"made": made, "n": 5}, files=str(tmp_path / "a.jpg")).result(20)
    first, one, second, two = received(simulator)
    assert first["type"] == second["type"] == "text"
    assert first["text"].startswith("Compare.\n\nAttached: n (int)\n```text\n5\n```\n\nAttached image: made (")
    assert second["text"].startswith("Attached image: a.jpg (JPEG image; ")
    assert one["image_url"]["url"].startswith("data:image/png;base64,")
    head, _, data = two["image_url"]["url"].partition(",")
    assert head == "data:image/jpeg;base64"
    assert base64.b64decode(data) == (tmp_path / "a.jpg").read_bytes()
    assert [(each.name, each.media_type) for each in reply.request.inserted] == [
        ("made", "image/png"),
        ("n", ""),
        ("a.jpg", "image/jpeg"),
    ]
    assert reply.status == "complete"


@pytest.mark.parametrize("model", ["pro", "deepseek-v4-pro"])
def test_a_picture_is_not_sent_to_a_model_that_does_not_see(simulator: Simulator, model: str) -> None:
    with pytest.raises(RequestError, match="made: DeepSeek V4 Pro does not see images"):
        nbstream.stream("Look.", values={"made": Image.new("RGB", (4, 4))}, model=model)
    assert not simulator.log()


def test_an_image_of_32_mib_arrives(simulator: Simulator, tmp_path: Path) -> None:
    path = tmp_path / "large.png"
    path.write_bytes(b"\x89PNG\r\n\x1a\n" + os.urandom(32 * 1024**2 - 8))
    reply = nbstream.stream("Look.", files=[path]).result(60)
    assert reply.status == "complete"
    assert base64.b64decode(received(simulator)[1]["image_url"]["url"].partition(",")[2]) == path.read_bytes()


def test_fill_replaces_names_in_one_pass(simulator: Simulator) -> None:
    values = {"a": "{{ b }}", "b": [1], "d": {"k": [7]}, "unused": "u"}
    reply = nbstream.stream(
        "{{a}} {{ b }} {{ d['k'][0] }} {{{b}}} {{{{ a }}}} {a} }}", values=values, fill=True
    ).result(20)
    content = received(simulator)
    assert content.startswith("{{ b }} [1] 7 {[1]} {{ a }} {a} }}\n\n")
    # A value that the prompt names, or a part of it, is not attached again.
    assert "Attached: unused" in content
    assert "Attached: a" not in content
    places = {each.name: each.place for each in reply.request.inserted}
    assert places == {"a": "in the prompt", "b": "in the prompt", "d['k'][0]": "in the prompt", "unused": "below"}


def test_a_cut_value_within_the_prompt_says_so(simulator: Simulator) -> None:
    nbstream.stream("Read {{ log }}!", fill={"log": "x" * 9_000}).result(20)
    assert received(simulator) == f"Read {'x' * 8_000} [not all of it: first 8,000 of 9,000 characters]!"


def test_a_picture_within_the_prompt_is_attached(simulator: Simulator) -> None:
    nbstream.stream("Look at {{ it }}.", fill={"it": Image.new("L", (2, 2))}).result(20)
    text, image = received(simulator)
    assert text["text"].startswith("Look at [image it, attached below].\n\nAttached image: it (image; 2 by 2 pixels)")
    assert image["type"] == "image_url"


@pytest.mark.parametrize(
    ("options", "says"),
    [
        ({"values": {"OPENAI_API_KEY": "x"}}, "OPENAI_API_KEY looks like the name of a secret, so nothing was sent."),
        ({"values": {"a": os.environ}}, "os.environ has keys, so nothing was sent."),
        (
            {"values": {"a": {"b": [{"password": "x"}]}}},
            "`values=` a has password, which looks like the name of a secret",
        ),
        ({"values": {"a": f"the key is {KEY}."}}, "its text has an API key or another secret in it"),
        ({"values": {"a": "x" * 7_990 + KEY}}, "its text has an API key or another secret in it"),
        ({"values": {"a": ["x", "y" * 7_980 + KEY]}}, "its text has an API key or another secret in it"),
        ({"values": {"a": ValueError(KEY)}}, "its text has an API key or another secret in it"),
        ({"values": {"a": pd.DataFrame({"x": [KEY]})}}, "its text has an API key or another secret in it"),
        ({"values": {"a": "the other 81hGx0-secret-of-env"}}, "its text has an API key or another secret in it"),
        ({"values": {KEY: "a"}}, "a name has an API key or another secret in it"),
        ({"values": {"a": pd.DataFrame({"x": ["x" * 185 + KEY]})}}, "its text has an API key or another secret in it"),
        ({"values": ["a"]}, "`values=` must be a dict"),
        ({"values": {1: "a"}}, "`values=` must be a dict"),
        (
            {"files": ["/no/such/file.txt"]},
            "`files=` file.txt: there is no such file in its folder, so nothing was sent.",
        ),
        ({"files": [5]}, "`files=` must be a list of paths."),
        ({"fill": {"a": 1}}, "there is no variable name, so nothing was sent. Write {{{{ … }}}} for braces"),
        ({"fill": {"name": KEY}}, "its text has an API key or another secret in it"),
        ({"fill": {"name": os.environ}}, "os.environ has keys, so nothing was sent."),
    ],
    ids=lambda given: f"{given:.40}" if isinstance(given, str) else next(iter(given)),
)
def test_what_cannot_be_sent_is_one_line_and_nothing_is_sent(
    simulator: Simulator, monkeypatch: pytest.MonkeyPatch, options: Any, says: str
) -> None:
    monkeypatch.setenv("OTHER_SERVICE_TOKEN", "81hGx0-secret-of-env")
    with pytest.raises(RequestError) as caught:
        nbstream.stream("Hello {{ name }}", api_key=KEY, **options)
    assert says in str(caught.value)
    assert len(str(caught.value).splitlines()) == 1
    assert KEY not in str(caught.value)
    assert not simulator.log()


def test_a_file_of_settings_with_a_password_is_refused(simulator: Simulator, tmp_path: Path) -> None:
    (tmp_path / "app.toml").write_text("password = 'x1'\n", "utf-8")
    with pytest.raises(RequestError, match=r"`files=` app\.toml has password, which looks like the name of a secret"):
        nbstream.stream("x", files=[tmp_path / "app.toml"])
    assert not simulator.log()


@pytest.mark.parametrize("prompt", ["a {{ name", "a {{ na\nme }}", "{{"])
def test_braces_without_an_end_are_one_line(simulator: Simulator, prompt: str) -> None:
    with pytest.raises(RequestError, match=r"a \{\{ in the prompt has no \}\} in its line"):
        nbstream.stream(prompt, fill=True)


def test_a_users_function_that_fails_is_one_line(simulator: Simulator) -> None:
    class Odd:
        pass

    @nbstream.describe.register(Odd)
    def _(value: Odd) -> str:
        raise ZeroDivisionError("no")

    with pytest.raises(RequestError, match=r"its describe function failed \(ZeroDivisionError: no\)"):
        nbstream.stream("x", values={"odd": Odd()})


def test_a_users_function_decides_what_is_shown_of_secrets(simulator: Simulator) -> None:
    class Account:
        def __init__(self) -> None:
            self.password = "x"

    account = Account()
    with pytest.raises(RequestError, match="account has password, which looks like the name of a secret"):
        nbstream.stream("x", values={"account": account})
    nbstream.describe.register(Account, lambda _: "an account")
    nbstream.stream("x", values={"account": account}).result(20)
    assert received(simulator).endswith("```text\nan account\n```")


def test_a_description_is_sent_as_it_is(simulator: Simulator) -> None:
    made = nbstream.Description("the text", "note", "half of it", is_cut=True)
    nbstream.stream("x", values={"it": made}).result(20)
    assert received(simulator).endswith(
        "Attached: it (note; half of it)\n```text\nthe text\n```\n[Not all of it is shown: half of it]"
    )
    for kind, size, says in (("image/bmp", 5, "in PNG, JPEG, GIF"), ("image/png", 2**25 + 1, "at most 32 MiB")):
        picture = nbstream.Description(image=b"x" * size, media_type=kind)
        with pytest.raises(RequestError, match=says):
            nbstream.stream("x", values={"it": picture})


def test_messages_take_no_values(simulator: Simulator) -> None:
    with pytest.raises(RequestError, match="`values=` needs a prompt"):
        nbstream.stream(messages=[{"role": "user", "content": "a"}], values={"a": 1})


def test_lone_surrogates_are_replaced_and_said(simulator: Simulator) -> None:
    reply = nbstream.stream("Hi", values={"name\ud800": "a\udcffb"}).result(20)
    assert "Attached: name\ufffd (text)\n```text\na\ufffdb\n```" in received(simulator)
    assert reply.request.inserted[0].text == "a\ufffdb"
    assert [each.kind for each in reply.warnings] == ["replaced"]


def test_numbers_of_numpy_and_nan_are_sent(simulator: Simulator) -> None:
    values = {"i": np.int64(3), "f": np.float32("nan"), "d": {"n": np.float64(0.5)}}
    nbstream.stream("Hi", values=values).result(20)
    assert [text.split("\n")[2] for text in received(simulator).split("\n\n")[1:]] == ["3", "nan", '{"n": 0.5}']


def test_a_retry_keeps_what_was_inserted(simulator: Simulator) -> None:
    reply = nbstream.stream("Look.", values={"it": Image.new("L", (2, 2))}).result(20)
    again = start_run(continuation.retried(reply, {})).result(20)
    assert again.request.inserted == reply.request.inserted
    with pytest.raises(RequestError, match="does not see images"):
        continuation.retried(reply, {"model": "pro"})


def test_a_chat_sends_its_values_again_byte_for_byte(simulator: Simulator) -> None:
    chat = nbstream.Chat("data-of-a-test")
    chat.stream("First.", values={"df": pd.DataFrame({"a": [1]}), "picture": Image.new("L", (2, 2))}).result(20)
    sent = simulator.log()[-1]["body"]["messages"]
    chat.stream("Second.").result(20)
    assert simulator.log()[-1]["body"]["messages"][: len(sent)] == sent
    assert "Attached: df" in chat.turns[0].prompt
    chat.clear()


def test_the_footer_names_a_few_of_many(simulator: Simulator) -> None:
    reply = nbstream.stream("Hi", values={f"value_{at}_{'x' * 60}": at for at in range(30)}).result(20)
    items = wording.footer(reply)
    assert items[-1] == "24 more attached"
    assert sum("value_" in item for item in items) == 6
    assert max(map(len, items[-7:])) < 70


TEXTS = st.text(st.sampled_from("`~a \n\r\t{}[]:()\u2028é")) | st.text()


@given(st.text(), TEXTS, st.text(), st.text(), st.booleans())
def test_no_text_ends_its_own_block(name: str, text: str, kind: str, language: str, is_cut: bool) -> None:  # noqa: FBT001
    piece = Piece(name, Description(text, kind, is_cut=is_cut, language=language))
    lines = re.split(r"\r\n|\n|\r", block(piece))
    assert lines[0].startswith("Attached: ")
    fence = re.match("`+", lines[1])
    assert fence is not None
    ends = [at for at, line in enumerate(lines[2:], 2) if re.fullmatch(rf" {{0,3}}{fence[0]}`*[ \t]*", line)]
    assert ends == [len(lines) - 1 - is_cut]
    assert f"\n{text}" in block(piece)


@given(TEXTS)
def test_a_markdown_parser_finds_exactly_the_value(text: str) -> None:
    text = text.replace("\r", "").replace("\0", "")
    tokens = MarkdownIt().parse(block(Piece("it", Description(text, "text"))))
    fences = [token for token in tokens if token.type == "fence"]
    assert [token.content for token in fences] == [text if text.endswith("\n") else text + "\n"]
    assert len(tokens) == 4


@given(st.text(), st.lists(TEXTS, max_size=3))
def test_the_prompt_stays_as_it_is_above_the_blocks(prompt: str, texts: list[str]) -> None:
    content = content_of(prompt, [Piece("it", Description(text)) for text in texts])
    assert isinstance(content, str)
    assert content.startswith(prompt)


@given(st.text(st.characters(exclude_characters="{")), st.text(), st.text())
def test_filling_changes_nothing_else(before: str, value: str, after: str) -> None:
    after = after.replace("{", "")
    content, inserted = compose(f"{before}{{{{ it }}}}{after}", fill={"it": value})
    assert content == f"{before}{value}{after}"
    assert [each.text for each in inserted] == [value]
