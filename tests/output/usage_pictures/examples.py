"""Figures of every kind that a picture of usage must show, for several tests."""

from __future__ import annotations

import random
from collections import Counter
from datetime import datetime, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING

from nbstream.output.usage_pictures.figures import (
    Amounts,
    Cell,
    Distribution,
    Figures,
    Money,
    Others,
    Period,
    Tokens,
)

if TYPE_CHECKING:
    from collections.abc import Callable

HOSTILE = "<img src=x onerror=window.HIT=1></script></svg>\u202e&\x00\ud800 ]]> \"' \U000e0041 {name}"
_NONE = Decimal(0)


def _at(year: int, month: int, day: int, hour: int = 0) -> datetime:
    return datetime(year, month, day, hour)  # noqa: DTZ001  (on the reader's clock)


def _money(*amounts: str, about: str = "0", currency: str = "USD") -> Money:
    hit, miss, reasoning, answer = map(Decimal, amounts)
    parts = (hit, miss, reasoning, answer)
    return Money(currency, parts, about=Decimal(about))


def _some(random_: random.Random, requests: int, *, about: bool = False, unknown: int = 0) -> Amounts:
    hit, miss, reasoning, answer = (random_.randrange(200, 9000) * requests for _ in range(4))
    prices = (Decimal("0.06"), Decimal("0.15"), Decimal("0.6"), Decimal("0.6"))
    one, two, three, four = (
        count * price / 10**6 for count, price in zip((hit, miss, reasoning, answer), prices, strict=True)
    )
    money = Money("USD", (one, two, three, four), about=Decimal("0.002") * requests if about else _NONE)
    tokens = Tokens(hit, miss, reasoning, answer, 0, 400 * requests if about else 0)
    return Amounts(requests, unknown, money=(money,), tokens=tokens)


def _spread(make: Callable[[], float], count: int) -> Distribution:
    return Distribution(tuple(sorted(Counter(round(make(), 2) for _ in range(count)).items())))


def _month() -> Figures:
    chance = random.Random(3)
    days = [_at(2026, 11, 1) + timedelta(days=at) for at in range(26)]
    periods = [
        Period(day, Amounts())
        if day.weekday() > 4 and chance.random() < 0.7
        else Period(day, _some(chance, chance.randrange(1, 30), about=chance.random() < 0.3, unknown=day.day == 9))
        for day in days
    ]
    cells = [Cell(f"analysis/regression.ipynb · [{at}]", _some(chance, 60 // at, about=at == 3)) for at in range(2, 8)]
    return Figures(
        "month",
        "November 2026",
        "day",
        tuple(periods),
        tuple(cells),
        Cell("17 other cells", _some(chance, 20)),
        _spread(lambda: chance.gauss(62, 14), 400),
        _spread(lambda: chance.lognormvariate(-0.2, 0.6), 400),
        others=Others(replayed=3, cached=12),
    )


def _year() -> Figures:
    chance = random.Random(5)
    weeks = [_at(2025, 12, 1) + timedelta(weeks=at) for at in range(52)]
    periods = [Period(week, _some(chance, chance.randrange(5, 300), about=week.day < 7)) for week in weeks]
    return Figures("all", "All requests", "week", tuple(periods))


_ONE = Amounts(1, money=(_money("0.0000012", "0.0000301", "0", "0.0000601"),), tokens=Tokens(400, 200, 0, 100))
_TINY = Amounts(1, money=(_money("0", "0.000004", "0", "0.000006"),), tokens=Tokens(0, 30, 0, 10))
_HUGE = Amounts(
    80, at_most=2, money=(_money("1.2", "3.1", "4.2", "1.5"),), tokens=Tokens(6 * 10**7, 2 * 10**7, 0, 9**7)
)
_UNKNOWN = Amounts(4, 4, tokens=Tokens(0, 0, 300, 900, 5000, 80))
_BOTH = Amounts(
    3,
    money=(_money("0.1", "0.5", "1", "0.3", about="0.2", currency="CNY"), Money("USD", whole=Decimal("0.06"))),
    tokens=Tokens(3000, 1500, 600, 300),
)
_SIMULATED = Amounts(2, money=(_money("0.001", "0.002", "0.003", "0.004"),), tokens=Tokens(900, 500, 800, 200))


def _days(*amounts: Amounts) -> tuple[Period, ...]:
    return tuple(Period(_at(2026, 11, 20) + timedelta(days=at), each) for at, each in enumerate(amounts))


def _hours(used: dict[int, Amounts]) -> tuple[Period, ...]:
    return tuple(Period(_at(2026, 11, 26, hour), used.get(hour, Amounts())) for hour in range(24))


FIGURES: dict[str, Figures] = {
    "month": _month(),
    "year": _year(),
    "empty": Figures("today", "Today, 26 November 2026", "hour", _hours({})),
    "off": Figures("all", "All requests", "day", note="The ledger is off, so requests are not remembered."),
    "one": Figures(
        "notebook",
        "median.ipynb",
        "hour",
        _hours({14: _ONE})[14:15],
        (Cell("[3]", _ONE),),
        None,
        Distribution(((57.3, 1),)),
        Distribution(((0.84, 1),)),
    ),
    "huge-and-tiny": Figures(
        "month",
        "November 2026",
        "day",
        _days(_TINY, Amounts(), _TINY, _HUGE, _TINY, Amounts(), _TINY),
        (Cell("big.ipynb · [4]", _HUGE), Cell("small.ipynb · [1]", _TINY)),
        None,
        Distribution(((80.0, 50),)),
        Distribution(((1.0, 50),)),
    ),
    "unknown": Figures(
        "today",
        "Today, 26 November 2026",
        "hour",
        _hours({9: _UNKNOWN, 11: _UNKNOWN}),
        (Cell("local.ipynb · [2]", _UNKNOWN),),
        None,
        Distribution(((30.0, 2), (31.0, 2), (80.0, 1))),
    ),
    "hostile": Figures(
        "all",
        HOSTILE,
        "day",
        _days(*[_BOTH] * 9),
        (Cell(HOSTILE, _BOTH), Cell("数据分析/回归模型的实验记录.ipynb · [12]", _BOTH)),
        model=HOSTILE,
        note=HOSTILE,
    ),
    "simulated": Figures(
        "notebook",
        "quickstart.ipynb",
        "hour",
        _hours({10: _SIMULATED, 11: _SIMULATED})[10:12],
        (Cell("[2]", _SIMULATED),),
        is_simulated=True,
    ),
}
