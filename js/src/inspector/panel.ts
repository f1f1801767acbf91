/** What the tabs of an Inspector share: how they ask the kernel, and small pieces to draw with. */

import { _, duration, element } from "../shared";
import type { InspectorState, Question } from "./protocol";

/** What a tab needs of its Inspector. */
export interface Source {
  readonly own: InspectorState;
  /** The request of the reply that is looked at, counted from 0. */
  readonly step: number;
  /** Whether somebody can see it: it is on the screen of a page in the foreground. */
  readonly isWatched: boolean;
  /** The kernel's answer; undefined if it has ended. */
  ask<T>(question: Question): Promise<T | undefined>;
}

/** One tab. It asks for what it shows when it is looked at, and again when the reply has grown. */
export interface Panel {
  readonly element: HTMLElement;
  /** Ask for what is new, and draw it. */
  refresh(): Promise<void>;
  /** The tab was opened: the browser forgets how far a list that was out of the page is scrolled. */
  opened?(): void;
  remove?(): void;
}

/** Show sentences in `parent`, each as a paragraph. */
export function writeNotes(parent: HTMLElement, notes: readonly string[]): void {
  parent.replaceChildren(...notes.filter((note) => note !== "").map((note) => element("p", "nbstream-in-note", note)));
}

export function button(name: string, text: string, onClick: () => void): HTMLButtonElement {
  const created = element("button", name, text);
  created.addEventListener("click", onClick);
  return created;
}

const SVG = "http://www.w3.org/2000/svg";

export function svg<K extends keyof SVGElementTagNameMap>(
  tag: K,
  attributes: Record<string, string | number> = {},
  text = "",
): SVGElementTagNameMap[K] {
  const created = document.createElementNS(SVG, tag);
  for (const [name, value] of Object.entries(attributes)) created.setAttribute(name, String(value));
  if (text !== "") created.textContent = text;
  return created;
}

/** A time on an axis: `0.85 s`, `12.3 s`, `2 min 05 s`. */
export function clock(seconds: number): string {
  return seconds < 60
    ? _("{seconds} s", { seconds: seconds.toFixed(seconds < 10 ? 2 : 1) })
    : duration(Math.round(seconds));
}

/** A stretch of time: `12 ms`, `1.2 s`. */
export function stretch(seconds: number): string {
  return seconds < 0.9995 ? _("{milliseconds} ms", { milliseconds: Math.round(seconds * 1000) }) : clock(seconds);
}

/** The distance between the ticks of an axis, so that there are at most `most` of them. */
export function tick(range: number, most: number): number {
  if (!(range > 0)) return 1;
  const rough = range / Math.max(1, most);
  const unit = 10 ** Math.floor(Math.log10(rough));
  const factor = [1, 2, 5, 10].find((each) => each * unit >= rough) ?? 10;
  return factor * unit;
}

export function table(head: readonly string[], rows: readonly (readonly (string | Node)[])[]): HTMLTableElement {
  const created = element("table", "nbstream-in-table");
  const titles = document.createElement("tr");
  for (const text of head) {
    // A column of bars has no title: the one before it has the numbers.
    const cell = document.createElement(text === "" ? "td" : "th");
    cell.textContent = text;
    if (text !== "") cell.scope = "col";
    titles.append(cell);
  }
  const top = document.createElement("thead");
  top.append(titles);
  const body = document.createElement("tbody");
  for (const row of rows) {
    const line = document.createElement("tr");
    for (const each of row) {
      const cell = document.createElement("td");
      cell.append(each);
      line.append(cell);
    }
    body.append(line);
  }
  created.append(top, body);
  return created;
}

/** A box that scrolls sideways by itself, also by the keyboard. */
export function scrollable(content: HTMLElement, label: string): HTMLElement {
  const box = element("div", "nbstream-in-scroll");
  box.tabIndex = 0;
  box.setAttribute("role", "region");
  box.setAttribute("aria-label", label);
  box.append(content);
  return box;
}
