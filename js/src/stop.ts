/**
 * Stop: asks the kernel to cancel the reply. Without an acknowledgement it interrupts the kernel,
 * or reports that it could not. A late interrupt would end another cell, so there is none after an
 * acknowledgement or the end of the reply.
 */

/**
 * Milliseconds between two checks: in between, a page that was blocked handles the messages that
 * have arrived.
 */
const POLL_INTERVAL = 50;

export type StopPhase = "ready" | "requested" | "acknowledged" | "interrupted" | "failed";

/** Whether the user has pressed Stop, and it may still take effect. */
export function isStopping(phase: StopPhase): boolean {
  return phase !== "ready" && phase !== "failed";
}

export interface StopPort {
  /** Whether the reply goes on, as far as the page knows. */
  isLive(): boolean;
  /** Whether interrupting the kernel would stop this reply. */
  isForeground(): boolean;
  cancel(onReply: () => void): void;
  /** Milliseconds within which the kernel replies to a request that was sent at `sentAt`. */
  replyTimeout(sentAt: number): number;
  /** Undefined where the kernel cannot be interrupted. */
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

  /** End the reply, because the user asked for it. */
  async request(): Promise<void> {
    if (!this.#port.isLive() || isStopping(this.#phase)) return;
    this.#enter("requested");
    const sentAt = performance.now();
    this.#port.cancel(() => this.acknowledge());
    for (let waited = 0; waited < this.#port.replyTimeout(sentAt); waited += POLL_INTERVAL) {
      await new Promise((resolve) => setTimeout(resolve, POLL_INTERVAL));
      if (!this.#isPending()) return;
    }
    if (!(await this.#interrupt()) && this.#isPending()) this.#enter("failed");
  }

  /** The kernel received the request and will end the reply. */
  acknowledge(): void {
    if (this.#phase !== "acknowledged") this.#enter("acknowledged");
  }

  #isPending(): boolean {
    return this.#phase === "requested" && this.#port.isLive();
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
    if (this.#phase === "requested") this.#enter("interrupted");
    return true;
  }

  #enter(phase: StopPhase): void {
    this.#phase = phase;
    this.#port.onChange();
  }
}
