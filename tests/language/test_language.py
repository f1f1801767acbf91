"""The current language: from the setting, the page, JupyterLab's file or the environment."""

from __future__ import annotations

import locale
import os
import subprocess
import sys
from importlib import metadata
from typing import TYPE_CHECKING

import pytest
from babel.numbers import format_decimal, format_percent

from nbstream.client import settings
from nbstream.language import _, catalogue, catalogues, current, joined, listed, plural
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
msgstr ""
"in {time:.1f} s "
"{count:,} Token"

# Its translator may be wrong.
#, fuzzy
msgid "Wait"
msgstr "Gewicht"

# By nobody yet.
msgid "Stop"
msgstr ""

#~ msgid "gone"
#~ msgstr "weg"

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


@pytest.fixture
def jupyter(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """JupyterLab as the front end, without any setting; return the folder of its configuration."""
    monkeypatch.setattr(front_ends, "current", lambda: front_ends.JUPYTER)
    for name in ("JUPYTER_CONFIG_DIR", "JUPYTER_CONFIG_PATH", "JUPYTER_DATA_DIR", "JUPYTER_PATH"):
        monkeypatch.setenv(name, str(tmp_path / name))
    monkeypatch.delenv("JUPYTERLAB_SETTINGS_DIR", raising=False)
    return tmp_path / "JUPYTER_CONFIG_DIR"


def _write(file: Path, text: str) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(text, "utf-8")


def test_jupyterlab_s_own_files_are_read(jupyter: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert front_language.language() == ""
    # What an administrator sets for all: for this environment, and in Jupyter's configuration.
    of_all = '{"@jupyterlab/translation-extension:plugin": {"locale": "%s"}}'
    _write(jupyter.parent / "JUPYTER_PATH" / "lab" / "settings" / "overrides.json", of_all % "fr_FR")
    assert front_language.language() == "fr_FR"
    _write(jupyter / "labconfig" / "default_setting_overrides.json", of_all % "de_DE")
    assert front_language.language() == "de_DE"
    # The user's own setting counts more.
    file = jupyter / "lab" / "user-settings" / "@jupyterlab" / "translation-extension" / "plugin.jupyterlab-settings"
    _write(file, '{\n    // "locale": "de_DE"\n    // The language.\n    "locale": "zh_CN"\n}\n')
    assert front_language.language() == "zh_CN"
    # Others have no such file: their page will tell.
    monkeypatch.setattr(front_ends, "current", lambda: front_ends.VSCODE)
    assert front_language.language() == ""
    monkeypatch.setattr(front_ends, "current", lambda: front_ends.JUPYTER)
    for broken in ("[]", "{", '{"@jupyterlab/translation-extension:plugin": 7}'):
        file.unlink(missing_ok=True)
        _write(jupyter / "labconfig" / "default_setting_overrides.json", broken)
        assert front_language.language() == "fr_FR"


@pytest.mark.parametrize("setting", ["", '{"locale": "default"}'])
def test_jupyterlab_has_the_language_of_the_system_if_its_pack_is_there(
    setting: str, jupyter: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    plugin = "lab/user-settings/@jupyterlab/translation-extension/plugin.jupyterlab-settings"
    _write(jupyter / plugin, setting)
    monkeypatch.setattr(locale, "getlocale", lambda: ("zh_CN", "UTF-8"))
    assert front_language.language() == "zh_CN"
    monkeypatch.setattr(front_language, "entry_points", lambda **_: metadata.EntryPoints())
    assert front_language.language() == ""


def test_another_catalogue_is_one_more_file(tmp_path: Path) -> None:
    file = tmp_path / "de.po"
    file.write_text(_GERMAN, "utf-8")
    german = Catalogue(file)
    said = german.sentence("{count:,} tokens in {time:.1f} s", {"count": 12345, "time": 1.25})
    assert said == "in 1,2 s 12.345 Token"
    assert german.plural("{n:,} row of {name}", "{n:,} rows of {name}", 1, {"name": "x{y}"}) == "1 Zeile von x{y}"
    assert german.plural("{n:,} row of {name}", "{n:,} rows of {name}", 1000, {"name": "x"}) == "1.000 Zeilen von x"
    # One without a translation, or without a sure one, is shown in English.
    assert [german.sentence(each, {}) for each in ("Wait", "Stop", "gone", "")] == ["Wait", "Stop", "gone", ""]
    # It has this language's numbers.
    assert german.sentence("costs {cost:.2f}", {"cost": 0.5}) == "costs 0,50"


def test_a_field_in_chinese_stands_without_spaces(tmp_path: Path) -> None:
    file = tmp_path / "zh_CN.po"
    file.write_text('msgid ""\nmsgstr ""\n\nmsgid "ran {time} ago"\nmsgstr "于 {time} 前运行"\n', "utf-8")
    for time, said in (("不到 1 秒", "于不到 1 秒前运行"), ("3 s", "于 3 s 前运行"), ("（空）", "于（空）前运行")):  # noqa: RUF001
        assert Catalogue(file).sentence("ran {time} ago", {"time": time}) == said


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


def test_babel_is_loaded_for_the_first_date_only() -> None:
    code = (
        "import sys, nbstream; from datetime import date; from nbstream.language import _, date_text;"
        "assert _('a') == 'a'; assert 'nbstream.language.catalogue' not in sys.modules;"
        "nbstream.settings.language = 'zh';"
        "assert _('a {n:,.1f} {m:.0%}', n=1234.56, m=0.5) == 'a 1,234.6 50%'; assert 'babel' not in sys.modules;"
        "assert date_text(date(2026, 8, 12), '', 'yMMMMd') == '2026年8月12日'; assert 'babel' in sys.modules"
    )
    subprocess.run([sys.executable, "-c", code], check=True, env={**os.environ, "LC_ALL": "en_US.UTF-8"})


@pytest.mark.parametrize("language", catalogue._ENGLISH_NUMBERS)
def test_these_languages_write_numbers_as_english_does(language: str) -> None:
    for value in (0, -7, 1234567, 0.05, -1234.5):
        assert format_decimal(value, "#,##0.00", language) == f"{value:,.2f}"
    assert format_percent(0.125, "0.0%", language) == f"{0.125:.1%}"
