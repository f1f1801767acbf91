"""What an option or a command may be given: models, chats, variables, endpoints and files.

Nothing is asked of a server, and no code of a value runs, except for its `__dir__`.
"""

from __future__ import annotations

import os
from itertools import islice
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Any, TypeAlias

from nbstream.chat import names
from nbstream.chat.conversation import chats
from nbstream.client import history, listings, models, routing, settings
from nbstream.client.request_builder import EFFORTS
from nbstream.model.exceptions import RequestError
from nbstream.prompt.secrets import is_secret_name

if TYPE_CHECKING:
    from collections.abc import Callable

#: Returns what a word may become: takes the word so far, and the shell.
Candidates: TypeAlias = "Callable[[str, Any], list[str]]"

_MOST_FILES = 2_000
_MOST_REPLIES = 50


def _models(_word: str, _shell: Any) -> list[str]:
    found = [*settings.current().aliases, *models.ALIASES, *models.ALIASES.values(), *_endpoint_models()]
    for back in range(_MOST_REPLIES):
        reply = history.last_reply(back)
        if reply is None:
            break
        request = reply.request
        # Of the usual server, the name stands alone.
        is_usual = request.endpoint_name in ("", "deepseek")
        found.append(request.model if is_usual else f"{request.endpoint_name}/{request.model}")
    return list(dict.fromkeys(filter(None, found)))


def _endpoint_models() -> list[str]:
    """Return for each endpoint its name with a slash, and its models that are known by name.

    They are those of its facts, and those of the last `%deepseek models`.
    """
    try:
        endpoints = routing.known().by_name
    except RequestError:
        # A wrong entry of the settings is reported when a request needs them.
        return []
    found: list[str] = []
    for name, facts in endpoints.items():
        known = dict.fromkeys([*facts.context_windows, *listings.listed(facts.base_url)])
        found += [f"{name}/", *(f"{name}/{model}" for model in known)]
    return found


def _endpoints(_word: str, _shell: Any) -> list[str]:
    try:
        return list(routing.known().by_name)
    except RequestError:
        return []


def _chats(_word: str, _shell: Any) -> list[str]:
    return [*chats(), names.OFF]


def _efforts(_word: str, _shell: Any) -> list[str]:
    return list(EFFORTS)


def _new_variables(word: str, shell: Any) -> list[str]:
    return [each for each in _variables(word, shell) if "." not in each]


def _variables(word: str, shell: Any) -> list[str]:
    """Return variables, or the attributes of one, without secrets, functions and modules."""
    namespace = shell.user_ns
    name, dot, _ = word.rpartition(".")
    if dot:
        path = name.split(".")
        value = namespace.get(path[0])
        for each in path[1:]:
            # Without calling code: an instance's own attribute, or none.
            value = getattr(value, "__dict__", {}).get(each)
        return [f"{name}.{each}" for each in dir(value) if not each.startswith("_")] if value is not None else []
    hidden = getattr(shell, "user_ns_hidden", {})
    return [
        each
        for each, value in namespace.items()
        if not each.startswith("_")
        and not (each in hidden and hidden[each] is value)
        and not isinstance(value, ModuleType)
        and not is_secret_name(each, value)
    ]


def _functions(word: str, shell: Any) -> list[str]:
    """Return the variables that are functions or tools."""
    variables = shell.user_ns
    return [name for name in _variables(word, shell) if callable(variables.get(name.partition(".")[0]))]


def _types(word: str, shell: Any) -> list[str]:
    """Return the classes of the session that may be the form of an answer, also as lists."""
    own = {each: value for each, value in shell.user_ns.items() if isinstance(value, type)}
    found = [each for each in _new_variables(word, shell) if each in own]
    return [*found, *(f"list[{each}]" for each in found)]


def _files(word: str, _shell: Any) -> list[str]:
    """Return the files and folders in the folder of `word`; hidden ones if it asks for them."""
    folder, slash, beginning = word.rpartition("/")
    path = Path(os.path.expanduser(folder + slash)) if slash else Path()  # noqa: PTH111  (keeps a path that has no home)
    try:
        with os.scandir(path) as entries:
            listed = list(islice(entries, _MOST_FILES))
    except OSError:
        return []
    asks_for_hidden = beginning.startswith(".")
    return sorted(
        f"{folder}{slash}{each.name}{'/' if each.is_dir() else ''}"
        for each in listed
        if asks_for_hidden or not each.name.startswith(".")
    )


#: By the destination of an option, or else by its placeholder, as commands have it, too.
BY_NAME: dict[str, Candidates] = {
    "model": _models,
    "effort": _efforts,
    "chat": _chats,
    "value_names": _variables,
    "tool_names": _functions,
    "allow": _functions,
    "out": _new_variables,
    "files": _files,
    "type_name": _types,
    "base_url": _endpoints,
    "MODEL": _models,
    "CHAT": _chats,
    "VAR": _new_variables,
    "PATH": _files,
    "FILE": _files,
    "FOLDER": _files,
    "ENDPOINT": _endpoints,
}
