"""What the page's tests read: frames of growing texts, keyframes, and patches.

`python -m tests.widgets.make_fixtures` writes them.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

from nbstream.model.presentation import Presentation
from nbstream.model.reduction import reduce
from nbstream.model.reply import Reply
from nbstream.model.request import Request
from nbstream.widgets.markdown_document import MarkdownDocument
from nbstream.widgets.reply_patches import ReplyPatches
from tests.browser import states
from tests.browser.calls import LIVE, SETTLED

if TYPE_CHECKING:
    from collections.abc import Iterator

FOLDER = Path(__file__).parents[1] / "data" / "protocol"
KEYFRAMES = FOLDER.parent / "keyframes.json"
PATCHES = FOLDER.parent / "patches.json"

#: By name: the text, and how many characters each frame adds.
TEXTS = {
    "paragraphs with emoji in the tail": (
        """\
A family 👨‍👩‍👧‍👦 and a **rocket 🚀 that
flies** on \U0001d499 < 5 & more.

Then *it 🛬 lands*. The end 🎉🎊

🎊🎉""",
        3,
    ),
    "a fence grows": (
        "Try `this`:\n\n```python\ndef f(x):\n    return x < 1 and '&amp; 😀'\n\n\nprint(f(0))\n```\n\nThat was all.\n",
        5,
    ),
    "a table grows": (
        "| Name | Size |  |\n|:-----|-----:|:-:|\n| *a* | 1 | 😀 |\n| b \\| c | `2` |\n| d | 3 | x | y |\n\nBelow it.",
        4,
    ),
    "a tight list turns loose": (
        "1. one\n2. two\n3. three\n   goes on\n\n4. four **turns\n   it** loose\n5. five\n\nAfter the list.\n",
        6,
    ),
    "a reference comes late": (
        "See [the manual][m], or [m].\n\n> Quoted: [m]\n\nMore text.\n\n[m]: https://example.org/manual 'Manual'\n",
        7,
    ),
    "a nested list": (
        """\
- a
  - b
    1. c
    2. d
  - e

- [f](https://example.org/f 'F') and
  ```sh
  ls
  ```
* another list
""",
        3,
    ),
    "a quote": (
        """\
> ## Quoted
> with *emphasis
> over* lines
and a lazy one
>
> - item
> - item

***

Underlined
----------
""",
        4,
    ),
    "Chinese text": (
        """\
## 递归

**递归**是指函数*直接*或间接地调用`自身`。

1. 基本情况 — 停止
2. 递归情况 — 𠮷继续

| 名称 | 值 |
|---|---|
| 深度 | ~~三~~四 |
""",
        2,
    ),
    "half-written Markdown and what is no link": (
        """\
~~Gone~~, ![a cat](https://example.org/cat.png) <b>bold</b> [x](javascript:alert) [y](https://example.org/?a=1&b=2)
[![badge](b.svg)](https://example.org) \\* $5 and `a|b""",
        5,
    ),
}


def frames(text: str, step: int) -> Iterator[dict[str, Any]]:
    """Yield the frames of a text that grows by `step` characters."""
    document = MarkdownDocument()
    for start in range(0, len(text), step):
        document.feed(text[start : start + step])
        if ops := document.frame():
            yield {"ops": ops, "html": document.html}
    if ops := document.finish():
        yield {"ops": ops, "html": document.html}


def patches() -> Iterator[dict[str, Any]]:
    """Yield the patches of a reply with two steps, each with the keyframe after it."""
    reply = Reply(request=Request("m"))
    sent = ReplyPatches(reply, Presentation(audience="cell"), foreground=True)
    yield {"keyframe": sent.keyframe(0)}
    for event in (*LIVE["call-asking"], *SETTLED["steps"][2:]):
        reply = reduce(reply, event)
        sent.feed([event], reply)
        if (patch := sent.patch(event.at, final=reply.ended)) is not None:
            # Clocks of a keyframe are those of its moment.
            yield {"patch": patch, "keyframe": sent.keyframe(event.at) | {"meta": patch.get("meta")}}


def fixtures() -> dict[Path, str]:
    """Return the content of each fixture, by its file."""
    content: dict[Path, Any] = {
        FOLDER / f"{name.lower().replace(' ', '-')}.json": {"name": name, "frames": list(frames(text, step))}
        for name, (text, step) in TEXTS.items()
    }
    content[KEYFRAMES] = {name: states.keyframe_of(events) for name, events in states.STATES.items()}
    content[PATCHES] = list(patches())
    return {path: json.dumps(value, indent=1, ensure_ascii=False) + "\n" for path, value in content.items()}


def main() -> None:
    """Write the fixtures."""
    FOLDER.mkdir(parents=True, exist_ok=True)
    for path, content in fixtures().items():
        path.write_text(content, encoding="utf-8")


if __name__ == "__main__":
    main()
