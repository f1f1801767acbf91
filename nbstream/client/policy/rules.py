"""Rules as values: what each says, where it stands, and whether it is forced.

A default is for whoever chooses nothing: of several, the nearest one counts. A forced rule bounds
every request: of several, all of them hold, so the strictest one counts.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Generic, Literal, TypeAlias, TypeVar, get_args

from nbstream.language import _

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from decimal import Decimal
    from pathlib import Path

T = TypeVar("T")

#: What a budget is for: all requests of a notebook, of a day, of a month, or of each cell.
BudgetOf: TypeAlias = Literal["notebook", "day", "month", "per_cell"]
BUDGETS: tuple[BudgetOf, ...] = get_args(BudgetOf)


@dataclass(frozen=True, slots=True)
class Rule(Generic[T]):
    """One line of a file.

    Attributes:
        name: the key, with its table, as in `budget.day`.
        value: what it says.
        path: the file.
        line: the line, counted from 1.
        is_forced: whether it bounds every request; else it is a default.
        is_nearby: whether the file was found from the folder of the notebook.
    """

    name: str
    value: T
    path: Path
    line: int
    is_forced: bool = False
    is_nearby: bool = False

    @property
    def where(self) -> str:
        """The file and the line."""
        return _("{path}, line {line}", path=self.path, line=self.line)


@dataclass(frozen=True, slots=True)
class Budget:
    """The value of a rule about what may be spent: money or tokens.

    Attributes:
        of: what it is for.
        amount: the most money; None for a budget of tokens.
        currency: of the amount; "" for the currency of the settings.
        tokens: the most tokens; None for a budget of money.
    """

    of: BudgetOf
    amount: Decimal | None = None
    currency: str = ""
    tokens: int | None = None

    @property
    def unit(self) -> tuple[BudgetOf, str]:
        """What can be compared: budgets for the same thing, in the same currency or in tokens."""
        return self.of, "tokens" if self.amount is None else self.currency

    @property
    def most(self) -> Decimal | int:
        """The money, or the number of tokens."""
        return self.amount if self.amount is not None else self.tokens or 0

    def __str__(self) -> str:
        if self.amount is None:
            return _("{count:,} tokens", count=self.tokens)
        return f"{self.amount:f}{f' {self.currency}' if self.currency else ''}"


@dataclass(frozen=True, slots=True)
class Rules:
    """The rules of one file, or those of all files together.

    Attributes:
        defaults: values of settings, by the name of the setting, and the default `user_id`.
        hosts: each forced list of hosts; a request goes to a host that all of them name.
        models: each forced list of models.
        max_tokens: the forced limit.
        tools: the forced rule that no request may have tools.
        user_id: the forced rule that each request says whose it is.
        budgets: defaults and forced ones.
    """

    defaults: Mapping[str, Rule[Any]] = field(default_factory=dict)
    hosts: tuple[Rule[tuple[str, ...]], ...] = ()
    models: tuple[Rule[tuple[str, ...]], ...] = ()
    max_tokens: Rule[int] | None = None
    tools: Rule[bool] | None = None
    user_id: Rule[str] | None = None
    budgets: tuple[Rule[Budget], ...] = ()

    @property
    def forced(self) -> tuple[Rule[Any], ...]:
        """All forced rules."""
        single = (self.max_tokens, self.tools, self.user_id)
        budgets = (rule for rule in self.budgets if rule.is_forced)
        return (*self.hosts, *self.models, *(rule for rule in single if rule is not None), *budgets)


def combined(files: Sequence[Rules]) -> Rules:
    """Return the rules that hold together.

    Args:
        files: the rules of each file, the nearest file first.
    """
    defaults: dict[str, Rule[Any]] = {}
    for rules in reversed(files):
        defaults.update(rules.defaults)
    limits = [rules.max_tokens for rules in files if rules.max_tokens is not None]
    # A user's name has no strictest form: the file that is farthest away decides.
    user_ids = [rules.user_id for rules in files if rules.user_id is not None]
    return Rules(
        defaults,
        tuple(rule for rules in files for rule in rules.hosts),
        tuple(rule for rules in files for rule in rules.models),
        min(limits, key=lambda rule: rule.value) if limits else None,
        next((rules.tools for rules in reversed(files) if rules.tools is not None), None),
        user_ids[-1] if user_ids else None,
        _budgets(rule for rules in files for rule in rules.budgets),
    )


def _budgets(rules: Iterable[Rule[Budget]]) -> tuple[Rule[Budget], ...]:
    """Return the nearest default for each thing, and the strictest forced budget for each unit."""
    defaults: dict[str, Rule[Budget]] = {}
    forced: dict[tuple[BudgetOf, str], Rule[Budget]] = {}
    for rule in rules:
        if not rule.is_forced:
            defaults.setdefault(rule.value.unit[0] + str(rule.value.amount is None), rule)
        elif rule.value.unit not in forced or rule.value.most < forced[rule.value.unit].value.most:
            forced[rule.value.unit] = rule
    return (*defaults.values(), *forced.values())
