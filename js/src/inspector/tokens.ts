/** The tab Tokens: how probable each was, by shade and by underline, and what else could stand there. */

import { _, element, marked, plural } from "../shared";
import { type Panel, type Source, scrollable, table, writeNotes } from "./panel";
import type { Likely, TokenAnswer, TokensAnswer, TokenView } from "./protocol";

const NAMES: Record<string, string> = {
  r: marked("Reasoning"),
  a: marked("Answer"),
  f: marked("Refusal"),
  c: marked("Tool call"),
};
/** The least probability of each level; the last one has none. */
const LEVELS = [0.9, 0.7, 0.5, 0.25] as const;
const LEGEND = [
  marked("at least 90%"),
  marked("70 to 90%"),
  marked("50 to 70%"),
  marked("25 to 50%"),
  marked("less than 25%"),
];
/** Tokens of one block, as far as no line ends before: the browser lays out only blocks in sight. */
const LARGEST_BLOCK = 300;
const DETAIL_DELAY = 90;

/** The level of a probability, from 0 (certain) to 4; -1 if it is not known. */
export function level(p: number | null): number {
  if (p === null) return -1;
  const found = LEVELS.findIndex((least) => p >= least);
  return found < 0 ? LEVELS.length : found;
}

export function percent(p: number | null): string {
  if (p === null) return _("not known");
  if (p > 0.9995 && p < 1) return "> 99.9%";
  if (p < 0.001) return p === 0 ? _("about 0%") : "< 0.1%";
  return `${(p * 100).toFixed(1)}%`;
}

export class TokensPanel implements Panel {
  readonly element = element("div", "nbstream-in-tokens");
  readonly #source: Source;
  readonly #summary = element("dl", "nbstream-in-facts");
  readonly #text = element("div", "nbstream-in-tokentext");
  readonly #detail = element("div", "nbstream-in-detail nbstream-in-alternatives");
  readonly #least = element("p", "nbstream-in-least");
  readonly #notes = element("div", "");
  readonly #legend = legend();
  /** The element of each token, in order. */
  readonly #tokens: HTMLElement[] = [];
  #views: TokenView[] = [];
  #block: HTMLElement | undefined;
  #blockSize = 0;
  #of = "";
  #step = -1;
  #version = 0;
  #current = -1;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #again: ReturnType<typeof setTimeout> | undefined;
  #isAsking = false;
  #wasRemoved = false;

