"""Builds the page's JavaScript and CSS with npm while the Python package is built.

pyproject.toml names this file as hatchling's custom build hook. An sdist has the built files
already, so a wheel can be built from it without Node. HATCH_BUILD_NO_HOOKS=true switches the hook
off.
"""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path
from typing import Any

from hatchling.builders.config import BuilderConfig
from hatchling.builders.hooks.plugin.interface import BuildHookInterface

OLDEST_NODE = 20
BUNDLE = ("nbstream/static/stub.js", "nbstream/static/reply.js", "nbstream/static/cells.js")
MISSING = (
    f"Node {OLDEST_NODE} or newer is needed to build the page; install it, or install the wheel. "
    "(To work on the Python code only, set HATCH_BUILD_NO_HOOKS=true.)"
)


class PageHook(BuildHookInterface[BuilderConfig]):
    """Runs `npm run build` if the bundle is missing, and for every editable install."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:  # noqa: ARG002  (hatchling's signature)
        """Build the bundle; abort with one line if there is no Node or an old one."""
        root = Path(self.root)
        if version != "editable" and all((root / name).is_file() for name in BUNDLE):
            return
        npm = shutil.which("npm")
        if npm is None or _node_version() < OLDEST_NODE:
            self.app.abort(MISSING)
        page = root / "js"
        # `npm ci` installs what the lock file says, and never writes to it as `npm install` does.
        steps = [["run", "build"]] if (page / "node_modules").exists() else [["ci"], ["run", "build"]]
        for step in steps:
            if subprocess.run([npm, *step, "--no-audit", "--no-fund"], cwd=page, check=False).returncode:  # noqa: S603
                self.app.abort(f"The page was not built: `npm {' '.join(step)}` failed in js/; its output is above.")


def _node_version() -> int:
    """Return Node's major version, or 0 if it does not run."""
    node = shutil.which("node")
    if node is None:
        return 0
    said = subprocess.run([node, "--version"], capture_output=True, text=True, check=False).stdout  # noqa: S603
    major = said.strip().removeprefix("v").partition(".")[0]
    return int(major) if major.isdigit() else 0
