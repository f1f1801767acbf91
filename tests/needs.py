"""Marks for tests that need more than Python packages: elsewhere they are skipped, with the reason.

`tests/run` installs on Debian all that is named here, so nothing is skipped in the gate.
"""

from __future__ import annotations

import os
import shutil
import sys
from pathlib import Path

import pytest

_ROOT = Path(__file__).parents[1]

#: Installed by `npm ci` in js/.
NPM_PACKAGES = _ROOT / "js" / "node_modules"
#: Built by `npm run build` in js/.
BUNDLE = _ROOT / "nbstream" / "static" / "reply.js"

DELIVERY = "only there the simulator can wait until the client has received everything (`man 7 tcp`, SIOCOUTQ)"


def linux(why: str) -> pytest.MarkDecorator:
    """Skip elsewhere than on Linux; `why` completes the sentence "needs Linux: …"."""
    return pytest.mark.skipif(sys.platform != "linux", reason=f"needs Linux: {why}")


def posix(why: str) -> pytest.MarkDecorator:
    """Skip on Windows; `why` completes the sentence "not on Windows: …"."""
    return pytest.mark.skipif(os.name != "posix", reason=f"not on Windows: {why}")


def command(name: str, package: str) -> pytest.MarkDecorator:
    """Skip where there is no command `name`, which Debian's `package` holds."""
    return pytest.mark.skipif(shutil.which(name) is None, reason=f"needs {name}: apt-get install {package}")


def npm_package(name: str) -> pytest.MarkDecorator:
    """Skip where js/node_modules lacks the package `name`."""
    return pytest.mark.skipif(not (NPM_PACKAGES / name).is_dir(), reason="needs the npm packages: run `npm ci` in js/")


def npm_packages(*names: str) -> None:
    """Skip the calling module where js/node_modules, or one of the packages `names`, is missing."""
    if not all((NPM_PACKAGES / name).is_dir() for name in ("", *names)):
        pytest.skip("needs the npm packages: run `npm ci` in js/", allow_module_level=True)


def bundle() -> None:
    """Skip the calling module where the page was not built."""
    if not BUNDLE.is_file():
        pytest.skip("needs the built page: run `npm ci && npm run build` in js/", allow_module_level=True)
