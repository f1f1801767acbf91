"""What Sphinx does not do by itself: examples that run and stream, and pages made from the code."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from extension import course, execution, formulas, icons, llms, player, reference, without_script

if TYPE_CHECKING:
    from sphinx.application import Sphinx


def setup(app: Sphinx) -> dict[str, Any]:
    """Connect the parts with Sphinx, which calls this."""
    for part in (course, execution, formulas, icons, llms, player, reference, without_script):
        part.setup(app)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
