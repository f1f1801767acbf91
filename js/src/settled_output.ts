/**
 * Asks the kernel for the settled output of a reply that ended while its view is still there. The
 * front end gives settled output only to the page that ran the cell: a page that was reloaded
 * during the reply, or a second page, never gets it.
 */

/** Milliseconds before the first request. Usually the settled output comes within a few. */
export const FIRST_REQUEST = 1500;

/** A busy kernel answers once it is idle, so the pause between two requests grows to this one. */
const MAX_PAUSE = 60_000;

export interface SettledOutputPort {
  /** Whether the reply has ended and its view is still there. */
  isMissing(): boolean;
  request(): void;
}

export class SettledOutputPoll {
  readonly #port: SettledOutputPort;
  #timer: ReturnType<typeof setTimeout> | undefined;

  constructor(port: SettledOutputPort) {
    this.#port = port;
  }

  /** Start polling if the settled output is missing. */
  start(): void {
    if (this.#port.isMissing()) this.#timer ??= this.#wait(FIRST_REQUEST);
  }

  dispose(): void {
    clearTimeout(this.#timer);
  }

  #wait(pause: number): ReturnType<typeof setTimeout> {
    return setTimeout(() => {
      this.#timer = undefined;
      if (!this.#port.isMissing()) return;
      this.#port.request();
      this.#timer = this.#wait(Math.min(2 * pause, MAX_PAUSE));
    }, pause);
  }
}
