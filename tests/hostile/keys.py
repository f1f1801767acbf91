"""Looks for an API key in everything that is left after a request.

The experiments are `end_every_way`, `redirect_every_way` and `look_into_kernel`. They use real
servers and the real SDK.
"""

from __future__ import annotations

import contextlib
import json
import logging
import os
import threading
import traceback
from dataclasses import dataclass, field
from html import escape
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from IPython.lib.pretty import pretty

import nbstream
from nbstream.client import settings
from nbstream.client.endpoints import KEY_VARIABLE, URL_VARIABLE
from nbstream.client.retry import Limits
from nbstream.model.presentation import Presentation
from nbstream.output.failure_words import message
from nbstream.output.settled import bundle
from tests import kernels
from tests.hostile.server import Answer, HostileServer, Request, Response, chunk, event
from tests.jupyter.kernel import Kernel

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from nbstream.client.run import Run
    from nbstream.model.reply import Reply


#: Has characters that are escaped in URLs, and by some servers in JSON.
KEY = "canary-key/0f3b+7e91=="
#: Short limits, so that a silent server ends the request soon.
_QUICK = Limits(bytes_idle=0.3, payload_idle=0.3, retries=0)
_JSON = {"Content-Type": "application/json"}
_HTML = {"Content-Type": "text/html"}
#: Statuses of redirects (RFC 9110, section 15.4).
REDIRECTS = (300, 301, 302, 303, 307, 308)


@dataclass
class Sightings:
    """The places that were searched for a key, and those that have it."""

    places: int = 0
    seen: list[str] = field(default_factory=list)

    def look(self, place: str, text: str) -> None:
        """Search `text`."""
        self.places += 1
        if any(spelling in text for spelling in spellings(KEY)):
            self.seen.append(place)


def spellings(key: str) -> set[str]:
    """Return the spellings of `key` that a text may have."""
    return {key, key.replace("/", "\\/"), quote(key, safe=""), quote(key)}


def _echoing(status: int, kind: str) -> Answer:
    def answer(request: Request) -> Response:
        said = f"The key {request.key} is wrong, as is its header {request.headers}."
        if kind == "json":
            body = json.dumps({"error": {"message": said, "code": request.key, "type": request.key}})
            return Response([body.replace("/", "\\/").encode()], status, _JSON)
        if kind == "string":
            return Response([json.dumps({"error": said}).encode()], status, _JSON)
        if kind == "page":
            return Response([f"<html><title>{escape(said)}</title>{escape(said)}".encode()], status, _HTML)
        return Response([said.encode()], status, {"Content-Type": "application/octet-stream"})

    return answer


def _in_band(request: Request) -> Response:
    return Response(
        [chunk(content="The"), event({"error": {"message": f"bad key {request.key}", "code": request.key}})]
    )


def _split(request: Request) -> Response:
    data = event({"error": {"message": f"bad key {request.key}"}})
    return Response([chunk(content="The"), *(data[at : at + 1] for at in range(len(data)))])


def _whole(request: Request) -> Response:
    names = dict.fromkeys(("id", "model", "system_fingerprint"), request.key)
    call = {"index": 0, "id": request.key, "function": {"name": request.key, "arguments": request.key}}
    delta = {"reasoning_content": request.key, "content": f"Your key is {request.key}.", "tool_calls": [call]}
    text = f": {request.key}\n\ndata: {request.key}\n\n".encode()
    return Response([text, event({**names, "choices": [{"delta": delta, "finish_reason": request.key}]})])


def _elsewhere(request: Request) -> Response:
    """Put the key into fields that nbstream keeps or reports, whole and in single characters."""
    key = request.key
    others = {"citations": [{"url": key}], key: {key: key}, "timings": {"note": key}}
    delta = {"refusal": key, "audio": {"transcript": key}, "content": [{"type": "text", "text": key}, {"odd": key}]}
    pieces = [
        event({"choices": [{"index": index, "delta": {"content": char, "reasoning_content": char, "odd": char}}]})
        for char in key
        for index in (0, 1)
    ]
    broken = f'data: {{"id": "{key}", "choices": [{{"delta": {{"content": "{key}\n\n'.encode()
    bare = [chunk(content=f"{key} so yes"), chunk(content=f"</think>{key}"), chunk(content=f"<tool_call>{key}")]
    end = event({**others, "choices": [{"index": 0, "delta": delta, "finish_reason": "stop", key: key}]})
    return Response([*pieces, broken, *bare, end])


