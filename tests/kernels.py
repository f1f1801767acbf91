"""The kernels and front ends that the tests run against, each in its own virtual environment.

`python -m tests.kernels` makes the environments once, some at a time. The oldest kernel also has
openai 2.x, so that both major versions are tested, and an older anywidget than the front ends have.
"""

from __future__ import annotations

import json
import subprocess
import sys
import venv
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

ROOT = Path(__file__).parents[1]
HOME = Path(__file__).parent / ".kernels"

#: The packages of each environment besides `_DEPENDENCIES`.
PINNED = {
    "ipykernel-6.29": ["ipykernel==6.29.5", "ipython<9", "openai>=2,<3", "anywidget==0.9.18"],
    "ipykernel-7.0": ["ipykernel==7.0.1", "openai>=3,<4"],
    "ipykernel-7.3": ["ipykernel==7.3.0", "openai>=3,<4"],
}
#: Front ends that would change the environment of the tests: what each needs besides
#: `_DEPENDENCIES`.
FRONT_ENDS = {
    "marimo": ["marimo==0.25.2", "openai>=3,<4", "psutil", "jupyter-core"],
    "voila": ["voila==0.5.13"],
    "collaboration": ["jupyterlab==4.6.6", "jupyter-collaboration==5.0.4"],
    "server-documents": ["jupyterlab==4.6.6", "jupyter-server-documents==0.3.3"],
}
#: Programs of others, which run without nbstream.
#: Of `litellm[proxy]` only what its proxy imports at its start: the whole has twice the size.
SERVERS = {
    "litellm": [
        *("litellm==1.108.7", "litellm-proxy-extras==0.4.110", "apscheduler", "backoff", "cryptography", "expression"),
        *("fastapi", "fastapi-sso", "httpx2", "mcp", "orjson", "pyjwt", "python-multipart", "redis", "rich<14"),
        *("soundfile", "tomlkit", "uvicorn", "uvloop", "websockets<16"),
    ],
    "jupyterhub": ["jupyterhub==6.1.1", "jupyter_server==2.21.1", "ipykernel==7.3.0"],
}
#: The newest ipykernel is in the environment that runs the tests.
NEWEST = "ipykernel-newest"
NAMES = [*PINNED, NEWEST]
#: Installing waits for the network and the disk in turn.
_AT_ONCE = 3
_DEPENDENCIES = [
    "ipywidgets>=8.1,<9",
    "anywidget>=0.9.18,<0.12",
    "markdown-it-py>=3,<5",
    "mdit-py-plugins>=0.4",
    "latex2mathml>=3.77",
    "Pygments>=2.18",
    "rich>=13.7",
    "genai-prices>=0.2.2,<0.3",
    "babel>=2.14",
    "pytest",
    "pytest-timeout",
    "hypothesis",
]


def python(name: str) -> Path:
    """Return the path of the Python interpreter that runs kernel `name`."""
    return Path(sys.executable) if name == NEWEST else HOME / name / "bin" / "python"


def _environment(name: str, packages: list[str], *, has_nbstream: bool = True) -> None:
    """Make an environment, unless it is there with the same packages."""
    wanted = "\n".join(packages)
    done = HOME / name / "made-with.txt"
    if done.is_file() and done.read_text() == wanted:
        return
    sys.stdout.write(f"making {name}\n")
    sys.stdout.flush()
    # The pip of the tests installs into it. A module is compiled when it is first imported: most
    # never are.
    venv.create(HOME / name, clear=True, symlinks=True)
    pip = [sys.executable, "-m", "pip", "--python", str(python(name)), "install", "--quiet", "--no-compile"]
    subprocess.run([*pip, *packages], check=True)
    if has_nbstream:
        (site,) = (HOME / name / "lib").glob("python*/site-packages")
        # Put the checkout on the path, so that the kernel runs the code under test.
        (site / "nbstream-checkout.pth").write_text(f"{ROOT}\n")
    done.write_text(wanted)


def _hubs_proxy() -> None:
    """Install the proxy of JupyterHub, which is a program of Node."""
    folder = HOME / "configurable-http-proxy"
    if not folder.joinpath("node_modules", ".package-lock.json").is_file():
        folder.mkdir(exist_ok=True)
        npm = ["npm", "install", "--silent", "--no-audit", "--no-fund", "configurable-http-proxy@5.3.0"]
        subprocess.run(npm, cwd=folder, check=True)


def make() -> None:
    """Make the environments that are missing or out of date, and a kernel spec for each kernel."""
    with ThreadPoolExecutor(_AT_ONCE) as threads:
        # The largest one first.
        making = [threads.submit(_environment, *each, has_nbstream=False) for each in SERVERS.items()]
        making.append(threads.submit(_hubs_proxy))
        for name, pinned in {**PINNED, **FRONT_ENDS}.items():
            making.append(threads.submit(_environment, name, [*pinned, *_DEPENDENCIES]))
        for made in making:
            made.result()
    for name in NAMES:
        folder = HOME / "share" / "kernels" / name
        folder.mkdir(parents=True, exist_ok=True)
        argv = [str(python(name)), "-m", "ipykernel_launcher", "-f", "{connection_file}"]
        spec = {"argv": argv, "display_name": name, "language": "python"}
        (folder / "kernel.json").write_text(json.dumps(spec))


if __name__ == "__main__":
    make()
