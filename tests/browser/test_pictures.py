"""Compares a reply in each state, theme and width with stored pictures.

The page is the real bundle on a stand-in for the widget's model, with JupyterLab's own themes and
rules around it. `python -m tests.browser.test_pictures` writes the pictures, as does a test run
with NBSTREAM_PICTURES=write; look at them before they are kept.
"""

from __future__ import annotations

import io
import os
import tempfile
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from jupyterlab_pygments import JupyterStyle  # type: ignore[import-untyped]
from nbconvert.exporters import HTMLExporter
from PIL import Image, ImageChops, ImageFilter, ImageStat
from playwright.sync_api import sync_playwright
from pygments.formatters import HtmlFormatter

from nbstream.model.events import Answer, Ended, Finished, Reasoning
from nbstream.model.presentation import Presentation
from nbstream.output.settled import settled_html
from nbstream.widgets import page_modules
from tests import kernels
from tests.browser.lab import CHROMIUM_FLAGS, chromium
from tests.browser.states import LIVE, SETTLED, keyframe_of, reply_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from playwright.sync_api import BrowserContext, Page, Route

pytestmark = [pytest.mark.browser, pytest.mark.patient]

WRITES = os.environ.get("NBSTREAM_PICTURES") == "write"
KEPT = kernels.ROOT / "tests" / "browser" / "pictures"
ACTUAL = kernels.ROOT / "tests" / "browser" / "shots"

_OTHER_SCRIPTS = ("right-to-left", "chinese", "combining-marks", "emoji")
CASES = [
    (state, theme, width)
    for state in [*LIVE, *SETTLED]
    for theme in ("light", "dark")
    for width in (320, 1200)
    if (theme, width) == ("light", 320) or not state.startswith(_OTHER_SCRIPTS)
]

#: Heights may differ by that many pixels: a line's height is rounded.
_HEIGHT = 3
#: What is compared is the colour of tiles of that many pixels, once blurred, so that how a font is
#: hinted makes little.
_TILE, _BLUR = 16, 2
#: By how much, of 255, the worst tile may differ. Half a pixel of shift, a slightly bolder font and
#: the few colours of a kept picture make up to 9; a Stop that is missing makes 38, a text in
#: another grey 16, a dot without colour 14.
_WORST = 11

_ORIGIN = "http://pictures.invalid"
# Fonts are named, because every machine has its own idea of the system's.
_PAGE = """<!doctype html><html lang="en"><meta charset="utf-8">
<link rel="icon" href="data:,"><style>{rules}{code}</style><style>{theme}</style><style>{own}</style><style>
:root {{
  --jp-ui-font-family: "DejaVu Sans", "Noto Sans CJK SC", "Noto Color Emoji";
  --jp-content-font-family: var(--jp-ui-font-family);
  --jp-code-font-family: "DejaVu Sans Mono", "Noto Sans CJK SC", "Noto Color Emoji";
}}
html, body {{ margin: 0; height: auto; overflow: visible; background: var(--jp-layout-color0); }}
#picture {{ padding: 8px; }}
</style>
<body data-jp-theme-light="{is_light}"><div id="picture"><div class="jp-OutputArea-child">
<div id="reply" class="jp-OutputArea-output {kind}"></div></div></div></body></html>"""
_SHOW = """async ([keyframe, module]) => {
  performance.now = () => 1000;  // seconds stand still
  const traits = { run_id: "picture", keyframe };
  const heard = [];
  // A kernel that gives the page its code.
  const send = ({ type, needed }) => {
    for (const hash of type === "code" ? needed : []) {
      const found = fetch(hash).then((response) => response.text());
      found.then((code) => heard.forEach((hear) => hear({ code: { [hash]: code } })));
    }
  };
  const model = { get: (name) => traits[name], on: (_, hear) => heard.push(hear), off() {}, send };
  const widget = (await import(module)).default();
  widget.initialize({ model });
  widget.render({ model, el: document.getElementById("reply") });
  const card = keyframe.cards.some((card) => card.question) ? ".nbstream-question" : ".nbstream-card";
  const awaited = keyframe.cards.length > 0 ? card : ".nbstream";
  while (!document.querySelector(awaited)) await new Promise((done) => setTimeout(done, 10));
}"""
_SETTLED = """async () => {
  await document.fonts.ready;
  await new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)));
}"""


