/** The tab Stream: every line on a time axis, what it means, and how the reply grew. */

import { _, element, plural, write } from "../shared";
import { Axis } from "./axis";
import { LineList } from "./line_list";
import { button, clock, type Panel, type Source, stretch, writeNotes } from "./panel";
import type { LineAnswer, LinesAnswer, StreamAnswer } from "./protocol";
import { StreamIndex } from "./stream_index";

/** While the kernel reads the lines, it is asked again after so many milliseconds. */
const PATIENCE = 150;
const SPEEDS = [1, 4, 16] as const;
/** Between two moments of a replay. */
const FRAME = 33;
const DETAIL_DELAY = 120;

function speedLabel(factor: number): string {
  return _("Speed of the replay: {factor} ×", { factor });
}

export class StreamPanel implements Panel {
  readonly element = element("div", "nbstream-in-stream");
  readonly #source: Source;
  readonly #axis = new Axis();
  readonly #range = element("input", "nbstream-in-range");
  readonly #play = button("nbstream-in-quiet nbstream-in-play", _("Play"), () => this.#toggle());
  readonly #speed = button("nbstream-in-quiet", "1 ×", () => this.#faster());
  readonly #place = element("span", "nbstream-in-place");
  readonly #reasoning = element("div", "nbstream-in-grown nbstream-in-dim");
  readonly #answer = element("div", "nbstream-in-grown");
  readonly #grown = element("div", "nbstream-in-replay");
  readonly #detail = element("div", "nbstream-in-detail");
  readonly #notes = element("div", "");
  readonly #list: LineList;
  readonly #resized: ResizeObserver | undefined;
  #index = new StreamIndex();
  #step = -1;
  #line = -1;
  /** Whether the end of the stream is shown while it grows. */
  #follows = true;
  #factor: (typeof SPEEDS)[number] = 1;
  /** The moment that a replay has reached, and when by the page's clock; undefined if it stands. */
  #replay: { at: number; since: number; frame: number } | undefined;
  #detailTimer: ReturnType<typeof setTimeout> | undefined;
  /** The line that the user has chosen, to be shown with the next frame: a pointer may pass many. */
  #chosen: { line: number; frame: number } | undefined;
  #again: ReturnType<typeof setTimeout> | undefined;
  #isAsking = false;
  #wasRemoved = false;

