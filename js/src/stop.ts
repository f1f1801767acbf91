/**
 * Stop: asks Python to cancel and, if nothing answers, interrupts the kernel or says honestly that it could not. An
 * interrupt that comes late would end another cell, so there is none after an acknowledgement or the end of the reply.
 * This module must not know the DOM, nor how a message reaches the kernel.
 */

/** How long an acknowledgement may take; the slowest measured is 34 ms. */
export const PATIENCE = 300;

/** Waited in steps: a page that was blocked takes in what has arrived meanwhile between two of them. */
const STEP = 50;

export type StopPhase = "ready" | "asked" | "acknowledged" | "interrupted" | "unreached";

export interface StopPort {
  /** Whether the reply still goes on, as far as the page knows. */
  isLive(): boolean;
  /** Whether interrupting the kernel would stop this very reply. */
  isForeground(): boolean;
  cancel(onReply: () => void): void;
  /** Undefined where the kernel is out of reach. */
  interrupt(): Promise<void> | undefined;
  onChange(): void;
}

export class Stop {
  readonly #port: StopPort;
  #phase: StopPhase = "ready";

  constructor(port: StopPort) {
    this.#port = port;
  }

  get phase(): StopPhase {
    return this.#phase;
  }

  /** A person wants the reply to end. */
  async ask(): Promise<void> {
    if (!this.#port.isLive() || (this.#phase !== "ready" && this.#phase !== "unreached")) return;
    this.#enter("asked");
    this.#port.cancel(() => this.acknowledge());
    for (let waited = 0; waited < PATIENCE; waited += STEP) {
      await new Promise((resolve) => setTimeout(resolve, STEP));
      if (!this.#isPending()) return;
    }
    if (!(await this.#interrupt()) && this.#isPending()) this.#enter("unreached");
  }

  /** Python has taken notice: it will end the reply. */
  acknowledge(): void {
    if (this.#phase !== "acknowledged") this.#enter("acknowledged");
  }

  #isPending(): boolean {
    return this.#phase === "asked" && this.#port.isLive();
  }

  async #interrupt(): Promise<boolean> {
    if (!this.#port.isForeground()) return false;
    try {
      const request = this.#port.interrupt();
      if (request === undefined) return false;
      await request;
    } catch {
      return false;
    }
    if (this.#phase === "asked") this.#enter("interrupted");
    return true;
  }

  #enter(phase: StopPhase): void {
    this.#phase = phase;
    this.#port.onChange();
  }
}
