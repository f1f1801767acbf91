"""What the simulator answers: routes, keys, refusals, and a completion for everything else.

This module must not know how a connection is accepted or ended (`server`), nor how a completion is played (`player`).
"""

from __future__ import annotations

import asyncio
import json
import time
import uuid
from collections import Counter
from email.utils import formatdate
from typing import TYPE_CHECKING, Any

from nbstream.simulator import chat_request, chunks, completion, scenarios
from nbstream.simulator.chat_request import Refusal
from nbstream.simulator.log import Entry, Log, key_digest
from nbstream.simulator.player import Player
from nbstream.simulator.tokens import PrefixCache

if TYPE_CHECKING:
    from collections.abc import Mapping

    from nbstream.simulator.http_connection import Request, Response
    from nbstream.simulator.scenarios import Plan

#: The one key that is not valid; every other that is not empty is.
BAD_KEY = "bad-key"

_JSON = {"Content-Type": "application/json"}
_HTML = {"Content-Type": "text/html; charset=utf-8"}

_CHAT_PATHS = tuple(f"{prefix}/chat/completions" for prefix in ("", "/v1", "/beta"))
_MODEL_PATHS = ("/models", "/v1/models", "/beta/models")
_MODELS = [
    {"id": each, "object": "model", "owned_by": "deepseek"} for each in dict.fromkeys(chat_request.MODELS.values())
]
_BALANCE = {
    "is_available": True,
    "balance_infos": [
        {"currency": "USD", "total_balance": "10.00", "granted_balance": "0.00", "topped_up_balance": "10.00"}
    ],
}

#: DeepSeek's documentation, "Error Codes"; the types are those that its users report.
_ERRORS = {
    401: ("Authentication Fails, Your api key: ****-key is invalid", "authentication_error"),
    402: ("Insufficient Balance", "unknown_error"),
    422: ("Invalid Parameters", "invalid_request_error"),
    429: ("Rate Limit Reached: too many concurrent requests", "rate_limit_error"),
    500: ("The server encountered an issue", "internal_error"),
    503: ("Service is too busy. Please retry your request after a brief wait.", "service_unavailable_error"),
}


class Router:
    """Answers requests; holds what one request leaves for the next: the log, the prefix cache, the refusals so far.

    Args:
        log: where every request is noted.
        rate: tokens per second; 0 is as fast as possible.
        first_token: seconds before the first token.
        plan: what is played when a request does not choose.
        recording: what the scenario `recording` plays; None if there is none.
    """

    def __init__(
        self, log: Log, *, rate: float, first_token: float, plan: Plan, recording: bytes | None = None
    ) -> None:
        self._log = log
        self._rate = rate
        self._first_token = first_token
        self._plan = plan
        self._recording = recording
        self._cache = PrefixCache()
        self._refused: Counter[str] = Counter()

    async def answer(self, asked: Request, response: Response, entry: Entry) -> None:
        """Answer one request; `entry` is kept up to date meanwhile."""
        try:
            if asked.path == "/_log":
                await self._answer_log(asked, response)
                return
            self._log.add(entry)
            entry.body = _readable(asked.body)
            entry.model = entry.body.get("model") if isinstance(entry.body, dict) else None
            key = _key(asked.headers)
            entry.key_digest = key_digest(key)
            _check_route(asked)
            _check_key(key)
            if asked.path in _MODEL_PATHS:
                await _send_json(response, 200, {"object": "list", "data": _MODELS})
            elif asked.path == "/user/balance":
                await _send_json(response, 200, _BALANCE)
            else:
                await self._chat(asked, response, entry, key)
        except Refusal as refusal:
            await _send_json(response, refusal.status, {"error": refusal.error})

    async def _answer_log(self, asked: Request, response: Response) -> None:
        if asked.method == "DELETE":
            self._log.clear()
        elif asked.method != "GET":
            raise Refusal(405, "GET reads the log, DELETE clears it.")
        await _send_json(response, 200, self._log.entries())

    async def _chat(self, asked: Request, response: Response, entry: Entry, key: str) -> None:
        wanted = chat_request.read(asked.body, self._plan)
        plan = wanted.plan
        entry.scenario = plan.written
        response.one_byte = "one-byte" in plan
        if (late := plan.get("headers-late")) is not None:
            await asyncio.sleep(late["seconds"])
        if (refused := plan.get(scenarios.STATUS)) is not None and self._refuses(refused, f"{key}\n{wanted.context}"):
            await _send_refusal(response, refused)
            return
        if "garbage" in plan:
            await response.send_garbage()
            return
        if "html" in plan:
            await response.send_whole(200, chunks.page("Sign in").encode(), _HTML)
            return
        prompt_tokens, hit_tokens = self._cache.hits(f"{key}\n{wanted.model}", wanted.context)
        made = completion.complete(
            wanted,
            completion_id=entry.id,
            created=int(entry.started),
            prompt_tokens=prompt_tokens,
            hit_tokens=hit_tokens,
        )
        player = Player(
            response,
            entry,
            plan,
            rate=plan.common.get("rate", self._rate),
            first_token=plan.common.get("first-token", self._first_token),
        )
        if "recording" in plan:
            if self._recording is None:
                raise Refusal(400, "This simulator has no recording.")
            await player.play_recording(self._recording)
        elif wanted.stream and "json" not in plan:
            await player.play_stream(made)
        else:
            await player.play_whole(made)

    def _refuses(self, refused: Mapping[str, Any], prompt: str) -> bool:
        """Whether it is still time to refuse; after `times` refusals one request succeeds, and it begins again."""
        times = refused["times"]
        if times is None:
            return True
        if self._refused[prompt] >= times:
            del self._refused[prompt]
            return False
        self._refused[prompt] += 1
        return True


