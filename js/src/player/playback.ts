/** Hands out recorded frames at the times at which they came. */

import type { Patch } from "../protocol";

export class Playback {
  readonly #frames: readonly { at: number; patch: Patch }[];
  readonly #onFrame: (patch: Patch) => void;
  readonly #onEnd: () => void;
  /** When it began, by the page's clock; earlier if a pause was left out. */
  #began = performance.now();
  #next = 0;
  #timer: ReturnType<typeof setTimeout> | undefined;

  constructor(frames: readonly { at: number; patch: Patch }[], onFrame: (patch: Patch) => void, onEnd: () => void) {
    this.#frames = frames;
    this.#onFrame = onFrame;
    this.#onEnd = onEnd;
    this.#step();
  }

  /** Seconds since it began. */
  get elapsed(): number {
    return (performance.now() - this.#began) / 1000;
  }

  /** Leave out the pause before the next frame. */
  hurry(): void {
    const next = this.#frames[this.#next];
    if (next === undefined || this.#timer === undefined) return;
    this.#began -= Math.max(0, next.at - this.elapsed) * 1000;
    clearTimeout(this.#timer);
    this.#step();
  }

  /** Hand out no more frames. */
  stop(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
  }

  readonly #step = (): void => {
    // A tab in the background comes here once a second.
    for (;;) {
      const next = this.#frames[this.#next];
      if (next === undefined) {
        this.#timer = undefined;
        this.#onEnd();
        return;
      }
      // Browsers cut off parts of a millisecond, and a timer that fires too early fires again.
      const wait = Math.ceil((next.at - this.elapsed) * 1000);
      if (wait > 0) {
        this.#timer = setTimeout(this.#step, wait);
        return;
      }
      this.#next += 1;
      this.#onFrame(next.patch);
    }
  };
}
