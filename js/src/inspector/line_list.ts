/** The lines of a stream as a list of which only the visible part is in the page. */

import { _, element } from "../shared";
import { clock, stretch } from "./panel";
import type { LinesAnswer } from "./protocol";
import type { StreamIndex } from "./stream_index";

export const ROW_HEIGHT = 22;
const PAGE = 50;
const MARGIN = 6;
/** So many pages of text are kept. */
const MOST_PAGES = 80;
/**
 * Milliseconds between two messages that ask for text; one is under way at a time. Fast scrolling
 * passes many pages, and each message costs the notebook a few milliseconds.
 */
const LEAST_PAUSE = 80;
const LONG_GAP = 0.5;
let lists = 0;

interface Row {
  readonly root: HTMLElement;
  readonly time: HTMLElement;
  readonly raw: HTMLElement;
  readonly words: HTMLElement;
}

export class LineList {
  readonly element = element("div", "nbstream-in-lines");
  readonly #space = element("div", "nbstream-in-space");
  readonly #index: () => StreamIndex;
  readonly #load: (first: number, count: number) => Promise<LinesAnswer | undefined>;
  readonly #onSelect: (line: number) => void;
  readonly #rows = new Map<number, Row>();
  /** Rows that are not in use; while the list is drawn, those in the page among them. */
  readonly #spare: Row[] = [];
  readonly #pages = new Map<number, LinesAnswer["lines"]>();
  readonly #name = `nbstream-lines-${++lists}`;
  #selected = -1;
  /** The line that the keyboard has reached; it is selected with the next frame. */
  #aim = -1;
  #pending = 0;
  #generation = 0;
  #isLoading = false;
  #askedAt = Number.NEGATIVE_INFINITY;
  #later: ReturnType<typeof setTimeout> | undefined;