def _masked(status: int) -> Answer:
    def answer(request: Request) -> Response:
        key = request.key
        said = f"Keys ****{key[-4:]}, {key[:8]}*****{key[-4:]}, {key[:12]}...{key[-6:]} and {key[:14]} are wrong."
        body = {"error": {"message": f"x: {json.dumps({'error': {'message': said}})}", "code": key[-10:]}}
        return Response([json.dumps(body).encode()], status, _JSON)

    return answer


def _silent(_: Request) -> Response:
    return Response([chunk(content="The"), threading.Event()])


def _reset(_: Request) -> Response:
    return Response([chunk(content="The")], resets=True)


def _short(_: Request) -> Response:
    return Response([chunk(content="The")])


#: The answers of one server, by the first part of the path.
ANSWERS: dict[str, Answer] = {
    **{f"{status}-{kind}": _echoing(status, kind) for status in (400, 401, 403, 500) for kind in ("json", "string")},
    **{f"{status}-{kind}": _echoing(status, kind) for status in (200, 401, 502) for kind in ("page", "octets", "json")},
    "in-band": _in_band,
    "split": _split,
    "whole": _whole,
    "elsewhere": _elsewhere,
    "masked": _masked(401),
    "masked-in-200": _masked(200),
    "silent": _silent,
    "cancelled": _silent,
    "reset": _reset,
    "cut": _short,
}


def end_every_way(*, in_body: bool = False) -> Sightings:
    """End a request in each way; search the reply, its output, logs and reprs for the key.

    Args:
        in_body: whether the user puts the key into `extra_body`, beside another one for the server.
    """
    found = Sightings()
    extra = {"proxy": {"api_key": KEY, "headers": {"X-Forwarded": [f"Bearer {KEY}"]}}} if in_body else None
    own_key = "the-servers-own-0123" if in_body else KEY
    with _logs() as lines, HostileServer(ANSWERS) as server, _environment(server.url, own_key):
        for name in ANSWERS:
            run = nbstream.stream("hello", base_url=f"{server.url}/{name}", extra_body=extra)
            run.receiver._limits = _QUICK
            if name == "cancelled":
                run.receiver.wait(1, timeout=10)
                run.cancel()
            _look_at_run(found, name, run)
        assert all(request.key == KEY for request in server.requests)
        for name, options in _UNSENT.items():
            try:
                reply = nbstream.stream("hello", **options).result(20)
            except nbstream.RequestError as error:
                _look_at_error(found, name, error)
            else:
                _look_at_reply(found, name, reply)
    found.look("settings", pretty(settings.current()) + pretty(vars(settings.current())))
    found.look("modules", _module_reprs())
    for number, line in enumerate(lines):
        found.look(f"log line {number}: {line[:80]}", line)
    return found


def redirect_every_way() -> tuple[Sightings, list[str]]:
    """Redirect to other ports, hosts, schemes and paths.

    Returns the sightings of the key, and the requests that arrived at a redirect's target.
    """
    found = Sightings()
    with HostileServer({"elsewhere": _short, "": _short, "v1": _short}) as other:
        port = other.url.rpartition(":")[2]
        targets = {
            "port": f"{other.url}/elsewhere",
            "host": f"http://localhost:{port}/elsewhere",
            "no-scheme": f"//localhost:{port}/elsewhere",
            "scheme": f"https://127.0.0.1:{port}/elsewhere",
            "user": f"http://user:{quote(KEY)}@127.0.0.1:{port}/elsewhere",
            "query": f"{other.url}/elsewhere?key={quote(KEY)}#{quote(KEY, safe='')}",
            "path": "/elsewhere",
            "nothing": "",
            "nonsense": "http://[::1",
        }
        answers = {f"{status}-{kind}": _redirecting(status, to) for status in REDIRECTS for kind, to in targets.items()}
        with HostileServer(answers | {"elsewhere": _short}) as server, _environment(server.url):
            for name in answers:
                reply = nbstream.stream("a prompt of mine", base_url=f"{server.url}/{name}").result(20)
                assert reply.error is not None, name
                assert "redirects to" in message(reply.error), name
                _look_at_reply(found, name, reply)
            elsewhere = [each.text for each in server.requests if each.path.startswith("/elsewhere")]
        return found, [request.text for request in other.requests] + elsewhere


