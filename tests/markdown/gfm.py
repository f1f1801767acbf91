"""Examples of what GitHub Flavored Markdown adds: tables, strikethrough and task lists.

GitHub's own examples are in no package, so these are written for this project, one for each rule.
The HTML is spelled as GitHub spells it.
"""

from __future__ import annotations

from typing import NamedTuple

_SIDES = {"l": ' align="left"', "c": ' align="center"', "r": ' align="right"', "-": ""}


class Example(NamedTuple):
    """An example: the rule that it shows, its Markdown, and the HTML that it is to become."""

    rule: str
    markdown: str
    html: str


def _table(*rows: str, sides: str = "") -> str:
    """Return a table's HTML; a row is cells divided by spaces, `sides` the alignment."""

    def row(cells: str, tag: str) -> str:
        texts = ["" if cell == "_" else cell for cell in cells.split(" ")]
        pairs = zip(texts, sides or "-" * len(texts), strict=True)
        return "<tr>\n" + "".join(f"<{tag}{_SIDES[side]}>{text}</{tag}>\n" for text, side in pairs) + "</tr>\n"

    head, *body = rows
    below = f"<tbody>\n{''.join(row(cells, 'td') for cells in body)}</tbody>\n" if body else ""
    return f"<table>\n<thead>\n{row(head, 'th')}</thead>\n{below}</table>\n"


def _boxes(html: str) -> str:
    """Return HTML with the boxes that are written as in Markdown."""
    html = html.replace("[ ] ", '<input disabled="" type="checkbox"> ')
    return html.replace("[x] ", '<input checked="" disabled="" type="checkbox"> ')


_AB = "| a | b |\n| --- | --- |\n"

TABLES = [
    Example("head, delimiters, rows", f"{_AB}| 1 | 2 |\n| 3 | 4 |\n", _table("a b", "1 2", "3 4")),
    Example("outer pipes are optional", "a | b\n--- | ---\n1 | 2\n", _table("a b", "1 2")),
    Example("widths need not match", "|a|long|\n|------|-|\n|  1  |2|\n", _table("a long", "1 2")),
    Example("alignment", "|a|b|c|d|\n|:-|:-:|-:|-|\n|1|2|3|4|\n", _table("a b c d", "1 2 3 4", sides="lcr-")),
    Example("one column", "| a |\n| - |\n| 1 |\n", _table("a", "1")),
    Example("a head alone has no body", _AB, _table("a b")),
    Example(
        "inline Markdown",
        "| *a* | `b` |\n|-|-|\n| **1** | ~~2~~ |\n",
        _table("<em>a</em> <code>b</code>", "<strong>1</strong> <del>2</del>"),
    ),
    Example("inline Markdown ends with its cell", f"{_AB}| *1 | 2* |\n", _table("a b", "*1 2*")),
    Example("missing cells are empty", f"{_AB}| 1 |\n", _table("a b", "1 _")),
    Example("an empty cell", f"{_AB}|  | 2 |\n", _table("a b", "_ 2")),
    Example("an escaped pipe is text", "| a\\|b |\n| - |\n| **\\|** |\n", _table("a|b", "<strong>|</strong>")),
    Example("an escaped pipe in code is a pipe", "| a |\n|---|\n| `x\\|y` |\n", _table("a", "<code>x|y</code>")),
    Example("the delimiters must match the head", "| a | b |\n| --- |\n| 1 |\n", "<p>| a | b |\n| --- |\n| 1 |</p>\n"),
    Example("no delimiters, no table", "| a | b |\n| 1 | 2 |\n", "<p>| a | b |\n| 1 | 2 |</p>\n"),
    Example("a blank line ends it", f"{_AB}| 1 | 2 |\n\nc\n", _table("a b", "1 2") + "<p>c</p>\n"),
    Example("a line without pipes is a row", f"{_AB}| 1 | 2 |\nc\n\nd\n", _table("a b", "1 2", "c _") + "<p>d</p>\n"),
    Example("a quote ends it", f"{_AB}> c\n", _table("a b") + "<blockquote>\n<p>c</p>\n</blockquote>\n"),
    Example("a heading ends it", f"{_AB}# c\n", _table("a b") + "<h1>c</h1>\n"),
    Example("a list ends it", f"{_AB}| 1 | 2 |\n- c\n", _table("a b", "1 2") + "<ul>\n<li>c</li>\n</ul>\n"),
    Example("a fence ends it", f"{_AB}```\nc\n```\n", _table("a b") + "<pre><code>c\n</code></pre>\n"),
    Example("a rule ends it", f"{_AB}***\n", _table("a b") + "<hr />\n"),
    Example("it interrupts a paragraph", f"c\n{_AB}| 1 | 2 |\n", "<p>c</p>\n" + _table("a b", "1 2")),
    Example(
        "in a quote",
        "> | a | b |\n> |-|-|\n> | 1 | 2 |\n",
        f"<blockquote>\n{_table('a b', '1 2')}</blockquote>\n",
    ),
    Example("in an item", "- | a | b |\n  |-|-|\n  | 1 | 2 |\n", f"<ul>\n<li>\n{_table('a b', '1 2')}</li>\n</ul>\n"),
    Example("not in code", "    | a |\n    |---|\n", "<pre><code>| a |\n|---|\n</code></pre>\n"),
]