def new_entry(asked: Request) -> Entry:
    """Return the log's entry for a request that has just been read."""
    return Entry(str(uuid.uuid4()), asked.method, asked.path, time.time())


async def _send_json(response: Response, status: int, document: Any) -> None:
    await response.send_whole(status, chunks.dump(document).encode(), _JSON)


async def _send_refusal(response: Response, refused: Mapping[str, Any]) -> None:
    status = refused["status"]
    message, kind = _ERRORS.get(status, (f"The simulator answers {status}, as asked", "api_error"))
    error = {"message": message, "type": kind, "param": None, "code": "invalid_request_error"}
    after = _retry_after(refused)
    if refused["body"] in ("endless", "broken", "stalled"):
        response.keep_open = False
        await response.send_head(status, {**_JSON, **after, "Transfer-Encoding": "chunked"})
        await response.send_chunks([chunks.dump({"error": error}).encode()])
        while refused["body"] == "endless":
            await response.send_chunks([b" " * 65_536])
        if refused["body"] == "stalled":
            await asyncio.Event().wait()
        await response.reset()
        return
    body, content_type = {
        "json": (chunks.dump({"error": error}).encode(), _JSON),
        "string": (chunks.dump({"error": message}).encode(), _JSON),
        "message": (chunks.dump({"message": message}).encode(), _JSON),
        "html": (chunks.page(f"{status}").encode(), _HTML),
        "octet": (message.encode(), {"Content-Type": "application/octet-stream"}),
        "empty": (b"", {}),
    }[refused["body"]]
    await response.send_whole(status, body, content_type | after)


def _retry_after(refused: Mapping[str, Any]) -> dict[str, str]:
    seconds = refused["retry-after"]
    if seconds is None:
        return {}
    match refused["form"]:
        case "milliseconds":
            return {"retry-after-ms": f"{seconds * 1000:g}"}
        case "date":
            return {"Retry-After": formatdate(time.time() + seconds, usegmt=True)}
        case _:
            return {"Retry-After": f"{seconds:g}"}


def _check_route(asked: Request) -> None:
    chat = asked.path in _CHAT_PATHS
    if not chat and asked.path not in (*_MODEL_PATHS, "/user/balance"):
        raise Refusal(404, f"There is nothing at {asked.path}")
    if asked.method != ("POST" if chat else "GET"):
        raise Refusal(405, f"Method {asked.method} Not Allowed")


def _check_key(key: str) -> None:
    if not key or key == BAD_KEY:
        raise Refusal(401, f"Authentication Fails, Your api key: ****{key[-4:]} is invalid", "authentication_error")


def _key(headers: Mapping[str, str]) -> str:
    scheme, _, key = headers.get("authorization", "").partition(" ")
    return key.strip() if scheme.lower() == "bearer" else ""


def _readable(body: bytes) -> Any:
    try:
        return json.loads(body) if body else None
    except (ValueError, RecursionError):
        return body.decode("utf-8", "replace")