  constructor(source: Source) {
    this.#source = source;
    this.element.dataset.nbstreamOwn = "";
    const text = this.#text;
    text.setAttribute("role", "group");
    text.setAttribute("aria-label", _("Tokens: the arrow keys go from one to the next"));
    text.addEventListener("focusin", (event) => this.#enter(event.target as HTMLElement));
    text.addEventListener("mouseover", (event) => this.#hover(event.target as HTMLElement));
    text.addEventListener("keydown", (event) => this.#onKey(event));
    this.#detail.setAttribute("aria-live", "polite");
    this.#detail.hidden = true;
    this.element.append(this.#legend, this.#summary, this.#text, this.#detail, this.#least, this.#notes);
  }

  async refresh(): Promise<void> {
    const step = this.#source.step;
    if (step !== this.#step) this.#reset(step);
    if (this.#isAsking) return;
    this.#isAsking = true;
    const first = this.#tokens.length;
    const answer = await this.#source.ask<TokensAnswer>({ type: "tokens", step, first });
    this.#isAsking = false;
    if (answer === undefined || this.#wasRemoved) return;
    if (step !== this.#source.step) return this.refresh();
    if (answer.total < first || (first > 0 && answer.version !== this.#version)) {
      // The server told that what it had sent as answer is reasoning.
      this.#reset(step);
      return this.refresh();
    }
    this.#version = answer.version;
    this.#append(answer.tokens);
    const isEmpty = this.#tokens.length === 0;
    for (const part of [this.#legend, this.#text]) part.hidden = isEmpty;
    writeNotes(this.#notes, [answer.note]);
    if (answer.first + answer.tokens.length < answer.total) {
      clearTimeout(this.#again);
      this.#again = setTimeout(() => void this.refresh(), 0);
      return;
    }
    this.#summary.replaceChildren(
      ...answer.summary.flatMap(([name, value]) => [element("dt", "", name), element("dd", "", value)]),
    );
    this.#summary.hidden = answer.summary.length === 0;
    this.#showLeast(answer.least);
  }

  remove(): void {
    this.#wasRemoved = true;
    clearTimeout(this.#timer);
    clearTimeout(this.#again);
  }

  #reset(step: number): void {
    this.#step = step;
    this.#tokens.length = 0;
    this.#views = [];
    this.#current = -1;
    this.#block = undefined;
    this.#of = "";
    this.#text.replaceChildren();
    this.#detail.hidden = true;
  }

  #append(tokens: readonly TokenView[]): void {
    for (const token of tokens) {
      if (token.of !== this.#of) {
        this.#of = token.of;
        this.#block = undefined;
        this.#text.append(element("div", "nbstream-in-of", _(NAMES[token.of] ?? token.of)));
      }
      if (this.#block === undefined) {
        this.#block = element("div", "nbstream-in-block");
        this.#blockSize = 0;
        this.#text.append(this.#block);
      }
      const drawn = element("span", "nbstream-in-token", token.text === "" ? "∅" : token.text.replace(/\n/g, "↵\n"));
      drawn.dataset.level = String(level(token.p));
      drawn.dataset.number = String(this.#tokens.length);
      drawn.tabIndex = this.#tokens.length === 0 ? 0 : -1;
      drawn.setAttribute("role", "button");
      drawn.setAttribute("aria-label", `${spoken(token.text)}: ${percent(token.p)}`);
      this.#block.append(drawn);
      this.#tokens.push(drawn);
      this.#views.push(token);
      this.#blockSize += 1;
      if (token.text.endsWith("\n") || this.#blockSize >= LARGEST_BLOCK) this.#block = undefined;
    }
  }

  #showLeast(least: readonly number[]): void {
    this.#least.hidden = least.length === 0;
    const found = least.flatMap((number) => {
      const view = this.#views[number];
      if (view === undefined) return [];
      const go = element("button", "nbstream-in-quiet", `${spoken(view.text)} ${percent(view.p)}`);
      go.addEventListener("click", () => this.#go(number));
      return [go];
    });
    this.#least.replaceChildren(_("The least probable: "), ...found);
  }

  #hover(target: HTMLElement): void {
    const number = target.dataset.number;
    // What has the focus stays shown.
    if (number === undefined || this.#text.contains(document.activeElement)) return;
    this.#current = Number(number);
    this.#ask();
  }

  #enter(target: HTMLElement): void {
    const number = Number(target.dataset.number ?? -1);
    if (number < 0) return;
    for (const each of this.#text.querySelectorAll<HTMLElement>('[tabindex="0"]')) each.tabIndex = -1;
    target.tabIndex = 0;
    this.#current = number;
    this.#ask();
  }

  #ask(): void {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => void this.#showDetail(this.#current), DETAIL_DELAY);
  }

  async #showDetail(number: number): Promise<void> {
    const answer = await this.#source.ask<TokenAnswer>({ type: "token", step: this.#step, place: number });
    const view = this.#views[number];
    if (answer === undefined || view === undefined || number !== this.#current) return;
    const head = element("div", "nbstream-in-dim", _("Token {number}: ", { number: number + 1 }));
    const name = element("b", "", spoken(view.text));
    const count = answer.tokens.length;
    const joint = count > 1 ? plural("{n} token for it", "{n} tokens for it", count) : "";
    head.append(name, ["", percent(view.p), joint].filter((part, at) => at === 0 || part !== "").join(" · "));
    this.#detail.replaceChildren(head, ...answer.tokens.map(places));
    this.#detail.hidden = false;
  }

  #go(number: number): void {
    const target = this.#tokens[number];
    if (target === undefined) return;
    target.focus();
  }

  #onKey(event: KeyboardEvent): void {
    const last = this.#tokens.length - 1;
    const moves: Record<string, number> = {
      ArrowRight: this.#current + 1,
      ArrowDown: this.#current + 1,
      ArrowLeft: this.#current - 1,
      ArrowUp: this.#current - 1,
      Home: 0,
      End: last,
    };
    const target = moves[event.key];
    if (target === undefined || event.ctrlKey || event.metaKey || event.altKey) return;
    event.preventDefault();
    event.stopPropagation();
    this.#go(Math.min(Math.max(target, 0), last));
  }
}

/** What could have stood in one place, with a bar for each. */
function places(likely: readonly Likely[]): HTMLElement {
  const rows = likely.map(({ text, p, bytes, taken }) => {
    const bar = element("span", "nbstream-in-bar-of-one");
    bar.style.width = `${Math.max(1, (p ?? 0) * 100)}%`;
    const track = element("span", "nbstream-in-track");
    track.append(bar);
    return [taken ? _("{token} (taken)", { token: spoken(text) }) : spoken(text), percent(p), track, bytes];
  });
  return scrollable(table([_("token"), _("probability"), "", _("bytes")], rows), _("What could stand there"));
}

function legend(): HTMLElement {
  const created = element("div", "nbstream-in-legend");
  LEGEND.forEach((text, place) => {
    const sign = element("span", "nbstream-in-token", _("token"));
    sign.dataset.level = String(place);
    const item = element("span", "nbstream-in-level");
    item.append(sign, ` ${_(text)}`);
    created.append(item);
  });
  return created;
}

/** A token in quotation marks, with line ends that can be seen. */
function spoken(text: string): string {
  return `“${text.replace(/\n/g, "↵").replace(/\t/g, "⇥")}”`;
}
