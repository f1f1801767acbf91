"""The function that hatch-jupyter-builder calls to build the page with npm."""

from __future__ import annotations

import shutil
import sys
from typing import Any

from hatch_jupyter_builder import npm_builder


def build(target_name: str, version: str, **options: Any) -> None:
    """Build the page; end with a message instead of a traceback if npm is missing."""
    if shutil.which("npm") is None:
        sys.exit(
            "nbstream was not installed: building it from source needs npm, which is missing. "
            "Install Node.js 20 or newer (https://nodejs.org) and run pip again, or install nbstream's wheel."
        )
    npm_builder(target_name, version, **options)
