"""How a reply shows itself as the value of a notebook's cell, and how it goes on.

A request shows itself as a program. `import nbstream` sets these functions: they need the renderer,
the network, the kernel and the texts of programs, which this package does not import.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Callable

#: Data and metadata by MIME type.
Bundle: TypeAlias = tuple[dict[str, str], dict[str, Any]]

#: Returns the settled output of a reply.
bundle_of: Callable[[Any], Bundle]
#: Goes on with a reply, with these options, shows it, and returns the whole reply.
resume: Callable[..., Any]
#: Returns whether the value of the running cell is a reply that the cell has just shown.
is_repeated: Callable[[Any], bool]
#: Returns what a reply says in the form that was asked for, as a `Reading`.
reading_of: Callable[[Any], Any]
#: Returns what a structured answer has so far, as plain JSON.
partial_of: Callable[[Any], Any]
#: Returns a structured answer as a DataFrame.
frame_of: Callable[[Any], Any]
#: Returns the program in a language that sends a request, as `nbstream.snippets.code_of`.
code_of: Callable[..., str]
#: The version of nbstream.
version: str = ""
#: Returns what a reply is made of, as JSON, as `nbstream.model.provenance.provenance`.
provenance_of: Callable[..., dict[str, Any]]
