"""The options of a request, each declared once: for `stream`, `ask`, a chat and the magic."""

from __future__ import annotations

import inspect
from typing import TYPE_CHECKING, Any, TypedDict

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from os import PathLike


class Options(TypedDict, total=False):
    """The options of `nbstream.stream`; an option that is missing or None has its default."""

    #: flash, pro, any id, or an endpoint and an id, as in `ollama/qwen3:8b`.
    model: str | None
    #: The turns of a conversation, instead of a prompt.
    messages: Sequence[Mapping[str, Any]] | None
    #: The system prompt.
    system: str | None
    #: Whether the model reasons first; if None, the server decides.
    thinking: bool | None
    #: How much the model reasons: low, high or max.
    effort: str | None
    #: An OpenAI-compatible server, or the name of an endpoint; the default is DEEPSEEK_BASE_URL, or
    #: DeepSeek. The model is literal then.
    base_url: str | None
    #: The key for this server; the default is the one that belongs to it (`client/keys.py`).
    api_key: str | None
    #: The most tokens of the reply, including reasoning.
    max_tokens: int | None
    #: The sampling temperature, which has no effect while the model thinks.
    temperature: float | None
    #: The probability mass to sample from.
    top_p: float | None
    #: One or several texts at which the answer ends.
    stop: str | Sequence[str] | None
    #: With how many of the likeliest tokens in its place each token of the reply comes, from 0 on;
    #: they are in `reply.logprobs`, with their probabilities.
    logprobs: int | None
    #: The beginning of the answer, with which the model goes on; DeepSeek only.
    prefix: str | None
    #: Values to attach below the prompt, by their names.
    values: Mapping[str, Any] | None
    #: Paths of files to attach below the prompt: text, and images for models that see.
    files: str | PathLike[str] | Sequence[str | PathLike[str]] | None
    #: Whether `{{ name }}` in the prompt is replaced by a value: True for `values`, or variables.
    fill: bool | Mapping[str, Any] | None
    #: How many cells above the running one to send with the prompt; True sends all.
    above: bool | int | None
    #: Whether to send the last exception, and the cell that raised it, with the prompt.
    error: bool | None
    #: Whether the answer is to be JSON: any object, unless `schema` says more.
    json: bool | None
    #: The form of the answer: a type, as a pydantic model, a dataclass, a TypedDict or `list[X]`;
    #: a line, as "name, age int, bio: one sentence"; or a JSON schema.
    schema: Any
    #: How often such an answer is asked for until it fits; the default is 2.
    tries: int | None
    #: The functions that the model may call, and tools of MCP servers.
    tools: Sequence[Any] | None
    #: The names of tools that run without asking.
    allow: str | Sequence[str] | None
    #: The most requests in which the model may call tools; one more asks for an answer.
    max_steps: int | None
    #: Whether the model calls a tool: auto, none, required, or the name of one.
    tool_choice: str | None
    #: Whether a complete reply is kept in a file, and answers the same request again: True, or the
    #: folder for these files. The default is that of the settings, and False overrides them.
    cache: bool | str | PathLike[str] | None
    #: Whether to send the request even if its reply is kept; the new reply replaces that.
    fresh: bool | None
    #: Which of several replies to the same request is kept, or answers: 1, 2 and so on.
    sample: int | None
    #: Further fields of the request's JSON body; they replace all others.
    extra_body: Mapping[str, Any] | None


#: Options whose values are Python's own, so that no file can keep them.
OF_PYTHON = ("tools",)

NAMES = tuple(Options.__annotations__)


def checked(options: Mapping[str, Any], function: str) -> Options:
    """Return `options` as the options of a request.

    Raises:
        TypeError: if one of them is none; the message names `function`.
    """
    for name in options:
        if name not in NAMES:
            raise TypeError(f"{function}() got an unexpected keyword argument {name!r}")
    made: Options = dict(options)  # type: ignore[assignment]
    return made


def with_signature(function: Callable[..., Any], names: Sequence[str] = NAMES) -> None:
    """Let help and completion show the options `names` in place of `**options`."""
    signature = inspect.signature(function)
    own = [each for each in signature.parameters.values() if each.kind is not inspect.Parameter.VAR_KEYWORD]
    new = [inspect.Parameter(name, inspect.Parameter.KEYWORD_ONLY, default=None) for name in names]
    vars(function)["__signature__"] = signature.replace(parameters=[*own, *new])
