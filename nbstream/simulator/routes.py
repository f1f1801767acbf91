"""The simulator's HTTP API: routes, API keys, refusals and chat completions.

One `Router` answers all requests. It reads a chat request with `chat_request`, works out the
completion with `completion` and hands it to `sending`, which sends it.
"""

from __future__ import annotations

import asyncio
import json
import time
import uuid
from collections import Counter
from email.utils import formatdate
from typing import TYPE_CHECKING, Any

from nbstream.simulator import chat_request, chunks, fim_request, message_request, scenarios
from nbstream.simulator.completion import complete
from nbstream.simulator.log import Entry, Log, key_digest
from nbstream.simulator.message_events import MessageEvents
from nbstream.simulator.refusal import Refusal
from nbstream.simulator.sending import Sender
from nbstream.simulator.tokens import PrefixCache

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from nbstream.simulator.http_connection import Request, Response
    from nbstream.simulator.replaying import Replaying
    from nbstream.simulator.scenarios import Plan
    from nbstream.simulator.written import WrittenReply

#: The only key that is refused, besides an empty one.
BAD_KEY = "bad-key"

_JSON = {"Content-Type": "application/json"}
_HTML = {"Content-Type": "text/html; charset=utf-8"}

_CHAT_PATHS = tuple(f"{prefix}/chat/completions" for prefix in ("", "/v1", "/beta"))
#: Only below `/beta`.
_FIM_PATH = "/beta/completions"
_MESSAGES_PATH = "/anthropic/v1/messages"
_MESSAGES_MODELS_PATH = "/anthropic/v1/models"
_REFUSAL = {"retry-after": None, "form": "seconds", "body": "json"}
_MODEL_PATHS = ("/models", "/v1/models", "/beta/models")
_MODELS = [
    {"id": name, "object": "model", "owned_by": "deepseek"} for name in dict.fromkeys(chat_request.MODELS.values())
]
_MESSAGES_MODELS = [
    {"type": "model", "id": each["id"], "display_name": each["id"], "created_at": "2026-04-24T00:00:00Z"}
    for each in _MODELS
]
_BALANCE = {
    "is_available": True,
    "balance_infos": [
        {"currency": "USD", "total_balance": "10.00", "granted_balance": "0.00", "topped_up_balance": "10.00"}
    ],
}

#: Messages from DeepSeek's documentation, "Error Codes"; the types are those that its users report.
_ERRORS = {
    401: ("Authentication Fails, Your api key: ****{key} is invalid", "authentication_error"),
    402: ("Insufficient Balance", "unknown_error"),
    422: ("Invalid Parameters", "invalid_request_error"),
    429: ("Rate Limit Reached: too many concurrent requests", "rate_limit_error"),
    500: ("The server encountered an issue", "internal_error"),
    503: ("Service is too busy. Please retry your request after a brief wait.", "service_unavailable_error"),
}


class Router:
    """Answers requests, and keeps what they share: log, prefix cache, number of refusals.

    The arguments are those of `Simulator`, with `log`, the parsed `plan`, what answers from a
    recording, and the written replies.
    """

    def __init__(
        self,
        log: Log,
        *,
        rate: float,
        first_token: float,
        plan: Plan,
        recording: bytes | None = None,
        replaying: Replaying | None = None,
        written: Sequence[WrittenReply] = (),
    ) -> None:
        self._log = log
        self._rate = rate
        self._first_token = first_token
        self._plan = plan
        self._recording = recording
        self._replaying = replaying
        self._written = written
        self._cache = PrefixCache()
        self._refusals: Counter[str] = Counter()

    async def answer(self, request: Request, response: Response, entry: Entry) -> None:
        """Answer one request and keep `entry`, its line in the log, up to date."""
        try:
            if request.path == "/_log":
                await self._answer_log(request, response)
                return
            self._log.add(entry)
            entry.body = _readable(request.body)
            entry.model = entry.body.get("model") if isinstance(entry.body, dict) else None
            key = _key(request)
            entry.key_digest = key_digest(key)
            if self._replaying is not None:
                await self._replaying.answer(request, response, entry)
                return
            _check_route(request)
            _check_key(key)
            if request.path in _MODEL_PATHS:
                await _send_json(response, 200, {"object": "list", "data": _MODELS})
            elif request.path == _MESSAGES_MODELS_PATH:
                await _send_json(response, 200, {"data": _MESSAGES_MODELS, "has_more": False})
            elif request.path == "/user/balance":
                await _send_json(response, 200, _BALANCE)
            else:
                await self._answer_chat(request, response, entry, key)
        except Refusal as refusal:
            await _send_json(response, refusal.status, {"error": refusal.error})

    async def _answer_log(self, request: Request, response: Response) -> None:
        if request.method == "DELETE":
            self._log.clear()
        elif request.method != "GET":
            raise Refusal(405, "GET reads the log, DELETE clears it.")
        await _send_json(response, 200, self._log.entries())

    async def _answer_chat(self, request: Request, response: Response, entry: Entry, key: str) -> None:
        beta = request.path.startswith("/beta/")
        if request.path == _FIM_PATH:
            chat = fim_request.read(request.body, self._plan)
        elif request.path == _MESSAGES_PATH:
            chat = message_request.read(request.body, self._plan)
        else:
            chat = chat_request.read(request.body, self._plan, beta=beta)
        chat = chat.answered_by(self._written)
        plan = chat.plan
        entry.scenario = plan.text
        response.one_byte = "one-byte" in plan
        if (late := plan.get("headers-late")) is not None:
            await asyncio.sleep(late["seconds"])
        refusal = plan.get(scenarios.STATUS)
        if refusal is not None and self._must_refuse(refusal, f"{key}\n{chat.context}"):
            await _send_refusal(response, refusal, key)
            return
        if beta and (broken := plan.get("beta")) is not None:
            await _send_refusal(response, {**_REFUSAL, "status": broken["status"]}, key)
            return
        if "garbage" in plan:
            response.keep_open = False
            await response.send(b"SSH-2.0-nbstream\r\n\r\n")
            return
        if "html" in plan:
            await response.send_whole(200, chunks.html_page("Sign in").encode(), _HTML)
            return
        prompt_tokens, hit_tokens = self._cache.hits(f"{key}\n{chat.model}", chat.context)
        _check_window(plan, prompt_tokens, chat.limit or 0)
        completion = complete(
            chat,
            completion_id=entry.id,
            created=int(entry.started),
            prompt_tokens=prompt_tokens,
            hit_tokens=hit_tokens,
        )
        sender = Sender(
            response,
            entry,
            plan,
            rate=plan.common.get("rate", self._rate),
            first_token=plan.common.get("first-token", self._first_token),
            form=MessageEvents if request.path == _MESSAGES_PATH else chunks.ChunkEvents,
        )
        if "recording" in plan:
            if self._recording is None:
                raise Refusal(400, "This simulator was started without a recording.")
            await sender.send_recording(self._recording)
        elif chat.stream and "json" not in plan:
            await sender.send_stream(completion)
        else:
            await sender.send_whole(completion)

    def _must_refuse(self, refusal: Mapping[str, Any], prompt: str) -> bool:
        """Return whether to refuse this request.

        After `times` refusals of a prompt one request succeeds, and the count starts again.
        """
        times = refusal["times"]
        if times is None:
            return True
        if self._refusals[prompt] >= times:
            del self._refusals[prompt]
            return False
        self._refusals[prompt] += 1
        return True


