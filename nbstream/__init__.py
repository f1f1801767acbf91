"""Think with a language model inside a notebook: live reasoning, a Stop that stops, an honest cost line.

The public names. Importing this package imports nothing heavy: what a name needs is loaded at its first use.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from IPython.core.interactiveshell import InteractiveShell

    from nbstream.client.api import stream
    from nbstream.client.run import Run
    from nbstream.core.errors import NbstreamError, NbstreamWarning, ReplyError, RequestError
    from nbstream.core.reply import Reply
    from nbstream.notebook.ask import ask
    from nbstream.notebook.commands import code_blocks
    from nbstream.notebook.display import show
    from nbstream.render.code import CodeBlock

    last: Reply | None

__version__ = "0.1.0"

__all__ = [
    "CodeBlock",
    "NbstreamError",
    "NbstreamWarning",
    "Reply",
    "ReplyError",
    "RequestError",
    "Run",
    "ask",
    "code_blocks",
    "last",
    "show",
    "stream",
]

_HOMES = {
    "CodeBlock": "render.code",
    "NbstreamError": "core.errors",
    "NbstreamWarning": "core.errors",
    "Reply": "core.reply",
    "ReplyError": "core.errors",
    "RequestError": "core.errors",
    "Run": "client.run",
    "ask": "notebook.ask",
    "code_blocks": "notebook.commands",
    "show": "notebook.display",
    "stream": "client.api",
}


def __getattr__(name: str) -> Any:
    if name == "last":
        return import_module("nbstream.client.api").last_reply()
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = globals()[name] = getattr(import_module(f"nbstream.{_HOMES[name]}"), name)
    return value


def __dir__() -> list[str]:
    return [*globals(), *__all__]


def load_ipython_extension(shell: InteractiveShell) -> None:
    """Make `%%deepseek` known to `shell`; run by `%load_ext nbstream`."""
    from nbstream.notebook.magic import load  # noqa: PLC0415  (IPython is only there in IPython)

    load(shell)


def unload_ipython_extension(shell: InteractiveShell) -> None:
    """Take `%%deepseek` away again; run by `%unload_ext nbstream`."""
    from nbstream.notebook.magic import unload  # noqa: PLC0415  (as above)

    unload(shell)
