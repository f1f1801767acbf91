/**
 * The transcript: a box with the rows, which follows the end of the text unless the reader scrolls away.
 * Rows off the screen are neither laid out nor painted, and their replies are drawn when they come near.
 */

import { _, EndPin, element, focusInPlace, plural, write } from "../shared";
import { button } from "./buttons";
import type { Panel } from "./panel";
import { RowView } from "./row_view";

/** Milliseconds that drawing replies may take at a time; a long task is one of 50 ms. */
const BUDGET = 10;

/** Milliseconds for which nothing else is asked for while turns are on their way. */
const PATIENCE = 1000;

export class Transcript {
  readonly element = element("div", "nbstream-transcript-frame");
  readonly #panel: Panel;
  readonly #box = element("div", "nbstream-log", "", {
    role: "log",
    // The panel says what happens; all of a growing text would be read again and again.
    "aria-live": "off",
    tabindex: "0",
  });
  readonly #system = element("details", "nbstream-system");
  readonly #systemText = element("div", "nbstream-system-text", "", { dir: "auto" });
  readonly #earlier = button("nbstream-quiet nbstream-earlier-rows", "", () => this.#window(-1));
  readonly #later = button("nbstream-quiet nbstream-later-rows", "", () => this.#window(1));
  readonly #rows = element("div", "nbstream-rows");
  readonly #coming = element("article", "nbstream-row nbstream-coming");
  readonly #comingText = element("div", "nbstream-prompt-text", "", { dir: "auto" });
  readonly #sending = element("div", "nbstream-marks", _("Sending…"));
  readonly #toEnd = button("nbstream-to-end", _("To the end"), () => this.toEnd());
  readonly #views = new Map<string, RowView>();
  readonly #near = new Set<RowView>();
  readonly #removal = new AbortController();
  readonly #pin: EndPin;
  readonly #observer: IntersectionObserver | undefined;
  #filling: number | undefined;
  #top = 0;
  /** The window when another one was asked for, and when that was. */
  #asked: { first: number; at: number } | undefined;

  constructor(panel: Panel) {
    this.#panel = panel;
    const { signal } = this.#removal;
    this.#system.append(element("summary", "", _("System prompt")), this.#systemText);
    const ask = element("div", "nbstream-ask");
    const prompt = element("div", "nbstream-prompt");
    prompt.append(this.#comingText);
    ask.append(prompt);
    this.#coming.append(ask, this.#sending);
    this.#box.append(this.#system, this.#earlier, this.#rows, this.#coming, this.#later);
    this.element.append(this.#box, this.#toEnd);
    this.#pin = new EndPin(this.#box, signal);
    this.#box.addEventListener("scroll", () => this.#onScroll(), { passive: true, signal });
    this.#box.addEventListener("wheel", (event) => this.#onWheel(event), { passive: true, signal });
    this.#box.addEventListener("toggle", () => this.#pin.update(), { capture: true, signal });
    this.#follow(signal);
    this.#observer = this.#observe(signal);
  }

  draw(): void {
    const { pending, state } = this.#panel;
    const { chat, rows, first, system } = state;
    this.#pin.update();
    this.#box.setAttribute("aria-label", _("Chat {name}", { name: chat }));
    this.#system.hidden = system === "" || first > 0;
    write(this.#systemText, system);
    const after = this.#after;
    this.#drawMore(this.#earlier, first, plural("{n:,} earlier turn", "{n:,} earlier turns", first));
    this.#drawMore(this.#later, after, plural("{n:,} later turn", "{n:,} later turns", after));
    if (this.#asked?.first !== first) this.#asked = undefined;
    const keys = new Set(rows.map(({ key }) => key));
    const stays = this.#pin.isPinned ? undefined : this.#place(keys);
    for (const [key, view] of this.#views) if (!keys.has(key)) this.#drop(key, view);
    let next = this.#rows.firstElementChild;
    for (const row of rows) {
      let view = this.#views.get(row.key);
      if (view === undefined) {
        view = new RowView(row, this.#panel);
        this.#views.set(row.key, view);
        this.#rows.insertBefore(view.element, next);
        if (this.#observer === undefined) view.fill();
        else this.#observer.observe(view.element);
      } else if (view.element === next) next = next.nextElementSibling;
      else this.#rows.insertBefore(view.element, next);
      view.draw(row);
    }
    const isComing = pending !== undefined && state.arriving.length === 0;
    this.#coming.hidden = !isComing;
    if (isComing) write(this.#comingText, pending.prompt);
    // Below the transcript it is said what it waits for.
    this.#sending.hidden = pending?.isLate === true;
    this.element.hidden = rows.length === 0 && !isComing && system === "";
    stays?.();
    this.#pin.follow();
    this.#drawToEnd();
  }

  /** Scroll to the end, and follow it from now on. */
  toEnd(): void {
    if (this.#after > 0) this.#askFor(-1);
    const hadFocus = this.#toEnd.matches(":focus");
    this.#pin.pin();
    this.#drawToEnd();
    // The button is gone, and what had the focus must not be lost with it.
    if (hadFocus) focusInPlace(this.#box);
  }

  remove(): void {
    this.#removal.abort();
    for (const [key, view] of this.#views) this.#drop(key, view);
    this.element.remove();
  }

  /**
   * Note where the first row on the screen stands that will still be there; the function scrolls it
   * there again. Browsers do so as well, except at the top of the box.
   */
  #place(keys: ReadonlySet<string>): () => void {
    const { top } = this.#box.getBoundingClientRect();
    const kept = [...this.#views].filter(([key]) => keys.has(key)).map(([, view]) => view.element);
    kept.sort((one, other) => (one.compareDocumentPosition(other) & Node.DOCUMENT_POSITION_FOLLOWING ? -1 : 1));
    const row = kept.find((each) => each.getBoundingClientRect().bottom > top) ?? kept.at(-1);
    if (row === undefined) return () => {};
    const before = row.getBoundingClientRect().top;
    return () => {
      const moved = row.getBoundingClientRect().top - before;
      if (Math.abs(moved) >= 1) this.#box.scrollTop += moved;
    };
  }

  /** How many turns stand after the window; prompts that were not sent are rows, too, but no turns. */
  get #after(): number {
    const { count, first, rows } = this.#panel.state;
    return count - first - rows.filter(({ kind }) => kind === "turn").length;
  }

  #drop(key: string, view: RowView): void {
    const hadFocus = view.element.matches(":focus-within");
    this.#observer?.unobserve(view.element);
    this.#near.delete(view);
    view.remove();
    this.#views.delete(key);
    if (hadFocus) focusInPlace(this.#box);
  }

  #drawMore(more: HTMLButtonElement, count: number, text: string): void {
    more.hidden = count <= 0 || this.#panel.isLost;
    more.textContent = text;
  }

  /** Ask for turns outside the window. Half of those that are here stay, so that reading goes on. */
  #window(direction: -1 | 1): void {
    const { first, rows, count } = this.#panel.state;
    const step = Math.max(1, Math.floor(rows.length / 2));
    if (this.#asked !== undefined && performance.now() - this.#asked.at < PATIENCE) return;
    this.#askFor(Math.max(0, Math.min(first + direction * step, count - 1)));
  }

  #askFor(first: number): void {
    this.#asked = { first: this.#panel.state.first, at: performance.now() };
    this.#panel.post({ type: "window", first });
  }

  /** Where the text grows in the same frame, the box would follow it and take the reader back. */
  #onWheel({ deltaY, target }: WheelEvent): void {
    const isInner = target instanceof Element && target.closest(".nbstream-thoughts") !== null;
    if (deltaY < 0 && !isInner && this.#box.scrollTop > 0) this.#pin.release();
  }

  #onScroll(): void {
    if (this.#box.clientHeight > 0) this.#top = this.#box.scrollTop;
    this.#drawToEnd();
  }

  #drawToEnd(): void {
    this.#toEnd.hidden = this.#pin.isPinned && this.#after <= 0;
  }

  /** Stay at the end when anything in the box grows, before it is painted. */
  #follow(signal: AbortSignal): void {
    if (typeof ResizeObserver === "undefined") return;
    let before = 0;
    const observer = new ResizeObserver(() => {
      const height = this.#box.clientHeight;
      // A notebook takes cells that are scrolled out from the page, and their boxes forget their place.
      if (before === 0 && height > 0 && !this.#pin.isPinned) this.#box.scrollTop = this.#top;
      before = height;
      this.#pin.follow();
      this.#drawToEnd();
    });
    observer.observe(this.#rows);
    observer.observe(this.#box);
    signal.addEventListener("abort", () => observer.disconnect());
  }

  /** Draw replies, and ask for more rows, when they are less than one height of the box away. */
  #observe(signal: AbortSignal): IntersectionObserver | undefined {
    if (typeof IntersectionObserver === "undefined") return undefined;
    const observer = new IntersectionObserver((entries) => this.#onNear(entries), {
      root: this.#box,
      rootMargin: "100% 0px",
    });
    observer.observe(this.#earlier);
    observer.observe(this.#later);
    signal.addEventListener("abort", () => {
      observer.disconnect();
      if (this.#filling !== undefined) cancelAnimationFrame(this.#filling);
    });
    return observer;
  }

  #onNear(entries: readonly IntersectionObserverEntry[]): void {
    const views = new Map([...this.#views.values()].map((view) => [view.element as Element, view]));
    for (const { target, isIntersecting } of entries) {
      if (isIntersecting && target === this.#earlier) this.#window(-1);
      if (isIntersecting && target === this.#later) this.#window(1);
      const view = views.get(target);
      if (view === undefined || view.isFilled) continue;
      if (isIntersecting) this.#near.add(view);
      else this.#near.delete(view);
    }
    this.#fill();
  }

  /** Draw replies that are near, those on the screen first, for a few milliseconds in each frame. */
  #fill(): void {
    this.#filling = undefined;
    const began = performance.now();
    const { top, bottom } = this.#box.getBoundingClientRect();
    const distance = (view: RowView): number => {
      const place = view.element.getBoundingClientRect();
      return Math.max(top - place.bottom, place.top - bottom, 0);
    };
    const near = [...this.#near].map((view) => ({ view, away: distance(view) }));
    near.sort((one, other) => one.away - other.away);
    for (const { view } of near) {
      view.fill();
      this.#near.delete(view);
      if (performance.now() - began > BUDGET) break;
    }
    if (this.#near.size > 0) this.#filling = requestAnimationFrame(() => this.#fill());
  }
}
