/** One view of a chat's panel: the transcript, and below it the place to write. */

import { _, element, localize, scrollBy, scrollerOf, targetOf } from "../shared";
import { Composer } from "./composer";
import type { Panel } from "./panel";
import { Transcript } from "./transcript";

/** What scrolls a notebook, or a view of an output in a tab of its own. */
const AROUND = ".jp-LinkedOutputView, .jp-WindowedPanel-outer, .jp-NotebookPanel-notebook";

/** In pixels: what is above and below the panel, and the least height of the transcript. */
const MARGIN = 56;
const LEAST = 160;

export class PanelView {
  readonly #panel: Panel;
  readonly #root = localize(element("div", "nbstream nbstream-frame nbstream-panel", "", { role: "region" }));
  readonly #skip = element("a", "nbstream-skip", _("To the prompt"), { href: "#" });
  readonly #transcript: Transcript;
  readonly #composer: Composer;
  readonly #removal = new AbortController();
  #frame: number | undefined;

  constructor(parent: HTMLElement, panel: Panel) {
    this.#panel = panel;
    this.#transcript = new Transcript(panel);
    this.#composer = new Composer(panel);
    this.#skip.addEventListener("click", (event) => {
      event.preventDefault();
      this.#composer.focus();
    });
    this.#root.append(this.#skip, this.#transcript.element, this.#composer.element);
    parent.append(this.#root);
    // The notebook has a use for arrows, too.
    window.addEventListener("keydown", changeVersion, { capture: true, signal: this.#removal.signal });
    this.#draw();
    this.#composer.grow();
    this.#keepInSight();
  }

  /** Draw what has changed, with the next frame. */
  update(): void {
    this.#frame ??= requestAnimationFrame(() => this.#draw());
  }

  /** Draw at once, for what the user did. */
  updateNow(): void {
    this.#draw();
  }

  /** Show the end, because the user has sent something. */
  toEnd(): void {
    this.#transcript.toEnd();
  }

  /** Draw what was written in another view. */
  onWriting(by: object): void {
    if (by !== this.#composer) this.#composer.draw();
  }

  remove(): void {
    if (this.#frame !== undefined) cancelAnimationFrame(this.#frame);
    this.#removal.abort();
    this.#transcript.remove();
    this.#composer.remove();
    this.#root.remove();
  }

  /**
   * Fit the panel to the notebook's part of the window. A field that is written in must not leave it
   * below, because the transcript grows above.
   */
  #keepInSight(): void {
    if (typeof ResizeObserver === "undefined") return;
    let height = this.#root.offsetHeight;
    let around: Element | null = null;
    const observer = new ResizeObserver(() => {
      // An element that is drawn may come into the page later.
      if (around?.isConnected !== true) {
        around = this.#root.closest(AROUND);
        if (around !== null) observer.observe(around);
      }
      const room = (around?.clientHeight ?? 0) - this.#composer.element.offsetHeight - MARGIN;
      if (around !== null) this.#root.style.setProperty("--nbstream-room", `${Math.max(room, LEAST)}px`);
      const grown = this.#root.offsetHeight - height;
      height += grown;
      if (grown <= 0 || !this.#composer.element.matches(":focus-within")) return;
      const { scroller, top } = scrollerOf(this.#root);
      const out = this.#root.getBoundingClientRect().bottom - (top + scroller.clientHeight);
      // Otherwise the reader has scrolled it out.
      if (out > 0 && out <= grown + 1) scrollBy(scroller, out);
    });
    observer.observe(this.#root);
    this.#removal.signal.addEventListener("abort", () => observer.disconnect());
  }

  #draw(): void {
    if (this.#frame !== undefined) cancelAnimationFrame(this.#frame);
    this.#frame = undefined;
    const { isLost, state } = this.#panel;
    this.#root.setAttribute("aria-label", _("Chat {name}", { name: state.chat }));
    this.#root.toggleAttribute("data-lost", isLost);
    this.#root.toggleAttribute("data-several", state.arriving.length > 1);
    this.#root.toggleAttribute("data-cell", this.#root.closest(".jp-Cell") !== null);
    this.#transcript.draw();
    this.#composer.draw();
  }
}

/** ← and → change the version of a turn while the focus is on its buttons. */
function changeVersion(event: KeyboardEvent): void {
  const target = targetOf(event);
  if (!(target instanceof Element) || (event.key !== "ArrowLeft" && event.key !== "ArrowRight")) return;
  const buttons = target.closest(".nbstream-versions")?.querySelectorAll("button");
  const pressed = buttons?.item(event.key === "ArrowLeft" ? 0 : 1);
  if (pressed === undefined) return;
  event.preventDefault();
  event.stopPropagation();
  pressed.focus();
  pressed.click();
}