#: Lines of cells whose option --raw-body has the key, right or wrong.
_BODIES = (
    """f"-o reply -c with-key --raw-body '{body}'\"""",
    """f"--raw-body '{body}\"""",
    """f"--raw-body {body}\"""",
    """f"--raw-body '{body[:-1]}'\"""",
    """f"--raw-body '[{body}]'\"""",
    """f"-t {body}\"""",
)


def look_into_kernel(folder: Path) -> Sightings:
    """End a request in each way in a real kernel; search its messages, logs and files."""
    found = Sightings()
    log = folder / "log.txt"
    with HostileServer(ANSWERS) as server:
        environ = {
            KEY_VARIABLE: KEY,
            URL_VARIABLE: server.url,
            "IPYTHONDIR": str(folder / "ipython"),
            "JUPYTER_RUNTIME_DIR": str(folder / "runtime"),
        }
        with Kernel(kernels.NEWEST, environ) as kernel:
            kernel.run(f"import logging; logging.basicConfig(level=1, filename={str(log)!r})\n%load_ext nbstream")
            kernel.run(
                "%config DeepSeekMagics.retries = 0\n%config DeepSeekMagics.bytes_idle = 0.3\n%xmode Verbose\n"
                "import nbstream, os"
            )
            for name in ANSWERS:
                kernel.run(f"%%deepseek -o reply --base-url {server.url}/{name}\nhello")
                kernel.run("reply")
                kernel.run("reply.raise_for_status()")
            for line in (
                "nbstream.ask('hello', base_url='http://127.0.0.1:1', api_key=os.environ['DEEPSEEK_API_KEY'])",
                "nbstream.ask('hello', base_url=os.environ['DEEPSEEK_API_KEY'])",
                "nbstream.ask('hello', api_key=os.environ['DEEPSEEK_API_KEY'] + '\\n.')",
                "%tb",
                "nbstream.stream('hello', model='')",
                "%config DeepSeekMagics",
                "nbstream.stream('hello')",
                "%history",
                "nbstream.show()",
                # A question to the silent server ends by its own limit.
                "from nbstream.client import queries; queries.SECONDS = 1",
                *(f"%deepseek models {server.url}/{name}" for name in ANSWERS),
                *(f"%deepseek request {form}" for form in ("", "json", "python", "curl", "node", "node sdk")),
                "%deepseek models",
                "%deepseek balance",
                "%deepseek config",
                "get_ipython().run_line_magic('deepseek', 'key ' + os.environ['DEEPSEEK_API_KEY'])",
                "get_ipython().run_line_magic('deepseek', os.environ['DEEPSEEK_API_KEY'])",
                # The cells themselves are messages, too, so they do not spell the key.
                "body = '{\"proxy\": {\"api_key\": \"' + os.environ['DEEPSEEK_API_KEY'] + '\"}}'",
                "ask = lambda line: get_ipython().run_cell_magic('deepseek', line, 'hello')",
                *(f"ask({line})" for line in _BODIES),
                *(f"%deepseek request {form}" for form in ("", "json", "python", "curl", "node", "node sdk")),
                "reply.request",
                "nbstream.Chat('with-key').to_json()",
                "nbstream.Chat('with-key').defaults",
                "nbstream.settings.endpoints = {'x': {'api_key': os.environ['DEEPSEEK_API_KEY']}}",
                "url = 'http://127.0.0.1:1/?key=other-' + os.environ['DEEPSEEK_API_KEY']",
                "nbstream.settings.endpoints = {'x': {'base_url': url}}",
                "%deepseek models x",
                "%deepseek config",
            ):
                kernel.run(line)
            kernel.until(lambda: len(server.requests) > len(ANSWERS), "the last request arrives")
            # A kernel that is killed during a reply leaves a journal.
            kernel.run("%config DeepSeekMagics.bytes_idle = 60")
            kernel.send(f"%%deepseek --base-url {server.url}/silent\nhello")
            journals = folder / "runtime" / "nbstream"
            kernel.until(
                lambda: any("Answer" in path.read_text() for path in journals.glob("*")), "the journal is written"
            )
            kernel.kill()
            for message in kernel.messages:
                found.look(message["msg_type"], repr(message))
    for path in folder.rglob("*"):
        if path.is_file():
            found.look(path.name, path.read_bytes().decode("latin-1"))
    assert log.stat().st_size > 10_000
    return found


