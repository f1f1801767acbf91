/** The time axis of a stream: a mark for each line, silences as gaps with their length. */

import { _, plural } from "../shared";
import { clock, stretch, svg, tick } from "./panel";
import type { StreamIndex } from "./stream_index";

const HEIGHT = 34;
const FOOT = 18;
const LEAST_LABEL = 44;
/** By the letter of a line: the name of its colour. A later one is drawn over an earlier one. */
const KINDS: readonly (readonly [string, string])[] = [
  ["k.n", "other"],
  ["r", "reasoning"],
  ["a", "answer"],
  ["c", "call"],
  ["u", "count"],
  ["!", "failure"],
];

export class Axis {
  readonly element = svg("svg", { role: "img", class: "nbstream-in-timeline", height: HEIGHT + FOOT });
  readonly #head = svg("line", { y1: 0, y2: HEIGHT, class: "nbstream-in-head" });
  #width = 0;
  #drawn = "";

  /** Draw the lines, `width` pixels wide; each column of pixels is one mark at most. */
  draw(index: StreamIndex, width: number): void {
    const key = `${index.length} ${width} ${index.gaps.length}`;
    if (key === this.#drawn || width <= 0) return;
    this.#drawn = key;
    this.#width = width;
    const end = index.end || 1;
    const columns = new Map<string, Set<number>>();
    for (let line = 0; line < index.length; line++) {
      const kind = index.kinds[line] ?? ".";
      const found = columns.get(kind) ?? new Set<number>();
      columns.set(kind, found);
      found.add(Math.round(((index.times[line] ?? 0) / end) * (width - 2)));
    }
    const parts: SVGElement[] = [];
    for (const [from, to] of index.gaps) {
      const x = (from / end) * (width - 2);
      const size = ((to - from) / end) * (width - 2);
      parts.push(svg("rect", { x, y: 6, width: Math.max(size, 1), height: HEIGHT - 12, class: "nbstream-in-gap" }));
      if (size >= LEAST_LABEL) {
        const at = { x: x + size / 2, y: HEIGHT / 2 + 4, "text-anchor": "middle" };
        parts.push(svg("text", at, stretch(to - from)));
      }
    }
    for (const [letters, name] of KINDS) {
      const found = [...letters].flatMap((letter) => [...(columns.get(letter) ?? [])]);
      if (found.length === 0) continue;
      const d = [...new Set(found)].map((x) => `M${x + 0.5} 2V${HEIGHT - 2}`).join("");
      parts.push(svg("path", { d, "data-kind": name }));
    }
    parts.push(svg("line", { x1: 0, x2: width, y1: HEIGHT, y2: HEIGHT, class: "nbstream-in-axis" }));
    const step = tick(end, width / 90);
    for (let at = 0; at <= end + 1e-9; at += step) {
      const x = (at / end) * (width - 2);
      const anchor = at === 0 ? "start" : x > width - 30 ? "end" : "middle";
      parts.push(
        svg(
          "text",
          { x, y: HEIGHT + FOOT - 4, "text-anchor": anchor },
          _("{seconds} s", { seconds: Number(at.toFixed(3)) }),
        ),
      );
    }
    const longest = [...index.gaps].sort((one, other) => other[1] - other[0] - (one[1] - one[0]))[0];
    const silence =
      longest === undefined
        ? ""
        : _("The longest silence: {stretch} from {start} on.", {
            stretch: stretch(longest[1] - longest[0]),
            start: clock(longest[0]),
          });
    const lines = plural("{n:,} line in {duration}.", "{n:,} lines in {duration}.", index.length, {
      duration: clock(index.end),
    });
    this.element.setAttribute("viewBox", `0 0 ${width} ${HEIGHT + FOOT}`);
    this.element.setAttribute("aria-label", [lines, silence].filter(Boolean).join(" "));
    this.element.replaceChildren(...parts, this.#head);
  }

  /** Show the moment of a line. */
  moveTo(index: StreamIndex, line: number): void {
    const x = ((index.times[line] ?? 0) / (index.end || 1)) * (this.#width - 2) + 0.5;
    this.#head.setAttribute("x1", x.toFixed(1));
    this.#head.setAttribute("x2", x.toFixed(1));
  }

  /** The time under a place of the pointer. */
  timeAt(clientX: number, index: StreamIndex): number {
    const { left, width } = this.element.getBoundingClientRect();
    return Math.min(Math.max((clientX - left) / (width || 1), 0), 1) * index.end;
  }
}
