"""Every payload on a real page: in the live view, in the settled output, in the exported file.

A few replies have all payloads. Counted are scripts that ran, dialogs, requests to other servers,
controls, links that are not to the web or to a mail address, and dangerous attributes.
"""

from __future__ import annotations

import json
import mimetypes
import re
import threading
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import nbformat
from nbconvert.exporters import HTMLExporter
from nbformat.reader import NotJSONError

from tests import kernels
from tests.browser.lab import NotebookPage, wait_for
from tests.hostile import corpus
from tests.hostile.server import Answer, HostileServer, Response, chunk, event

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from playwright.sync_api import BrowserContext, Locator, Page, Route

    from tests.browser.lab import Lab

_LAST = "This was the last one."
#: Prefixes of payloads that MathJax typesets; they are in the answer only.
_FORMULAS = ("TeX", "nested")
_MATHJAX = "https://cdnjs.cloudflare.com/ajax/libs/mathjax/2.7.7/"
#: Servers that nbconvert's own template sends requests to.
_TEMPLATE = ("cdnjs.cloudflare.com", "api.cdnjs.com", "unpkg.com")


@dataclass
class Findings:
    """What payloads did on a page."""

    payloads: int = 0
    places: list[str] = field(default_factory=list)
    scripts: list[Any] = field(default_factory=list)
    dialogs: list[str] = field(default_factory=list)
    requests: list[str] = field(default_factory=list)
    controls: list[str] = field(default_factory=list)
    links: list[str] = field(default_factory=list)
    attributes: list[str] = field(default_factory=list)

    def faults(self) -> dict[str, Sequence[Any]]:
        """Return everything that should not have happened, by kind."""
        kinds = ("scripts", "dialogs", "requests", "controls", "links", "attributes")
        return {kind: found for kind in kinds if (found := getattr(self, kind))}


# A script in a frame calls `parent.owned`.
_PROBE = "window.ran = []; window.owned = (number) => { window.ran.push(number); };"

# Every element in `root` gets pointer, focus and click events, except nbstream's own buttons, and
# images, which a click would load.
_POKE = r"""(root) => {
  const own = ".nbstream-tools, .nbstream-stop, .nbstream-disclosure";
  const addressOf = (link) => link.href?.baseVal ?? link.getAttribute("href");
  const isWeb = (address) => /^(?:https?|mailto):$/.test(URL.parse(address ?? "", document.baseURI)?.protocol ?? "");
  const leave = (event) => {
    const link = event.target.closest("a, area");
    if (link !== null && isWeb(addressOf(link)) && /^(?:https?|mailto):/i.test(addressOf(link))) event.preventDefault();
  };
  document.addEventListener("click", leave, { capture: true });
  const found = { controls: [], links: [], attributes: [], marks: 0 };
  const all = [root, ...root.querySelectorAll("*")];
  for (const element of all) {
    if (element.localName === "p" && /^Payload \d+:$/.test(element.textContent)) found.marks += 1;
    const start = element.outerHTML.slice(0, 120);
    // MathJax 2 keeps its TeX in a script of a type that no browser runs.
    const isOwn = element.closest(own) !== null || element.matches("script[type^='math/tex']");
    if (!isOwn && element.matches(
      "button, input, select, textarea, form, option, dialog, iframe, object, embed, script, style, link, meta, base, "
      + "img, image, audio, video, source, foreignObject, template, [contenteditable], [autofocus], [popover]"
    )) found.controls.push(start);
    for (const { name, value } of element.attributes) {
      if (/^on|^(?:src|srcset|srcdoc|action|formaction|background|poster|ping|name|usemap|is|slot)$/i.test(name)) {
        if (!isOwn) found.attributes.push(start);
      }
      if (name === "style" && /url\(|expression|@import|position:\s*fixed/i.test(value)) found.attributes.push(start);
      if (name === "id" && /^(?:nbstream|location|x|body|MathJax|jupyter-config-data)$/.test(value)) {
        found.attributes.push(start);
      }
    }
    if (element.localName === "a" || addressOf(element) != null) {
      const isRight = /^(?:https?|mailto):/i.test(addressOf(element) ?? "") && isWeb(addressOf(element))
        && /noopener/.test(element.getAttribute("rel") ?? "") && element.getAttribute("target") === "_blank";
      if (!isRight) found.links.push(start);
    }
  }
  for (const element of all) {
    if (element.closest(own) !== null || element.closest(".nbstream-image") !== null) continue;
    // Events that do not bubble: otherwise the front end would handle each of them.
    for (const type of ["pointerover", "mouseover", "mouseenter", "focus", "toggle", "animationstart"]) {
      element.dispatchEvent(new Event(type));
    }
    element.dispatchEvent(new MouseEvent("click", { cancelable: true }));
  }
  for (const details of root.querySelectorAll("details")) details.open = true;
  document.removeEventListener("click", leave, { capture: true });
  return found;
}"""


