"""Think with a language model inside a notebook: live reasoning, Stop, and what it cost.

The public names. Importing this package imports nothing heavy: what a name needs is loaded at its
first use.
"""

from __future__ import annotations

import sys
from importlib import import_module
from typing import TYPE_CHECKING, Any

from nbstream.billing import user_prices
from nbstream.chat import front_end
from nbstream.client import allowance, metering
from nbstream.client.policy import places
from nbstream.exchange import front_end as consent
from nbstream.language import current as current_language
from nbstream.model import representation
from nbstream.prompt import session
from nbstream.sessions import per_session
from nbstream.widgets import front_ends

if TYPE_CHECKING:
    from IPython.core.interactiveshell import InteractiveShell

    from nbstream.batch.replies import Replies
    from nbstream.chat.conversation import Chat
    from nbstream.client.budgets.blocks import budget
    from nbstream.client.ledger_view import ledger
    from nbstream.client.run import Run
    from nbstream.client.settings import Settings
    from nbstream.client.tapes import record, replay
    from nbstream.exchange.start import stream
    from nbstream.jupyter.again import resume
    from nbstream.jupyter.ask import ask, complete
    from nbstream.jupyter.commands.replies import code_blocks
    from nbstream.jupyter.display import show
    from nbstream.jupyter.dry_run import dry_run
    from nbstream.jupyter.many import map  # noqa: A004, F401  (it is `nbstream.map`)
    from nbstream.markdown.code_blocks import CodeBlock
    from nbstream.model.exceptions import NbstreamError, NbstreamWarning, RequestError
    from nbstream.model.reply import Reply, ReplyError
    from nbstream.model.spend import Spend
    from nbstream.prompt.describe import describe
    from nbstream.prompt.description import Description
    from nbstream.tools.mcp_servers import mcp
    from nbstream.tools.tool import tool
    from nbstream.widgets.chat_panel.panel import ChatPanel
    from nbstream.widgets.compare.compare import Compare
    from nbstream.widgets.inspector.inspector import Inspector
    from nbstream.widgets.instruments.reply_view import ReplyView
    from nbstream.widgets.usage.usage import usage

    last: Reply | None
    last_map: Replies | None
    settings: Settings

__version__ = "1.0.0rc1"

#: Without `map`: a star import must not replace Python's own.
__all__ = [
    "Chat",
    "ChatPanel",
    "CodeBlock",
    "Compare",
    "Description",
    "Inspector",
    "NbstreamError",
    "NbstreamWarning",
    "Replies",
    "Reply",
    "ReplyError",
    "ReplyView",
    "RequestError",
    "Run",
    "Spend",
    "ask",
    "budget",
    "code_blocks",
    "complete",
    "describe",
    "dry_run",
    "last",
    "ledger",
    "mcp",
    "record",
    "replay",
    "resume",
    "settings",
    "show",
    "stream",
    "tool",
    "usage",
]

_MODULES = {
    "Chat": "chat.conversation",
    "ChatPanel": "widgets.chat_panel.panel",
    "CodeBlock": "markdown.code_blocks",
    "Compare": "widgets.compare.compare",
    "Description": "prompt.description",
    "Inspector": "widgets.inspector.inspector",
    "NbstreamError": "model.exceptions",
    "NbstreamWarning": "model.exceptions",
    "Replies": "batch.replies",
    "Reply": "model.reply",
    "ReplyError": "model.reply",
    "ReplyView": "widgets.instruments.reply_view",
    "RequestError": "model.exceptions",
    "Run": "client.run",
    "Spend": "model.spend",
    "ask": "jupyter.ask",
    "budget": "client.budgets.blocks",
    "code_blocks": "jupyter.commands.replies",
    "complete": "jupyter.ask",
    "describe": "prompt.describe",
    "dry_run": "jupyter.dry_run",
    "ledger": "client.ledger_view",
    "map": "jupyter.many",
    "mcp": "tools.mcp_servers",
    "record": "client.tapes",
    "replay": "client.tapes",
    "resume": "jupyter.again",
    "show": "jupyter.display",
    "stream": "exchange.start",
    "tool": "tools.tool",
    "usage": "widgets.usage.usage",
}


def __getattr__(name: str) -> Any:
    if name == "last":
        return import_module("nbstream.client.history").last_reply()
    if name == "last_map":
        return import_module("nbstream.batch.latest").last_replies()
    if name == "settings":
        return import_module("nbstream.client.settings").current()
    if name not in _MODULES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = globals()[name] = getattr(import_module(f"nbstream.{_MODULES[name]}"), name)
    return value


