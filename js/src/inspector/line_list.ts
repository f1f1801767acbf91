/** The lines of a stream as a list of which only the visible part is in the page. */

import { element } from "../shared";
import { clock, stretch } from "./panel";
import type { LinesAnswer } from "./protocol";
import type { StreamIndex } from "./stream_index";

export const ROW_HEIGHT = 22;
const PAGE = 100;
const MARGIN = 6;
/** So many pages of text are kept. */
const MOST_PAGES = 40;
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
  /** Rows that are not in use. */
  readonly #spare: Row[] = [];
  readonly #pages = new Map<number, LinesAnswer["lines"]>();
  readonly #loading = new Set<number>();
  readonly #name = `nbstream-lines-${++lists}`;
  #selected = -1;
  #pending = 0;
  #generation = 0;

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
    list.setAttribute("aria-label", "Lines of the stream");
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
    this.#loading.clear();
    this.#selected = -1;
    this.element.scrollTop = 0;
    for (const line of [...this.#rows.keys()]) this.#drop(line);
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
    if (end > first) {
      for (let page = Math.floor(first / PAGE); page <= Math.floor((end - 1) / PAGE); page++) this.#want(page, index);
    }
  }

  /** Mark a line as selected, and bring it into view. */
  select(line: number): void {
    const before = this.#rows.get(this.#selected);
    before?.root.setAttribute("aria-selected", "false");
    this.#selected = line;
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
    row.root.remove();
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
      this.#space.append(row.root);
    }
    row.root.setAttribute("aria-setsize", String(index.length));
    const isSelected = line === this.#selected;
    row.root.setAttribute("aria-selected", String(isSelected));
    if (isSelected) this.element.setAttribute("aria-activedescendant", row.root.id);
    const text = this.#pages.get(Math.floor(line / PAGE))?.[line % PAGE];
    if (text === undefined || row.raw.textContent === text[0]) return;
    row.raw.textContent = text[0];
    row.words.textContent = text[1];
  }

  #want(page: number, index: StreamIndex): void {
    const known = this.#pages.get(page)?.length ?? 0;
    if (this.#loading.has(page) || known >= Math.min(PAGE, index.length - page * PAGE)) return;
    this.#loading.add(page);
    const generation = this.#generation;
    void this.#load(page * PAGE, PAGE).then((answer) => {
      if (generation !== this.#generation) return;
      this.#loading.delete(page);
      if (answer === undefined) return;
      this.#pages.set(page, answer.lines);
      for (const oldest of [...this.#pages.keys()].slice(0, Math.max(0, this.#pages.size - MOST_PAGES))) {
        this.#pages.delete(oldest);
      }
      if (answer.lines.length > known) this.#schedule();
    });
  }

  #onKey(event: KeyboardEvent): void {
    const last = this.#index().length - 1;
    const page = Math.max(1, Math.floor(this.element.clientHeight / ROW_HEIGHT) - 1);
    const moves: Record<string, number> = {
      ArrowDown: this.#selected + 1,
      ArrowUp: this.#selected - 1,
      PageDown: this.#selected + page,
      PageUp: this.#selected - page,
      Home: 0,
      End: last,
    };
    const target = moves[event.key];
    if (target === undefined || event.ctrlKey || event.metaKey || event.altKey || last < 0) return;
    event.preventDefault();
    event.stopPropagation();
    this.#onSelect(Math.min(Math.max(target, 0), last));
  }
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
