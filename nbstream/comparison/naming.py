"""Names of columns, made of what differs between their specs; what is equal is said once.

A fact that differs stands in the name of each column, as `pro · effort max`. Names are never equal:
columns that are asked the same get numbers.
"""

from __future__ import annotations

import os
from itertools import starmap
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from nbstream.client import settings
from nbstream.language import _, listed, marked
from nbstream.model.printable import one_line
from nbstream.model.text import common_prefix

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from nbstream.comparison.specs import Spec
    from nbstream.model.request import Request

SEPARATOR = " · "
#: A name shows so much of a text, and begins so far before the first difference.
_LONGEST = 34
_BEFORE = 10

#: For each option: how its value reads, and what is said where it is not given.
_WORDS: dict[str, tuple[Callable[[Any], str], str]] = {
    "thinking": (lambda value: _("thinking") if value else _("no thinking"), marked("thinking by default")),
    "effort": (lambda value: _("effort {value}", value=value), marked("effort by default")),
    "temperature": (lambda value: _("temperature {value}", value=_number(value)), marked("temperature by default")),
    "top_p": (lambda value: _("top_p {value}", value=_number(value)), marked("top_p by default")),
    "max_tokens": (lambda value: _("at most {count:,} tokens", count=value), marked("no limit of tokens")),
    "stop": (lambda value: _("stop {value!r}", value=value), marked("no stop")),
    "prefix": (lambda value: _("begins {value!r}", value=value), marked("no beginning")),
    "json": (lambda value: "JSON" if value else _("text"), marked("text")),
    "schema": (lambda value: _("schema {name}", name=_type_name(value)), marked("no schema")),
    "tries": (lambda value: _("{count} tries", count=value), marked("tries by default")),
    "tools": (lambda value: _("tools {names}", names=listed(map(_type_name, value))), marked("no tools")),
    "tool_choice": (lambda value: _("tool choice {value}", value=value), marked("tool choice by default")),
    "values": (lambda value: _("values {names}", names=listed(value)), marked("no values")),
    "files": (lambda value: _("files {names}", names=_files(value)), marked("no files")),
    "above": (
        lambda value: _("cells above") if value is True else _("{count} cells above", count=value),
        marked("no cells above"),
    ),
    "error": (lambda value: _("with the error") if value else _("without the error"), marked("without the error")),
}


def names_of(columns: Sequence[tuple[Spec, Request]]) -> tuple[list[str], str]:
    """Return a name for each column, and in words what is the same in all of them."""
    every = [_facts(spec, request) for spec, request in columns]
    labels = dict.fromkeys(label for facts in every for label in facts)
    # In the same order for all.
    differing = [label for label in labels if len({facts.get(label, "") for facts in every}) > 1]
    names = []
    shown = {label: _shown(label, [facts.get(label, "") for facts in every]) for label in differing}
    for at, (spec, request) in enumerate(columns):
        parts = [shown[label][at] for label in differing]
        if "model" in differing and "endpoint" in differing and any(starmap(_names_endpoint, columns)):
            # The name of an endpoint stands before that of its model.
            parts = [part for part, label in zip(parts, differing, strict=True) if label != "endpoint"]
        if "model" in differing:
            parts[differing.index("model")] = _model_words(spec, request, with_endpoint="endpoint" in differing)
        names.append(spec.name or one_line(SEPARATOR.join(filter(None, parts))))
    same = [_same(label, every[0][label], columns[0]) for label in labels if label not in differing]
    return _numbered(names), SEPARATOR.join(filter(None, [*same, *_inserted([request for _spec, request in columns])]))


def _inserted(requests: Sequence[Request]) -> list[str]:
    """Return what was put into every prompt, and how much of it: `df: 5 of 10,000 rows`."""
    first = requests[0].inserted
    if any(each.inserted != first for each in requests):
        return []
    return [one_line(f"{each.name}: {each.shown}" if each.shown else each.name) for each in first]


def _numbered(names: list[str]) -> list[str]:
    """Return names that all differ."""
    found: list[str] = []
    for at, name in enumerate(names):
        number = names[:at].count(name) + 1
        made = (
            (_("answer {number}", number=number) if not name else f"{name} ({number})")
            if names.count(name) > 1 or not name
            else name
        )
        while made in found or (made != name and made in names):
            number += 1
            made = f"{name or _('answer')} ({number})"
        found.append(made)
    return found


