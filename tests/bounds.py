"""Prints the lower bounds of the dependencies in pyproject.toml, as constraints for pip.

Those of the extras for users are among them: `python -m tests.bounds`.
"""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

#: The other extras have no part of the product.
_EXTRAS = ("demo", "mcp")
_BOUND = re.compile(r"([\w-]+)>=([\w.]+)")


def main() -> None:
    """Print `rich==13.7` for `rich>=13.7`."""
    project = tomllib.loads((Path(__file__).parents[1] / "pyproject.toml").read_text("utf-8"))["project"]
    needed = [*project["dependencies"], *(each for name in _EXTRAS for each in project["optional-dependencies"][name])]
    for each in needed:
        found = _BOUND.match(each)
        assert found, f"{each} has no lower bound"
        print(f"{found[1]}=={found[2]}")


if __name__ == "__main__":
    main()
