"""Formats Markdown blocks for a terminal, as rows of text with ANSI styles.

It formats the tokens of our own parser (`markdown`), so that a terminal and a page show the same
document. Rich lays out tables, measures text and writes styles; only this module imports it.

A model's text is untrusted: control characters are replaced, and a link is shown as its address,
not as a hyperlink. The only colours are the terminal's own eight, which its theme keeps readable.
"""

from __future__ import annotations

import io
from functools import cache
from itertools import pairwise
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from rich import box
from rich.cells import cell_len
from rich.color import ColorSystem
from rich.console import Console
from rich.style import Style
from rich.syntax import ANSISyntaxTheme, Syntax
from rich.table import Table
from rich.text import Text

from nbstream.language import _
from nbstream.markdown.highlight import takes_colours
from nbstream.markdown.html import is_link
from nbstream.markdown.math import as_script, to_text
from nbstream.markdown.parser import inline_tokens, split
from nbstream.model.printable import printable
from nbstream.output.terminal.wrap import breaks

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from nbstream.markdown.parser import Block

#: The maximum width of prose, in columns; longer lines are hard to read. Tables and code may be as
#: wide as the terminal.
LONGEST_ROW = 100
#: The minimum width of a block, in columns. Deeply nested blocks may exceed the terminal's width.
_SHORTEST_ROW = 16
#: A table with more cells is not laid out, because measuring its columns would take seconds.
_MOST_CELLS = 4_000

_HEADINGS = {"h1": "bold underline", "h2": "bold", "h3": "bold italic"}
_SPANS = {"strong_open": "bold", "em_open": "italic", "s_open": "strike", "kbd_open": "bold"}
# Keys are Pygments' token types. All others have the terminal's text colour.
_CODE = ANSISyntaxTheme(
    {
        ("Comment",): Style(dim=True, italic=True),
        ("Keyword",): Style(color="magenta"),
        ("Operator", "Word"): Style(color="magenta"),
        ("Name", "Builtin"): Style(color="cyan"),
        ("Name", "Decorator"): Style(color="magenta"),
        ("Name", "Function"): Style(bold=True),
        ("Name", "Class"): Style(bold=True),
        ("Name", "Tag"): Style(color="magenta"),
        ("Name", "Attribute"): Style(color="cyan"),
        ("Literal", "String"): Style(color="green"),
        ("Literal", "Number"): Style(color="cyan"),
        ("Generic", "Deleted"): Style(color="red"),
        ("Generic", "Inserted"): Style(color="green"),
        ("Generic", "Heading"): Style(bold=True),
        ("Generic", "Subheading"): Style(bold=True),
    }
)


def wrap(text: str, width: int) -> list[str]:
    """Split one line of text into rows of at most `width` columns.

    If more text is appended to the line, only the last row changes.
    """
    starts = [0, *breaks(text, width, cell_len), len(text)]
    return [text[start:end] for start, end in pairwise(starts)]


def to_rows(block: Block, width: int, *, fit: bool = False) -> list[str]:
    """Return the rows of a block, with ANSI styles.

    Args:
        block: a block that `markdown.parse` returned.
        width: the width of the terminal in columns.
        fit: whether to cut code that is wider than `width`. Otherwise the terminal wraps it, and it
            can be copied unchanged.
    """
    lines = _BlockRenderer(block.references, fit=fit).render(block.tokens, max(width, _SHORTEST_ROW))
    for line in lines:
        line.rstrip()
    return [_row(line) for line in lines]


