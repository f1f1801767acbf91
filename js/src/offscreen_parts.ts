/**
 * Excludes finished parts of a text from layout and paint while they are off the screen
 * (`content-visibility`), so that the cost of a frame hardly grows with the text. No text moves.
 */

/** A part that contains its blocks' margins, so that the browser remembers its height with them. */
const CLOSED = "nbstream-closed";

const RESTING = "nbstream-resting";

/** In pixels: browsers round to 64ths. */
const PRECISION = 0.05;

export class OffscreenParts {
  readonly #root: HTMLElement;
  #last: Element | null = null;
  #closed: HTMLElement | undefined;

  constructor(root: HTMLElement) {
    this.#root = root;
  }

  /**
   * Exclude the part that was closed in the last frame, as its height is known now; close the next
   * one.
   */
  update(): void {
    const closed = this.#closed;
    this.#closed = undefined;
    if (closed?.isConnected && !keepsPositions(closed, () => closed.classList.add(RESTING))) {
      closed.classList.remove(RESTING);
    }
    const part =
      this.#last?.parentElement === this.#root ? this.#last.nextElementSibling : this.#root.firstElementChild;
    // The last part may still be written to.
    if (!(part instanceof HTMLElement) || part.nextElementSibling === null) return;
    this.#last = part;
    open(part);
    if (keepsPositions(part, () => close(part))) this.#closed = part;
    else open(part);
  }
}

/**
 * Close `part`, and compensate by margins of its own for its blocks' margins, which it now
 * contains.
 */
function close(part: HTMLElement): void {
  const before = positions(part);
  part.classList.add(CLOSED);
  const size = Number.parseFloat(getComputedStyle(part).fontSize);
  part.style.marginTop = `${(before.start - positions(part).start) / size}em`;
  part.style.marginBottom = `${(before.end - positions(part).end) / size}em`;
}

function open(part: HTMLElement): void {
  part.classList.remove(CLOSED, RESTING);
  part.style.marginTop = part.style.marginBottom = "";
}

/** Call `change`, and return whether the text in `part` and after it stays in its position. */
function keepsPositions(part: HTMLElement, change: () => void): boolean {
  const before = positions(part);
  change();
  const after = positions(part);
  return Math.abs(after.start - before.start) < PRECISION && Math.abs(after.end - before.end) < PRECISION;
}

/** The top of the first block of `part`, and of the first block after it. */
function positions(part: HTMLElement): { start: number; end: number } {
  const top = (element: Element | null): number =>
    (element?.firstElementChild ?? element ?? part).getBoundingClientRect().top;
  return { start: top(part), end: top(part.nextElementSibling) };
}
