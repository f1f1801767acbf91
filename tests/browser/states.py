"""A reply in every state, as events, for the pictures and for `npm run preview`."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from nbstream.billing.prices import cost_of
from nbstream.client.endpoints import endpoint_for
from nbstream.model.events import Answer, Ended, Event, Finished, Reasoning, Started, UsageReported, Waiting, Warned
from nbstream.model.failure import Failure
from nbstream.model.presentation import Presentation
from nbstream.model.reduction import reduce
from nbstream.model.reply import Reply
from nbstream.model.request import Request
from nbstream.model.usage import Usage
from nbstream.model.warning import ReplyWarning
from nbstream.widgets.reply_patches import ReplyPatches
from tests.browser import calls

if TYPE_CHECKING:
    from collections.abc import Sequence

    from nbstream.widgets.protocol import Keyframe

_NOON = 1_795_262_400.0  # 2026-11-21 12:00 UTC, a Saturday: off-peak
_USAGE = Usage(2211, 1052, 3263, 1984, 227, 640)

_THOUGHTS = """\
The old table is written by **three services**. If we add the column first and backfill in batches, reads stay correct.

1. The trigger must go in *before* the backfill starts.
2. Otherwise rows that are written meanwhile are missed; `total_cents` would stay empty there.

At 200,000 rows a minute that is 41 minutes, and it costs between $5 and $6. What if it is interrupted? Then the batches
that were committed stay, and the next run begins after them. So each batch needs"""
_CODE = """\
```sql
-- may be run again
ALTER TABLE orders ADD COLUMN total_cents bigint;
UPDATE orders SET total_cents = round(total * 100) WHERE id BETWEEN 1 AND 10000 AND total_cents IS NULL;
```
"""
_BEGINNING = (
    f"Do it in **four steps**, each of which can be undone:\n\n{_CODE}\nThen backfill in batches of `10,000` and"
)
_WHOLE = f"""\
{_BEGINNING} compare:

| step | minutes | rows | may be undone |
|------|--------:|-----:|:-------------:|
| add the column | 0 | 0 | yes |
| backfill | 41 | 8,200,000 | until the old one is dropped |

### What is left

- [x] the load stays under ![rho](https://example.org/rho.png), for about $5
- [ ] drop [the old column](https://example.org), a week later

> Nothing here blocks a writer.[^1]

[^1]: For longer than 2 ms.
"""
_BROKEN = Failure("disconnected", "connection", "DeepSeek", "reset by peer")
_CUT = (Reasoning(0.9, _THOUGHTS), Answer(12.9, _BEGINNING))
_UNREADABLE = Warned(13.0, ReplyWarning("unreadable", '{"id": "x", "choices": [{"index": 0, "delta": {"role": "a'))
_SERVED = (UsageReported(18.4, _USAGE), Ended(18.4, "served"))

#: Replies that go on, and replies that have ended; each as events after the start.
LIVE: dict[str, Sequence[Event]] = {
    "waiting": [Waiting(1.0, "keep-alive")],
    "reasoning": [Reasoning(0.9, _THOUGHTS)],
    "answering": _CUT,
    "damaged-live": [*_CUT, _UNREADABLE],
    "failed-live": [*_CUT, Ended(14.1, "failed", _BROKEN)],
}
SETTLED: dict[str, Sequence[Event]] = {
    "stopped": [*_CUT, Ended(14.1, "cancelled")],
    "truncated": [*_CUT, Finished(18.4, "length"), *_SERVED],
    "failed": [*_CUT, Ended(14.1, "failed", _BROKEN)],
    "damaged": [*_CUT, _UNREADABLE, Finished(18.4, "stop"), *_SERVED],
    "settled": [Reasoning(0.9, _THOUGHTS), Answer(12.9, _WHOLE), Finished(18.4, "stop"), *_SERVED],
}

_FORMULAS = r"""
Of $\frac{a}{b}$, $\hat{y}_i^2$ and $\lim_{n\to\infty} a_n$ the terms $\cancel{xyz}$ and $\xcancel{abc}$ go: $5 to $6.

\[ \begin{aligned} f(x) &= (x+1)^2 \\ &= x^2 + 2x + 1 \end{aligned} \]

$$\boxed{A = \begin{pmatrix} 1 & 2 \\ 3 & 4 \end{pmatrix}} \quad \sum_{k=0}^{n} \binom{n}{k} = 2^n \quad \overline{AB}$$
"""
LIVE["formulas-answering"] = [Answer(0.9, _FORMULAS)]

_SCRIPTS = {
    "right-to-left": "الوسيط لا يتأثر بالقيم **المتطرفة** مثل `1000`.\n\n- القيمة الأولى: 5\n- القيمة الثانية: 7\n\n"
    "> החציון הוא הערך האמצעי (median).\n\n```python\nprint('שלום')\n```\n\nIn English again, as it was.",
    # The punctuation is Chinese too.
    "chinese": "中位数对**离群值**不敏感：它只看顺序，不看大小。例如 `[1, 2, 100]` 的中位数是 2。\n\n"  # noqa: RUF001
    "| 名称 | 数值 |\n|---|--:|\n| 平均数 | 34.3 |\n| 中位数 | 2 |\n\n"
    "平均（へいきん）は引っ張られる。중앙값은 그렇지 않다.",  # noqa: RUF001
    "combining-marks": "Cafe\u0301, Z\u0335a\u0308hler, Vie\u0323\u0302t Nam, o\u0308\u0304 and x\u0305 stay **whole**."
    "\n\n1. n\u0303 as two\n2. \u00f1 as one",
    "emoji": "A family 👩‍👩‍👧‍👦, a flag 🏳️‍🌈, a skin 👍🏽, a keycap 1️⃣ and `🚀`.\n\n"
    "| who | mood |\n|---|---|\n| 🧑🏿‍🚀 | 🙂 |",
}
for _name, _text in _SCRIPTS.items():
    LIVE[f"{_name}-answering"] = [Answer(0.9, _text)]
    SETTLED[_name] = [Answer(0.9, _text), Finished(2, "stop"), UsageReported(2, Usage(12, 40, 52)), Ended(2, "served")]

LIVE |= calls.LIVE
SETTLED |= calls.SETTLED

#: The states of the page itself, without the texts in other scripts.
STATES = {
    name: events for name, events in {**LIVE, **SETTLED}.items() if name.removesuffix("-answering") not in _SCRIPTS
}


def reply_of(events: Sequence[Event]) -> Reply:
    """Return the reply after `events`."""
    reply = reduce(Reply(), Started(0, Request("deepseek-v4-pro", endpoint_for(api_key="x", environ={}).origin), _NOON))
    for event in events:
        reply = reduce(reply, event)
    return replace(reply, cost=cost_of(reply))


def keyframe_of(events: Sequence[Event]) -> Keyframe:
    """Return the keyframe after `events`, as the kernel sends it."""
    reply, elapsed = reply_of(events), events[-1].at + 8.0
    patches = ReplyPatches(Reply(), Presentation(audience="cell"), foreground=True)
    patches.feed(list(events), reply)
    patches.patch(elapsed, final=reply.ended)
    return patches.keyframe(elapsed)
