/** The places in the views of an instrument that show replies. */

import type { ReplySession } from "../shared";
import type { Part } from "../view";

/** A place that shows the reply under a key. */
interface Slot {
  readonly key: string;
  readonly parent: HTMLElement;
  readonly parts: ReadonlySet<Part> | undefined;
  /** Whether it is drawn in a task of its own. */
  readonly isPatient: boolean;
  shown: ReplySession | undefined;
  remove: () => void;
}

export class Slots {
  /** The reply that there is under a key. */
  readonly #replyOf: (key: string) => ReplySession | undefined;
  readonly #slots = new Set<Slot>();
  /** Those of them that wait for their turn to be drawn. */
  readonly #queue = new Set<Slot>();
  #turn: ReturnType<typeof setTimeout> | undefined;

  constructor(replyOf: (key: string) => ReplySession | undefined) {
    this.#replyOf = replyOf;
  }

  /** Show the reply under `key` in `parent`, as `InstrumentSession.show` describes. */
  add(key: string, parent: HTMLElement, parts?: ReadonlySet<Part>, isPatient = false): () => void {
    const slot: Slot = { key, parent, parts, isPatient, shown: undefined, remove: () => {} };
    this.#slots.add(slot);
    this.#fill(slot);
    return () => {
      this.#slots.delete(slot);
      this.#queue.delete(slot);
      slot.remove();
    };
  }

  /** Show replies that are new. */
  update(): void {
    for (const slot of this.#slots) this.#fill(slot);
  }

  close(): void {
    clearTimeout(this.#turn);
  }

  #fill(slot: Slot): void {
    if (slot.shown === this.#replyOf(slot.key)) return;
    if (!slot.isPatient) {
      this.#mount(slot);
      return;
    }
    this.#queue.add(slot);
    this.#turn ??= setTimeout(() => this.#fillNext());
  }

  #fillNext(): void {
    const [slot] = this.#queue;
    this.#turn = this.#queue.size > 1 ? setTimeout(() => this.#fillNext()) : undefined;
    if (slot === undefined) return;
    this.#queue.delete(slot);
    this.#mount(slot);
  }

  #mount(slot: Slot): void {
    const session = this.#replyOf(slot.key);
    if (slot.shown === session) return;
    slot.remove();
    slot.shown = session;
    slot.remove = session?.mount(slot.parent, slot.parts) ?? (() => {});
  }
}
