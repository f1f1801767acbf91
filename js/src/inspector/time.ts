/** The tab Time: where it went, as a table with bars, and the tokens a second as a curve. */

import { _, element, focusInPlace } from "../shared";
import { clock, type Panel, type Source, scrollable, stretch, svg, table, tick, writeNotes } from "./panel";
import type { SpanView, TimeAnswer } from "./protocol";

/** In pixels, where the tab is not laid out. */
const USUAL_WIDTH = 640;
const LEAST_WIDTH = 160;
const HEIGHT = 110;
const FOOT = 18;
/** Room at the right for the numbers of the rate. */
const SIDE = 34;
const TOP = 14;

export class TimePanel implements Panel {
  readonly element = element("div", "nbstream-in-time");
  readonly #source: Source;
  readonly #resized: ResizeObserver | undefined;
  #answer: TimeAnswer | undefined;
  /** The curve in the page, and how wide it is. */
  #curve: { figure: HTMLElement; width: number } | undefined;

  constructor(source: Source) {
    this.#source = source;
    if (typeof ResizeObserver !== "undefined") {
      this.#resized = new ResizeObserver(() => this.#fit());
      this.#resized.observe(this.element);
    }
  }

  remove(): void {
    this.#resized?.disconnect();
  }

  async refresh(): Promise<void> {
    const step = this.#source.step;
    const answer = await this.#source.ask<TimeAnswer>({ type: "time", step });
    if (answer === undefined || step !== this.#source.step) return;
    this.#answer = answer;
    const end = endOf(answer);
    const rows = answer.spans.map((span) => [
      span.name,
      clock(span.start),
      stretch(span.end - span.start),
      bar(span, end),
    ]);
    const spans = table([_("what"), _("from"), _("how long"), ""], rows);
    spans.classList.add("nbstream-in-spans");
    const parts: HTMLElement[] = [scrollable(spans, _("Where the time went"))];
    this.#curve = undefined;
    if (answer.curve.length > 1) {
      const width = this.#width;
      this.#curve = { figure: curve(answer.curve, end, width), width };
      parts.push(this.#curve.figure);
    }
    if (answer.facts.length > 0) {
      const facts = element("dl", "nbstream-in-facts");
      for (const [name, value] of answer.facts) facts.append(element("dt", "", name), element("dd", "", value));
      parts.push(facts);
    }
    const notes = element("div", "");
    writeNotes(notes, [answer.note]);
    // While the reply arrives, this tab is drawn again and again; the reader may have scrolled it sideways.
    const before = [...this.element.querySelectorAll<HTMLElement>(".nbstream-in-scroll")];
    const focused = before.indexOf(document.activeElement as HTMLElement);
    const places = before.map((box) => box.scrollLeft);
    this.element.replaceChildren(...parts, notes);
    this.element.querySelectorAll<HTMLElement>(".nbstream-in-scroll").forEach((box, at) => {
      box.scrollLeft = places[at] ?? 0;
      if (at === focused) focusInPlace(box);
    });
  }

  get #width(): number {
    return Math.max(LEAST_WIDTH, Math.floor(this.element.clientWidth) || USUAL_WIDTH);
  }

  /** Draw the curve as wide as the tab has become. */
  #fit(): void {
    const width = this.#width;
    if (this.#answer === undefined || this.#curve === undefined || this.#curve.width === width) return;
    const figure = curve(this.#answer.curve, endOf(this.#answer), width);
    this.#curve.figure.replaceWith(figure);
    this.#curve = { figure, width };
  }
}

function endOf({ spans }: TimeAnswer): number {
  return Math.max(...spans.map((span) => span.end), 0);
}

/** A span's bar; the row says the same in numbers. */
function bar(span: SpanView, end: number): SVGElement {
  const drawn = svg("svg", { viewBox: "0 0 100 10", preserveAspectRatio: "none", "aria-hidden": "true" });
  const [from, width] = end > 0 ? [(span.start / end) * 100, ((span.end - span.start) / end) * 100] : [0, 0];
  drawn.append(svg("rect", { x: from, y: 1, width: Math.max(width, 0.6), height: 8, "data-kind": span.kind }));
  return drawn;
}

/**
 * The tokens a second over the time, in steps, `width` pixels wide; its description has the numbers.
 */
export function curve(points: TimeAnswer["curve"], end: number, width = USUAL_WIDTH): HTMLElement {
  const right = width - SIDE;
  const most = Math.max(...points.map(([, , rate]) => rate));
  const tokens = points.reduce((sum, [from, to, rate]) => sum + rate * (to - from), 0);
  const first = points[0]?.[0] ?? 0;
  const last = points[points.length - 1]?.[1] ?? 0;
  const range = Math.max(end, last);
  const x = (seconds: number) => (seconds / range) * right;
  const y = (rate: number) => TOP + (HEIGHT - TOP) * (1 - rate / most);
  const label = _("Tokens a second: at most {most}, {average} on average, from {start} to {end}.", {
    most: most.toFixed(0),
    average: (tokens / Math.max(last - first, 0.001)).toFixed(0),
    start: clock(first),
    end: clock(last),
  });
  const drawn = svg("svg", { width, height: HEIGHT + FOOT, role: "img", "aria-label": label });
  drawn.append(svg("title", {}, label));
  const step = tick(most, 3);
  for (let rate = step; rate <= most; rate += step) {
    drawn.append(svg("line", { x1: 0, x2: right, y1: y(rate), y2: y(rate), class: "nbstream-in-grid" }));
    drawn.append(svg("text", { x: width, y: y(rate) + 4, "text-anchor": "end" }, `${Math.round(rate)}`));
  }
  for (const isReasoning of [true, false]) {
    const steps = points
      .filter((point) => point[3] === isReasoning)
      .map(
        ([from, to, rate]) => `M${x(from).toFixed(1)} ${HEIGHT}V${y(rate).toFixed(1)}H${x(to).toFixed(1)}V${HEIGHT}Z`,
      );
    if (steps.length > 0) {
      drawn.append(svg("path", { d: steps.join(""), "data-kind": isReasoning ? "reasoning" : "answer" }));
    }
  }
  drawn.append(svg("line", { x1: 0, x2: right, y1: HEIGHT, y2: HEIGHT, class: "nbstream-in-axis" }));
  const every = tick(range, right / 80);
  for (let at = 0; at <= range; at += every) {
    const anchor = at === 0 ? "start" : x(at) > right - 30 ? "end" : "middle";
    drawn.append(
      svg(
        "text",
        { x: x(at), y: HEIGHT + FOOT - 4, "text-anchor": anchor },
        _("{seconds} s", { seconds: Number(at.toFixed(3)) }),
      ),
    );
  }
  const figure = element("figure", "nbstream-in-curve");
  const caption = element("figcaption", "", _("tokens a second"));
  const legend = element("span", "nbstream-in-legend");
  for (const kind of ["reasoning", "answer"] as const) {
    if (!points.some((point) => point[3] === (kind === "reasoning"))) continue;
    const item = element("span", "");
    const sign = element("span", "nbstream-in-sign");
    sign.dataset.kind = kind;
    item.append(sign, kind === "reasoning" ? _("reasoning") : _("answer"));
    legend.append(item);
  }
  caption.append(legend);
  figure.append(caption, drawn);
  return figure;
}
