"""Nothing of a rendered text stays in memory: caches belong to the text."""

from __future__ import annotations

import gc
import tracemalloc

from nbstream.markdown.rendering import to_html
from nbstream.widgets.markdown_document import MarkdownDocument


def show(number: int) -> int:
    """Render a text that no other call renders, live and settled; return its length."""
    code = "".join(f"value_{number}_{line} = {line}\n" for line in range(400))
    prose = "".join(f"Paragraph *{number}* of {line}, with $x_{{{number},{line}}}$.\n\n" for line in range(100))
    text = f"```python\n{code}```\n\n{prose}"
    document = MarkdownDocument()
    for start in range(0, len(text), 2_000):
        document.feed(text[start : start + 2_000])
        document.frame()
    document.finish()
    to_html(text, settled=True)
    return len(text)


def test_a_text_that_is_gone_leaves_nothing_behind() -> None:
    show(0)
    gc.collect()
    tracemalloc.start()
    try:
        before, _ = tracemalloc.get_traced_memory()
        characters = sum(show(number) for number in range(1, 21))
        gc.collect()
        after, _ = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert after - before < characters / 4
