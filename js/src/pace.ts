/**
 * When a view is drawn: in the next animation frame, so never in a hidden tab; less often where that takes the page long, so
 * that it keeps most of its time for its reader; and only now and then where it grows out of sight. This module must not
 * know what is drawn.
 */

/** A frame that costs the page less, in milliseconds, may be followed by one in the next animation frame. */
const CHEAP = 16;

/** How many times as long as a frame took the page is left alone, counted from its beginning. */
const SHARE = 2;

/** What is asked for is drawn after so many milliseconds at the latest, and no earlier where nobody sees it. */
const LONGEST_PAUSE = 250;

export class Pace {
  readonly #draw: () => void;
  readonly #painted = new MessageChannel();
  #frame: number | undefined;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #isSeen = true;
  #began = 0;
  #cost = 0;

  constructor(draw: () => void) {
    this.#draw = draw;
    // A message that is sent in an animation frame comes when the page has been laid out and painted.
    this.#painted.port1.onmessage = () => this.#onPainted();
  }

  /** Draw soon, once however often this is asked for; `isUrgent` is what a person did, who waits for it to show. */
  ask(isUrgent = false): void {
    if (isUrgent) this.#hasten();
    if (this.#frame !== undefined || this.#timer !== undefined) return;
    const wanted = this.#isSeen ? (this.#cost > CHEAP ? SHARE * this.#cost : 0) : LONGEST_PAUSE;
    const pause = this.#began + Math.min(wanted, LONGEST_PAUSE) - performance.now();
    if (pause > 0) this.#timer = setTimeout(() => this.#request(), pause);
    else this.#request();
  }

  /** Whether what is drawn next can be seen where the page is scrolled to. */
  seen(isSeen: boolean): void {
    this.#isSeen = isSeen;
    if (isSeen && this.#timer !== undefined) this.#hasten();
  }

  end(): void {
    clearTimeout(this.#timer);
    if (this.#frame !== undefined) cancelAnimationFrame(this.#frame);
    // An open port is never collected.
    this.#painted.port1.close();
  }

  #hasten(): void {
    clearTimeout(this.#timer);
    if (this.#frame === undefined) this.#request();
  }

  #request(): void {
    this.#timer = undefined;
    this.#frame = requestAnimationFrame(() => {
      this.#frame = undefined;
      this.#began = performance.now();
      this.#draw();
      this.#painted.port2.postMessage(undefined);
    });
  }

  #onPainted(): void {
    this.#cost = performance.now() - this.#began;
  }
}
