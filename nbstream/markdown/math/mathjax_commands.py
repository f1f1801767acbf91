"""The commands and environments that both MathJax 2 and 3 know, as notebooks configure them.

`mathjax_commands.txt` is written by `node js/typeset.mjs --names`.
"""

from __future__ import annotations

import re
from functools import cache
from importlib.resources import files

#: Two backslashes end a row, and no command follows them.
_NAME = re.compile(r"\\(?:\\|(?:begin|end)\s*\{([A-Za-z]+\*?)\}|([A-Za-z]+))")


def are_known(tex: str) -> bool:
    """Return whether both versions of MathJax know all commands of `tex`."""
    known = _known()
    names = (environment or command for environment, command in _NAME.findall(tex))
    return all(not name or name in known for name in names)


@cache
def _known() -> frozenset[str]:
    return frozenset(files("nbstream.markdown.math").joinpath("mathjax_commands.txt").read_text("ascii").split())
