"""The kernels that the tests run against, each in its own virtual environment.

`python -m tests.kernels` makes the environments once. The oldest one also has openai 2.x, so that
both major versions are tested.
"""

from __future__ import annotations

import json
import subprocess
import sys
import venv
from pathlib import Path

ROOT = Path(__file__).parents[1]
HOME = Path(__file__).parent / ".kernels"

#: The packages of each environment besides `_DEPENDENCIES`.
PINNED = {
    "ipykernel-6.29": ["ipykernel==6.29.5", "ipython<9", "openai>=2,<3"],
    "ipykernel-7.0": ["ipykernel==7.0.1", "openai>=3,<4"],
    "ipykernel-7.3": ["ipykernel==7.3.0", "openai>=3,<4"],
}
#: The newest ipykernel is in the environment that runs the tests.
NEWEST = "ipykernel-newest"
NAMES = [*PINNED, NEWEST]
_DEPENDENCIES = [
    "ipywidgets>=8.1,<9",
    "anywidget>=0.9.18,<0.12",
    "markdown-it-py>=3,<5",
    "mdit-py-plugins>=0.4",
    "latex2mathml>=3.77",
    "Pygments>=2.18",
    "rich>=13.7",
    "pytest",
    "pytest-timeout",
    "hypothesis",
]


def python(name: str) -> Path:
    """Return the path of the Python interpreter that runs kernel `name`."""
    return Path(sys.executable) if name == NEWEST else HOME / name / "bin" / "python"


def make() -> None:
    """Make the environments that are missing or out of date, and a kernel spec for each one."""
    for name, pinned in PINNED.items():
        wanted = "\n".join([*pinned, *_DEPENDENCIES])
        done = HOME / name / "made-with.txt"
        if not done.is_file() or done.read_text() != wanted:
            sys.stdout.write(f"making {name}\n")
            sys.stdout.flush()
            venv.create(HOME / name, with_pip=True, clear=True)
            subprocess.run([python(name), "-m", "pip", "install", "--quiet", *pinned, *_DEPENDENCIES], check=True)
            (site,) = (HOME / name / "lib").glob("python*/site-packages")
            # Put the checkout on the path, so that the kernel runs the code under test.
            (site / "nbstream-checkout.pth").write_text(f"{ROOT}\n")
            done.write_text(wanted)
    for name in NAMES:
        folder = HOME / "share" / "kernels" / name
        folder.mkdir(parents=True, exist_ok=True)
        argv = [str(python(name)), "-m", "ipykernel_launcher", "-f", "{connection_file}"]
        spec = {"argv": argv, "display_name": name, "language": "python"}
        (folder / "kernel.json").write_text(json.dumps(spec))


if __name__ == "__main__":
    make()
