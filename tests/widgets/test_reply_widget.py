"""The widget's class."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest


@pytest.mark.parametrize(("environ", "kind"), [({}, "str"), ({"ANYWIDGET_HMR": "1"}, "FileContents")])
def test_the_files_of_the_page_are_watched_only_on_request(environ: dict[str, str], kind: str) -> None:
    code = "from nbstream.widgets.reply_widget import ReplyWidget as W; print([type(W._esm), type(W._css)])"
    inherited = {name: value for name, value in os.environ.items() if name != "ANYWIDGET_HMR"}
    command = [sys.executable, "-c", code]
    result = subprocess.run(command, env=inherited | environ, capture_output=True, text=True, check=True)
    assert result.stdout.count(f"{kind}'>") == 2