def text(*, formulas: bool) -> str:
    """Return all payloads for a page as one text, each below a line with its number."""
    chosen = [each for each in corpus.page() if formulas or not each.name.startswith(_FORMULAS)]
    return "".join(f"Payload {each.number}:\n\n{each.text}\n\n" for each in chosen) + _LAST


def _marks() -> int:
    """Return the number of such lines in reasoning and answer together."""
    return (text(formulas=True) + text(formulas=False)).count("Payload ")


def answers(release: threading.Event) -> dict[str, Answer]:
    """Return the hostile replies by name; the first two pause until `release` is set."""
    hostile = corpus.field(1)
    reasoning, answer = text(formulas=False), text(formulas=True)
    calls = [{"index": 0, "id": hostile, "function": {"name": hostile, "arguments": hostile}}]
    identity = dict.fromkeys(("id", "model", "system_fingerprint"), hostile)
    usage = dict.fromkeys(("prompt_tokens", "completion_tokens", "total_tokens"), hostile)
    end = event({**identity, "choices": [{"delta": {}, "finish_reason": hostile}], "usage": usage})
    begun = event({**identity, "choices": [{"delta": {"tool_calls": calls}}]})
    error = {"message": hostile, "type": hostile, "code": hostile}
    page = f"<html><head><title>{hostile}</title></head><body>{hostile}</body></html>".encode()
    as_json, as_page = {"Content-Type": "application/json"}, {"Content-Type": "text/html"}
    made = {
        "texts": Response([chunk(reasoning_content=reasoning), chunk(content=answer), release, end]),
        "fields": Response([f": {hostile}\n\n".encode(), begun, chunk(content=_LAST), release, end]),
        "in-band": Response([chunk(content=_LAST), event({"error": error})]),
        "status": Response([json.dumps({"error": error}).encode()], 400, as_json),
        "status-page": Response([page], 502, as_page),
        "page": Response([page], 200, as_page),
        "redirect": Response([], 307, {"Location": f"javascript:owned(1)//{header_safe(hostile)}"}),
    }
    return {name: lambda _, response=response: response for name, response in made.items()}  # type: ignore[misc]


def header_safe(value: str) -> str:
    """Return the characters of `value` that an HTTP header may have."""
    return "".join(char for char in value if " " <= char <= "~")


def attack_lab(browser: BrowserContext, lab: Lab) -> tuple[Findings, Any]:
    """Show every payload in JupyterLab, live and settled.

    Returns what happened, and the saved notebook.
    """
    release, findings = threading.Event(), Findings(len(corpus.page()))
    replies = answers(release)
    with HostileServer(replies) as server, _recording_page(browser, findings, f"127.0.0.1:{lab.port}") as page:
        cells = [f"%%deepseek --base-url {server.url}/{name}\nhello" for name in replies]
        settings = "%load_ext nbstream\n%config DeepSeekMagics.retries = 0\n%config DeepSeekMagics.reasoning = 'open'"
        lab.write("hostile.ipynb", [settings, *cells], kernels.NEWEST)
        notebook = NotebookPage(page, lab, "hostile.ipynb")
        notebook.wait_for_kernel()
        notebook.run_and_wait(0)
        for index, name in enumerate(replies, 1):
            notebook.run(index)
            output = notebook.output(index)
            if name in ("texts", "fields"):
                live = output.locator(".nbstream-live")
                live.locator(".nbstream-answer").get_by_text(_LAST).wait_for(timeout=30_000)
                _poke(findings, f"{name}, live", live, is_whole=name == "texts")
                release.set()
            settled = output.locator(".nbstream-settled")
            settled.wait_for(timeout=30_000)
            release.clear()
            _wait_for_formulas(page, settled)
            _poke(findings, f"{name}, settled", settled, is_whole=name == "texts")
        notebook.save()
        _record_scripts(page, findings)
    return findings, wait_for(lambda: _read(lab.notebooks / "hostile.ipynb"))


def _read(path: Path) -> Any:
    """Return the notebook, or None if its file is not completely written yet."""
    try:
        return nbformat.read(path, as_version=4)
    except NotJSONError:
        return None


_TYPESET = """(root) => [
  root.querySelectorAll("mjx-container, .MathJax, .MathJax_CHTML").length,
  document.querySelectorAll(".MathJax_Processing").length,
]"""


def _wait_for_formulas(page: Page, root: Locator) -> None:
    """Wait until the number of typeset formulas stops growing; some formulas are never typeset."""
    if root.locator(".mathjax_process").count() == 0:
        return
    before, now, waits = None, root.evaluate(_TYPESET), 0
    while (before != now or now[0] == 0) and waits < 60:
        page.wait_for_timeout(500)
        before, now, waits = now, root.evaluate(_TYPESET), waits + 1
    assert now[0] > 0, "MathJax was not loaded"