def new_entry(request: Request) -> Entry:
    """Return the log entry for a request that has just been read."""
    return Entry(str(uuid.uuid4()), request.method, request.path, time.time())


async def _send_json(response: Response, status: int, document: Any) -> None:
    await response.send_whole(status, chunks.to_json(document).encode(), _JSON)


async def _send_refusal(response: Response, refusal: Mapping[str, Any], key: str) -> None:
    status = refusal["status"]
    message, kind = _ERRORS.get(status, (f"The simulator answers {status} because it was asked to", "api_error"))
    # DeepSeek repeats the end of the key.
    message = message.replace("{key}", key[-4:])
    error = {"message": message, "type": kind, "param": None, "code": "invalid_request_error"}
    after = _retry_after(refusal)
    if refusal["body"] in ("endless", "broken", "stalled"):
        response.keep_open = False
        await response.send_head(status, {**_JSON, **after, "Transfer-Encoding": "chunked"})
        await response.send_chunks([chunks.to_json({"error": error}).encode()])
        while refusal["body"] == "endless":
            await response.send_chunks([b" " * 65_536])
        if refusal["body"] == "stalled":
            await asyncio.Event().wait()
        await response.reset()
        return
    body, content_type = {
        "json": (chunks.to_json({"error": error}).encode(), _JSON),
        "string": (chunks.to_json({"error": message}).encode(), _JSON),
        "message": (chunks.to_json({"message": message}).encode(), _JSON),
        "html": (chunks.html_page(f"{status}").encode(), _HTML),
        "octet": (message.encode(), {"Content-Type": "application/octet-stream"}),
        "empty": (b"", {}),
    }[refusal["body"]]
    await response.send_whole(status, body, content_type | after)


def _retry_after(refusal: Mapping[str, Any]) -> dict[str, str]:
    seconds = refusal["retry-after"]
    if seconds is None:
        return {}
    match refusal["form"]:
        case "milliseconds":
            return {"retry-after-ms": f"{seconds * 1000:g}"}
        case "date":
            return {"Retry-After": formatdate(time.time() + seconds, usegmt=True)}
        case _:
            return {"Retry-After": f"{seconds:g}"}


def _check_route(request: Request) -> None:
    is_chat = request.path in (*_CHAT_PATHS, _FIM_PATH, _MESSAGES_PATH)
    if not is_chat and request.path not in (*_MODEL_PATHS, _MESSAGES_MODELS_PATH, "/user/balance"):
        raise Refusal(404, f"The simulator has no path {request.path}")
    if request.method != ("POST" if is_chat else "GET"):
        raise Refusal(405, f"Method {request.method} Not Allowed")


def _check_window(plan: Plan, prompt: int, completion: int) -> None:
    """Refuse more tokens than the context window has; users of DeepSeek report this message."""
    given = plan.get("window")
    size = scenarios.WINDOW if given is None else given["size"]
    if prompt + completion > size:
        raise Refusal(
            400,
            f"This model's maximum context length is {size} tokens. However, you requested {prompt + completion} "
            f"tokens ({prompt} in the messages, {completion} in the completion). Please reduce the length of the "
            "messages or completion.",
        )


def _check_key(key: str) -> None:
    if not key or key == BAD_KEY:
        message, kind = _ERRORS[401]
        raise Refusal(401, message.replace("{key}", key[-4:]), kind)


def _key(request: Request) -> str:
    """Return the key; only for Anthropic's API it may stand in a header of its own."""
    scheme, _, key = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() == "bearer":
        return key.strip()
    return request.headers.get("x-api-key", "").strip() if request.path.startswith("/anthropic/") else ""


def _readable(body: bytes) -> Any:
    try:
        return json.loads(body) if body else None
    except (ValueError, RecursionError):
        return body.decode("utf-8", "replace")
