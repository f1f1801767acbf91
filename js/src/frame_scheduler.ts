/**
 * Schedules the drawing of a view. It draws as soon as something changed, at most once between two
 * paints of the page, and never in a hidden tab. It draws less often if a frame takes long, so that
 * the page stays responsive, and only a few times a second if the view's end is not on the screen.
 */

/** After a frame that took no longer, in milliseconds, the next one may follow at once. */
const CHEAP_FRAME = 16;

/** Frames start at least this many times as far apart as the last one took. */
const PAUSE_FACTOR = 2;

/**
 * The longest pause between two frames in milliseconds, which is also that of an invisible view.
 */
const MAX_PAUSE = 250;

/**
 * In one animation frame of the page, views draw for about so many milliseconds at most; the others
 * wait for the next one, so that several views whose replies end together are no long task.
 */
const SHARE = 12;

/** The present animation frame of the page, and for how long views have drawn in it. */
const present = { at: Number.NaN, spent: 0 };

export class FrameScheduler {
  readonly #draw: () => void;
  readonly #paint = new MessageChannel();
  /**
   * Requests an animation frame, which a hidden tab does not get: to draw, or to measure its paint.
   */
  #frame: number | undefined;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #isRequested = false;
  #isPainted = true;
  #isVisible = true;
  #startedAt = 0;
  #drawTime = 0;
  #paintStartedAt = 0;
  #frameTime = 0;

  constructor(draw: () => void) {
    this.#draw = draw;
    // A message that is posted in an animation frame is delivered after layout and paint.
    this.#paint.port1.onmessage = () => this.#onPainted();
  }

  /**
   * Draw soon, once for any number of requests. An urgent one, for a user's action, is not delayed.
   */
  request(isUrgent = false): void {
    const wanted = this.#isVisible ? (this.#frameTime > CHEAP_FRAME ? PAUSE_FACTOR * this.#frameTime : 0) : MAX_PAUSE;
    const pause = this.#startedAt + Math.min(wanted, MAX_PAUSE) - performance.now();
    if (!this.#isRequested) this.#wait(Math.max(0, pause));
    if (isUrgent) this.#skipPause();
  }

  /** Tell whether the next frame can be seen where the page is scrolled to. */
  setVisible(isVisible: boolean): void {
    this.#isVisible = isVisible;
    if (isVisible) this.#skipPause();
  }

  dispose(): void {
    clearTimeout(this.#timer);
    if (this.#frame !== undefined) cancelAnimationFrame(this.#frame);
    // An open port is never garbage-collected.
    this.#paint.port1.close();
  }

  #skipPause(): void {
    if (this.#timer === undefined) return;
    clearTimeout(this.#timer);
    this.#wait(0);
  }

  #wait(pause: number): void {
    this.#isRequested = true;
    this.#timer = setTimeout(() => {
      this.#timer = undefined;
      const isImmediate = this.#isPainted && !document.hidden;
      if (isImmediate) this.#drawNow();
      if (this.#frame !== undefined) cancelAnimationFrame(this.#frame);
      this.#frame = requestAnimationFrame((at) => this.#onFrame(at, isImmediate));
    }, pause);
  }

  #onFrame(at: number, isDrawn: boolean): void {
    this.#frame = undefined;
    if (!isDrawn) {
      if (present.at !== at) [present.at, present.spent] = [at, 0];
      if (present.spent > SHARE) {
        // Before those who ask later, so each comes to its turn.
        this.#frame = requestAnimationFrame((next) => this.#onFrame(next, false));
        return;
      }
      this.#drawNow();
      present.spent += this.#drawTime;
    }
    this.#paintStartedAt = performance.now();
    this.#paint.port2.postMessage(undefined);
  }

  #drawNow(): void {
    this.#isRequested = this.#isPainted = false;
    this.#startedAt = performance.now();
    this.#draw();
    this.#drawTime = performance.now() - this.#startedAt;
  }

  #onPainted(): void {
    this.#isPainted = true;
    this.#frameTime = this.#drawTime + performance.now() - this.#paintStartedAt;
  }
}
