/**
 * Two promises about scrolling: a box that streams shows its end unless its reader went elsewhere, and what is read does
 * not move when something above it goes. This module must not know what is in the boxes.
 */

/**
 * Keeps a scrolling box at its end until its reader scrolls up, and again once they are back at the end. The box has the
 * attribute `data-scrolled` while something is above what it shows.
 */
export class EndPin {
  readonly #box: Element;
  #isPinned = true;
  #top = 0;
  #height = 0;

  constructor(box: Element, signal: AbortSignal) {
    this.#box = box;
    box.addEventListener("scroll", () => this.#onScroll(), { passive: true, signal });
  }

  /** Go to the end, if that is where the reader is. To be called after the box has grown. */
  follow(): void {
    if (this.#isPinned) this.#box.scrollTop = this.#box.scrollHeight;
    this.#remember();
  }

  #onScroll(): void {
    const { scrollTop, scrollHeight, clientHeight } = this.#box;
    if (scrollHeight - scrollTop - clientHeight <= 1) this.#isPinned = true;
    // A box whose content shrank scrolls up as well, but nobody did it.
    else if (scrollTop < this.#top && scrollHeight === this.#height) this.#isPinned = false;
    this.#remember();
  }

  #remember(): void {
    this.#top = this.#box.scrollTop;
    this.#height = this.#box.scrollHeight;
    this.#box.toggleAttribute("data-scrolled", this.#top > 0);
  }
}

/** Whether `element` lies above the part of its page or panel that can be seen. */
export function isAbove(element: Element): boolean {
  return element.getBoundingClientRect().bottom < scrollerOf(element).top;
}

/** Run `change`, and hold what comes after `element` where it is on the screen. JupyterLab turns scroll anchoring off. */
export function holdBelow(element: Element, change: () => void): void {
  const { scroller } = scrollerOf(element);
  const before = element.getBoundingClientRect().bottom;
  change();
  const moved = element.getBoundingClientRect().bottom - before;
  if (moved !== 0) scroller.scrollTop += moved;
}

/**
 * The moment at which settled output takes a live view's place: what is read does not move, and the reasoning is as its
 * reader put it. Made while the view still stands in `area`.
 */
export class Handover {
  readonly area: Element;
  readonly #isOpen: boolean | undefined;
  /** From the top of the scrolling box's content: the end of all that stands in the area, and the answer's beginning. */
  readonly #bottom: number;
  readonly #answer: number | undefined;
  readonly #isAbove: boolean;

  /** `isOpen` is what the reader chose, if they did. */
  constructor(area: Element, isOpen: boolean | undefined) {
    this.area = area;
    this.#isOpen = isOpen;
    this.#isAbove = isAbove(area);
    const { bottom, answer } = placesIn(area);
    this.#bottom = bottom;
    this.#answer = answer;
  }

  /** The settled output stands in the area now, as `root`. */
  finish(root: Element): void {
    const details = root.querySelector<HTMLDetailsElement>(":scope > details");
    if (details !== null && this.#isOpen !== undefined) details.open = this.#isOpen;
    const { scroller, top } = scrollerOf(this.area);
    const { bottom, answer } = placesIn(this.area);
    if (this.#isAbove) scroller.scrollTop += bottom - this.#bottom;
    else if (answer !== undefined && this.#answer !== undefined && this.area.getBoundingClientRect().top < top) {
      scroller.scrollTop += answer - this.#answer;
    }
  }
}

function placesIn(area: Element): { bottom: number; answer: number | undefined } {
  const { scroller } = scrollerOf(area);
  const from = scroller.scrollTop;
  const answer = area.querySelector(".nbstream-answer:not([hidden])");
  return {
    bottom: area.getBoundingClientRect().bottom + from,
    answer: answer === null ? undefined : answer.getBoundingClientRect().top + from,
  };
}

function scrollerOf(element: Element): { scroller: Element; top: number } {
  for (let parent = element.parentElement; parent !== null; parent = parent.parentElement) {
    const { overflowY } = getComputedStyle(parent);
    if ((overflowY === "auto" || overflowY === "scroll") && parent.scrollHeight > parent.clientHeight) {
      return { scroller: parent, top: parent.getBoundingClientRect().top };
    }
  }
  return { scroller: document.documentElement, top: 0 };
}
