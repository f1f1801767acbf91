"""The pages in `docs/` name only files, tests, commands and options that there are."""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from nbstream.jupyter.commands import COMMANDS
from nbstream.jupyter.magic import DeepSeekMagics

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).parents[1]
PAGES = {
    str(path.relative_to(ROOT)): path.read_text("utf-8")
    for path in (ROOT / "docs").rglob("*.md")
    if "_build" not in path.parts
}
_CODE = re.compile(r"`([^`\n]+)`")
_BLOCK = re.compile(r"^(`{3,}).*?^\1", re.DOTALL | re.MULTILINE)
_FILE = re.compile(r"(?:nbstream|tests|benchmarks|js/src)/[\w./*-]+(?:::\w+)?")
#: A file of a user's, in Jupyter's folder.
_USERS_FILES = {"nbstream/prices.toml"}
#: Options of other programs than nbstream's.
_FOREIGN = {"--to", "--paths", "--section", "--help"}


def spans(page: str) -> Iterator[str]:
    """Yield the code within the lines of a page, without its blocks."""
    yield from _CODE.findall(_BLOCK.sub("", PAGES[page]))


@cache
def known_options() -> set[str]:
    """Return every option of the magic, of its commands and of the shell."""
    parser = DeepSeekMagics.deepseek.parser
    found = {option for action in parser._actions for option in action.option_strings}
    for each in COMMANDS.values():
        found |= set(re.findall(r"--[a-z-]+", each.usage))
    for path in (ROOT / "nbstream").rglob("*.py"):
        found |= set(re.findall(r"add_argument\(\s*(?:\"-\w\", )?\"(--[a-z0-9-]+)\"", path.read_text("utf-8")))
    return found


@pytest.mark.parametrize("page", sorted(PAGES))
def test_the_files_and_tests_that_a_page_names_are_there(page: str) -> None:
    for span in spans(page):
        if not _FILE.fullmatch(span) or span in _USERS_FILES:
            continue
        name, _, test = span.partition("::")
        assert any(ROOT.glob(name)), f"there is no {name}"
        assert not test or re.search(rf"^(?:async )?def {test}\(", (ROOT / name).read_text("utf-8"), re.MULTILINE), span


# Servers have options of their own.
@pytest.mark.parametrize("page", sorted(PAGES.keys() - {"docs/servers.md", "docs/README.md"}))
def test_the_commands_and_options_that_a_page_names_are_there(page: str) -> None:
    cells = re.findall(r"^%%?deepseek .*$", PAGES[page], re.MULTILINE)
    for code in [*spans(page), *cells]:
        unknown = set(re.findall(r"(?<![\w-])--[a-z][a-z0-9-]*", code)) - known_options() - _FOREIGN
        assert not unknown, f"there is no option {unknown} in {code}"
        for command in re.findall(r"(?<!%)%deepseek ([a-z]+)", code):
            assert command in {*COMMANDS, "help"}, code
