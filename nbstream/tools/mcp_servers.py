"""Servers of the Model Context Protocol (MCP) as tools, by the official package `mcp`.

What a server says of itself and of its tools is another program's text. It grants no consent, and
the server gets none of our variables, no model and no question to the user.
"""

from __future__ import annotations

import contextlib
import os
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from nbstream.language import _, marked
from nbstream.model.exceptions import RequestError
from nbstream.model.printable import one_line
from nbstream.tools.error_output import ErrorOutput
from nbstream.tools.servers import Server
from nbstream.tools.tool import check_consent

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Mapping, Sequence

    from nbstream.tools.tool import Consent

_CALL_SECONDS = 300.0
_MISSING = marked("`nbstream.mcp` needs the package `mcp`, version 2.3 or newer: run `pip install 'nbstream[mcp]'`.")
_NEEDS = marked("`nbstream.mcp` needs a command, a URL, or a `mcp.Client` that was not entered.")


def mcp(
    server: Any,
    *arguments: str | os.PathLike[str],
    name: str | None = None,
    consent: Consent = "ask",
    env: Mapping[str, str] | None = None,
    cwd: str | os.PathLike[str] | None = None,
    headers: Mapping[str, str] | None = None,
    timeout: float = _CALL_SECONDS,
) -> Server:
    """Connect to an MCP server, and return it as a list of tools: `ask(…, tools=[server])`.

    A program runs until `close` is called on the result, or until this session ends. It gets no
    variables of the environment but the usual ones, such as `PATH`, and those of `env`.

    Args:
        server: a command; or the URL of a server that speaks streamable HTTP; or a `mcp.Client`
            that was not entered, for other transports.
        *arguments: the arguments of the command.
        name: the name of the server; the default is the one that it gives itself.
        consent: as for `nbstream.tool`, for all of its tools. What the server says of them, as that
            they only read, is shown and grants nothing.
        env: variables for the command.
        cwd: the working directory of the command.
        headers: headers for the URL, such as `Authorization`; they go to this server only.
        timeout: how long a call may take, in seconds.

    Raises:
        RequestError: if the package `mcp` is missing, an argument is not valid, or the server does
            not start; the error has the last line that it wrote.
        KeyboardInterrupt: if ■ was pressed while it started; the server is stopped then.
    """
    check_consent(consent)
    if name is not None and not re.fullmatch(r"[A-Za-z0-9_-]{1,60}", name):
        raise RequestError(
            _("`name=` is {name!r}: it must have 1 to 60 letters (A to Z), digits, `_` or `-`.", name=one_line(name))
        )
    client, place, errors = _client(server, arguments, env=env, cwd=cwd, headers=headers)
    made = Server(client, place, errors, name=name, consent=consent, timeout=timeout)
    try:
        made.start()
    finally:
        if errors is not None and not made.is_open:
            errors.close()
    return made


def _client(
    server: Any,
    arguments: Sequence[str | os.PathLike[str]],
    *,
    env: Mapping[str, str] | None,
    cwd: str | os.PathLike[str] | None,
    headers: Mapping[str, str] | None,
) -> tuple[Any, str, ErrorOutput | None]:
    """Return a client that was not entered, where its server is, and a program's error output."""
    try:
        from mcp import Client, ClientSession, StdioServerParameters, stdio_client  # noqa: PLC0415  (an extra)
    except ImportError:
        raise RequestError(_(_MISSING)) from None
    if isinstance(server, ClientSession) or (isinstance(server, Client) and _is_entered(server)):
        raise RequestError(
            _(
                "This MCP client lives on the event loop of the cell, which waits while a tool runs. Give "
                "`mcp.Client(…)` without entering it: nbstream does."
            )
        )
    if isinstance(server, Client):
        return server, _("of this client"), None
    if isinstance(server, os.PathLike):
        server = os.fspath(server)
    if not isinstance(server, str) or not server.strip():
        raise RequestError(_(_NEEDS))
    if server.startswith(("http://", "https://")):
        if arguments or env or cwd:
            raise RequestError(_("A URL takes no arguments, and neither `env=` nor `cwd=`: these are for a command."))
        address = urlsplit(server)
        port = f":{address.port}" if address.port else ""
        return Client(_http_transport(server, headers)), f"at {address.scheme}://{address.hostname or ''}{port}", None
    if headers:
        raise RequestError(_("`headers=` are for a URL, not for a command."))
    parameters = StdioServerParameters(
        command=server,
        args=[str(each) for each in arguments],
        env=dict(env) if env is not None else None,
        cwd=Path(cwd) if cwd is not None else None,
    )
    errors = ErrorOutput()
    return Client(stdio_client(parameters, errlog=errors.file)), one_line(Path(server).name), errors


@contextlib.asynccontextmanager
async def _http_transport(url: str, headers: Mapping[str, str] | None) -> AsyncIterator[Any]:
    from mcp.client import streamable_http  # noqa: PLC0415  (as above)

    make_client = vars(streamable_http)["create_mcp_http_client"]
    async with (
        make_client(headers=dict(headers or {})) as http,
        streamable_http.streamable_http_client(url, http_client=http) as streams,
    ):
        yield streams


def _is_entered(client: Any) -> bool:
    try:
        return client.session is not None
    except RuntimeError:
        return False
