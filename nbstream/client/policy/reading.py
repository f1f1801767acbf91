"""What a file says, as rules.

    model = "school/deepseek-v4-flash"   # defaults: for whoever chooses nothing
    max_tokens = 4000

    [budget]
    notebook = "0.50"

    [forced]                             # for everybody, whatever a notebook says
    hosts = ["llm.school.example"]
    max_tokens = 8000

    [forced.budget]
    month = "5.00"

A key has no place in such a file, as files are copied and committed.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from decimal import Decimal, InvalidOperation
from typing import TYPE_CHECKING, Any

from nbstream.client.policy.files import UNREAD
from nbstream.client.policy.rules import BUDGETS, Budget, BudgetOf, Rule, Rules
from nbstream.language import _, joined, listed, marked
from nbstream.model.exceptions import RequestError

if TYPE_CHECKING:
    from nbstream.client.policy.files import Found

ENDPOINTS, PRICES = "endpoints", "prices"
#: Tables that decide where prompts and keys go, and what a budget counts.
_NOT_NEARBY = {
    ENDPOINTS: marked("a file beside a notebook cannot name servers, as it may have come with the notebook"),
    PRICES: marked("a file beside a notebook cannot name prices, as it may have come with the notebook"),
}
_FORCED, _BUDGET, _USER_ID = "forced", "budget", "user_id"
_FORCED_KEYS = ("hosts", "models", "max_tokens", "tools", _USER_ID, _BUDGET)
_ONLY_FORCED = ("hosts", "models", "tools")
_CURRENCIES = ("USD", "CNY")
_MONEY = re.compile(r"\s*([\d_]+(?:\.\d+)?)\s*([A-Za-z]*)\s*")
_HOST = re.compile(r"(?:https?://)?(?:\*\.)?(?:[\w.-]+|\[[0-9A-Fa-f:.]+\])(?::\d{1,5})?")
_KEY_NAME = re.compile(r"(?:api_?)?(?:key|token|secret|password)", re.IGNORECASE)


def rules_of(found: Found) -> Rules:
    """Return the rules of one file.

    Raises:
        RequestError: if one is not valid; names the file and the line.
    """
    return _Reader(found).rules()


class _Reader:
    def __init__(self, found: Found) -> None:
        self._file, self._is_nearby = found
        self._document = self._file.document

    def rules(self) -> Rules:
        self._refuse_keys(self._document)
        for name, reason in _NOT_NEARBY.items() if self._is_nearby else ():
            if name in self._document:
                raise self._error(
                    _("{reason}. Put it into the nbstream.toml of your Jupyter folder", reason=_(reason)), name
                )
        defaults: dict[str, Rule[Any]] = {}
        budgets: list[Rule[Budget]] = []
        for name, value in self._document.items():
            if name in _ONLY_FORCED:
                raise self._error(
                    _(
                        "{name} stands below [forced]: as a default it would bound nothing, as whoever asks names "
                        "another one",
                        name=name,
                    ),
                    name,
                )
            if name == _BUDGET:
                budgets += self._budgets(value, (name,), is_forced=False)
            elif name == _USER_ID:
                defaults[name] = self._rule((name,), self._text(value, name), is_forced=False)
            elif name not in (_FORCED, ENDPOINTS, PRICES):
                # A setting; whether there is one, and with this value, the settings say.
                defaults[name] = self._rule((name,), value, is_forced=False)
        return self._with_forced(defaults, budgets)

    def _with_forced(self, defaults: dict[str, Rule[Any]], budgets: list[Rule[Budget]]) -> Rules:
        forced = self._document.get(_FORCED, {})
        if not isinstance(forced, Mapping):
            raise self._error(_("forced must be a table"), _FORCED)
        for name in forced:
            if name not in _FORCED_KEYS:
                raise self._error(
                    _(
                        "{name} cannot be forced: {forced_keys} can. Above [forced] it is a default",
                        name=name,
                        forced_keys=listed(_FORCED_KEYS),
                    ),
                    _FORCED,
                    name,
                )
        lists: dict[str, tuple[Rule[tuple[str, ...]], ...]] = {"hosts": (), "models": ()}
        for name in lists:
            if name in forced:
                value = self._list(forced[name], _FORCED, name)
                lists[name] = (self._rule((_FORCED, name), value, is_forced=True),)
        max_tokens = tools = user_id = None
        if "max_tokens" in forced:
            number = self._number(forced["max_tokens"], _FORCED, "max_tokens")
            max_tokens = self._rule((_FORCED, "max_tokens"), number, is_forced=True)
        if "tools" in forced:
            if not isinstance(forced["tools"], bool):
                raise self._error(_("tools must be true or false"), _FORCED, "tools")
            # `true` forbids nothing, and takes no rule of another file away.
            tools = None if forced["tools"] else self._rule((_FORCED, "tools"), value=False, is_forced=True)
        if _USER_ID in forced:
            user_id = self._rule((_FORCED, _USER_ID), self._text(forced[_USER_ID], _FORCED, _USER_ID), is_forced=True)
        budgets += self._budgets(forced.get(_BUDGET, {}), (_FORCED, _BUDGET), is_forced=True)
        return Rules(defaults, lists["hosts"], lists["models"], max_tokens, tools, user_id, tuple(budgets))

    def _budgets(self, table: object, place: tuple[str, ...], *, is_forced: bool) -> Iterator[Rule[Budget]]:
        if not isinstance(table, Mapping):
            raise self._error(
                _('budget must be a table, with {budgets}, as in notebook = "0.50"', budgets=listed(BUDGETS)), *place
            )
        for name, value in table.items():
            of: BudgetOf = "notebook" if name == "tokens" else name
            if of not in BUDGETS:
                raise self._error(
                    _(
                        "there is no budget {name}: there are {budgets} and tokens",
                        name=name,
                        budgets=listed(BUDGETS),
                    ),
                    *place,
                    name,
                )
            given = f"{value} tokens" if name == "tokens" else str(value)
            budget = None if isinstance(value, bool) else _budget(of, given)
            if budget is None:
                raise self._error(
                    _('{name} must be money, as "0.50" or "3 CNY", or "200000 tokens"', name=name)
                    if name != "tokens"
                    else _("tokens must be a number of tokens"),
                    *place,
                    name,
                )
            yield self._rule((*place, name), budget, is_forced=is_forced)

    def _list(self, value: object, *place: str) -> tuple[str, ...]:
        name = place[-1]
        if not (isinstance(value, list) and all(isinstance(each, str) and each.strip() for each in value)):
            raise self._error(_("{name} must be a list of texts", name=name), *place)
        if name == "hosts" and (wrong := [each for each in value if not _HOST.fullmatch(each.strip())]):
            raise self._error(
                _(
                    "{wrong!r} is no host: write it as llm.school.example, *.school.example or localhost:8000",
                    wrong=wrong[0],
                ),
                *place,
            )
        return tuple(each.strip() for each in value)

    def _number(self, value: object, *place: str) -> int:
        if not isinstance(value, int) or isinstance(value, bool) or value < 1:
            raise self._error(_("{place} must be a whole number of at least 1", place=place[-1]), *place)
        return value

    def _text(self, value: object, *place: str) -> str:
        if not isinstance(value, str) or not value.strip():
            raise self._error(
                _(
                    "{place} must be a text of your own, which is mixed into the hash of the user's name",
                    place=place[-1],
                ),
                *place,
            )
        return value

    def _refuse_keys(self, table: Mapping[str, Any], *above: str) -> None:
        """Refuse a file that has a key; no sentence repeats it."""
        for name, value in table.items():
            place = (*above, name)
            if isinstance(value, Mapping):
                self._refuse_keys(value, *place)
            elif isinstance(value, str) and above[:1] != (ENDPOINTS,) and (_KEY_NAME.fullmatch(name) or _is_key(value)):
                # Those of endpoints are refused with the endpoint.
                raise self._error(
                    _(
                        "a key does not belong into this file. Name its environment variable as the key_variable of "
                        "an endpoint, or use %deepseek key. Who can read the file has the key, so replace it where "
                        "you got it"
                    ),
                    *place,
                )

    def _rule(self, place: tuple[str, ...], value: Any, *, is_forced: bool) -> Rule[Any]:
        name = ".".join(place[1:] if is_forced else place)
        return Rule(name, value, self._file.path, self._file.line_of(*place), is_forced, self._is_nearby)

    def _error(self, reason: str, *place: str) -> RequestError:
        return RequestError(joined(str(self._file.error(reason, *place)), _(UNREAD)))


def _budget(of: BudgetOf, text: str) -> Budget | None:
    """Return a budget, or None if the text is none."""
    found = _MONEY.fullmatch(text)
    if found is None:
        return None
    unit = found[2]
    try:
        number = Decimal(found[1].replace("_", ""))
    except InvalidOperation:
        return None
    if unit == "tokens":
        return Budget(of, tokens=int(number)) if number == int(number) else None
    return Budget(of, number, unit.upper()) if not unit or unit.upper() in _CURRENCIES else None


def _is_key(value: str) -> bool:
    from nbstream.prompt.secrets import KEY_SHAPES  # noqa: PLC0415  (only where there is a file)

    return re.search(KEY_SHAPES, value) is not None
