/** Replaces a live view by its settled output: nothing moves, and the reader's changes are kept. */

import { openedIn, restoreOpen, thoughtIn } from "./details";
import { bottomOf, isAbove, scrollBy, scrollerOf } from "./scroll";
import { SavedSelection } from "./selection";

/** Parts of a live view in which the reader can open something, besides the reasoning. */
const LIVE_PARTS = ".nbstream-earlier, .nbstream-cards";
const ANSWER = ".nbstream-answer:not([hidden])";

/**
 * What the settled output takes over from the live view in the same output area: the scroll
 * position, the selection and what the reader has opened. Create it while the live view is still
 * there.
 */
export class Handover {
  readonly area: Element;
  readonly #isOpen: boolean | undefined;
  readonly #before: ReturnType<typeof positionsIn>;
  readonly #isAbove: boolean;
  readonly #selection: SavedSelection | undefined;
  readonly #opened: readonly boolean[];

  /** `isOpen` is the reader's choice; undefined if they made none. */
  constructor(area: Element, isOpen: boolean | undefined) {
    this.area = area;
    this.#isOpen = isOpen;
    this.#isAbove = isAbove(area);
    this.#before = positionsIn(area);
    this.#opened = [...area.querySelectorAll(LIVE_PARTS)].flatMap(openedIn);
    const text = area.querySelector(ANSWER);
    this.#selection = text === null ? undefined : SavedSelection.in(text);
  }

  /** Call this when the settled output is in the area, as `root`. */
  finish(root: Element): void {
    const thought = thoughtIn(root);
    if (thought !== null && this.#isOpen !== undefined) thought.open = this.#isOpen;
    restoreOpen(this.#opened, root);
    const { scroller, top } = scrollerOf(this.area);
    const { bottom, answer } = positionsIn(this.area);
    if (this.#isAbove) scrollBy(scroller, bottom - this.#before.bottom);
    else if (answer !== undefined && this.#before.answer !== undefined && this.area.getBoundingClientRect().top < top) {
      scrollBy(scroller, answer - this.#before.answer);
    }
    const text = root.querySelector(ANSWER);
    // A selection that the reader made since then is kept.
    if (text !== null && getSelection()?.isCollapsed !== false) this.#selection?.restore(text);
  }
}

/**
 * From the top of the scrolling box's content: the bottom of the cell, and the top of the answer.
 */
function positionsIn(area: Element): { bottom: number; answer: number | undefined } {
  const scrolled = scrollerOf(area).scroller.scrollTop;
  const answer = area.querySelector(ANSWER);
  return {
    bottom: bottomOf(area) + scrolled,
    answer: answer === null ? undefined : answer.getBoundingClientRect().top + scrolled,
  };
}
