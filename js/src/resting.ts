/**
 * Lets finished parts of a text rest: out of sight they are neither laid out nor painted any more, so that a frame costs
 * little more where the text is long. Where everything stands stays as it was. This module must not know what is written.
 */

/** A part that keeps its blocks' margins inside: what the browser remembers as its height has them. */
const CLOSED = "nbstream-closed";

const RESTING = "nbstream-resting";

/** In pixels: browsers count in 64ths. */
const PRECISION = 0.05;

export class Resting {
  readonly #root: HTMLElement;
  #last: Element | null = null;
  #closed: HTMLElement | undefined;

  constructor(root: HTMLElement) {
    this.#root = root;
  }

  /** Lay down the part that was closed in the last frame: its height is known by now. And close the next one. */
  layDown(): void {
    const closed = this.#closed;
    this.#closed = undefined;
    if (closed?.isConnected && !holds(closed, () => closed.classList.add(RESTING))) closed.classList.remove(RESTING);

    const part =
      this.#last?.parentElement === this.#root ? this.#last.nextElementSibling : this.#root.firstElementChild;
    // The last part may still be written to.
    if (!(part instanceof HTMLElement) || part.nextElementSibling === null) return;
    this.#last = part;
    open(part);
    if (holds(part, () => close(part))) this.#closed = part;
    else open(part);
  }
}

/** Close `part`, and take back by margins of its own what does not reach out of it any more. */
function close(part: HTMLElement): void {
  const before = places(part);
  part.classList.add(CLOSED);
  const size = Number.parseFloat(getComputedStyle(part).fontSize);
  part.style.marginTop = `${(before.start - places(part).start) / size}em`;
  part.style.marginBottom = `${(before.end - places(part).end) / size}em`;
}

function open(part: HTMLElement): void {
  part.classList.remove(CLOSED, RESTING);
  part.style.marginTop = part.style.marginBottom = "";
}

/** Do `change`, and return whether everything stands where it stood. */
function holds(part: HTMLElement, change: () => void): boolean {
  const before = places(part);
  change();
  const after = places(part);
  return Math.abs(after.start - before.start) < PRECISION && Math.abs(after.end - before.end) < PRECISION;
}

/** Where the first block of `part` begins, and what comes after it. */
function places(part: HTMLElement): { start: number; end: number } {
  const top = (element: Element | null): number =>
    (element?.firstElementChild ?? element ?? part).getBoundingClientRect().top;
  return { start: top(part), end: top(part.nextElementSibling) };
}