class _BlockRenderer:
    """Formats a block and the blocks nested in it.

    Args:
        references: the link and footnote definitions of the document.
        fit: as for `to_rows`.
    """

    def __init__(self, references: Mapping[str, Any], *, fit: bool) -> None:
        self._references = references
        self._fit = fit

    def render(self, tokens: Sequence[Any], width: int) -> list[Text]:
        """Return the rows of the block that consists of `tokens`."""
        first = tokens[0]
        width = max(width, _SHORTEST_ROW)
        match first.type:
            case "heading_open":
                return self._prose(tokens[1], width, _HEADINGS.get(first.tag, "italic"))
            case "paragraph_open":
                return self._prose(tokens[1], width)
            case "fence" | "code_block":
                return self._code(first, width)
            case "blockquote_open":
                return _prefixed(self._blocks(tokens[1:-1], width - 2), Text("│ ", "dim"))
            case "bullet_list_open" | "ordered_list_open":
                return self._list(tokens, width)
            case "table_open":
                return self._table(tokens, width)
            case "hr":
                return [Text("─" * min(width, LONGEST_ROW), "dim")]
            case "math_block":
                lines = printable(to_text(first.content)).strip("\n").split("\n") if first.content else []
                return [Text(f"    {line}".rstrip()) for line in lines]
            case "footnote_reference_open":
                label = Text(f"[{printable(first.meta['label'])}] ", "dim")
                return _prefixed(self._blocks(tokens[1:-1], width - label.cell_len), label, hanging=True)
            case _:
                # A definition is not shown.
                return []

    def _blocks(self, tokens: Sequence[Any], width: int) -> list[Text]:
        lines: list[Text] = []
        was_tight = False
        for block in split(tokens):
            more = self.render(block, width)
            # In an item, a paragraph without a space after it is hidden.
            is_apart = not (was_tight or block[0].hidden)
            lines += [Text()] * bool(lines and more and is_apart) + more
            was_tight = block[0].hidden
        return lines

    def _list(self, tokens: Sequence[Any], width: int) -> list[Text]:
        lines: list[Text] = []
        number = int(tokens[0].attrs.get("start", 1)) if tokens[0].type.startswith("ordered") else None
        items = list(split(tokens[1:-1]))
        marker_width = len(f"{(number or 0) + len(items) - 1}. ") if number is not None else 2
        for item in items:
            task = next((token.meta.get("task") for token in item[:3] if token.type == "inline"), None)
            marker = task or ("• " if number is None else f"{number}{tokens[0].markup} ".rjust(marker_width))
            lines += [Text()] * bool(lines and item[0].meta["loose"])
            body = self._blocks(item[1:-1], width - len(marker)) or [Text()]
            lines += _prefixed(body, Text(marker), hanging=True)
            number = None if number is None else number + 1
        return lines

    def _prose(self, token: Any, width: int, style: str = "") -> list[Text]:
        lines: list[Text] = []
        text = self._inline(token)
        text.stylize_before(style)
        for line in text.split("\n", allow_blank=True):
            rows = line.divide(breaks(line.plain, min(width, LONGEST_ROW), cell_len))
            lines += rows
        return lines

    def _inline(self, token: Any) -> Text:
        text = Text(tab_size=4)
        styles: list[str] = []
        links: list[tuple[str, int]] = []
        scripts: list[str] = []
        for each in inline_tokens(token, self._references):
            match each.type:
                case "softbreak" | "hardbreak":
                    text.append("\n")
                case "code_inline":
                    text.append(printable(each.content), " ".join([*styles, "cyan"]))
                case "math_inline":
                    text.append(" ".join(printable(to_text(each.content)).split("\n")), " ".join(styles))
                case "footnote_ref":
                    text.append(f"[{printable(each.content)}]", "dim")
                case "image":
                    text.append(printable(_image(each)), " ".join([*styles, "dim"]))
                case "link_open":
                    links.append((str(each.attrs["href"]), len(text)))
                    styles.append("underline" if links[-1][0] and not links[1:] else "")
                case "link_close":
                    styles.pop()
                    url, start = links.pop()
                    if not links and is_link(url) and text.plain[start:] not in (url, url.removeprefix("mailto:")):
                        text.append(printable(f" ({url})"), "dim")
                case "sub_open" | "sup_open":
                    scripts.append(each.tag)
                case "sub_close" | "sup_close":
                    scripts.pop()
                case opened if opened in _SPANS:
                    styles.append(_SPANS[opened])
                case closed if closed.endswith("_close"):
                    styles.pop()
                case _:
                    content = as_script(each.content, raised=scripts[-1] == "sup") if scripts else each.content
                    text.append(printable(content), " ".join(styles))
        return text

    def _code(self, token: Any, width: int) -> list[Text]:
        code = printable(token.content).removesuffix("\n").expandtabs(4)
        language, *_ = (*printable(token.info).split(maxsplit=1), "")
        text = Text(code)
        if language and not token.meta.get("open") and takes_colours(code, language):
            coloured = Syntax(code, language, theme=_CODE).highlight(code)
            coloured.right_crop(1)
            # A lexer may drop a character. Then the code is shown without colours, but complete.
            text = coloured if coloured.plain == code else text
        rule = min(width, LONGEST_ROW)
        label = f"── {language} " if language else ""
        head = Text(label + "─" * max(2, rule - cell_len(label)), "dim")
        lines = [head, *(text.split("\n", allow_blank=True) if code else [])]
        if self._fit:
            for line in lines:
                line.truncate(width, overflow="ellipsis")
        return [*lines, Text("─" * rule, "dim")]

    def _table(self, tokens: Sequence[Any], width: int) -> list[Text]:
        rows: list[list[tuple[Any, Text]]] = []
        for at, token in enumerate(tokens):
            if token.type == "tr_open":
                rows.append([])
            elif token.type in ("th_open", "td_open"):
                rows[-1].append((token, self._inline(tokens[at + 1])))
        if sum(map(len, rows)) > _MOST_CELLS:
            return [Text(" | ").join(text for _, text in row) for row in rows]
        table = Table(box=box.SIMPLE_HEAD, show_edge=False, pad_edge=False, header_style="bold", border_style="dim")
        for cell, text in rows[0]:
            side = str(cell.attrs.get("style", "")).removeprefix("text-align:")
            table.add_column(text, justify=side or "left", overflow="fold")  # type: ignore[arg-type]  # markdown-it's word
        for row in rows[1:]:
            table.add_row(*(text for _, text in row))
        console = _console()
        lines = console.render_lines(table, console.options.update(width=width), pad=False)
        return [Text.assemble(*((segment.text, segment.style or "") for segment in line)) for line in lines]


def _prefixed(lines: Iterable[Text], prefix: Text, *, hanging: bool = False) -> list[Text]:
    """Put `prefix` before each line; if `hanging`, before the first, and indent the others."""
    rest = Text(" " * prefix.cell_len) if hanging else prefix
    return [Text.assemble(rest if at else prefix, line) for at, line in enumerate(lines)]


def _image(token: Any) -> str:
    """Return the text shown for an image, which is not loaded."""
    url = str(token.attrs["src"])
    try:
        host = urlsplit(url).hostname if is_link(url) else None
    except ValueError:
        host = None
    label = _("Image from {host} not loaded", host=host) if host else _("Image not loaded")
    alt = "".join(child.content for child in token.children or () if child.type in ("text", "code_inline")).strip()
    return (f"{label}: {alt}" if alt else label) + (f" ({url})" if host else "")


@cache
def _console() -> Console:
    """Return the console that lays out tables; its output is discarded."""
    return Console(file=io.StringIO(), color_system="standard", force_terminal=True, legacy_windows=False)


def _row(line: Text) -> str:
    """Return `line` with its styles as escape codes."""
    return "".join(
        segment.style.render(segment.text, color_system=ColorSystem.STANDARD) if segment.style else segment.text
        for segment in line.render(_console())
    )
