"""Scales and their ticks: from numbers to places in a picture."""

from __future__ import annotations

import math
from dataclasses import dataclass
from decimal import Decimal

#: Steps between ticks that people read easily, times a power of ten.
_STEPS = (Decimal(1), Decimal(2), Decimal(5), Decimal(10))


def ticks(most: Decimal, count: int = 3) -> list[Decimal]:
    """Return ticks from 0 to `most` or beyond, with round steps; exact, as amounts of money are.

    Args:
        most: the largest number that is shown; from 0 on.
        count: about how many steps there are.
    """
    if most <= 0:
        return [Decimal(0)]
    least = most / count
    power = Decimal(1).scaleb(least.adjusted())
    step = next(each * power for each in _STEPS if each * power >= least)
    steps = int((most / step).to_integral_value(rounding="ROUND_CEILING"))
    return [step * number for number in range(steps + 1)]


def log_ticks(least: float, most: float, count: int = 5) -> list[float]:
    """Return ticks of a logarithmic scale: 1, 2 and 5 times a power of ten, or fewer of them.

    All lie between `least` and `most`, which are positive. There are at most `count`, unless the
    scale has more powers of ten.
    """
    powers = range(math.floor(math.log10(least)), math.ceil(math.log10(most)) + 1)
    for factors in ((1, 2, 5), (1, 3), (1,)):
        found = [float(f"{factor}e{power}") for power in powers for factor in factors]
        found = [each for each in found if least <= each <= most]
        if len(found) <= count:
            break
    return found


@dataclass(frozen=True, slots=True)
class Scale:
    """From numbers to places, linear or logarithmic.

    Attributes:
        least: the number at `start`.
        most: the number at `end`, larger than `least`.
        start: a place.
        end: another one.
        is_log: whether equal ratios have equal distances.
    """

    least: float
    most: float
    start: float
    end: float
    is_log: bool = False

    def __call__(self, number: float) -> float:
        """Return the place of a number; one beyond the ends has the place of the end."""
        least, most = self.least, self.most
        number = min(max(number, least), most)
        if self.is_log:
            least, most, number = math.log(least), math.log(most), math.log(number)
        return self.start + (self.end - self.start) * (number - least) / (most - least)


def every(count: int, room: float, each: float) -> int:
    """Return which of `count` labels are shown: every n-th, if each takes `each` of `room`."""
    least = count * each / room if room > 0 else count
    return next((step for step in (1, 2, 3, 4, 6, 12, 24) if step >= least), max(1, math.ceil(least)))