  constructor(
    index: () => StreamIndex,
    load: (first: number, count: number) => Promise<LinesAnswer | undefined>,
    onSelect: (line: number) => void,
  ) {
    this.#index = index;
    this.#load = load;
    this.#onSelect = onSelect;
    const { element: list } = this;
    list.tabIndex = 0;
    list.setAttribute("role", "listbox");
    list.setAttribute("aria-label", _("Lines of the stream"));
    list.append(this.#space);
    list.addEventListener("scroll", () => this.#schedule(), { passive: true });
    list.addEventListener("keydown", (event) => this.#onKey(event));
    list.addEventListener("click", (event) => {
      const row = (event.target as Element).closest<HTMLElement>("[data-line]");
      if (row !== null) this.#onSelect(Number(row.dataset.line));
    });
  }

  /** Forget all lines, for another stream. */
  clear(): void {
    this.#generation += 1;
    this.#pages.clear();
    this.#isLoading = false;
    this.#selected = this.#aim = -1;
    this.element.scrollTop = 0;
    for (const line of [...this.#rows.keys()]) this.#drop(line);
    for (const { root } of this.#spare) root.remove();
  }

  remove(): void {
    this.#generation += 1;
    cancelAnimationFrame(this.#pending);
    clearTimeout(this.#later);
  }

  /** Draw the lines that can be seen. */
  draw(): void {
    this.#pending = 0;
    const index = this.#index();
    const height = `${index.length * ROW_HEIGHT}px`;
    if (this.#space.style.height !== height) this.#space.style.height = height;
    const { scrollTop, clientHeight } = this.element;
    const first = Math.max(0, Math.floor(scrollTop / ROW_HEIGHT) - MARGIN);
    const end = Math.min(index.length, Math.ceil((scrollTop + clientHeight) / ROW_HEIGHT) + MARGIN);
    for (const line of [...this.#rows.keys()]) if (line < first || line >= end) this.#drop(line);
    for (let line = first; line < end; line++) this.#fill(line, index);
    for (const { root } of this.#spare) root.remove();
    this.#loadMissing(first, end, index);
  }

  /** Mark a line as selected, and bring it into view. */
  select(line: number): void {
    const before = this.#rows.get(this.#selected);
    before?.root.setAttribute("aria-selected", "false");
    this.#selected = this.#aim = line;
    const top = line * ROW_HEIGHT;
    const list = this.element;
    if (top < list.scrollTop) list.scrollTop = top;
    else if (top + ROW_HEIGHT > list.scrollTop + list.clientHeight) {
      list.scrollTop = top + ROW_HEIGHT - list.clientHeight;
    }
    this.#schedule();
  }

  #schedule(): void {
    this.#pending ||= requestAnimationFrame(() => this.draw());
  }

  #drop(line: number): void {
    const row = this.#rows.get(line);
    if (row === undefined) return;
    this.#rows.delete(line);
    if (line === this.#selected) this.element.removeAttribute("aria-activedescendant");
    this.#spare.push(row);
  }

  #fill(line: number, index: StreamIndex): void {
    let row = this.#rows.get(line);
    if (row === undefined) {
      row = this.#spare.pop() ?? made();
      this.#rows.set(line, row);
      row.root.dataset.line = String(line);
      row.root.id = `${this.#name}-${line}`;
      row.root.style.top = `${line * ROW_HEIGHT}px`;
      row.root.setAttribute("aria-posinset", String(line + 1));
      const gap = index.gapBefore(line);
      row.time.textContent = clock(index.times[line] ?? 0);
      row.time.dataset.gap = gap >= LONG_GAP ? `+${stretch(gap)}` : "";
      row.root.dataset.kind = index.kinds[line] ?? ".";
      row.raw.textContent = row.words.textContent = "";
      if (!row.root.isConnected) this.#space.append(row.root);
    }
    set(row.root, "aria-setsize", String(index.length));
    const isSelected = line === this.#selected;
    set(row.root, "aria-selected", String(isSelected));
    if (isSelected) this.element.setAttribute("aria-activedescendant", row.root.id);
    const text = this.#pages.get(Math.floor(line / PAGE))?.[line % PAGE];
    if (text === undefined || row.raw.textContent === text[0]) return;
    row.raw.textContent = text[0];
    row.words.textContent = text[1];
  }

  /** Ask for the first page in sight whose text is not here; the others follow with the next frames. */
  #loadMissing(first: number, end: number, index: StreamIndex): void {
    if (this.#isLoading || end <= first) return;
    const last = Math.floor((end - 1) / PAGE);
    let page = Math.floor(first / PAGE);
    while (page <= last && this.#known(page) >= Math.min(PAGE, index.length - page * PAGE)) page += 1;
    if (page > last) return;
    const pause = this.#askedAt + LEAST_PAUSE - performance.now();
    clearTimeout(this.#later);
    if (pause > 0) {
      this.#later = setTimeout(() => this.#schedule(), pause);
      return;
    }
    this.#isLoading = true;
    this.#askedAt = performance.now();
    const [known, generation] = [this.#known(page), this.#generation];
    void this.#load(page * PAGE, PAGE).then((answer) => {
      if (generation !== this.#generation) return;
      this.#isLoading = false;
      if (answer === undefined) return;
      this.#pages.set(page, answer.lines);
      for (const oldest of [...this.#pages.keys()].slice(0, Math.max(0, this.#pages.size - MOST_PAGES))) {
        this.#pages.delete(oldest);
      }
      if (answer.lines.length > known) this.#schedule();
    });
  }

  #known(page: number): number {
    return this.#pages.get(page)?.length ?? 0;
  }

  #onKey(event: KeyboardEvent): void {
    const last = this.#index().length - 1;
    const page = Math.max(1, Math.floor(this.element.clientHeight / ROW_HEIGHT) - 1);
    const moves: Record<string, number> = {
      ArrowDown: this.#aim + 1,
      ArrowUp: this.#aim - 1,
      PageDown: this.#aim + page,
      PageUp: this.#aim - page,
      Home: 0,
      End: last,
    };
    const target = moves[event.key];
    if (target === undefined || event.ctrlKey || event.metaKey || event.altKey || last < 0) return;
    event.preventDefault();
    event.stopPropagation();
    this.#aim = Math.min(Math.max(target, 0), last);
    this.#onSelect(this.#aim);
  }
}

/** Set an attribute, unless it is so already: the browser looks for styles that depend on it. */
function set(element: Element, name: string, value: string): void {
  if (element.getAttribute(name) !== value) element.setAttribute(name, value);
}

function made(): Row {
  const root = element("div", "nbstream-in-line");
  root.setAttribute("role", "option");
  const time = element("span", "nbstream-in-at");
  const raw = element("span", "nbstream-in-raw");
  const words = element("span", "nbstream-in-words");
  root.append(time, words, raw);
  return { root, time, raw, words };
}
