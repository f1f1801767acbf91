"""The page's code: modules that come once to each page, and the stub that every widget carries.

A widget's own code (`_esm`) is a stub of about 2 kB. It takes the modules that it needs from the
page by their hash, or asks the kernel for them, on the control channel first. Until a page has said
that it has a module, the stub brings it along, so that the first widget needs no question: a front
end without a control channel would answer it only at the end of the cell.

The sentences of a language but English are a module, too, which is called as its code: `zh`. The
stub loads it if the user has set that language, or the page has it.

Code goes to a page compressed, as text: less than half of its bytes.
"""

from __future__ import annotations

import base64
import hashlib
import json
import os
import time
import zlib
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from nbstream.language import _, catalogues, current
from nbstream.model.exceptions import NbstreamError
from nbstream.sessions.process_lock import ProcessLock
from nbstream.widgets import front_ends
from nbstream.widgets.protocol import CONTROL_REQUEST

if TYPE_CHECKING:
    from collections.abc import Callable

_STATIC = Path(__file__).parents[1] / "static"
#: Modules that other modules take parts from.
_SHARED = "reply"
#: Modules that take no parts from others.
_ALONE = ("cells", _SHARED)

#: The code that was given to pages, compressed, by its hash.
_code: dict[str, str] = {}
#: The hashes that some page has.
_held: set[str] = set()
#: When code was last sent along, by hash. A page that was sent it says within this time that it has
#: it; the widgets that follow at once do not bring it again.
_sent: dict[str, float] = {}
_TELLS_WITHIN_SECONDS = 10.0
_lock = ProcessLock()
#: By comm: what answers a page's question for modules while a cell waits.
_askable: dict[str, Callable[[dict[str, Any]], object]] = {}


def stub(name: str) -> str:
    """Return the code of a widget whose page module is called `name`.

    Raises:
        NbstreamError: if the page was not built, as in a clone on a machine without Node.
    """
    needed = [name] if name in _ALONE else [_SHARED, name]
    hashes = _hashes()
    if missing := [each for each in needed if each not in hashes]:
        raise _not_built(missing[0])
    now = time.monotonic()
    with _lock:
        # A page that is not heard while a cell runs could not ask in time.
        asks_late = not front_ends.current().is_heard
        # Its language is not known before it tells.
        words = catalogues.languages() if asks_late else [current.code()]
        modules = [each for each in (*words, *needed) if each in hashes]
        along = [hashes[each] for each in modules if asks_late or _may_be_missing(hashes[each], now)]
        _sent.update(dict.fromkeys(along, now))
        code = {each: _code[each] for each in along}
    given = {"needed": needed, "hashes": hashes, "code": code, "request": CONTROL_REQUEST}
    return _read("stub").replace("__GIVEN__", json.dumps(given, ensure_ascii=False, separators=(",", ":")))


def answer(message: dict[str, Any]) -> dict[str, Any]:
    """Answer a page that says which modules it has and needs, by their hashes."""
    has, needed = ([each for each in message.get(name) or () if isinstance(each, str)] for name in ("has", "needed"))
    with _lock:
        _held.update(each for each in has if each in _code)
        return {"code": {each: _code[each] for each in needed if each in _code}}


def _may_be_missing(code: str, now: float) -> bool:
    return code not in _held and now - _sent.get(code, -_TELLS_WITHIN_SECONDS) >= _TELLS_WITHIN_SECONDS


def answer_early(comm_id: str, receive: Callable[[dict[str, Any]], object] | None) -> None:
    """Let `receive` take a page's question on a comm before its turn; None takes no more."""
    if receive is None:
        _askable.pop(comm_id, None)
    else:
        _askable[comm_id] = receive


def overhear(comm_id: str, message: dict[str, Any]) -> bool:
    """Take a comm message before its turn; return whether it asks for modules."""
    is_question = message.get("type") == "code"
    if is_question and (receive := _askable.get(comm_id)) is not None:
        receive(message)
    return is_question


def _hashes() -> dict[str, str]:
    """Return the hash of each module, and keep their code for pages."""
    if os.environ.get("NBSTREAM_DEV") == "1":
        # The files are built again while the kernel runs.
        _read.cache_clear()
        _all.cache_clear()
    return _all()


@cache
def _all() -> dict[str, str]:
    names = sorted(path.stem for path in _STATIC.glob("*.js") if path.stem != "stub")
    hashes = {name: hashlib.sha256(_read(name).encode()).hexdigest()[:16] for name in names}
    with _lock:
        _code.update({hashes[name]: _packed(_read(name)) for name in names})
    return hashes


def _packed(code: str) -> str:
    """Return code as `js/src/stub.ts` unpacks it: zlib's format as Base64."""
    return base64.b64encode(zlib.compress(code.encode(), 9)).decode()


@cache
def _read(name: str) -> str:
    path = _STATIC / f"{name}.js"
    if not path.is_file():
        raise _not_built(name)
    return path.read_text("utf-8")


def _not_built(name: str) -> NbstreamError:
    return NbstreamError(
        _(
            "The page's code is not built ({name}.js is missing). With Node 20 or newer, run `npm ci && npm run "
            "build` in js/; or install nbstream from a wheel, which contains it.",
            name=name,
        )
    )