@pytest.fixture
def page(browser: BrowserContext) -> Iterator[Page]:
    """A page without a notebook."""
    page = browser.new_page()
    yield page
    page.close()


@pytest.mark.parametrize(("state", "theme", "width"), CASES, ids=str)
def test_it_looks_as_it_did(state: str, theme: str, width: int, page: Page) -> None:
    name = f"{state}-{theme}-{width}.png"
    actual = take(page, state, theme, width)
    if WRITES:
        keep(actual, name)
        return
    found = difference(kept(name), actual)
    if found:
        ACTUAL.mkdir(exist_ok=True)
        actual.save(ACTUAL / name)
    assert not found, f"{found}: compare pictures/{name} with shots/{name}, both in tests/browser"


@pytest.mark.parametrize(
    ("state", "theme", "width", "css"),
    [
        ("waiting", "light", 1200, ".nbstream-stop { visibility: hidden !important }"),
        ("answering", "dark", 320, ".nbstream-stop { visibility: hidden !important }"),
        ("answering", "light", 320, ".nbstream-answer { color: #555 !important }"),
        ("waiting", "light", 320, ".nbstream-dot { background: #888 !important }"),
        ("failed-live", "light", 320, ".nbstream-alert { color: inherit !important }"),
        ("settled", "light", 320, ".nbstream-thought { color: #06c !important }"),
        ("answering", "light", 1200, ".nbstream-answer { margin-top: -8px !important }"),
        ("settled", "light", 1200, ".nbstream-thought { margin-bottom: 0 !important }"),
        ("reasoning", "dark", 1200, ".nbstream-thoughts { padding-left: 4px !important }"),
    ],
)
def test_a_change_is_seen(state: str, theme: str, width: int, css: str, page: Page) -> None:
    changed = take(page, state, theme, width, css)
    assert difference(kept(f"{state}-{theme}-{width}.png"), changed)


_TERMS = " + ".join(f"a_{{{number}}}" for number in range(40))
_WIDE = f"""A `{"value_" * 30}`, a {"Donaudampfschiff" * 15} and <https://example.org/{"path/" * 30}>, ${_TERMS}$.

$${_TERMS}$$

- ## {"heading" * 12}

| {"long" * 20} | {"wide" * 20} |
|---|---|
| 1 | 2 |
"""


@pytest.mark.parametrize("width", [320, 1200])
@pytest.mark.parametrize("states", [LIVE, SETTLED], ids=["live", "settled"])
def test_nothing_wide_makes_a_reply_scroll(
    states: dict[str, Any], width: int, page: Page, monkeypatch: pytest.MonkeyPatch
) -> None:
    ends = [] if states is LIVE else [Finished(2, "stop"), Ended(2, "served")]
    monkeypatch.setitem(states, "wide", [Reasoning(0.1, _WIDE), Answer(0.9, _WIDE), *ends])
    take(page, "wide", "light", width)
    page.evaluate("document.querySelector('details')?.toggleAttribute('open', true)")
    assert page.evaluate("document.documentElement.scrollWidth") == width
    assert page.locator("#reply").evaluate("(reply) => reply.scrollWidth - reply.clientWidth") == 0


#: How many lines the items of a footer have, and how many of those begin where they are cut off.
_FOOTER_LINES = """() => {
  const footer = document.querySelector("#reply .nbstream-footer");
  const edge = footer.parentElement.getBoundingClientRect().left;
  const lines = [...footer.children].flatMap((item) => {
    const range = document.createRange();
    range.selectNodeContents(item.lastChild);
    return [...range.getClientRects()];
  });
  return [lines.length, lines.filter(({ left }) => left < edge - 0.5).length];
}"""


@pytest.mark.parametrize("state", ["failed-live", "settled"])
def test_a_long_item_of_a_footer_wraps_and_is_not_cut_off(state: str, page: Page) -> None:
    take(page, state, "light", 180)
    lines, cut = page.evaluate(_FOOTER_LINES)
    assert lines > page.locator("#reply .nbstream-footer > span").count()
    assert cut == 0


