"""Files as text, as pictures and as the sources of a notebook."""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path

import pytest
from PIL import Image

from nbstream.model.exceptions import RequestError
from nbstream.prompt.description import LIMIT
from nbstream.prompt.files import file_name, read_file
from tests import needs


def written(folder: Path, name: str, content: str | bytes) -> Path:
    path = folder / name
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return path


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-32"])
def test_text_is_read_by_its_mark(tmp_path: Path, encoding: str) -> None:
    described = read_file(written(tmp_path, "a.txt", "Grüße, 世界 🎉\nzwei".encode(encoding)))
    assert described.text == "Grüße, 世界 🎉\nzwei"
    assert (described.shown, described.is_cut) == ("2 lines", False)


def test_line_ends_stay_as_they_are(tmp_path: Path) -> None:
    assert read_file(written(tmp_path, "a.py", b"a\r\nb\rc\n")).text == "a\r\nb\rc\n"


def test_a_long_text_is_cut_and_says_so(tmp_path: Path) -> None:
    described = read_file(written(tmp_path, "a.md", "ä" * 91_204))
    assert described.text == "ä" * LIMIT
    assert (described.shown, described.is_cut) == ("first 8,000 of 91,204 characters", True)


def test_a_table_is_cut_at_a_line(tmp_path: Path) -> None:
    lines = [f"{at},{at * at}\n" for at in range(10_000)]
    described = read_file(written(tmp_path, "a.csv", "n,square\n" + "".join(lines)))
    shown = described.text.count("\n")
    assert described.text.endswith("\n")
    assert described.shown == f"first {shown:,} lines of 10,001 lines"
    assert described.language == "csv"


def test_a_huge_file_is_read_at_its_beginning_only(tmp_path: Path) -> None:
    path = tmp_path / "huge.txt"
    with path.open("wb") as file:
        file.write("é".encode() * 100_000)
        file.truncate(20 * 1024**3)
    described = read_file(path)
    assert described.text == "é" * LIMIT
    assert described.shown == "first 8,000 characters of 20.0 GiB"


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "GIF", "WEBP"])
def test_a_picture_goes_out_as_it_is(tmp_path: Path, kind: str) -> None:
    path = tmp_path / "picture.dat"
    Image.new("RGB", (4, 4), "red").save(path, kind)
    described = read_file(path)
    assert described.media_type == f"image/{kind.lower()}"
    assert described.image == path.read_bytes()
    assert described.kind == f"{kind} image"


def test_a_notebook_is_the_sources_of_its_cells(tmp_path: Path) -> None:
    cells = [
        {"cell_type": "markdown", "source": ["# Title\n", "text"]},
        {"cell_type": "code", "source": "print(1)", "outputs": [{"text": "secret output"}]},
    ]
    described = read_file(written(tmp_path, "a.ipynb", json.dumps({"cells": cells})))
    assert described.text == "[cell 1, markdown]\n# Title\ntext\n\n[cell 2, code]\nprint(1)"
    assert described.shown == "2 cells without outputs"
    assert read_file(written(tmp_path, "b.ipynb", "{}")).text == "{}"


@pytest.mark.parametrize(
    ("name", "content", "says"),
    [
        ("a.bin", b"\0\1\2", "is neither text nor an image that models take"),
        ("a.bmp", b"BM\0\0", "is neither text nor an image that models take"),
        ("a.txt", "Grüße".encode("latin-1"), "is not text in UTF-8"),
        (".env", "A=1", "such files hold keys"),
        (".env.local", "A=1", "such files hold keys"),
        ("server.pem", "A", "such files hold keys"),
        ("id_rsa", "A", "such files hold keys"),
    ],
)
def test_other_files_are_refused_in_one_line(tmp_path: Path, name: str, content: str | bytes, says: str) -> None:
    with pytest.raises(RequestError) as caught:
        read_file(written(tmp_path, name, content))
    assert says in str(caught.value)
    assert "othing was sent" in str(caught.value)
    assert "\n" not in str(caught.value)
    assert str(tmp_path) not in str(caught.value)


def test_a_picture_of_more_than_32_mib_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "a.png"
    with path.open("wb") as file:
        file.write(b"\x89PNG\r\n\x1a\n")
        file.truncate(32 * 1024**2 + 1)
    with pytest.raises(RequestError, match=r"a\.png has 32\.0 MiB: an image may have at most 32 MiB"):
        read_file(path)


def test_a_folder_and_a_missing_file(tmp_path: Path) -> None:
    with pytest.raises(RequestError, match="is a folder"):
        read_file(tmp_path)
    with pytest.raises(RequestError, match=r"`files=` no\.txt: there is no such file in its folder"):
        read_file(tmp_path / "no.txt")
    with pytest.raises(RequestError, match="cannot be read"):
        read_file("a\0b")


@needs.posix("named pipes and permissions are POSIX's")
def test_what_is_no_file_is_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    for path in (tmp_path / "pipe", "/dev/zero"):
        with pytest.raises(RequestError, match="is no regular file"):
            read_file(path)


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere file names are Unicode")
def test_a_name_that_is_no_unicode(tmp_path: Path) -> None:
    path = Path(os.fsdecode(os.fsencode(tmp_path) + b"/a\xff\n`b.txt"))
    path.write_text("text", "utf-8")
    assert read_file(path).text == "text"
    assert file_name(path) == "a\ufffd `b.txt"


def test_names_have_no_folders_of_the_machine(tmp_path: Path) -> None:
    assert file_name(tmp_path / "a.txt") == "a.txt"
    assert file_name("data/a.txt") == str(Path("data/a.txt"))
    assert file_name("../a.txt") == "a.txt"
    assert file_name("~/x/a.txt") == "a.txt"
