"""By how much a reply overruns its budget: `python -m benchmarks.budgets`.

The server ignores `max_tokens` and writes at a steady rate, so only the watch on the stream ends
the reply. The overrun is what the server sent after the delta that crossed the line, as the time
that it took to write that.
"""

from __future__ import annotations

import json
import statistics
import time
from typing import TYPE_CHECKING
from unittest.mock import patch

import nbstream
from nbstream.client import start
from nbstream.client.budgets import needs
from nbstream.client.receiver import Receiver
from nbstream.model.token_estimate import estimate_tokens
from nbstream.simulator.server import Simulator

if TYPE_CHECKING:
    from nbstream.client.trace import Trace

_RATES = (100, 500, 2_000, 5_000)
_TRIES = 10
_SECONDS = 1.0
_MARK = b"data: "


def overruns(rate: int, *, is_watched: bool) -> list[float]:
    """Return by how many milliseconds replies overran their budgets.

    Args:
        rate: the tokens that the server writes in a second.
        is_watched: whether the reply is shown while it arrives, as in a cell; that of a job is not.
    """
    found = []
    with Simulator(port=0, rate=rate, first_token=0, scenario="normal tokens=50000") as server:
        options = {"base_url": server.url, "api_key": "simulated"}
        for _ in range(_TRIES):
            source = start.source_of("Write.", options)  # type: ignore[arg-type]
            need = needs.need_of(source.request, "USD")
            line = int(rate * _SECONDS)
            with nbstream.budget(tokens=need.prompt + max(line, need.least)):
                receiver = Receiver(source, start.limits(), is_watched=is_watched)
            reply = receiver.future.result(120)
            assert reply.error is not None
            assert reply.error.cause == "line", reply.error
            while (entry := server.log()[-1])["outcome"] is None:
                time.sleep(0.01)
            found.append(1_000 * (entry["deltas_sent"] - _crossing(receiver.trace, max(line, need.least))) / rate)
    return found


def _crossing(trace: Trace, line: int) -> int:
    """Return the number of the delta with which the text has more tokens than `line`, estimated."""
    text, number = "", 0
    # To look less often would be too coarse for a slow server.
    step = max(1, line // 500)
    for each in b"".join(piece.data for piece in trace.responses[0].pieces).split(b"\n"):
        if not each.startswith(_MARK + b"{"):
            continue
        choices = json.loads(each.removeprefix(_MARK)).get("choices") or [{}]
        delta = choices[0].get("delta", {})
        if added := (delta.get("reasoning_content") or "") + (delta.get("content") or ""):
            text, number = text + added, number + 1
            if number % step == 0 and estimate_tokens(text) > line:
                return number
    return number


def main() -> None:
    """Measure, and print a table."""
    print("| tokens a second | watched | median, ms | longest, ms |")
    print("| --: | :-- | --: | --: |")
    with patch.object(needs, "lowered", lambda request, _tokens, _said: request):
        for rate in _RATES:
            for is_watched in (True, False):
                found = overruns(rate, is_watched=is_watched)
                who = "yes, as in a cell" if is_watched else "no, as in a job"
                print(f"| {rate:,} | {who} | {statistics.median(found):.0f} | {max(found):.0f} |", flush=True)


if __name__ == "__main__":
    main()
