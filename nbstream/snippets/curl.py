"""A request as a command of a shell, for curl."""

from __future__ import annotations

import re
import shlex
from typing import TYPE_CHECKING
from urllib.parse import quote

from nbstream.model.request import MESSAGES, MESSAGES_VERSION
from nbstream.snippets.literals import json_parts

if TYPE_CHECKING:
    from nbstream.model.request import Request

#: Ends the body. Each line of the body is a bracket or begins with a blank, so none is this word.
_END = "JSON"
#: curl would read these as a pattern for several URLs.
_PATTERN = re.compile(r"[{}\[\]]")


def _for_shell(text: str) -> str:
    return re.sub(r"[\\$`]", r"\\\g<0>", text)


def code(request: Request) -> str:
    """Return the command, for sh, bash and zsh.

    The body is a here-document between quotes, so that the shell changes nothing in it. The key
    comes from a second one, as every user of the machine can read the arguments of a command.
    """
    address, url = request.address, request.url
    options, documents, redirections = [f"curl --no-buffer {shlex.quote(url)}"], [], []
    if _PATTERN.search(url):
        options.append("--globoff")
    options.append('--header "Content-Type: application/json"')
    if address.call == MESSAGES:
        options.append(f'--header "anthropic-version: {MESSAGES_VERSION}"')
    if address.key_variable:
        options.append("--header @/dev/fd/3")
        redirections.append("3<<KEY")
        header = "x-api-key: " if address.key_header == "x-api-key" else "Authorization: Bearer "
        documents += [f"{header}${{{address.key_variable}:?}}", "KEY"]
    if address.query_variables:
        options.append("--config /dev/fd/4")
        redirections.append("4<<QUERY")
        documents += [f'url-query = "{quote(name)}=${{{variable}:?}}"' for name, variable in address.query_variables]
        documents.append("QUERY")
    parts = json_parts(request.body())
    if len(parts) > 1:
        # Without the quotes, the shell puts in the variables, and reads these characters.
        parts = [_for_shell(part) if place % 2 == 0 else f'"${{{part}:?}}"' for place, part in enumerate(parts)]
    end = _END if len(parts) > 1 else f"'{_END}'"
    options.append(" ".join(["--data-binary @-", *redirections, f"<<{end}"]))
    keys = " and ".join(request.variables)
    notes = [f"# Set {keys} first."] if keys else []
    if address.query_variables:
        notes.append("# The option url-query needs curl 7.87 or newer.")
    return "\n".join([*notes, " \\\n  ".join(options), *documents, "".join(parts), _END])
