"""The widget's class."""

from __future__ import annotations

import os
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from nbstream.model.exceptions import NbstreamError
from nbstream.widgets import reply_widget

if TYPE_CHECKING:
    from pathlib import Path


@pytest.mark.parametrize(("environ", "kind"), [({}, "str"), ({"ANYWIDGET_HMR": "1"}, "FileContents")])
def test_the_files_of_the_page_are_watched_only_on_request(environ: dict[str, str], kind: str) -> None:
    code = "from nbstream.widgets.reply_widget import ReplyWidget as W; print([type(W._esm), type(W._css)])"
    inherited = {name: value for name, value in os.environ.items() if name != "ANYWIDGET_HMR"}
    command = [sys.executable, "-c", code]
    result = subprocess.run(command, env=inherited | environ, capture_output=True, text=True, check=True)
    assert result.stdout.count(f"{kind}'>") == 2


def test_a_page_that_was_not_built_is_one_line(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(reply_widget, "_STATIC", tmp_path)
    with pytest.raises(NbstreamError, match="npm ci") as caught:
        reply_widget.page_file("reply.js")
    assert caught.value._render_traceback_() == [f"NbstreamError: {caught.value}"]
