"""Our own time for a turn of a long chat: `python -m benchmarks.chat`.

The time is that of `chat.stream`, which makes the request and starts it, on the calling thread, for
chats of 100 turns. Prints a Markdown table: medians of ten turns, in milliseconds.
"""

from __future__ import annotations

import statistics
import time

import nbstream
from nbstream.simulator.server import Simulator

_TURNS = 100
_AROUND = (5, 25, 50, 75, 95)
_SIZES = (200, 2_000, 20_000)


def main() -> None:
    """Measure and print the table."""
    print("| characters a prompt | " + " | ".join(f"turn {turn}" for turn in _AROUND) + " | a 10 turns more |")
    print("|--:|" + "--:|" * (len(_AROUND) + 1))
    with Simulator(port=0, rate=0, first_token=0) as simulator:
        for size in _SIZES:
            times = _times(simulator, size)
            medians = [statistics.median(times[turn - 5 : turn + 5]) for turn in _AROUND]
            growth = (medians[-1] - medians[0]) / (_AROUND[-1] - _AROUND[0]) * 10
            print(f"| {size:,} | " + " | ".join(f"{each:.2f}" for each in [*medians, growth]) + " |")


def _times(simulator: Simulator, size: int) -> list[float]:
    """Return the milliseconds of each turn of a new chat."""
    chat = nbstream.Chat(f"size-{size}", base_url=simulator.url, api_key="simulated", thinking=False)
    times = []
    for _ in range(_TURNS):
        prompt = "[simulate: normal tokens=200] " + "word " * (size // 5)
        began = time.perf_counter()
        run = chat.stream(prompt)
        times.append((time.perf_counter() - began) * 1000)
        run.result()
    return times


if __name__ == "__main__":
    main()
