"""A connected server: its tools, its life, and the calls to it."""

from __future__ import annotations

import asyncio
import contextvars
import re
import weakref
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Self, overload

from nbstream.language import _
from nbstream.model.exceptions import RequestError
from nbstream.model.printable import one_line, storable
from nbstream.tools.async_loop import start_on_loop
from nbstream.tools.connection import MOST_TOOLS, Connection, opened
from nbstream.tools.result import Prepared
from nbstream.tools.server_content import prepared
from nbstream.tools.server_schemas import shape_of_schema
from nbstream.tools.tool import Tool

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from nbstream.tools.error_output import ErrorOutput
    from nbstream.tools.tool import Consent

#: A server that is installed when it is first started, as by `npx` or `uvx`, takes its time.
_START_SECONDS = 60.0
_CLOSING_SECONDS = 6.0
_POLL_SECONDS = 0.1
#: `mcp_types.CONNECTION_CLOSED`
_CONNECTION_CLOSED = -32000
_LONGEST_DESCRIPTION = 8_000
_LONGEST_NAME = 60
#: What a server says of a tool, by its hints.
_CLAIMS: dict[str, dict[Any, str]] = {
    "read_only_hint": {True: "only reads"},
    "destructive_hint": {True: "may destroy", False: "only adds"},
    "idempotent_hint": {True: "may be repeated"},
    "open_world_hint": {True: "reaches the outside", False: "reaches nothing outside"},
}