def _redirecting(status: int, location: str) -> Answer:
    headers = {"Location": location} if location else {}
    return lambda _: Response([b"Moved."], status, {**headers, "Refresh": f"0; url={location}"})


#: Requests that do not reach a server.
_UNSENT: dict[str, dict[str, Any]] = {
    "a port where nobody listens": {"base_url": "http://127.0.0.1:1", "api_key": KEY},
    "a host that does not exist": {"base_url": "http://nobody.invalid", "api_key": KEY},
    "no URL": {"base_url": KEY},
    "a URL with a password": {"base_url": f"https://user:{quote(KEY)}@127.0.0.1"},
    "a URL with a password and a wrong port": {"base_url": f"https://user:{quote(KEY)}@127.0.0.1:x"},
    "a key with a line end": {"base_url": "http://127.0.0.1:1", "api_key": f"{KEY}\n{KEY}"},
    "a key with letters outside of ASCII": {"base_url": "http://127.0.0.1:1", "api_key": f"{KEY}é"},
    "a model that is retired": {"base_url": "https://api.deepseek.com", "api_key": KEY, "model": "deepseek-chat"},
}


def _look_at_run(found: Sightings, name: str, run: Run) -> None:
    reply = run.result(20)
    found.look(
        f"{name}: run",
        pretty(run) + pretty(vars(run)) + pretty(vars(run.receiver)) + pretty(vars(run.receiver._source)),
    )
    _look_at_reply(found, name, reply)


def _look_at_reply(found: Sightings, name: str, reply: Reply) -> None:
    found.look(f"{name}: reply", repr(reply) + pretty(reply) + repr(reply.error) + str(reply.error))
    found.look(f"{name}: fields", repr([getattr(reply, each) for each in reply.__dataclass_fields__]))
    for mime, text in bundle(reply, Presentation(reasoning="open"))[0].items():
        found.look(f"{name}: {mime}", text)
    if reply.request.endpoint:
        asked = reply.request
        for number, text in enumerate((asked.json(), asked.python(), asked.curl(), asked.node(), asked.node(sdk=True))):
            found.look(f"{name}: program {number}", text)
    try:
        reply.raise_for_status()
    except nbstream.ReplyError as error:
        _look_at_error(found, name, error)


def _look_at_error(found: Sightings, name: str, error: Exception) -> None:
    lines = traceback.format_exception(error)
    shown = error._render_traceback_() if isinstance(error, nbstream.NbstreamError) else []
    # The calling line in a traceback may have the key; it is the user's own code.
    found.look(f"{name}: traceback", "".join(lines) + "".join(shown) + repr(error) + repr(vars(error)))


def _module_reprs() -> str:
    """Return the reprs of all variables of nbstream's modules."""
    import sys

    modules = [module for name, module in sys.modules.items() if name.split(".")[0] == "nbstream"]
    return "".join(repr(value) for module in modules for value in vars(module).values())


@contextlib.contextmanager
def _environment(url: str, key: str = KEY) -> Iterator[None]:
    before = {name: os.environ.get(name) for name in (KEY_VARIABLE, URL_VARIABLE)}
    os.environ[KEY_VARIABLE], os.environ[URL_VARIABLE] = key, url
    settings.use(settings.Settings(retries=0))
    try:
        yield
    finally:
        settings.use(None)
        for name, value in before.items():
            if value is None:
                del os.environ[name]
            else:
                os.environ[name] = value


class _Lines(logging.Handler):
    def __init__(self) -> None:
        super().__init__(0)
        self.lines: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.lines.append(f"{record.name} {record.getMessage()} {record.args!r} {record.exc_text or ''}")


@contextlib.contextmanager
def _logs() -> Iterator[list[str]]:
    """Collect the log messages of all libraries, at the most verbose level."""
    import openai  # noqa: F401  (creates its loggers)

    handler, root = _Lines(), logging.getLogger()
    loggers = [root, *(logging.getLogger(name) for name in list(logging.root.manager.loggerDict))]
    levels = [logger.level for logger in loggers]
    root.addHandler(handler)
    for logger in loggers:
        logger.setLevel(1)
    try:
        yield handler.lines
    finally:
        root.removeHandler(handler)
        for logger, level in zip(loggers, levels, strict=True):
            logger.setLevel(level)
