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
    box.addEventListener("scroll", () => this.look(), { passive: true, signal });
  }

  /** Go to the end, if that is where the reader is. To be called after the box has grown. */
  follow(): void {
    if (this.#isPinned) this.#box.scrollTop = this.#box.scrollHeight;
    this.#remember();
  }

  /**
   * Look whether the reader is at the end. To be called before the box grows as well: the event of their scrolling comes
   * with the next frame.
   */
  look(): void {
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
  scrollBy(scroller, element.getBoundingClientRect().bottom - before);
}

/** The part of a pixel that a box was not scrolled by: over a long reply these would add up. */
const owed = new WeakMap<Element, number>();

/** Scroll by so many pixels. Boxes scroll by whole ones (of the screen), while heights have fractions. */
export function scrollBy(scroller: Element, distance: number): void {
  if (distance === 0) return;
  const from = scroller.scrollTop;
  const due = distance + (owed.get(scroller) ?? 0);
  scroller.scrollTop = from + due;
  const rest = due - (scroller.scrollTop - from);
  // More than that is owed by no rounding: the box is at its end.
  owed.set(scroller, Math.abs(rest) < 1 ? rest : 0);
}

/** The box that scrolls `element`, and where its top is on the screen. */
export function scrollerOf(element: Element): { scroller: Element; top: number } {
  for (let parent = element.parentElement; parent !== null; parent = parent.parentElement) {
    const { overflowY } = getComputedStyle(parent);
    if ((overflowY === "auto" || overflowY === "scroll") && parent.scrollHeight > parent.clientHeight) {
      return { scroller: parent, top: parent.getBoundingClientRect().top };
    }
  }
  return { scroller: document.documentElement, top: 0 };
}