def attack_export(browser: BrowserContext, notebook: Any, folder: Path) -> Findings:
    """Open the exported notebook as a file, and the HTML of the replies as another file."""
    findings = Findings(len(corpus.page()))
    exported, _ = HTMLExporter().from_notebook_node(notebook)  # type: ignore[no-untyped-call]
    outputs = [output["data"]["text/html"] for cell in notebook.cells for output in cell.outputs if "data" in output]
    for name, html in {
        "exported": exported,
        "bare": f'<!doctype html><meta charset="utf-8">{"".join(outputs)}',
    }.items():
        path = folder / f"{name}.html"
        path.write_text(html, encoding="utf-8")
        with _recording_page(browser, findings, "") as page:
            page.goto(path.as_uri())
            roots = page.locator(".nbstream-settled")
            if name == "exported":
                page.wait_for_function("window.MathJax?.Hub?.queue.running === 0", timeout=30_000)
                _wait_for_formulas(page, roots.first)
            for number, root in enumerate(roots.all()):
                _poke(findings, f"{name}, reply {number}", root, is_whole=number == 0)
                findings.controls += root.evaluate("(e) => [...e.querySelectorAll('button')].map((b) => b.outerHTML)")
            _record_scripts(page, findings)
    return findings


def attack_nothing(browser: BrowserContext, folder: Path) -> Findings:
    """Open a file without any protection, to show that each kind of fault is found."""
    findings = Findings(len(_UNGUARDED))
    path = folder / "unguarded.html"
    path.write_text(f"<!doctype html><div class=nbstream-settled>{''.join(_UNGUARDED)}</div>", encoding="utf-8")
    with _recording_page(browser, findings, "") as page:
        page.goto(path.as_uri())
        _poke(findings, "unguarded", page.locator(".nbstream-settled"), is_whole=False)
        _record_scripts(page, findings)
    return findings


_UNGUARDED = (
    "<img src=x onerror=owned(1)>",
    "<p onpointerover=owned(2)>x</p>",
    "<a href='javascript:owned(3)'>x</a>",
    "<svg><a xlink:href='javascript:owned(4)' href='javascript:owned(4)'><text y=20>x</text></a></svg>",
    "<iframe srcdoc='<script>parent.owned(5)</script>'></iframe>",
    "<script>alert(6)</script>",
    f"<p style='background:url(http://{corpus.HOST}/7)'>x</p>",
    "<button>x</button>",
    "<p id=location>x</p>",
)


@contextmanager
def _recording_page(browser: BrowserContext, findings: Findings, own: str) -> Iterator[Page]:
    """Yield a page that records scripts, dialogs and requests.

    Requests to other servers than `own` are blocked.
    """
    page = browser.new_page()
    page.add_init_script(_PROBE)

    def on_dialog(dialog: Any) -> None:
        findings.dialogs.append(dialog.message)
        dialog.dismiss()

    def note(request: Any) -> None:
        parts = urlsplit(request.url)
        is_elsewhere = parts.scheme not in ("data", "blob", "file") and parts.netloc != own
        if is_elsewhere and not (own == "" and parts.netloc in _TEMPLATE):
            findings.requests.append(request.url)

    page.on("dialog", on_dialog)
    browser.on("request", note)
    # A pattern, not a function, so that the page's own requests need not wait for this process.
    page.route(re.compile(f"^https?://(?!{re.escape(own)}/)" if own else "^https?://"), _serve)
    before = len(browser.pages)
    try:
        yield page
        findings.requests += [f"a page was opened: {each.url}" for each in browser.pages[before:]]
    finally:
        browser.remove_listener("request", note)
        page.close(run_before_unload=False)


def _serve(route: Route) -> None:
    """Answer requests for MathJax 2.7.7 from a local copy, and block all others."""
    url = route.request.url
    if url.startswith(_MATHJAX):
        path = kernels.ROOT / "js" / "node_modules" / "mathjax" / urlsplit(url).path.split("/2.7.7/")[1]
        kind = mimetypes.guess_type(path.name)[0] or "application/octet-stream"
        route.fulfill(content_type=kind, headers={"Access-Control-Allow-Origin": "*"}, body=path.read_bytes())
    elif url == "https://api.cdnjs.com/libraries/mathjax?fields=version":
        # MathJax's latest.js requests this.
        route.fulfill(json={"version": "2.7.7"}, headers={"Access-Control-Allow-Origin": "*"})
    else:
        route.abort()


def _poke(findings: Findings, place: str, root: Locator, *, is_whole: bool) -> None:
    found = root.evaluate(_POKE)
    findings.places.append(place)
    # A payload that swallows its neighbours would keep them from being tried.
    assert not is_whole or found["marks"] == _marks(), place
    for kind in ("controls", "links", "attributes"):
        getattr(findings, kind).extend(f"{place}: {each}" for each in found[kind])


def _record_scripts(page: Page, findings: Findings) -> None:
    page.wait_for_timeout(500)  # time for frames and images to load
    findings.scripts += page.evaluate("window.ran")
