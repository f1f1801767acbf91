/** How full the model's context is, and what the chat has cost: in words, with a small bar. */

import { _, element, show } from "../shared";
import type { ChatState } from "./protocol";

/** From this part on the bar warns; the words beside it say how much it is. */
const ALMOST_FULL = 0.85;

export class GaugeView {
  readonly element = element("div", "nbstream-gauge");
  readonly #bar = element("span", "nbstream-bar");
  readonly #filled = element("span", "nbstream-bar-filled");
  readonly #text = element("span", "nbstream-gauge-text");
  readonly #cost = element("span", "nbstream-cost");

  constructor() {
    this.#bar.setAttribute("aria-hidden", "true");
    this.#bar.append(this.#filled);
    this.element.append(this.#bar, this.#text, this.#cost);
  }

  draw({ context, cost, cost_note }: ChatState): void {
    const part = context?.window ? Math.min(context.tokens / context.window, 1) : undefined;
    this.#bar.hidden = part === undefined;
    this.#filled.style.inlineSize = `${100 * (part ?? 0)}%`;
    this.element.toggleAttribute("data-full", part !== undefined && part >= ALMOST_FULL);
    const percent = part === undefined ? "" : `${part > 0 && part < 0.01 ? "< 1" : Math.round(100 * part)}%`;
    const text = context?.text ?? "";
    show(this.#text, percent === "" ? text : _("{context} ({percent})", { context: text, percent }));
    show(this.#cost, cost);
    if (this.#cost.title !== cost_note) this.#cost.title = cost_note;
    this.element.hidden = context === null && cost === "";
  }
}
