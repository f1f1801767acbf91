"""Forced rules at a request: what is lowered or added, and what is refused."""

from __future__ import annotations

import fnmatch
import math
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from nbstream.client import models, policy
from nbstream.client.addresses import is_loopback, is_same_server
from nbstream.client.policy.user_id import hashed_name
from nbstream.language import _, joined, listed
from nbstream.model.exceptions import RequestError
from nbstream.model.warning import ReplyWarning

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from nbstream.client.endpoints import Endpoint
    from nbstream.client.policy.rules import Rule, Rules

#: The fields that limit the tokens of a reply, at the servers that there are.
_LIMITS = ("max_tokens", "max_completion_tokens", "max_output_tokens")
#: The fields that give a model something to call.
_TOOLS = ("tools", "functions", "mcp_servers", "plugins", "web_search_options")
_LONGEST_LIST = 5


def limited(given: Any, endpoint: Endpoint) -> Any:
    """Return the limit of tokens to send: the one that was given, or the forced one if it is less.

    Args:
        given: what the user or the settings give; None gives none.
        endpoint: the server.
    """
    rule, usual = _rules(endpoint).max_tokens, endpoint.facts.default_max_tokens
    if rule is None or not _is_above(usual if given is None and usual is not None else given or math.inf, rule):
        return given
    return rule.value


def fitted(parameters: Mapping[str, Any], endpoint: Endpoint) -> dict[str, Any]:
    """Return the parameters of a request as the rules want them: limits lowered, the user named."""
    rules, made = _rules(endpoint), dict(parameters)
    if (rule := rules.max_tokens) is not None:
        made |= {name: rule.value for name in _LIMITS if _is_above(made.get(name), rule)}
    name = endpoint.facts.user_field
    if name and rules.user_id is not None:
        made[name] = hashed_name(rules.user_id.value)
    elif name and (default := rules.defaults.get("user_id")) is not None:
        made.setdefault(name, hashed_name(default.value))
    return made


def warnings(max_tokens: Any, extra_body: Mapping[str, Any], endpoint: Endpoint) -> list[ReplyWarning]:
    """Return a warning if the limit of tokens that was asked for is lowered."""
    rule = _rules(endpoint).max_tokens
    asked = [max_tokens, *(extra_body.get(name) for name in _LIMITS)]
    if rule is None or not (above := [each for each in asked if _is_above(each, rule)]):
        return []
    return [
        ReplyWarning(
            "lowered",
            _(
                "{count:,} tokens instead of {asked:,}, as {where} forces",
                count=rule.value,
                asked=above[-1],
                where=rule.where,
            ),
            "max_tokens",
        )
    ]


def check(endpoint: Endpoint, model: str, parameters: Mapping[str, Any]) -> None:
    """Refuse a request that a forced rule forbids.

    A replay is not refused, as it sends nothing.

    Raises:
        RequestError: names the file and the rule; or a file of rules cannot be read.
    """
    if said := refusal(endpoint, {**parameters, "model": model}):
        raise RequestError(_("Nothing was sent: {said}.", said=said))


def refusal(endpoint: Endpoint, body: Mapping[str, Any] | None) -> str:
    """Return why a request must not be sent; "" if it may.

    Args:
        endpoint: the server.
        body: the body with its model; None for a question that is no prompt.

    Raises:
        RequestError: if a file of rules cannot be read.
    """
    rules = _rules(endpoint)
    host = urlsplit(endpoint.base_url).netloc.rpartition("@")[2]
    for hosts in rules.hosts:
        if not any(_is_host(endpoint.base_url, each) for each in hosts.value):
            return _said(
                hosts, _("{host} is not one of the allowed hosts ({names})", host=host, names=_listed(hosts.value))
            )
    if body is None:
        return ""
    # OpenRouter goes on to the other models of such a list.
    more = body.get("models")
    for name in (body.get("model"), *(more if isinstance(more, list | tuple) else ())):
        for allowed in rules.models:
            if not any(_is_model(str(name), endpoint, each) for each in allowed.value):
                return _said(
                    allowed,
                    _("{name} is not one of the allowed models ({names})", name=name, names=_listed(allowed.value)),
                )
    if rules.tools is not None and (given := [name for name in _TOOLS if body.get(name)]):
        return _said(rules.tools, _("tools are off, and the request has {field}", field=given[0]))
    for name in _LIMITS:
        if rules.max_tokens is not None and _is_above(body.get(name), rules.max_tokens):
            return _said(rules.max_tokens, _("{name} is above {count:,}", name=name, count=rules.max_tokens.value))
    return ""


def _rules(endpoint: Endpoint) -> Rules:
    return policy.Rules() if endpoint.player is not None else policy.current()


def _said(rule: Rule[Any], what: str) -> str:
    return joined(f"{what}{_('.')}", _("That is forced by {where}", where=rule.where))


def _listed(values: Sequence[str]) -> str:
    if not values:
        return _("there are none")
    names, more = listed(values[:_LONGEST_LIST]), len(values) - _LONGEST_LIST
    return _("{names} and {more} more", names=names, more=more) if more > 0 else names


def _is_above(value: Any, rule: Rule[int]) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and value > rule.value


def _is_host(url: str, pattern: str) -> bool:
    """Return whether a URL is of a host; with a scheme, the port counts, too."""
    if "://" in pattern:
        return is_same_server(url, pattern)
    parts, wanted = urlsplit(url), urlsplit(f"//{pattern}")
    if wanted.port is not None and wanted.port != (parts.port or {"https": 443, "http": 80}.get(parts.scheme)):
        return False
    name, host = (wanted.hostname or "").lower(), (parts.hostname or "").lower()
    if is_loopback(f"http://{pattern}"):
        return is_loopback(url)
    return host.endswith(name[1:]) and len(host) > len(name) - 1 if name.startswith("*.") else host == name


def _is_model(model: str, endpoint: Endpoint, pattern: str) -> bool:
    """Return whether a pattern, such as `deepseek-*` or `school/*`, names a model."""
    wanted = models.ALIASES.get(pattern, pattern)
    names = (model, f"{endpoint.name}/{model}") if endpoint.name else (model,)
    return any(fnmatch.fnmatchcase(name, wanted) for name in names)
