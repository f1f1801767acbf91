/**
 * Lets finished blocks rest: out of sight they are neither laid out nor painted any more, so that a frame costs little more
 * where the text is long. Where a block stands, and how high, stays as it is. This module must not know what is written.
 */

const RESTING = "nbstream-resting";

/** The last blocks may still be written to. */
const AWAKE = 2;

/** Each costs a look at the layout. */
const MOST_AT_ONCE = 8;

export class Resting {
  readonly #root: HTMLElement;
  #last: Element | null = null;

  constructor(root: HTMLElement) {
    this.#root = root;
  }

  /** Lay down what stands there since the last frame: the browser knows its height by now, and goes on to use it. */
  layDown(): void {
    const blocks = this.#root.children;
    let block = this.#last?.parentElement === this.#root ? this.#last.nextElementSibling : blocks[0];
    for (let count = 0; count < MOST_AT_ONCE && block; count += 1) {
      const after = block.nextElementSibling;
      if (!after || block === blocks[blocks.length - AWAKE]) return;
      const { top } = after.getBoundingClientRect();
      block.classList.add(RESTING);
      // A margin of its content that reached out of it stays within it now: then it had better not rest.
      if (after.getBoundingClientRect().top !== top) block.classList.remove(RESTING);
      this.#last = block;
      block = after;
    }
  }
}
