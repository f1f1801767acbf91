/**
 * From a live view to the settled output in its place: nothing that is read moves, and nothing that its reader has done to
 * it is lost. This module must not know what either of them shows.
 */

import { isAbove, scrollBy, scrollerOf } from "./scroll";
import { HeldSelection } from "./selection";

const ANSWER = ".nbstream-answer:not([hidden])";

/**
 * The moment at which settled output takes a live view's place: what is read does not move, what is selected stays so, and
 * the reasoning is as its reader put it. Made while the view still stands in `area`.
 */
export class Handover {
  readonly area: Element;
  readonly #isOpen: boolean | undefined;
  /** From the top of the scrolling box's content: the end of the area, and the answer's beginning. */
  readonly #bottom: number;
  readonly #answer: number | undefined;
  readonly #isAbove: boolean;
  readonly #selection: HeldSelection | undefined;

  /** `isOpen` is what the reader chose, if they did. */
  constructor(area: Element, isOpen: boolean | undefined) {
    this.area = area;
    this.#isOpen = isOpen;
    this.#isAbove = isAbove(area);
    const { bottom, answer } = placesIn(area);
    this.#bottom = bottom;
    this.#answer = answer;
    const text = area.querySelector(ANSWER);
    this.#selection = text === null ? undefined : HeldSelection.in(text);
  }

  /** The settled output stands in the area now, as `root`. */
  finish(root: Element): void {
    const details = root.querySelector<HTMLDetailsElement>(":scope > details");
    if (details !== null && this.#isOpen !== undefined) details.open = this.#isOpen;
    const { scroller, top } = scrollerOf(this.area);
    const { bottom, answer } = placesIn(this.area);
    if (this.#isAbove) scrollBy(scroller, bottom - this.#bottom);
    else if (answer !== undefined && this.#answer !== undefined && this.area.getBoundingClientRect().top < top) {
      scrollBy(scroller, answer - this.#answer);
    }
    const text = root.querySelector(ANSWER);
    // Whoever has selected something else since then keeps that.
    if (text !== null && getSelection()?.isCollapsed !== false) this.#selection?.restore(text);
  }
}

function placesIn(area: Element): { bottom: number; answer: number | undefined } {
  const { scroller } = scrollerOf(area);
  const from = scroller.scrollTop;
  const answer = area.querySelector(ANSWER);
  return {
    bottom: area.getBoundingClientRect().bottom + from,
    answer: answer === null ? undefined : answer.getBoundingClientRect().top + from,
  };
}
