/**
 * Scrolling: a box of growing text stays at its end unless the reader scrolls up, and the text that
 * is being read does not move when something above it changes its height.
 */

/**
 * Keeps a scrolling box at its end until the reader scrolls up, and again once they are back at the
 * end. The box has the attribute `data-scrolled` while there is something above its visible part.
 */
export class EndPin {
  readonly #box: Element;
  #isPinned = true;
  #top = 0;
  #height = 0;

  constructor(box: Element, signal: AbortSignal) {
    this.#box = box;
    box.addEventListener("scroll", () => this.update(), { passive: true, signal });
  }

  get isPinned(): boolean {
    return this.#isPinned;
  }

  /** Scroll to the end, and stay there. */
  pin(): void {
    this.#isPinned = true;
    this.follow();
  }

  /** The reader scrolls up: do not follow the end until they are back there. */
  release(): void {
    this.#isPinned = false;
  }

  /** Scroll to the end if the box is pinned. Call it after the box has grown. */
  follow(): void {
    if (this.#isPinned) this.#box.scrollTop = this.#box.scrollHeight;
    this.#remember();
  }

  /**
   * Find out whether the reader is at the end. Call it before the box grows as well, because the
   * event of their scrolling comes only with the next frame.
   */
  update(): void {
    const { scrollTop, scrollHeight, clientHeight } = this.#box;
    if (scrollHeight - scrollTop - clientHeight <= 1) this.#isPinned = true;
    // A box whose content shrank scrolls up as well, without the reader.
    else if (scrollTop < this.#top && scrollHeight >= this.#height) this.#isPinned = false;
    this.#remember();
  }

  #remember(): void {
    this.#top = this.#box.scrollTop;
    this.#height = this.#box.scrollHeight;
    this.#box.toggleAttribute("data-scrolled", this.#top > 0);
  }
}

/** Whether `element` is above the visible part of its page or panel. */
export function isAbove(element: Element): boolean {
  return element.getBoundingClientRect().bottom < scrollerOf(element).top;
}

/**
 * Call `change` and keep the content after `element` in its position. JupyterLab turns scroll
 * anchoring off.
 */
export function keepPositionBelow(element: Element, change: () => void): void {
  const { scroller } = scrollerOf(element);
  const before = bottomOf(element);
  change();
  scrollBy(scroller, bottomOf(element) - before);
}

/**
 * Where `element`, or the cell around it, ends on the screen. In JupyterLab's windowing mode
 * "full", a cell that is scrolled out has no height, and what grows in it moves nothing.
 */
export function bottomOf(element: Element): number {
  return (element.closest(".jp-Cell") ?? element).getBoundingClientRect().bottom;
}

/** The fraction of a pixel that a box could not scroll: over a long reply these would add up. */
const remainders = new WeakMap<Element, number>();

/**
 * Scroll by `distance` pixels. Boxes scroll by whole pixels of the screen, while heights have
 * fractions.
 */
export function scrollBy(scroller: Element, distance: number): void {
  if (distance === 0) return;
  const from = scroller.scrollTop;
  const due = distance + (remainders.get(scroller) ?? 0);
  scroller.scrollTop = from + due;
  const remainder = due - (scroller.scrollTop - from);
  // More than a pixel is not due to rounding: the box is at its end.
  remainders.set(scroller, Math.abs(remainder) < 1 ? remainder : 0);
}

/** The box that scrolls `element`, and its top on the screen. */
export function scrollerOf(element: Element): { scroller: Element; top: number } {
  for (let parent = element.parentElement; parent !== null; parent = parent.parentElement) {
    const { overflowY } = getComputedStyle(parent);
    if ((overflowY === "auto" || overflowY === "scroll") && parent.scrollHeight > parent.clientHeight) {
      return { scroller: parent, top: parent.getBoundingClientRect().top };
    }
  }
  return { scroller: document.documentElement, top: 0 };
}
