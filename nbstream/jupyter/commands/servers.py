"""The commands on servers: models, balance and key."""

from __future__ import annotations

import getpass
import sys
import warnings
from typing import TYPE_CHECKING

from IPython.core.error import StdinNotImplementedError
from IPython.display import publish_display_data

from nbstream.client import keys, listings, routing, settings
from nbstream.client.queries import QueryError
from nbstream.language import _, joined, listed, marked
from nbstream.model.exceptions import RequestError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from nbstream.client.endpoints import Endpoint
    from nbstream.jupyter.commands.command import Context
    from nbstream.output.tables import Table

_SAVE, _FORGET = "--save", "--forget"
_KEY_USAGE = marked(
    "%deepseek key takes the name of an endpoint or its base URL, and --save or --forget. It asks for the key by "
    "itself: a key on its line is in IPython's history, so replace that one where you got it."
)


def show_table(table: Table, context: Context) -> None:
    """Show a table: as HTML in a notebook, as text in a terminal."""
    if context.presentation.audience == "cell":
        publish_display_data({"text/html": table.html(), "text/plain": table.text()})
    else:
        sys.stdout.write(f"{table.text()}\n")


def models(words: Sequence[str], context: Context) -> None:
    """List the models of an endpoint, or of the present one; of many, those with a word."""
    from nbstream.output.servers import failed, models_table  # noqa: PLC0415  (only where it is used)

    first = words[0] if words else ""
    is_endpoint = first in routing.known().by_name or "://" in first
    if len(words) > 1 and not is_endpoint:
        raise RequestError(
            _(
                "{first} names no endpoint: there are {by_name}.",
                first=first,
                by_name=listed(routing.known().by_name),
            )
        )
    word = words[-1] if words and not (is_endpoint and len(words) == 1) else ""
    endpoint = routing.server(first if is_endpoint else "", without_key=True)
    try:
        found = listings.models_of(endpoint, settings.current().currency)
    except QueryError as error:
        raise RequestError(failed(error, context.presentation.audience)) from None
    table = models_table(endpoint, found, _current(endpoint), word)
    if not table.rows:
        said = _("{table} with {word}.", table=table.title, word=word) if word else f"{table.title}{_('.')}"
        names = listed(list(routing.known().by_name))
        hint = _("{word} is no endpoint either: there are {names}.", word=word, names=names) if word == first else ""
        raise RequestError(joined(said, hint))
    show_table(table, context)


def _current(endpoint: Endpoint) -> str:
    """Return the model that is asked by default, if it is one of this server."""
    try:
        usual = routing.route(without_key=True)
    except RequestError:
        return ""
    return usual.model if usual.endpoint.origin == endpoint.origin else ""


def balance(words: Sequence[str], context: Context) -> None:
    """Tell the balance of the account of an endpoint, or of the present one."""
    from nbstream.output.servers import balance_line, failed  # noqa: PLC0415  (as above)

    endpoint = routing.server(words[0] if words else "")
    if not endpoint.facts.balance:
        raise RequestError(_("{server} does not tell a balance, as far as nbstream knows.", server=endpoint.server))
    try:
        found = listings.balance_of(endpoint)
    except QueryError as error:
        raise RequestError(failed(error, context.presentation.audience)) from None
    sys.stdout.write("".join(f"{balance_line(endpoint, each)}\n" for each in found))


def key(words: Sequence[str], _context: Context) -> None:
    """Ask for a key without echoing it, and keep it for this kernel; or forget it."""
    flags = [word for word in words if word in (_SAVE, _FORGET)]
    names = [word for word in words if word not in flags]
    known = routing.known()
    if len(flags) > 1 or len(names) > 1 or not all(name in known.by_name or "://" in name for name in names):
        raise RequestError(_(_KEY_USAGE))
    endpoint = routing.server(names[0] if names else "", without_key=True)
    if _FORGET in flags:
        _forget(endpoint)
        return
    value = _entered(_("API key for {server}: ", server=endpoint.server))
    if not value:
        sys.stdout.write(_("Nothing was entered, so nothing has changed.\n"))
        return
    secret = keys.keep(endpoint.origin, value)
    if _SAVE in flags:
        keys.save(endpoint.origin, secret)
        sys.stdout.write(_("The key for {origin} is saved in your keyring.\n", origin=endpoint.origin))
        return
    sys.stdout.write(
        _(
            "The key for {origin} is kept until this kernel ends, and in no file. {save} also puts it into your "
            "keyring.\n",
            origin=endpoint.origin,
            save=_SAVE,
        )
    )


def _forget(endpoint: Endpoint) -> None:
    was_typed, was_saved = keys.forget(endpoint.origin), keys.delete(endpoint.origin)
    if was_typed or was_saved:
        where = [*([_("this kernel")] if was_typed else []), *([_("your keyring")] if was_saved else [])]
        sys.stdout.write(
            _("The key for {origin} is deleted from {where}.\n", origin=endpoint.origin, where=listed(where, " and "))
        )
    else:
        sys.stdout.write(_("No key was entered or saved for {origin}.\n", origin=endpoint.origin))


def _entered(prompt: str) -> str:
    with warnings.catch_warnings():
        # Where the terminal cannot hide what is typed.
        warnings.simplefilter("error", getpass.GetPassWarning)
        try:
            return getpass.getpass(prompt).strip()
        except EOFError:
            return ""
        except (StdinNotImplementedError, getpass.GetPassWarning, OSError):
            raise RequestError(
                _("No key can be entered here: set its environment variable before the kernel starts.")
            ) from None
