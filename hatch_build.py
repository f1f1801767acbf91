"""Builds the page's JavaScript and CSS with npm, and addresses for the README on PyPI.

pyproject.toml names this file as hatchling's custom hooks. An sdist has the built files already,
so a wheel can be built from it without Node. HATCH_BUILD_NO_HOOKS=true switches the build off.

PyPI shows the README away from its repository, so links to files need a whole address there. It is
known when a release is built: NBSTREAM_REPOSITORY is the repository's, without a slash at its end.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

from hatchling.builders.config import BuilderConfig
from hatchling.builders.hooks.plugin.interface import BuildHookInterface
from hatchling.metadata.plugin.interface import MetadataHookInterface

OLDEST_NODE = 20
BUNDLE = ("nbstream/static/stub.js", "nbstream/static/reply.js", "nbstream/static/cells.js")
MISSING = (
    f"Node {OLDEST_NODE} or newer is needed to build the page; install it, or install the wheel. "
    "(To work on the Python code only, set HATCH_BUILD_NO_HOOKS=true.)"
)
_VERSION = re.compile(r'^__version__ = "(.+)"$', re.MULTILINE)
#: A link or a picture of the README that is no address: Markdown's links, and attributes of HTML.
_FILE = re.compile(r'(?P<before>\]\(|(?P<image>src(?:set)?="))(?![a-z]+:|#)(?P<path>[^)"\s]+)')


class ReadmeHook(MetadataHookInterface):
    """Fills in the fields `readme` and `urls`."""

    def update(self, metadata: dict[str, Any]) -> None:
        """Add the README, and the repository's addresses if they are known."""
        root = Path(self.root)
        text = (root / "README.md").read_text("utf-8")
        if repository := os.environ.get("NBSTREAM_REPOSITORY"):
            found = _VERSION.search((root / "nbstream" / "__init__.py").read_text("utf-8"))
            assert found, "nbstream/__init__.py has no __version__"  # noqa: S101  (hatchling has read it before)
            tag = f"v{found[1]}"
            text = with_addresses(text, repository, tag)
            metadata["urls"] = {
                "Source": repository,
                "Documentation": f"{repository}/blob/{tag}/docs/README.md",
                "Changelog": f"{repository}/blob/{tag}/CHANGELOG.md",
                "Issues": f"{repository}/issues",
            }
        metadata["readme"] = {"content-type": "text/markdown", "text": text}


def with_addresses(markdown: str, repository: str, tag: str) -> str:
    """Return `markdown` with whole addresses in place of the paths of files.

    Args:
        markdown: the README.
        repository: the repository's address.
        tag: the tag or branch that the addresses name.
    """

    def address(found: re.Match[str]) -> str:
        kind = "raw" if found["image"] else "blob"
        return f"{found['before']}{repository}/{kind}/{tag}/{found['path']}"

    return _FILE.sub(address, markdown)


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