def _facts(spec: Spec, request: Request) -> dict[str, str]:
    """Return what a column is asked for: the whole words, by labels in the order of a name."""
    options: Mapping[str, Any] = spec.options
    facts = {"model": request.model, "endpoint": f"{request.endpoint}{request.address.path}"}
    if spec.chat is not None:
        facts["chat"] = spec.chat.name
    system = next((each.get("content") for each in request.messages if each.get("role") == "system"), None)
    if isinstance(system, str) and system:
        facts["system"] = system
    if spec.options.get("messages") is not None:
        facts["messages"] = repr([each for each in request.messages if each.get("role") != "system"])
    elif spec.prompt is not None:
        facts["prompt"] = spec.prompt
    for name, (words, _default) in _WORDS.items():
        value = options.get(name)
        if value is not None and (value is not False or name == "thinking"):
            facts[name] = words(value)
    for name in options.get("extra_body") or {}:
        # As the request has it, where a key is hidden.
        facts[f"field {name}"] = f"{name} {request.parameters.get(name)!r}"
    return facts


def _shown(label: str, texts: list[str]) -> list[str]:
    """Return the words of one fact for each column, short."""
    if label in _WORDS:
        return [_around(texts, at) if text else _(_WORDS[label][1]) for at, text in enumerate(texts)]
    if label == "system":
        return [f"“{_around(texts, at)}”" if text else _("no system prompt") for at, text in enumerate(texts)]
    if label in ("prompt", "messages"):
        return [f"“{_around(texts, at)}”" if text else "" for at, text in enumerate(texts)]
    if label == "chat":
        return [_("chat {name}", name=text) if text else _("no chat") for text in texts]
    if label == "endpoint":
        return [urlsplit(text).netloc or text for text in texts]
    none = _("no {name}", name=label.removeprefix("field "))
    return [_around(texts, at) if text else none for at, text in enumerate(texts)]


def _around(texts: Sequence[str], at: int) -> str:
    """Return a part of the text at `at`: its beginning, if that tells it from the others."""
    lines = [" ".join(text.split()) for text in texts]
    line, others = lines[at], {each for each in lines if each and each != lines[at]}
    if len(line) <= _LONGEST:
        return line
    head = line[: _LONGEST - 1]
    if not any(each.startswith(head[:-_BEFORE]) for each in others):
        return f"{head.rstrip()}…"
    first = max(common_prefix(line, other) for other in others)
    start = max(0, min(first - _BEFORE, len(line) - _LONGEST))
    end = start + _LONGEST
    if start and (blank := line.find(" ", start, first)) >= 0:
        start = blank + 1
    return f"{'…' if start else ''}{line[start:end].strip()}{'…' if end < len(line) else ''}"


def _same(label: str, text: str, column: tuple[Spec, Request]) -> str:
    """Return what all columns have in common of one fact; empty if it need not be told."""
    spec, request = column
    if label == "model":
        return one_line(request.model)
    if label == "endpoint":
        given = spec.options.get("base_url") is not None or _names_endpoint(spec, request)
        return one_line(request.endpoint_name or urlsplit(text).netloc) if given else ""
    if label in ("prompt", "messages", "values", "files", "above", "error"):
        # What they bring into the prompt is told.
        return ""
    if label == "system":
        return _("system prompt “{text}”", text=one_line(_around([text], 0)))
    return one_line(_around([_("chat {name}", name=text) if label == "chat" else text], 0))


def _word(spec: Spec) -> str:
    """Return the model as the user wrote it."""
    return str(spec.options.get("model") or settings.current().model)


def _model_words(spec: Spec, request: Request, *, with_endpoint: bool) -> str:
    return request.model if _names_endpoint(spec, request) and not with_endpoint else _word(spec)


def _names_endpoint(spec: Spec, request: Request) -> bool:
    """Return whether the model's name begins with that of the endpoint, as in `ollama/qwen3`."""
    return bool(request.endpoint_name) and _word(spec).startswith(f"{request.endpoint_name}/")


def _number(value: Any) -> str:
    return format(value, "g") if isinstance(value, int | float) else str(value)


def _type_name(value: Any) -> str:
    return (
        value
        if isinstance(value, str)
        else getattr(value, "name", None) or getattr(value, "__name__", None) or repr(value)
    )


def _files(value: Any) -> str:
    paths = [value] if isinstance(value, str | os.PathLike) else value
    return ", ".join(os.path.basename(os.fspath(path)) for path in paths)  # noqa: PTH119  (a text, maybe no path)
