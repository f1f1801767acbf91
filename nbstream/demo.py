"""`nbstream demo`: opens copies of the notebooks, the course first of all, against simulators.

Everything it writes is in a temporary folder, so the user's own Jupyter files stay unchanged; with
`--folder`, the notebooks are in a folder of the user's, and stay there.
"""

from __future__ import annotations

import json
import os
import secrets
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
import urllib.error
import urllib.request
from contextlib import nullcontext
from importlib.resources import as_file, files
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

from nbstream.language import _, joined, listed
from nbstream.lesson.live import DEMO_VARIABLE
from nbstream.lesson.offline import RATE_VARIABLE
from nbstream.simulator.server import Simulator

if TYPE_CHECKING:
    import argparse

_INDEX = "index.ipynb"
_START_SECONDS = 60.0
_CELL_SECONDS = 120
_PREVIEW_CHARS = 100


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the demo's options to `parser`."""
    parser.description = _(
        "Opens the course in JupyterLab, offline: ten lessons of 15 minutes, and a notebook on\n"
        "widgets. Their requests go to a simulator on this machine: no key is needed, and it costs\n"
        "nothing. Prints the URL; Ctrl-C stops the demo. The notebooks are copies in a temporary\n"
        "folder, unless --folder names one."
    )
    parser.add_argument("--port", type=int, default=0, help=_("port of JupyterLab (default: a free one)"))
    parser.add_argument("--rate", type=float, default=60.0, help=_("tokens per second of the simulator (default 60)"))
    parser.add_argument("--no-browser", action="store_true", help=_("print the URL, but do not open a browser"))
    parser.add_argument(
        "--folder", type=Path, metavar="DIR", help=_("put the notebooks there, and leave those that are there already")
    )
    parser.add_argument(
        "--check", action="store_true", help=_("run the notebooks without a browser and print a summary")
    )


def main(options: argparse.Namespace) -> int:
    """Run the demo and return the exit status."""
    needed = ["nbclient", "ipykernel"] if options.check else ["jupyterlab", "ipykernel"]
    if missing := [name for name in needed if find_spec(name) is None]:
        names = listed(missing, " and ", " and ")
        sys.stderr.write(_("The demo needs {missing}. Run: pip install 'nbstream[demo]'\n", missing=names))
        return 1
    with (
        tempfile.TemporaryDirectory(prefix="nbstream-demo-", ignore_cleanup_errors=True) as temporary,
        Simulator(rate=0 if options.check else options.rate) as simulator,
    ):
        root = Path(temporary)
        folder: Path = (options.folder or root / "notebooks").absolute()
        try:
            copy_notebooks(folder)
        except OSError as error:
            sys.stderr.write(
                _("The notebooks cannot be written to {folder}: {strerror}.\n", folder=folder, strerror=error.strerror)
            )
            return 1
        environment = _environment(root, simulator.url, 0 if options.check else options.rate)
        if options.check:
            notebooks = [path for path in sorted(folder.rglob("*.ipynb")) if path.name != _INDEX]
            return max(_check(notebook, environment) for notebook in notebooks)
        return _serve(folder, root, environment, options)


def copy_notebooks(folder: Path) -> None:
    """Copy all notebooks and their pictures to a folder; a file that is there stays as it is.

    Raises:
        OSError: if they cannot be written.
    """
    # In a checkout the notebooks are next to the package, in a wheel they are part of it.
    checkout = Path(__file__).parents[1] / "notebooks"
    with nullcontext(checkout) if checkout.is_dir() else as_file(files("nbstream") / "notebooks") as source:
        for path in sorted(source.rglob("*")):
            target = folder / path.relative_to(source)
            if path.is_file() and ".ipynb_checkpoints" not in path.parts and not target.exists():
                target.parent.mkdir(parents=True, exist_ok=True)
                shutil.copyfile(path, target)


def _environment(root: Path, url: str, rate: float) -> dict[str, str]:
    environment = dict(os.environ, DEEPSEEK_BASE_URL=url, DEEPSEEK_API_KEY="simulated")
    # A lesson has a simulator of its own; one that is started live asks the user's usual server.
    environment |= {RATE_VARIABLE: str(rate), DEMO_VARIABLE: os.environ.get("DEEPSEEK_BASE_URL", "")}
    for variable, name in (
        ("JUPYTER_CONFIG_DIR", "config"),
        ("JUPYTER_DATA_DIR", "data"),
        ("JUPYTER_RUNTIME_DIR", "runtime"),
        ("IPYTHONDIR", "ipython"),
    ):
        (root / name).mkdir()
        environment[variable] = str(root / name)
    settings = root / "settings"
    settings.mkdir()
    # The question about news would cover the first screen, and the news need a network.
    no_news = {"@jupyterlab/apputils-extension:notification": {"fetchNews": "false", "checkForUpdates": False}}
    (settings / "overrides.json").write_text(json.dumps(no_news), "utf-8")
    environment["NBSTREAM_DEMO_SETTINGS"] = str(settings)
    return environment


