"""The players in pages: a settled reply, and its recording, which our page code plays."""

from __future__ import annotations

import json
import subprocess
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

from extension import notebook_style

if TYPE_CHECKING:
    from sphinx.application import Sphinx
    from sphinx.config import Config

    from extension.front_end import Stream

_JS = Path(__file__).parents[2] / "js"


def setup(app: Sphinx) -> None:
    """Give every page the player and its style."""
    app.connect("config-inited", _make_files)
    app.add_css_file("variables.css")
    app.add_js_file("player.js", loading_method="defer")


def html(settled: str, stream: Stream) -> str:
    """Return a player.

    Args:
        settled: the HTML of the settled reply, for readers without script.
        stream: what the live view got.
    """
    frames = [[round(at, 3), _without_number(message)] for at, message in stream.messages if "seq" in message]
    recording = json.dumps(
        {"keyframe": stream.state["keyframe"], "frames": frames}, ensure_ascii=False, separators=(",", ":")
    )
    # Nothing in it ends the element.
    recording = recording.replace("<", "\\u003c")
    return (
        f'<div class="nbstream-player">\n{settled}\n'
        f'<script type="application/json" class="nbstream-recording">{recording}</script>\n</div>'
    )


def _without_number(message: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in message.items() if name != "seq"}


def _make_files(_app: Sphinx, config: Config) -> None:
    folder = Path(tempfile.mkdtemp(prefix="nbstream-docs-"))
    (folder / "notebook.css").write_text(notebook_style.rules(), "utf-8")
    (folder / "variables.css").write_text(notebook_style.variables(), "utf-8")
    subprocess.run(["node", "build.mjs", "--player", folder], cwd=_JS, check=True, stdout=subprocess.DEVNULL)
    config.html_static_path = [*config.html_static_path, str(folder)]
