/**
 * The user's decisions about tool calls on their way to the kernel. Each is sent again until the
 * kernel has taken one, as a busy kernel may read late; the kernel counts the first one only.
 */

import type { Card, Consent, PageMessage } from "./protocol";
import { _, BY_INPUT, marked } from "./shared";

/** Milliseconds from the first sending to the second; each further pause is twice as long. */
export const FIRST_PAUSE = 500;
export const MAX_PAUSE = 10_000;

/** Milliseconds after which the user is told that the kernel has not answered. */
export const PATIENCE = 3000;

const TAKEN_BEFORE = marked("This call had been decided already: your decision has changed nothing.");
const TOO_LATE = marked("The call was not waiting for a decision any more: your decision has changed nothing.");
const ELSEWHERE = marked("The page was slow, so the kernel asks below the reply now: please answer there.");

export interface Decision {
  action: Consent;
  edited?: string;
  reason?: string;
}

/** How far a decision is: on its way, unanswered for some time, or taken by the kernel. */
export type DecisionPhase = "sent" | "unanswered" | "taken";

export interface DecisionPort {
  readonly pageId: string;
  /** Whether the reply goes on, as far as the page knows. */
  isLive(): boolean;
  /** Whether the user has pressed Stop. */
  isStopping(): boolean;
  /** Send a message; `onReply` gets the page whose decision counts, "", or BY_INPUT. */
  send(message: PageMessage, onReply: (decider: string) => void): void;
  notify(text: string): void;
  onChange(): void;
}

interface Sent {
  readonly decision: Decision;
  /** How often the user had been asked about the call. */
  readonly asked: number;
  readonly sentAt: number;
  phase: DecisionPhase;
  timer?: ReturnType<typeof setTimeout>;
}

export class Decisions {
  readonly #port: DecisionPort;
  /** By the key of the call. */
  readonly #sent = new Map<string, Sent>();
  readonly #shown = new Set<string>();

  constructor(port: DecisionPort) {
    this.#port = port;
  }

  /** What the user decided about a call, and how far that is. */
  of(key: string): { decision: Decision; phase: DecisionPhase } | undefined {
    return this.#sent.get(key);
  }

  decide({ key, asked }: Card, decision: Decision): void {
    if (this.#sent.has(key) || !this.#port.isLive() || this.#port.isStopping()) return;
    const sent: Sent = { decision, asked, sentAt: performance.now(), phase: "sent" };
    this.#sent.set(key, sent);
    this.#send(key, sent, FIRST_PAUSE);
    this.#port.onChange();
  }

  /** Tell the kernel of each question once, and find out what became of decisions. */
  update(cards: readonly Card[]): void {
    for (const { key, state } of cards) {
      if (state !== "asking" || this.#shown.has(key)) continue;
      this.#shown.add(key);
      this.#port.send({ type: "asked", call: key }, () => {});
    }
    for (const [key, sent] of this.#sent) {
      const card = cards.find((each) => each.key === key);
      if (card?.state === "asking" && card.asked === sent.asked && this.#port.isLive()) continue;
      this.#sent.delete(key);
      clearTimeout(sent.timer);
      // The arguments that a user gave do not fit, so the call is asked for once more.
      if (card?.state === "asking" && this.#port.isLive()) continue;
      // Without a card, its step has passed already, and nobody else is known to have decided.
      const isDone = sent.phase === "taken" || (card === undefined ? this.#port.isLive() : card.decider !== "");
      if (!isDone) this.#port.notify(_(TOO_LATE));
      else if (card !== undefined && card.decider !== "" && card.decider !== this.#port.pageId) {
        this.#port.notify(_(TAKEN_BEFORE));
      }
    }
  }

  dispose(): void {
    for (const { timer } of this.#sent.values()) clearTimeout(timer);
    this.#sent.clear();
  }

  #send(key: string, sent: Sent, pause: number): void {
    const message: PageMessage = { type: "decide", call: key, asked: sent.asked, ...sent.decision };
    sent.timer = setTimeout(() => {
      if (performance.now() - sent.sentAt >= PATIENCE && sent.phase === "sent") {
        sent.phase = "unanswered";
        this.#port.onChange();
      }
      this.#send(key, sent, Math.min(2 * pause, MAX_PAUSE));
    }, pause);
    this.#port.send(message, (decider) => this.#onReply(key, sent, decider));
  }

  #onReply(key: string, sent: Sent, decider: string): void {
    if (this.#sent.get(key) !== sent || sent.phase === "taken") return;
    clearTimeout(sent.timer);
    if (decider === this.#port.pageId) sent.phase = "taken";
    else {
      this.#sent.delete(key);
      const why = decider === BY_INPUT ? ELSEWHERE : decider === "" ? TOO_LATE : TAKEN_BEFORE;
      this.#port.notify(_(why));
    }
    this.#port.onChange();
  }
}