def take(page: Page, state: str, theme: str, width: int, css: str = "") -> Image.Image:
    """Return the picture of one state."""
    page.set_viewport_size({"width": width, "height": 900})
    page.emulate_media(reduced_motion="reduce")
    is_live = state in LIVE
    html = _page(theme, "jp-RenderedHTMLCommon jp-RenderedHTML" if not is_live else "")
    page.route(f"{_ORIGIN}/**", lambda route: _answer(route, html))
    page.goto(f"{_ORIGIN}/")
    if is_live:
        page.evaluate(_SHOW, [keyframe_of(LIVE[state]), f"{_ORIGIN}/stub.js"])
    else:
        static = settled_html(reply_of(SETTLED[state]), Presentation(audience="cell"))
        page.locator("#reply").evaluate("(reply, html) => { reply.innerHTML = html }", static)
    if css:
        page.add_style_tag(content=css)
    page.evaluate(_SETTLED)
    return Image.open(io.BytesIO(page.locator("#picture").screenshot())).convert("RGB")


def difference(before: Image.Image, actual: Image.Image) -> str:
    """Return the differences that a person would see; empty if there are none."""
    if before.width != actual.width or abs(before.height - actual.height) > _HEIGHT:
        return f"it is {actual.width} x {actual.height}, not {before.width} x {before.height}"
    height = min(before.height, actual.height)
    tiles = (-(-before.width // _TILE), -(-height // _TILE))
    first, second = (
        image.crop((0, 0, image.width, height))
        .filter(ImageFilter.GaussianBlur(_BLUR))
        .resize(tiles, Image.Resampling.BOX)
        for image in (before, actual)
    )
    worst = max(most for _, most in ImageStat.Stat(ImageChops.difference(first, second)).extrema)
    return f"its worst place differs by {worst} of 255" if worst > _WORST else ""


def kept(name: str) -> Image.Image:
    """Return a picture as it was kept."""
    with Image.open(KEPT / name) as picture:
        return picture.convert("RGB")


def keep(picture: Image.Image, name: str) -> None:
    """Write a picture, small: a reply has few colours."""
    KEPT.mkdir(exist_ok=True)
    picture.quantize(32, Image.Quantize.MEDIANCUT, kmeans=1, dither=Image.Dither.NONE).save(KEPT / name, optimize=True)


@cache
def _page(theme: str, kind: str) -> str:
    """Return a page around a reply, with JupyterLab's theme and rules for HTML."""
    variables = files("jupyterlab") / "themes" / "@jupyterlab" / f"theme-{theme}-extension" / "index.css"
    rules = next(
        path
        for folder in HTMLExporter().template_paths  # type: ignore[no-untyped-call]
        if (path := Path(folder) / "static" / "index.css").exists() and path.parent.parent.name == "lab"
    )
    return _PAGE.format(
        rules=rules.read_text("utf-8"),
        code=HtmlFormatter(style=JupyterStyle).get_style_defs(".highlight"),  # type: ignore[no-untyped-call]
        theme=variables.read_text("utf-8"),
        own=(kernels.ROOT / "js" / "src" / "style.css").read_text("utf-8"),
        is_light=str(theme == "light").lower(),
        kind=kind,
    )


def _answer(route: Route, html: str) -> None:
    name = route.request.url.rpartition("/")[2]
    if name == "stub.js":
        route.fulfill(content_type="text/javascript", body=page_modules.stub("reply"))
    elif code := page_modules.answer({"needed": [name]})["code"]:
        route.fulfill(content_type="text/javascript", body=code[name])
    else:
        route.fulfill(content_type="text/html", body=html)


def main() -> None:
    """Write all pictures."""
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        options: dict[str, Any] = {"executable_path": chromium(), "headless": True, "args": CHROMIUM_FLAGS}
        context = playwright.chromium.launch_persistent_context(folder, **options)
        for state, theme, width in CASES:
            page = context.new_page()
            keep(take(page, state, theme, width), f"{state}-{theme}-{width}.png")
            page.close()
        context.close()


if __name__ == "__main__":
    main()