  constructor(source: Source) {
    this.#source = source;
    this.#list = new LineList(
      () => this.#index,
      (first, count) => source.ask<LinesAnswer>({ type: "lines", step: this.#step, first, count }),
      (line) => this.#choose(line),
    );
    const range = this.#range;
    range.type = "range";
    range.min = "0";
    range.setAttribute("aria-label", _("Replay: how the reply grew"));
    range.addEventListener("input", () => this.#choose(Number(range.value)));
    const axis = this.#axis.element;
    axis.addEventListener("pointerdown", (event) => {
      axis.setPointerCapture(event.pointerId);
      this.#chooseAt(event.clientX);
    });
    axis.addEventListener("pointermove", (event) => {
      if (event.buttons === 1 && axis.hasPointerCapture(event.pointerId)) this.#chooseAt(event.clientX);
    });
    const bar = element("div", "nbstream-in-bar");
    this.#speed.setAttribute("aria-label", speedLabel(1));
    bar.append(this.#play, range, this.#speed, this.#place);
    // It changes with each moment of a replay, and there is no settled reply in it.
    this.element.dataset.nbstreamOwn = "";
    this.#grown.tabIndex = 0;
    this.#grown.setAttribute("role", "region");
    this.#grown.setAttribute("aria-label", _("The reply at this moment"));
    this.#grown.append(this.#reasoning, this.#answer);
    this.#detail.hidden = true;
    this.element.append(axis, bar, this.#grown, this.#list.element, this.#detail, this.#notes);
    if (typeof ResizeObserver !== "undefined") {
      this.#resized = new ResizeObserver(() => this.#draw());
      this.#resized.observe(this.element);
    }
  }

  async refresh(): Promise<void> {
    const step = this.#source.step;
    if (step !== this.#step) {
      this.#stop();
      this.#forget();
      this.#step = step;
      this.#index = new StreamIndex();
      this.#line = -1;
      this.#follows = true;
      this.#list.clear();
    }
    if (this.#isAsking) return;
    this.#isAsking = true;
    clearTimeout(this.#again);
    const index = this.#index;
    const answer = await this.#source.ask<StreamAnswer>({ type: "stream", step, first: index.length });
    this.#isAsking = false;
    if (answer === undefined || this.#wasRemoved) return;
    if (index !== this.#index) return this.refresh();
    const added = index.add(answer);
    this.#draw();
    if (this.#follows && this.#replay === undefined && index.length > 0) this.#show(index.length - 1);
    const isGone = index.length === 0 && !index.more;
    for (const child of [
      this.#axis.element,
      this.#grown,
      this.#list.element,
      this.#range.parentElement as HTMLElement,
    ]) {
      child.toggleAttribute("hidden", isGone);
    }
    writeNotes(this.#notes, [index.note]);
    // A whole part was added: there is more to have at once.
    // Nobody sees the tab: it is asked again once it is opened.
    if (!this.#source.isWatched || !this.element.isConnected) return;
    if (index.more) this.#again = setTimeout(() => void this.refresh(), added > 0 ? 0 : PATIENCE);
  }

  opened(): void {
    if (this.#line >= 0) this.#show(this.#line);
  }

  remove(): void {
    this.#wasRemoved = true;
    this.#stop();
    this.#forget();
    this.#list.remove();
    this.#resized?.disconnect();
    clearTimeout(this.#again);
  }

  #draw(): void {
    const index = this.#index;
    this.#axis.draw(index, Math.floor(this.#axis.element.getBoundingClientRect().width || this.element.clientWidth));
    this.#axis.moveTo(index, this.#line);
    this.#range.max = String(Math.max(0, index.length - 1));
    this.#range.value = String(Math.max(0, this.#line));
    if (this.#line >= 0) this.#writePlace();
    this.#list.draw();
  }

  #chooseAt(clientX: number): void {
    this.#choose(Math.max(0, this.#index.lineAt(this.#axis.timeAt(clientX, this.#index))));
  }

  /** The user looks at a line. */
  #choose(line: number): void {
    this.#stop();
    this.#follows = line >= this.#index.length - 1;
    if (this.#chosen !== undefined) this.#chosen.line = line;
    else this.#chosen = { line, frame: requestAnimationFrame(() => this.#showChosen()) };
    clearTimeout(this.#detailTimer);
    this.#detailTimer = setTimeout(() => void this.#showDetail(line), DETAIL_DELAY);
  }

  #showChosen(): void {
    const line = this.#chosen?.line;
    this.#chosen = undefined;
    if (line !== undefined) this.#show(line);
  }

  /** Show no line that was chosen before. */
  #forget(): void {
    if (this.#chosen !== undefined) cancelAnimationFrame(this.#chosen.frame);
    this.#chosen = undefined;
    clearTimeout(this.#detailTimer);
  }

  #show(line: number): void {
    const index = this.#index;
    this.#line = line;
    this.#range.value = String(line);
    this.#writePlace();
    this.#axis.moveTo(index, line);
    const { reasoning, answer } = index.textsAt(line);
    write(this.#reasoning, reasoning);
    write(this.#answer, answer);
    this.#reasoning.hidden = reasoning === "";
    this.#grown.scrollTop = this.#grown.scrollHeight;
    this.#list.select(line);
  }

  /** Say which of all lines is shown. */
  #writePlace(): void {
    const time = clock(this.#index.times[this.#line] ?? 0);
    const number = this.#line + 1;
    const total = this.#index.length;
    this.#range.setAttribute("aria-valuetext", _("line {number:,} of {total:,}, {time}", { number, total, time }));
    write(this.#place, `${time} · ${number.toLocaleString("en")}/${total.toLocaleString("en")}`);
  }

  async #showDetail(line: number): Promise<void> {
    const answer = await this.#source.ask<LineAnswer>({ type: "line", step: this.#step, place: line });
    // Nothing was shown yet if the page is in the background.
    if (answer === undefined || line !== (this.#chosen?.line ?? this.#line)) return;
    const index = this.#index;
    const facts = [_("Line {number}", { number: line + 1 }), clock(index.times[line] ?? 0)];
    if (line > 0) facts.push(_("{stretch} after the line before", { stretch: stretch(index.gapBefore(line)) }));
    facts.push(plural("{n:,} byte", "{n:,} bytes", index.sizes[line] ?? 0));
    const head = element("div", "nbstream-in-dim", facts.join(" · "));
    const meanings = element("ul", "nbstream-in-list");
    meanings.append(...answer.meanings.map((each) => element("li", "", each)));
    const raw = element("pre", "nbstream-in-pre", answer.raw);
    raw.tabIndex = 0;
    const left = plural("{n:,} more byte.", "{n:,} more bytes.", answer.left_out);
    const more = answer.left_out > 0 ? [element("p", "nbstream-in-note", left)] : [];
    this.#detail.replaceChildren(head, meanings, ...(answer.raw === "" ? [] : [raw]), ...more);
    this.#detail.hidden = false;
  }

  #faster(): void {
    this.#factor = SPEEDS[(SPEEDS.indexOf(this.#factor) + 1) % SPEEDS.length] ?? 1;
    if (this.#replay !== undefined) this.#replay = { ...this.#replay, ...this.#moment(performance.now()) };
    this.#speed.textContent = `${this.#factor} ×`;
    this.#speed.setAttribute("aria-label", speedLabel(this.#factor));
  }

  #toggle(): void {
    if (this.#replay !== undefined) {
      this.#stop();
      return;
    }
    const index = this.#index;
    if (index.length === 0) return;
    this.#detail.hidden = true;
    this.#forget();
    this.#follows = false;
    const at = this.#line >= index.length - 1 ? 0 : (index.times[this.#line] ?? 0);
    this.#play.textContent = _("Pause");
    this.#replay = { at, since: performance.now(), frame: 0 };
    this.#tick(0);
  }

  #moment(now: number): { at: number; since: number } {
    const { at, since } = this.#replay ?? { at: 0, since: now };
    return { at: at + ((now - since) / 1000) * this.#factor, since: now };
  }

  #tick(drawn: number): void {
    const replay = this.#replay;
    if (replay === undefined) return;
    const now = performance.now();
    let last = drawn;
    if (now - drawn >= FRAME) {
      last = now;
      const { at, since } = this.#moment(now);
      replay.at = at;
      replay.since = since;
      this.#show(Math.max(0, this.#index.lineAt(at)));
      if (at >= this.#index.end) {
        this.#follows = true;
        this.#stop();
        return;
      }
    }
    replay.frame = requestAnimationFrame(() => this.#tick(last));
  }

  #stop(): void {
    if (this.#replay !== undefined) cancelAnimationFrame(this.#replay.frame);
    this.#replay = undefined;
    this.#play.textContent = _("Play");
  }
}
