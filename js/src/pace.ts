/**
 * When a view is drawn: as soon as there is something, but once between two paintings of the page, and never in a hidden
 * tab; less often where that takes the page long, so that it keeps most of its time for its reader; and only now and then
 * where it grows out of sight. This module must not know what is drawn.
 */

/** A frame that costs the page less, in milliseconds, may be followed by one as soon as it has been painted. */
const CHEAP = 16;

/** How many times as long as a frame took the page is left alone, counted from its beginning. */
const SHARE = 2;

/** What is asked for is drawn after so many milliseconds at the latest, and no earlier where nobody sees it. */
const LONGEST_PAUSE = 250;

export class Pace {
  readonly #draw: () => void;
  readonly #painted = new MessageChannel();
  /** Waits for the next animation frame, which a hidden tab has not: either to draw, or to know when that is painted. */
  #frame: number | undefined;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #isAsked = false;
  #isPainted = true;
  #isSeen = true;
  #began = 0;
  #drawing = 0;
  #painting = 0;
  #cost = 0;

  constructor(draw: () => void) {
    this.#draw = draw;
    // A message that is sent in an animation frame comes when the page has been laid out and painted.
    this.#painted.port1.onmessage = () => this.#onPainted();
  }

  /** Draw soon, once however often this is asked for; `isUrgent` is what a person did, who waits for it to show. */
  ask(isUrgent = false): void {
    const wanted = this.#isSeen ? (this.#cost > CHEAP ? SHARE * this.#cost : 0) : LONGEST_PAUSE;
    const pause = this.#began + Math.min(wanted, LONGEST_PAUSE) - performance.now();
    if (!this.#isAsked) this.#wait(Math.max(0, pause));
    if (isUrgent) this.#hasten();
  }

  /** Whether what is drawn next can be seen where the page is scrolled to. */
  seen(isSeen: boolean): void {
    this.#isSeen = isSeen;
    if (isSeen) this.#hasten();
  }

  end(): void {
    clearTimeout(this.#timer);
    if (this.#frame !== undefined) cancelAnimationFrame(this.#frame);
    // An open port is never collected.
    this.#painted.port1.close();
  }

  #hasten(): void {
    if (this.#timer === undefined) return;
    clearTimeout(this.#timer);
    this.#wait(0);
  }

  #wait(pause: number): void {
    this.#isAsked = true;
    this.#timer = setTimeout(() => {
      this.#timer = undefined;
      if (this.#isPainted && !document.hidden) {
        this.#drawNow();
        this.#inFrame(() => this.#notePainting());
      } else {
        this.#inFrame(() => this.#drawInFrame());
      }
    }, pause);
  }

  #inFrame(act: () => void): void {
    if (this.#frame !== undefined) cancelAnimationFrame(this.#frame);
    this.#frame = requestAnimationFrame(() => {
      this.#frame = undefined;
      act();
    });
  }

  #drawInFrame(): void {
    this.#drawNow();
    this.#notePainting();
  }

  #drawNow(): void {
    this.#isAsked = this.#isPainted = false;
    this.#began = performance.now();
    this.#draw();
    this.#drawing = performance.now() - this.#began;
  }

  #notePainting(): void {
    this.#painting = performance.now();
    this.#painted.port2.postMessage(undefined);
  }

  #onPainted(): void {
    this.#isPainted = true;
    this.#cost = this.#drawing + performance.now() - this.#painting;
  }
}
