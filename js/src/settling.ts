/**
 * A page that was reloaded in the middle of a reply, or that is a second one, is never told of the settled output: the
 * front end hands that only to the page that ran the cell. While a view of an ended reply stands, such a page asks for it.
 * This module must not know where output goes.
 */

/** Where all is well the settled output takes the view's place within milliseconds. */
export const FIRST_ASK = 1500;

/** A kernel that is busy answers when it is not. */
const LONGEST_PAUSE = 60_000;

export interface SettlingPort {
  /** Whether the reply has ended and yet its view stands. */
  isLate(): boolean;
  ask(): void;
}

export class Settling {
  readonly #port: SettlingPort;
  #timer: ReturnType<typeof setTimeout> | undefined;

  constructor(port: SettlingPort) {
    this.#port = port;
  }

  /** Watch from now on, unless that is done already. */
  begin(): void {
    if (this.#port.isLate()) this.#timer ??= this.#wait(FIRST_ASK);
  }

  end(): void {
    clearTimeout(this.#timer);
  }

  #wait(pause: number): ReturnType<typeof setTimeout> {
    return setTimeout(() => {
      this.#timer = undefined;
      if (!this.#port.isLate()) return;
      this.#port.ask();
      this.#timer = this.#wait(Math.min(2 * pause, LONGEST_PAUSE));
    }, pause);
  }
}
