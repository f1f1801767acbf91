/**
 * The marks of one part of a picture. A reader points at them with the mouse, or goes through them
 * by the keyboard, as with a slider whose value is what is known of a mark.
 */

import { element, targetOf } from "../shared";
import type { UsageArea, UsageMark } from "./protocol";

/** A mark that is pointed at, and where it is in the figure, in pixels. */
export interface Place {
  readonly mark: UsageMark;
  readonly left: number;
  readonly right: number;
  readonly top: number;
}

export class MarkArea {
  readonly element = element("div", "nbstream-usage-area", "", { role: "slider", tabindex: "0", "aria-valuemin": "1" });
  readonly #band = element("div", "nbstream-usage-band");
  readonly #onPoint: (place: Place | undefined) => void;
  readonly #removal = new AbortController();
  #area: UsageArea | undefined;
  /** The mark that is chosen, counted from 0; undefined for the last one. */
  #at: number | undefined;
  #isShown = false;

  constructor(onPoint: (place: Place | undefined) => void) {
    this.#onPoint = onPoint;
    this.#band.hidden = true;
    this.element.append(this.#band);
    this.element.addEventListener("pointermove", (event) => this.#onPointer(event));
    this.element.addEventListener("pointerdown", (event) => this.#onPointer(event));
    this.element.addEventListener("pointerleave", () => this.#hide());
    this.element.addEventListener("focus", () => this.element.matches(":focus-visible") && this.#show());
    this.element.addEventListener("blur", () => this.#hide());
    // Before the notebook, whose command mode takes the arrow keys: left folds a heading.
    const options = { capture: true, signal: this.#removal.signal };
    window.addEventListener("keydown", (event) => targetOf(event) === this.element && this.#onKey(event), options);
  }

  /** Lay it over its part of a picture that is so wide and high. */
  place(area: UsageArea, width: number, height: number): void {
    const isFirst = this.#area === undefined;
    this.#area = area;
    const [left, top, wide, high] = area.box;
    const { style } = this.element;
    style.left = `${(left / width) * 100}%`;
    style.top = `${(top / height) * 100}%`;
    style.width = `${(wide / width) * 100}%`;
    style.height = `${(high / height) * 100}%`;
    this.element.setAttribute("aria-label", area.name);
    this.element.setAttribute("aria-orientation", area.axis === "x" ? "horizontal" : "vertical");
    this.element.setAttribute("aria-valuemax", String(area.marks.length));
    this.element.hidden = area.marks.length === 0;
    // Of a time the newest, of cells the one with the most.
    if (isFirst && area.axis === "y") this.#at = 0;
    if (this.#at !== undefined && this.#at >= area.marks.length) this.#at = undefined;
    this.#tell();
    if (this.#isShown) this.#show();
  }

  remove(): void {
    this.#hide();
    this.#removal.abort();
    this.element.remove();
  }

  get #marks(): readonly UsageMark[] {
    return this.#area?.marks ?? [];
  }

  get #place(): number {
    return this.#at ?? this.#marks.length - 1;
  }

  #onPointer({ clientX, clientY }: MouseEvent): void {
    const area = this.#area;
    if (area === undefined) return;
    const { left, top, width, height } = this.element.getBoundingClientRect();
    const [x, y, wide, high] = area.box;
    const at = area.axis === "x" ? x + ((clientX - left) / width) * wide : y + ((clientY - top) / height) * high;
    const distance = ({ start, end }: UsageMark): number => Math.max(start - at, at - end, 0);
    let nearest = 0;
    this.#marks.forEach((mark, index) => {
      if (distance(mark) < distance(this.#marks[nearest] as UsageMark)) nearest = index;
    });
    this.#choose(nearest);
  }

  #onKey(event: KeyboardEvent): void {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const last = this.#marks.length - 1;
    const forth = this.#area?.axis === "y" ? -1 : 1;
    const moves: Record<string, number> = {
      ArrowRight: this.#place + 1,
      ArrowLeft: this.#place - 1,
      ArrowUp: this.#place + forth,
      ArrowDown: this.#place - forth,
      Home: 0,
      End: last,
    };
    const target = moves[event.key];
    if (event.key === "Escape" && this.#isShown) this.#hide();
    else if (target === undefined) return;
    else this.#choose(Math.max(0, Math.min(last, target)));
    // Else the notebook would go to another cell.
    event.preventDefault();
    event.stopPropagation();
  }

  #choose(at: number): void {
    // The newest one stays chosen when a newer one comes.
    this.#at = at === this.#marks.length - 1 && this.#area?.axis === "x" ? undefined : at;
    this.#tell();
    this.#show();
  }

  /** Say the chosen mark to a screen reader. */
  #tell(): void {
    const mark = this.#marks[this.#place];
    if (mark === undefined) return;
    const rows = mark.rows.map(([, name, value]) => `${name} ${value}`);
    this.element.setAttribute("aria-valuenow", String(this.#place + 1));
    this.element.setAttribute("aria-valuetext", [mark.title, ...rows].join(", "));
  }

  #show(): void {
    const area = this.#area;
    const mark = this.#marks[this.#place];
    if (area === undefined || mark === undefined) return;
    this.#isShown = true;
    this.#band.hidden = false;
    const [x, y, wide, high] = area.box;
    const isX = area.axis === "x";
    const [from, room] = isX ? [x, wide] : [y, high];
    const start = (mark.start - from) / room;
    const size = (mark.end - mark.start) / room;
    const { style } = this.#band;
    style.left = isX ? `${start * 100}%` : "-6px";
    style.width = isX ? `${size * 100}%` : "calc(100% + 12px)";
    style.top = isX ? "0" : `${start * 100}%`;
    style.height = isX ? "100%" : `${size * 100}%`;
    const { offsetLeft, offsetTop, offsetWidth, offsetHeight } = this.element;
    const left = offsetLeft + (isX ? start * offsetWidth : 0);
    const right = isX ? left + size * offsetWidth : offsetLeft + offsetWidth;
    const top = offsetTop + (isX ? 0 : (start + size) * offsetHeight);
    this.#onPoint({ mark, left, right, top });
  }

  #hide(): void {
    if (!this.#isShown) return;
    this.#isShown = false;
    this.#band.hidden = true;
    this.#onPoint(undefined);
  }
}