STRIKETHROUGH = [
    Example("two tildes", "~~a~~ b\n", "<p><del>a</del> b</p>\n"),
    Example("within a word", "a~~b~~c\n", "<p>a<del>b</del>c</p>\n"),
    Example("over a line's end", "~~a\nb~~\n", "<p><del>a\nb</del></p>\n"),
    Example("not over a paragraph's end", "a ~~b\n\nc~~ d\n", "<p>a ~~b</p>\n<p>c~~ d</p>\n"),
    Example("no space within", "~~ a ~~\n", "<p>~~ a ~~</p>\n"),
    Example("not in code", "`~~a~~`\n", "<p><code>~~a~~</code></p>\n"),
    Example("escaped", "\\~~a\\~~\n", "<p>~~a~~</p>\n"),
    Example("with emphasis", "**~~a~~** ~~*b*~~\n", "<p><strong><del>a</del></strong> <del><em>b</em></del></p>\n"),
    Example("it may hold a link", "~~[a](http://x.y)~~\n", '<p><del><a href="http://x.y">a</a></del></p>\n'),
    Example(
        "three at a line's start are a fence", "~~~a\nb\n~~~\n", '<pre><code class="language-a">b\n</code></pre>\n'
    ),
]

TASKS = [
    Example("open and done", "- [ ] a\n- [x] b\n", _boxes("<ul>\n<li>[ ] a</li>\n<li>[x] b</li>\n</ul>\n")),
    Example("a capital x", "- [X] a\n", _boxes("<ul>\n<li>[x] a</li>\n</ul>\n")),
    Example("any marker", "* [ ] a\n+ [x] b\n", _boxes("<ul>\n<li>[ ] a</li>\n</ul>\n<ul>\n<li>[x] b</li>\n</ul>\n")),
    Example("with numbers", "3. [ ] a\n4. [x] b\n", _boxes('<ol start="3">\n<li>[ ] a</li>\n<li>[x] b</li>\n</ol>\n')),
    Example(
        "nested",
        "- [x] a\n  - [ ] b\n  - c\n",
        _boxes("<ul>\n<li>[x] a\n<ul>\n<li>[ ] b</li>\n<li>c</li>\n</ul>\n</li>\n</ul>\n"),
    ),
    Example(
        "in a loose list",
        "- [ ] a\n\n- [x] b\n",
        _boxes("<ul>\n<li>\n<p>[ ] a</p>\n</li>\n<li>\n<p>[x] b</p>\n</li>\n</ul>\n"),
    ),
    Example("inline Markdown", "- [x] *a* `b`\n", _boxes("<ul>\n<li>[x] <em>a</em> <code>b</code></li>\n</ul>\n")),
    Example("in a quote", "> - [ ] a\n", _boxes("<blockquote>\n<ul>\n<li>[ ] a</li>\n</ul>\n</blockquote>\n")),
    Example("a space must follow", "- [x]a\n", "<ul>\n<li>[x]a</li>\n</ul>\n"),
    Example("no other mark", "- [y] a\n", "<ul>\n<li>[y] a</li>\n</ul>\n"),
    Example("nothing in the box", "- [] a\n", "<ul>\n<li>[] a</li>\n</ul>\n"),
    Example("only before the text", "- a [ ] b\n", "<ul>\n<li>a [ ] b</li>\n</ul>\n"),
    Example("only in a list", "[x] a\n", "<p>[x] a</p>\n"),
    Example("only in the first paragraph", "- a\n\n  [x] b\n", "<ul>\n<li>\n<p>a</p>\n<p>[x] b</p>\n</li>\n</ul>\n"),
    Example("escaped", "- \\[x] a\n", "<ul>\n<li>[x] a</li>\n</ul>\n"),
]

EXAMPLES = [*TABLES, *STRIKETHROUGH, *TASKS]