class Server(Sequence[Tool]):
    """A running MCP server: the list of its tools.

    A program ends when neither this list nor one of its tools is used any more, as after its cell
    was run again.

    Args:
        client: an `mcp.Client` that was not entered.
        place: where the server is, for messages.
        errors: its error output, if it is a program.
        name: its name; the default is the one that it gives itself.
        consent: the rule of consent of its tools.
        timeout: how long a call may take, in seconds.

    Attributes:
        name: its name.
        instructions: what the server says of itself. It is sent to no model, unless you do so.
    """

    def __init__(
        self,
        client: Any,
        place: str,
        errors: ErrorOutput | None = None,
        *,
        name: str | None = None,
        consent: Consent = "ask",
        timeout: float,
    ) -> None:
        self.name = name or "server"
        self.instructions = ""
        self._place = place
        self._is_named = name is not None
        self._consent = consent
        self._timeout = timeout
        self._errors = errors
        self._tools: tuple[Tool, ...] = ()
        self._connection = Connection(client, errors)

    @property
    def is_open(self) -> bool:
        """Whether the server runs, as far as is known."""
        connection = self._connection
        return connection.ready.is_set() and not (connection.ended.is_set() or connection.closing.is_set())

    @overload
    def __getitem__(self, index: int) -> Tool: ...
    @overload
    def __getitem__(self, index: slice) -> Sequence[Tool]: ...
    def __getitem__(self, index: int | slice) -> Tool | Sequence[Tool]:
        return self._tools[index]

    def __len__(self) -> int:
        return len(self._tools)

    def __repr__(self) -> str:
        names = ", ".join(each.name for each in self._tools) or "no tools"
        return f"<MCP server {self.name}{'' if self.is_open else ', closed'}: {names}>"

    def start(self) -> None:
        """Connect, and wait until the server has told its tools.

        Raises:
            RequestError: if it does not start.
            KeyboardInterrupt: if ■ was pressed.
        """
        connection = self._connection
        start_on_loop(connection.live())
        try:
            rounds = int(_START_SECONDS / _POLL_SECONDS)
            while not connection.ready.wait(_POLL_SECONDS) and rounds:
                rounds -= 1
        except BaseException:
            connection.cancel()
            raise
        if not connection.ready.is_set():
            connection.cancel()
            raise RequestError(
                _(
                    "The MCP server {place} did not answer within {start_seconds:.0f} seconds.",
                    place=self._place,
                    start_seconds=_START_SECONDS,
                )
            )
        if connection.failure is not None:
            raise RequestError(
                _(
                    "The MCP server {place} did not start: {reason}",
                    place=self._place,
                    reason=self._reason(connection.failure),
                )
            )
        self._learn()
        opened.add(connection)
        weakref.finalize(self, connection.end).atexit = False

    def close(self) -> None:
        """End the connection; a program is stopped. A call that runs gets an error."""
        if not self._connection.ended.is_set():
            self._connection.end()
            self._connection.ended.wait(_CLOSING_SECONDS)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _reason(self, error: BaseException) -> str:
        """Return why the server failed, in one line: the exception, and its own last words."""
        said = self._errors.last_line() if self._errors is not None else ""
        while isinstance(error, BaseExceptionGroup) and error.exceptions:
            error = error.exceptions[0]
        line = one_line(f"{type(error).__name__}: {error}")
        return f"{line.rstrip('.')}. The last line that it wrote: {one_line(said)}" if said else line

    def _learn(self) -> None:
        client = self._connection.client
        if not self._is_named:
            info = client.server_info
            said = info.name if info is not None else ""
            self.name = _valid_name(said)[:_LONGEST_NAME] or _valid_name(self._place)[:_LONGEST_NAME] or "server"
        self.instructions = storable(client.instructions or "")[:_LONGEST_DESCRIPTION]
        tools: dict[str, Tool] = {}
        for each in self._connection.described[:MOST_TOOLS]:
            made = self._tool(each, tools)
            tools[made.name] = made
        self._tools = tuple(tools.values())

    def _tool(self, described: Any, others: Mapping[str, Tool]) -> Tool:
        own = str(described.name)
        name = _valid_name(own)[:128] or "tool"
        number = 2
        while name in others:
            name = f"{_valid_name(own)[:120] or 'tool'}_{number}"
            number += 1
        description = storable(described.description or described.title or "").strip()
        return Tool(
            name,
            description[:_LONGEST_DESCRIPTION],
            shape_of_schema(described.input_schema, name),
            self._function(own),
            self._consent,
            self.name,
            _claims(described.annotations),
        )

    def _function(self, name: str) -> Callable[..., Any]:
        async def call(**arguments: Any) -> Prepared:
            return await self._call(name, arguments)

        return call

    async def _call(self, name: str, arguments: dict[str, Any]) -> Prepared:
        connection = self._connection
        # Between the two, the client is closed and can take no call.
        if connection.closing.is_set() or connection.ended.is_set():
            return Prepared(f"The MCP server {self.name} has ended. The user can start it again.", is_error=True)
        if asyncio.get_running_loop() is not connection.loop:
            return Prepared(f"The MCP server {self.name} hangs. The user can start it again.", is_error=True)
        # Progress is told by a task that is not this call's.
        context = contextvars.copy_context()

        async def tell(progress: float, total: float | None, message: str | None) -> None:
            context.run(_print_progress, progress, total, message)

        calling = asyncio.ensure_future(connection.client.call_tool(name, arguments, progress_callback=tell))
        ending = asyncio.ensure_future(connection.closing.wait())
        try:
            done, _ = await asyncio.wait((calling, ending), timeout=self._timeout, return_when=asyncio.FIRST_COMPLETED)
        finally:
            ending.cancel()
            if not calling.done():
                calling.cancel()
        if calling not in done:
            what = "was closed" if done else f"did not answer within {self._timeout:g} seconds"
            return Prepared(f"The MCP server {self.name} {what}.", is_error=True)
        error = calling.exception()
        if error is None:
            return prepared(calling.result())
        if getattr(getattr(error, "error", None), "code", None) == _CONNECTION_CLOSED:
            connection.closing.set()
            return Prepared(f"The MCP server {self.name} has ended. The user can start it again.", is_error=True)
        said = one_line(f"{type(error).__name__}: {error}")
        return Prepared(f"The MCP server {self.name} reports an error: {said}", is_error=True)


def _print_progress(progress: float, total: float | None, message: str | None) -> None:
    """Print how far a call is, so that it stands in the card."""
    share = f"{progress:g} of {total:g}" if total else f"{progress:g}"
    print(f"{share}: {one_line(message)}" if message else share)  # noqa: T201  (the card's own output)


def _valid_name(name: str) -> str:
    return re.sub(r"[^A-Za-z0-9_-]+", "_", name).strip("_")


def _claims(annotations: Any) -> tuple[str, ...]:
    if annotations is None:
        return ()
    hints = {hint: getattr(annotations, hint, None) for hint in _CLAIMS}
    if hints["read_only_hint"]:
        # The two others speak of changes.
        hints |= {"destructive_hint": None, "idempotent_hint": None}
    found = [words.get(hints[hint]) for hint, words in _CLAIMS.items()]
    return tuple(filter(None, found))
