"""First lines that IPython would misread before the magic sees them.

A comment above a cell magic makes IPython read the prompt as Python, an empty cell magic is refused
with a hint at the line magic, and a line magic that ends in a question mark asks for documentation.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable

#: The line magic's argument for a cell magic that is not on the first line of its cell.
MISPLACED = "%%"

_ATTRIBUTE = "nbstream_magic"


def watch(shell: Any, name: str) -> None:
    """Rewrite such cells of the magic `name` before IPython reads them."""
    unwatch(shell)
    shell.input_transformers_cleanup.insert(0, transformer(name))


def unwatch(shell: Any) -> None:
    """Undo `watch`."""
    kept = [each for each in shell.input_transformers_cleanup if not hasattr(each, _ATTRIBUTE)]
    shell.input_transformers_cleanup[:] = kept


def transformer(name: str) -> Callable[[list[str]], list[str]]:
    """Return the function that takes the lines of a cell and returns those that IPython reads."""

    def rewrite(lines: list[str]) -> list[str]:
        first = next((at for at, line in enumerate(lines) if line.strip() and not line.lstrip().startswith("#")), None)
        if first is None:
            return lines
        command, _, rest = lines[first].strip().partition(" ")
        if command == f"%%{name}":
            if any(line.strip() for line in lines[:first]):
                return [f"%{name} {MISPLACED}\n"]
            if not "".join(lines[first + 1 :]).strip():
                # IPython lets no cell magic see an empty cell.
                return [f"get_ipython().run_cell_magic({name!r}, {rest.strip()!r}, '\\n')\n"]
        elif command == f"%{name}" and rest.endswith("?") and not "".join(lines[first + 1 :]).strip():
            return [f"get_ipython().run_line_magic({name!r}, {rest.strip()!r})\n"]
        return lines

    vars(rewrite)[_ATTRIBUTE] = name
    return rewrite
