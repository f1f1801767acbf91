"""The compared ways to show an answer in a cell: the code of each and its kernel."""

from __future__ import annotations

import json
import subprocess
import sys
import venv
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[2]
#: Environments and kernel specs of the other libraries.
HOME = Path(__file__).parent / ".peers"

_CHAT_LIBRARY = "chatlas"
_PINNED = {_CHAT_LIBRARY: ["chatlas>=0.23,<0.24", "openai>=3,<4", "ipykernel>=7.4", "ipywidgets>=8.1"]}
_OWN = "benchmarks"


@dataclass(frozen=True, slots=True)
class Way:
    """A way to show an answer.

    Attributes:
        name: its name in the tables.
        setup: code that is run once, with the server's URL in `SERVER`; defines `go(plan)`, which
            shows one answer.
        kernel: the name of its kernel spec.
        root: CSS selector of the answer within the cell's output.
    """

    name: str
    setup: str
    kernel: str = _OWN
    root: str = ""


_DELTAS = """
import os, time
from pathlib import Path
from ipykernel.connect import get_connection_file
Path("kernel.pid").write_text(str(os.getpid()))
Path("connection.json").write_text(Path(get_connection_file()).read_text())

import openai
# As long as a real key, because nbstream searches replies for it.
KEY = "sk-5f2b8c1d9e7a4036b1c2d3e4f5a69788"
client = openai.OpenAI(base_url=SERVER, api_key=KEY)

def deltas(plan):
    asked = client.chat.completions.create(model=plan, messages=[{"role": "user", "content": "?"}], stream=True)
    for chunk in asked:
        if chunk.choices:
            delta = chunk.choices[0].delta
            yield getattr(delta, "reasoning_content", None) or delta.content or ""
"""

OURS = Way(
    "nbstream",
    _DELTAS
    + """
import nbstream

def go(plan):
    nbstream.ask("?", base_url=SERVER, api_key=KEY, model=plan)
""",
    root=".nbstream-answer",
)
PROTOTYPE = Way(
    "prototype",
    _DELTAS
    + """
from benchmarks.speed import prototype

def go(plan):
    prototype.show(deltas(plan))
""",
)
UPDATE = Way(
    "update(Markdown) for each delta",
    _DELTAS
    + """
from IPython.display import Markdown, display

def go(plan):
    text = ""
    shown = display(Markdown(text), display_id=True)
    for delta in deltas(plan):
        text += delta
        shown.update(Markdown(text))
""",
)
TEN_HERTZ = Way(
    "update(Markdown) at 10 Hz",
    _DELTAS
    + """
from IPython.display import Markdown, display

def go(plan):
    text, at = "", 0
    shown = display(Markdown(text), display_id=True)
    for delta in deltas(plan):
        text += delta
        if time.monotonic() - at >= 0.1:
            shown.update(Markdown(text))
            at = time.monotonic()
    shown.update(Markdown(text))
""",
)
PRINT = Way(
    "print",
    _DELTAS
    + """
def go(plan):
    for delta in deltas(plan):
        print(delta, end="", flush=True)
""",
)
LIBRARY = Way(
    f"a chat library ({_CHAT_LIBRARY})",
    _DELTAS
    + """
from chatlas import ChatOpenAICompletions

def go(plan):
    ChatOpenAICompletions(base_url=SERVER, api_key=KEY, model=plan).chat("?", echo="output")
""",
    kernel=_CHAT_LIBRARY,
)
SDK = Way(
    "floor: the SDK's chunks",
    _DELTAS
    + """
def go(plan):
    for delta in deltas(plan):
        pass
""",
)
RAW = Way(
    "floor: socket and json",
    _DELTAS
    + """
import json, socket
from urllib.parse import urlsplit

def go(plan):
    url, body = urlsplit(SERVER), json.dumps({"model": plan})
    with socket.create_connection((url.hostname, url.port)) as connection:
        head = [f"POST /chat/completions HTTP/1.1", f"Content-Length: {len(body)}", "", body]
        connection.sendall("\\r\\n".join(head).encode())
        rest, text = b"", []
        while True:
            *lines, rest = (rest + connection.recv(1 << 16)).split(b"\\n")
            for line in lines:
                if line == b"data: [DONE]":
                    return
                if line.startswith(b"data: "):
                    for choice in json.loads(line[6:])["choices"]:
                        text.append(choice["delta"].get("content") or "")
""",
)
ONCE = Way(
    "floor: the finished HTML, once",
    _DELTAS
    + """
from benchmarks.speed import prototype, recording
from nbstream.markdown.rendering import to_html

def go(plan):
    tokens = recording.Plan.read(plan).tokens
    widget = prototype.Widget()
    display(widget)
    # A page that has not drawn the widget yet would miss the message.
    time.sleep(1)
    widget.send({"done": to_html(recording.answer(tokens)), "tail": ""})
""",
)

ALL = [OURS, UPDATE, TEN_HERTZ, LIBRARY, PRINT, PROTOTYPE, SDK, RAW, ONCE]


def prepare() -> Path:
    """Make the missing environments, and return the folder with all kernel specs."""
    for name, pinned in _PINNED.items():
        done = HOME / name / "made-with.txt"
        if not done.is_file() or done.read_text() != "\n".join(pinned):
            print(f"making {name}", file=sys.stderr)
            venv.create(HOME / name, with_pip=True, clear=True)
            subprocess.run([HOME / name / "bin" / "python", "-m", "pip", "install", "--quiet", *pinned], check=True)
            done.write_text("\n".join(pinned))
    for name in (_OWN, *_PINNED):
        python = sys.executable if name == _OWN else str(HOME / name / "bin" / "python")
        folder = HOME / "share" / "kernels" / name
        folder.mkdir(parents=True, exist_ok=True)
        spec = {
            "argv": [python, "-m", "ipykernel_launcher", "-f", "{connection_file}"],
            "display_name": name,
            "language": "python",
            "env": {"PYTHONPATH": str(ROOT)},
        }
        (folder / "kernel.json").write_text(json.dumps(spec))
    return HOME / "share"
