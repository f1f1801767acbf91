"""The current language: from the setting, the page, JupyterLab's file or the environment."""

from __future__ import annotations

import os
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from nbstream.client import settings
from nbstream.language import _, catalogues, current, joined, listed, plural
from nbstream.language.catalogue import Catalogue
from nbstream.widgets import front_ends, front_language

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

_GERMAN = r"""
msgid ""
msgstr ""
"Language: de\n"
"Plural-Forms: nplurals=2; plural=(n != 1);\n"
"Content-Type: text/plain; charset=utf-8\n"

msgid "{count:,} tokens in {time:.1f} s"
msgstr "in {time:.1f} s {count:,} Token"

msgid "{n:,} row of {name}"
msgid_plural "{n:,} rows of {name}"
msgstr[0] "{n:,} Zeile von {name}"
msgstr[1] "{n:,} Zeilen von {name}"
"""


@pytest.fixture(autouse=True)
def fresh(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Forget what a page told, and the settings, before and after each test."""
    current._told.set(current._Told())
    settings.use(None)
    yield
    current._told.set(current._Told())
    settings.use(None)


@pytest.mark.parametrize(
    ("tag", "code"),
    [
        *(("zh", "zh"), ("zh-CN", "zh"), ("zh_CN.UTF-8", "zh"), ("zh-Hans-SG", "zh"), ("ZH", "zh")),
        # Who reads traditional characters is not given simplified ones.
        *(("zh-TW", "en"), ("zh-Hant", "en"), ("zh_HK", "en")),
        *(("en", "en"), ("en_US.UTF-8", "en"), ("fr", "en"), ("de@euro", "en")),
        *(("", ""), ("C", ""), ("C.UTF-8", ""), ("POSIX", ""), ("default", ""), ("../..", "")),
    ],
)
def test_a_tag_names_a_language(tag: str, code: str) -> None:
    assert catalogues.code_of(tag) == code


def test_the_setting_counts_before_the_page_and_the_page_before_the_environment(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("LC_ALL", "zh_CN.UTF-8")
    current._told.set(current._Told())
    assert current.code() == "zh"
    current.tell("en-GB")
    assert current.code() == "en"
    settings.current().language = "zh"
    assert (current.code(), current.chosen()) == ("zh", "zh")
    settings.current().language = "auto"
    assert (current.code(), current.chosen()) == ("en", "")
    # What a page says is not trusted.
    for tag in (None, 7, "", "x" * 99, ["zh"]):
        current.tell(tag)
    assert current.code() == "en"


def test_jupyterlab_s_own_file_is_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(front_ends, "current", lambda: front_ends.JUPYTER)
    monkeypatch.setenv("JUPYTERLAB_SETTINGS_DIR", str(tmp_path))
    assert front_language.language() == ""
    folder = tmp_path / "@jupyterlab" / "translation-extension"
    folder.mkdir(parents=True)
    text = '{\n    // "locale": "de_DE"\n    // The language.\n    "locale": "zh_CN"\n}\n'
    (folder / "plugin.jupyterlab-settings").write_text(text)
    assert front_language.language() == "zh_CN"
    # Others have no such file: their page will tell.
    monkeypatch.setattr(front_ends, "current", lambda: front_ends.VSCODE)
    assert front_language.language() == ""


def test_another_catalogue_is_one_more_file(tmp_path: Path) -> None:
    file = tmp_path / "de.po"
    file.write_text(_GERMAN, "utf-8")
    german = Catalogue(file)
    said = german.sentence("{count:,} tokens in {time:.1f} s", {"count": 12345, "time": 1.25})
    assert said == "in 1,2 s 12.345 Token"
    assert german.plural("{n:,} row of {name}", "{n:,} rows of {name}", 1, {"name": "x{y}"}) == "1 Zeile von x{y}"
    assert german.plural("{n:,} row of {name}", "{n:,} rows of {name}", 1000, {"name": "x"}) == "1.000 Zeilen von x"
    # One without a translation is shown in English, with this language's numbers.
    assert german.sentence("costs {cost:.2f}", {"cost": 0.5}) == "costs 0,50"


def test_english_is_formatted_as_by_python() -> None:
    assert _("{count:,} tokens", count=1234) == "1,234 tokens"
    assert _("braces {stay}") == "braces {stay}"
    assert plural("{n} row", "{n} rows", 1) == "1 row"
    assert plural("{n} row", "{n} rows", 0) == "0 rows"
    assert joined("One.", "", "Two.") == "One. Two."
    assert listed(["a", "b", "c"], " and ") == "a, b and c"
    assert listed(["a"]) == "a"
    assert listed([]) == ""
    settings.current().language = "zh"
    assert joined("一。", "", "二。") == "一。二。"
    assert joined("", "Not found.", "二。") == "Not found. 二。"


def test_english_loads_neither_babel_nor_a_catalogue() -> None:
    code = (
        "import sys, nbstream; from nbstream.client import settings; from nbstream.language import _;"
        "assert _('a') == 'a'; assert 'babel' not in sys.modules;"
        "nbstream.settings.language = 'zh'; _('a'); assert 'babel' in sys.modules"
    )
    subprocess.run([sys.executable, "-c", code], check=True, env={**os.environ, "LC_ALL": "en_US.UTF-8"})
