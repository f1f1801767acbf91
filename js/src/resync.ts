/** A keyframe that was asked for and did not come is asked for again after so many milliseconds. */
const ASK_AGAIN = 5000;

/** When a page that has missed a patch asks for a keyframe. */
export class Resync {
  /** By the page's clock. */
  #againAt = 0;

  /** Whether to ask now; then not again for a while. */
  isDue(): boolean {
    const now = performance.now();
    if (now < this.#againAt) return false;
    this.#againAt = now + ASK_AGAIN;
    return true;
  }

  /** It has come. */
  end(): void {
    this.#againAt = 0;
  }
}