def __dir__() -> list[str]:
    return [*globals(), *__all__, "last_map", "map"]


def load_ipython_extension(shell: InteractiveShell) -> None:
    """Make `%%deepseek` known to `shell`; run by `%load_ext nbstream`."""
    from nbstream.jupyter.magic import load  # noqa: PLC0415  (IPython is only there in IPython)

    load(shell)
    # What the cells are told to run, such as `nbstream.show()`, must work.
    shell.user_ns.setdefault(__name__, sys.modules[__name__])


def unload_ipython_extension(shell: InteractiveShell) -> None:
    """Take `%%deepseek` away again; run by `%unload_ext nbstream`."""
    from nbstream.jupyter.magic import unload  # noqa: PLC0415  (as above)

    unload(shell)


def _visited() -> Any:
    if (front_end := front_ends.visited()) is None:
        return None
    return import_module("nbstream.client.allowance").Visited(front_end.name, front_end.needs_number)


def _marimo(name: str) -> Any:
    """Call a function of the module for marimo, if marimo may run here; else return None."""
    if "marimo" not in sys.modules:
        return None
    return getattr(import_module("nbstream.jupyter.marimo_notebook"), name)()


representation.bundle_of = lambda reply: import_module("nbstream.jupyter.cell_value").bundle_of(reply)
representation.resume = lambda reply, **options: import_module("nbstream.jupyter.again").resume(reply, **options)
representation.code_of = lambda request, *language, **options: import_module("nbstream.snippets").code_of(
    request, *language, **options
)
representation.version = __version__
representation.provenance_of = lambda reply, **options: import_module("nbstream.model.provenance").provenance(
    reply, **options
)
representation.reading_of = lambda reply: import_module("nbstream.schemas.reading").reading_of(reply)
representation.partial_of = lambda reply: import_module("nbstream.schemas.reading").partial_of(reply)
representation.frame_of = lambda reply: import_module("nbstream.schemas.data_frames").frame_of(reply)
representation.is_repeated = lambda reply: import_module("nbstream.jupyter.cell_value").is_repeated(reply)

front_end.cell = lambda: import_module("nbstream.jupyter.chat_cells").running()
front_end.watch = lambda *arguments: import_module("nbstream.jupyter.ask").watch_run(*arguments)
front_end.html = lambda chat: import_module("nbstream.output.conversation").html(chat)
front_end.markdown = lambda chat: import_module("nbstream.output.conversation").markdown(chat)
consent.ask = lambda call: import_module("nbstream.jupyter.asking").ask(call)
per_session.of_front_end = lambda: _marimo("store")
allowance.visited = _visited
current_language.of_front_end = lambda: import_module("nbstream.widgets.front_language").language()
user_prices.add_source(lambda: import_module("nbstream.client.policy.prices").user_prices())
places.notebook = lambda: import_module("nbstream.jupyter.where_asked").notebook()
metering.execution_here = lambda: import_module("nbstream.jupyter.cell_ids").execution_here()
metering.origin_here = lambda: import_module("nbstream.jupyter.where_asked").here()
metering.makers.append(lambda _origin: import_module("nbstream.client.ledger_meter").maker(__version__))
# After the ledger: what is reserved is released when the row is written.
metering.makers.append(lambda origin: import_module("nbstream.client.budgets.making").meter_of(origin))
front_ends.mode_of_marimo = lambda: _marimo("mode")
session.cells_above = lambda most: import_module("nbstream.jupyter.above").cells_above(most)
session.last_failure = lambda: import_module("nbstream.jupyter.above").last_failure()

if "IPython" in sys.modules and (_shell := sys.modules["IPython"].get_ipython()) is not None:
    # `%deepseek fix` needs exceptions from before its first use.
    import_module("nbstream.jupyter.session_history").watch(_shell)

if "ipykernel" in sys.modules:
    # A widget's callback shows its reply in the cell that made it, so cells are remembered early.
    import_module("nbstream.widgets.cells").remember()
    # Runs that a cell has started end with it, if it is interrupted.
    import_module("nbstream.jupyter.interrupted_cell").watch_kernel()
    # Clicks on Continue and Retry.
    vars(import_module("nbstream.widgets.channels"))["answer_click"] = lambda message: import_module(
        "nbstream.jupyter.again"
    ).answer(message)
