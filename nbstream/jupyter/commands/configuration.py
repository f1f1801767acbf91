"""The command config: every setting, its value, and where the value comes from."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

from nbstream.client import endpoint_file, policy, routing, settings, tapes
from nbstream.client.endpoints import DEFAULT, shown_url
from nbstream.client.redaction import KeyRedactor
from nbstream.jupyter.commands.servers import show_table
from nbstream.language import _, joined, listed, marked
from nbstream.model.exceptions import RequestError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from nbstream.client.endpoints import Endpoint
    from nbstream.client.policy import Rule
    from nbstream.jupyter.commands.command import Context

_LONGEST_VALUE = 60
_SOURCES = {"default": marked("default"), "now": marked("%config, or nbstream.settings")}
_KEYS = {
    "environment": marked("the environment"),
    "prompt": marked("%deepseek key, in this kernel"),
    "keyring": marked("your keyring"),
    "colab": marked("Colab's secrets"),
    "elsewhere": marked("none is sent: {variable} belongs to another server"),
    "none": marked("none is set"),
}


def config(_words: Sequence[str], context: Context) -> None:
    """Show every setting, its value and where it comes from; never a key."""
    from nbstream.output.audience import name_options  # noqa: PLC0415  (only where it is used)
    from nbstream.output.tables import Table  # noqa: PLC0415  (only where it is used)

    notes, rules = [], policy.Rules()
    try:
        rules = policy.current()
    except RequestError as error:
        notes.append(str(error))
    chosen = settings.current()
    try:
        endpoint = routing.route(without_key=True).endpoint
    except RequestError as error:
        # What is wrong is what the reader looks for.
        endpoint = None
        if (said := name_options(str(error), context.presentation.audience)) not in notes:
            notes.append(said)
    rows = [_row(name, endpoint, context) for name in chosen.traits(config=True)]
    rows += _endpoint_rows(endpoint)
    rows += [_rule_row(rule) for rule in _bounds(rules)]
    redactor = KeyRedactor(*(endpoint.secrets if endpoint is not None else ()))
    shown = [[redactor.redact(cell) for cell in row] for row in rows]
    notes.append(_("Endpoints and rules of your own: {path}, or the setting endpoints.", path=endpoint_file.path()))
    show_table(Table("", [_("setting"), _("value"), _("source")], shown, note=joined(*notes)), context)


def _row(name: str, endpoint: Endpoint | None, context: Context) -> list[str]:
    chosen = settings.current()
    value, source = getattr(chosen, name), chosen.source_of(name)
    rule = chosen.rule_of(name)
    origin = rule.where if rule is not None else _(_SOURCES[source]) if source in _SOURCES else _file(name, context)
    if name == "base_url" and endpoint is not None and (replayed := tapes.replay_url()):
        return [name, replayed, origin if value == replayed else _("the environment")]
    if name == "base_url" and not value and endpoint is not None:
        variable = routing.known().by_name[DEFAULT].url_variable
        return [name, endpoint_url(), variable if os.environ.get(variable) else origin]
    if name == "base_url" and "://" in value:
        value = shown_url(value)
    if name == "endpoints":
        # Their addresses may have a key; each has a row of its own.
        return [name, ", ".join(value), origin]
    if name == "thinking_field" and not value and endpoint is not None:
        return [
            name,
            endpoint.facts.thinking_field,
            _("the endpoint {name}", name=endpoint.name) if endpoint.name else origin,
        ]
    return [name, _shown(value), origin]


def _bounds(rules: policy.Rules) -> list[Rule[Any]]:
    """Return the rules that are no settings: budgets, the hash of the user, what is forced."""
    budgets = [rule for rule in rules.budgets if not rule.is_forced]
    user_id = [rules.defaults["user_id"]] if "user_id" in rules.defaults and rules.user_id is None else []
    return [*budgets, *user_id, *rules.forced]


def _rule_row(rule: Rule[Any]) -> list[str]:
    match rule.value:
        case tuple():
            value = ", ".join(rule.value) or _("none")
        case False:
            value = "off"
        case str():
            # The salt is not for everybody who sees the screen.
            value = _("a hash of your user name")
        case _:
            value = str(rule.value)
    name = rule.name if rule.name != "tools" else _("tools of a model")
    return [
        _("{name}, at most", name=name) if rule.name == "max_tokens" else name,
        value,
        _("{place}, forced", place=rule.where) if rule.is_forced else rule.where,
    ]


def endpoint_url() -> str:
    """Return the base URL of the default endpoint, without what may be a key."""
    return shown_url(routing.known().by_name[DEFAULT].base_url)


def _endpoint_rows(endpoint: Endpoint | None) -> list[list[str]]:
    """Return a row for the present endpoint, for its key, and for each of the user's own."""
    rows = []
    if endpoint is not None:
        rows.append(
            [
                _("endpoint"),
                listed([endpoint.name or _("without a name"), shown_url(endpoint.base_url)]),
                _("the model"),
            ]
        )
        variable = endpoint.facts.key_variable
        told = _(_KEYS[endpoint.key_origin], variable=variable or "DEEPSEEK_API_KEY")
        where = f"{variable}" if endpoint.key_origin == "environment" and variable else told
        rows.append([_("key"), _("set, not shown") if endpoint.api_key is not None else _("none"), where])
    try:
        files = endpoint_file.entries()
        facts = routing.known().by_name
    except RequestError:
        return rows
    of_files = [name for entries in files.values() for name in entries]
    for name in dict.fromkeys([*of_files, *settings.current().endpoints]):
        places = [str(path) for path, entries in files.items() if name in entries]
        places += [_("the setting endpoints")] if name in settings.current().endpoints else []
        rows.append(
            [_("endpoint {name}", name=name), shown_url(facts[name].base_url), listed(places, " and ", " and ")]
        )
    return rows


def _file(name: str, context: Context) -> str:
    """Return the files, or the command line, that configure IPython."""
    application = getattr(context.shell, "parent", None)
    given = getattr(application, "cli_config", {})
    if any(name in given.get(section, {}) for section in settings.current().section_names()):
        return _("the command line")
    files = getattr(application, "loaded_config_files", None) or [_("a file")]
    return f"c.DeepSeekMagics in {', '.join(files)}"


def _shown(value: Any) -> str:
    text = value if isinstance(value, str) else repr(value)
    return text if len(text) <= _LONGEST_VALUE else f"{text[: _LONGEST_VALUE - 1]}…"