def _serve(folder: Path, root: Path, environment: dict[str, str], options: argparse.Namespace) -> int:
    port, token = options.port or _free_port(), secrets.token_hex(16)
    url = f"http://127.0.0.1:{port}/lab/tree/{_INDEX}?token={token}"
    command = [
        *(sys.executable, "-m", "jupyterlab", "--no-browser", "--ip=127.0.0.1", f"--port={port}"),
        *("--ServerApp.port_retries=0", f"--IdentityProvider.token={token}", "--LabApp.news_url=None"),
        *(f"--ServerApp.root_dir={folder}", "--LabApp.expose_app_in_browser=False"),
        *(f"--LabApp.app_settings_dir={environment['NBSTREAM_DEMO_SETTINGS']}", "--log-level=ERROR"),
    ]
    if hasattr(os, "geteuid") and os.geteuid() == 0:
        # In a container the only user is often root, and the server listens on this machine only.
        command.append("--allow-root")
    log = root / "server.log"
    for name in ("SIGTERM", "SIGHUP"):
        # A terminal that is closed ends the demo as Ctrl-C does. Otherwise JupyterLab would stay.
        if hasattr(signal, name) and threading.current_thread() is threading.main_thread():
            signal.signal(getattr(signal, name), signal.default_int_handler)
    with log.open("wb") as messages:
        server = subprocess.Popen(command, env=environment, stdout=messages, stderr=messages)  # noqa: S603  (the command is constant)
    try:
        if not _wait_until_up(f"http://127.0.0.1:{port}/api?token={token}", server):
            sys.stderr.write(f"{_('JupyterLab did not start:')}\n{log.read_text('utf-8', 'replace')}\n")
            return 1
        is_kept = options.folder is not None
        kept = (
            _("Your work stays in {folder}.", folder=folder)
            if is_kept
            else _("Your work is deleted then; --folder DIR keeps it.")
        )
        sys.stdout.write(
            f"\n{_('The demo is ready, offline and free of charge:')}\n\n    {url}\n\n"
            f"{joined(_('Press Ctrl-C to stop it.'), kept)}\n"
        )
        sys.stdout.flush()
        if not options.no_browser:
            import webbrowser  # noqa: PLC0415  (with --no-browser there may be no desktop)

            webbrowser.open(url)
        return server.wait()
    except KeyboardInterrupt:
        return 0
    finally:
        _stop(server)


def _check(notebook: Path, environment: dict[str, str]) -> int:
    import nbformat  # noqa: PLC0415  (in the extra `demo`)
    from nbclient import NotebookClient  # noqa: PLC0415  (in the extra `demo`)
    from nbclient.exceptions import CellExecutionError  # noqa: PLC0415  (in the extra `demo`)

    content: Any = nbformat.read(notebook, as_version=4)
    client = NotebookClient(
        content,
        timeout=_CELL_SECONDS,
        resources={"metadata": {"path": str(notebook.parent)}},
        extra_arguments=["--IPKernelApp.log_level=ERROR"],
    )
    os.environ.update(environment)
    failure = ""
    try:
        client.execute()
    except CellExecutionError as error:
        failure = str(error)
    replies = 0
    sys.stdout.write(f"{notebook.name}\n")
    for number, cell in enumerate(content.cells, 1):
        for output in cell.get("outputs", []):
            html = output.get("data", {}).get("text/html", "")
            is_reply = "nbstream" in html and "nbstream-lesson" not in html
            if is_reply and (text := output["data"].get("text/markdown")):
                replies += 1
                sys.stdout.write(f"cell {number}: {_outline(text)}\n")
    sys.stdout.write(_("{replies} replies in the notebook.\n", replies=replies))
    if failure:
        sys.stderr.write(f"{_('A cell failed:')}\n{failure}\n")
    return 0 if replies and not failure else 1


def _outline(markdown: str) -> str:
    text = " ".join(markdown.rpartition("</details>")[2].split())
    return f"{len(markdown):,} characters: {text[:_PREVIEW_CHARS]}…"


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def _wait_until_up(url: str, server: subprocess.Popen[Any]) -> bool:
    deadline = time.monotonic() + _START_SECONDS
    while time.monotonic() < deadline and server.poll() is None:
        try:
            with urllib.request.urlopen(url, timeout=1):  # noqa: S310  (always an http URL)
                return True
        except (urllib.error.URLError, TimeoutError, ConnectionError):
            time.sleep(0.2)
    return False


def _stop(server: subprocess.Popen[Any]) -> None:
    if server.poll() is None:
        server.send_signal(signal.SIGTERM)
        try:
            server.wait(10)
        except subprocess.TimeoutExpired:
            server.kill()
            server.wait()
