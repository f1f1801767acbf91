"""Records what a page shows at every frame, in the page itself."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from playwright.sync_api import Page

_WATCH = """() => {
  window.samples = [];
  const words = (root, selector) => (root.querySelector(selector)?.textContent ?? "").trim().split(/\\s+/).join(" ");
  const look = () => {
    const root = document.querySelector(".nbstream-live");
    if (root === null) return;
    const button = root.querySelector(".nbstream-disclosure");
    const sample = {
      reasoning: words(root, ".nbstream-reasoning"),
      answer: words(root, ".nbstream-answer"),
      expanded: button?.getAttribute("aria-expanded") === "true",
    };
    if (JSON.stringify(sample) !== JSON.stringify(window.samples.at(-1))) window.samples.push(sample);
  };
  new MutationObserver(look).observe(document.body, {
    subtree: true, childList: true, characterData: true, attributes: true, attributeFilter: ["aria-expanded"],
  });
}"""


def watch(page: Page) -> None:
    """Begin to note every state of the live reply."""
    page.evaluate(_WATCH)


def samples(page: Page) -> list[dict[str, Any]]:
    """Return the recorded states, oldest first."""
    noted: list[dict[str, Any]] = page.evaluate("window.samples")
    return noted


# After the frame was painted, so this text was seen.
_SAMPLE = """source => {
  const look = new Function("return (" + source + ")()");
  const channel = new MessageChannel();
  const run = (window.sampling = { noted: [], isGoingOn: true });
  const tick = () => {
    if (!run.isGoingOn) return;
    requestAnimationFrame(() => {
      channel.port2.postMessage(null);
      tick();
    });
  };
  channel.port1.onmessage = () => {
    const noted = look();
    if (noted !== null) run.noted.push(noted);
  };
  tick();
}"""


def sample(page: Page, look: str) -> None:
    """Record what the JavaScript function `look` returns after each painted frame."""
    page.evaluate(_SAMPLE, look)


def sampled(page: Page) -> list[Any]:
    """End it and return the notes, oldest first."""
    noted: list[Any] = page.evaluate("() => { window.sampling.isGoingOn = false; return window.sampling.noted; }")
    return noted
