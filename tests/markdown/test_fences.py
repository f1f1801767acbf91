"""Fences as models write them: within a Markdown fence, and glued to a text."""

from __future__ import annotations

import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nbstream.markdown.code_blocks import find_code
from nbstream.markdown.rendering import to_html
from nbstream.widgets.markdown_document import MarkdownDocument
from tests.markdown.test_growing import check

PROMPT = 'ask = """\nReply with:\n```json\n{}\n```\nNothing else.\n"""\nprint(ask)'
README = """\
# Tool

```bash
pip install tool
```

1. Run it:
   ```python
   import tool
   ```

~~~json
{"a": "```"}
~~~

## Structure

```
src/
```

Done.
"""


def codes(text: str) -> list[tuple[str, str]]:
    return [(block.language, block.code) for block in find_code(text)]


@pytest.mark.parametrize("language", ["markdown", "md", "mdx", "Markdown", "markdown title=README.md"])
@pytest.mark.parametrize("fence", ["```", "````", "~~~"])
def test_a_readme_is_one_block(language: str, fence: str) -> None:
    readme = README.replace("~~~", "```") if fence == "~~~" else README.replace("~~~", "```").replace('"```"', '""')
    text = f"Here:\n\n{fence}{language}\n{readme}{fence}\n\nAfter.\n"
    assert codes(text) == [(language.split(maxsplit=1)[0], readme.removesuffix("\n"))]
    assert to_html(text).endswith("<p>After.</p>\n")
    check(re.split("(?<=[\n`])", text))


def test_fences_nest_to_any_depth() -> None:
    inner = "```text\n```md\n```py\nx\n```\ny\n```\nz\n```"
    assert codes(f"```markdown\n{inner}\n```\n\nAfter\n") == [("markdown", inner)]
    check(list(f"```markdown\n{inner}\n```\n\nAfter\n"))


@pytest.mark.parametrize(
    ("text", "code"),
    [
        # A short example of a heading, a document without an end, and a bare fence that closes.
        ("```md\n# Heading\n```\nAfter\n", ["# Heading"]),
        ("```md\na\n\n```\n\nAfter\n", ["a\n"]),
        ("```md\nRun:\n```\nAfter\n", ["Run:"]),
        ("```text\nAnswer:\n\n```\nAfter\n", ["Answer:\n"]),
        ("```md\nRun:\n\n```\nx\n```\n```\nAfter\n", ["Run:\n\n```\nx\n```"]),
        # A prompt in Python holds fences, and elsewhere what looks like a fence is code.
        (f"```python\n{PROMPT}\n```\nAfter\n", [PROMPT]),
        ("```python\nx = 1\n```js\ny\n```\nAfter\n", ["x = 1\n```js\ny"]),
        ('```py\n"""Doc.\n"""\n```\nAfter\n', ['"""Doc.\n"""']),
        ('```py\n# A """ opens a string\n```\nAfter\n', ['# A """ opens a string']),
        ("```\n```python\n```\nAfter\n", ["```python"]),
        # A longer fence is closed by one of its length only.
        ("````md\n```py\nx\n```\n````\nAfter\n", ["```py\nx\n```"]),
        ("````md\n```py\nx\n````\nAfter\n", ["```py\nx"]),
        # A glued fence in code is code: there is no telling it from a text in the code.
        ("```js\nf(```\ng()\n```\nAfter\n", ["f(```\ng()"]),
    ],
)
def test_which_fence_closes(text: str, code: list[str]) -> None:
    assert [block.code for block in find_code(text)] == code
    assert "After" in to_html(text)[-20:]
    check(list(text))


def test_a_nested_fence_in_an_item_ends_with_the_item() -> None:
    text = "1. Write:\n\n   ```markdown\n   ```py\n   x\n   ```\n   ```\n2. Next\n"
    assert codes(text) == [("markdown", "```py\nx\n```")]
    check(list(text))


@pytest.mark.parametrize("head", ["Example:", "代码如下：", "As this `f` shows", "**Run**: "])  # noqa: RUF001
def test_a_fence_glued_to_a_text_opens_code(head: str) -> None:
    if "`" in head:
        head = head.replace("`", "")
    text = f"Before\n\n{head}```python\nprint(1)\n```\n\nAfter\n"
    assert codes(text) == [("python", "print(1)")]
    html = to_html(text)
    assert re.sub("<[^>]*>", "", html).startswith(f"Before\n{head.replace('*', '').strip()}\npython")
    check(list(text))


@pytest.mark.parametrize("text", ["Example:```\nx = 1\n```\nAfter\n", "- Example:```sh\n  x = 1\n  ```\n- After\n"])
def test_a_bare_fence_opens_code_after_a_colon_and_in_an_item(text: str) -> None:
    assert [block.code for block in find_code(text)] == ["x = 1"]
    check(list(text))


@pytest.mark.parametrize(
    "text",
    [
        "Write ```x``` or ```y```\n",
        "Three ``` are a fence\n",
        "This is ```\nno code\n",
        "| a | ```py |\n|---|---|\n| b | ```js |\n",
    ],
)
def test_such_backticks_open_no_code(text: str) -> None:
    assert codes(text) == []
    check(list(text))


@pytest.mark.parametrize(
    "text", ["- a\n- b\nSee:```py\nx\n```\n", "- a\n- See:```py\n  x\n  ```\n- b\n", "1. a\n2. See:```py\n"]
)
def test_a_glued_fence_within_and_below_a_list(text: str) -> None:
    assert len(find_code(text)) == 1
    check(list(text))


def test_a_glued_fence_does_not_flash() -> None:
    growing = MarkdownDocument()
    for char in "Example:```python\nprint(1)\n":
        growing.feed(char)
        growing.frame()
        paragraph = re.match("<p>(.*?)</p>", growing.html)
        assert paragraph is None or "Example:".startswith(paragraph[1])


@pytest.mark.parametrize(
    "text",
    [
        "Text:\n\n    ```html\n    <b>\n    ```\n\nAfter\n",
        "- Step:\n\n      ```html\n      <b>\n      ```\n- After\n",
        "Text:\n\n\t~~~html\n\t<b>\n\t~~~\nAfter\n",
        "1. a\n2. b\n\n        ```html\n        <b>\n   ```\n3. After\n",
    ],
)
def test_a_fence_with_a_language_may_be_indented_as_code_is(text: str) -> None:
    assert codes(text) == [("html", "<b>")]
    assert "After" in to_html(text).split("</pre>")[1]
    check(list(text))


@pytest.mark.parametrize("text", ["    ```\n    a\n    ```\n", "    a\n\n    ```py\n    b\n", "    ``` a `b\n"])
def test_such_lines_are_indented_code(text: str) -> None:
    assert codes(text) == []
    assert "```" in to_html(text)
    check(list(text))


LINES = [
    "```python\n",
    'x = """\n',
    "'''a'''\n",
    "        ```py\n",
    "\t```md\n",
    "# h\n",
    "a\n",
    "\n",
    "b:\n",
    "```\n",
    "```py\n",
    "```md\n",
    "````md\n",
    "````\n",
    "~~~\n",
    "~~~text\n",
    "    ```\n",
    "   ```sh\n",
]


@settings(max_examples=500, deadline=None)
@given(st.lists(st.sampled_from(LINES), max_size=20).map("".join), st.integers(1, 9))
def test_streaming_gives_the_same(text: str, size: int) -> None:
    text = f"```{('markdown', 'py')[size % 2]}\n{text}"
    check([text[at : at + size] for at in range(0, len(text), size)])
