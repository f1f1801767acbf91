/** What the page knows of a reply: a keyframe, and the patches that were applied to it. */

import { apply, type OperationTarget } from "./operations";
import type { Card, CardChange, DocumentState, Group, Keyframe, Op, Patch, Status } from "./protocol";

const ENDED: ReadonlySet<Status> = new Set<Status>(["complete", "truncated", "cancelled", "failed"]);

export function hasEnded(state: Keyframe): boolean {
  return ENDED.has(state.meta.status);
}

/** Apply `patch` to `state` if it is the next one; "gap" means that another one is missing. */
export function applyPatch(state: Keyframe, patch: Patch): "applied" | "old" | "gap" {
  if (patch.seq <= state.seq) return "old";
  if (patch.seq > state.seq + 1) return "gap";
  state.seq = patch.seq;
  if (patch.earlier !== undefined) {
    applyOps(state.earlier, patch.earlier);
    state.cards = [];
  }
  applyOps(state.reasoning, patch.reasoning ?? []);
  applyOps(state.answer, patch.answer ?? []);
  for (const change of patch.cards ?? []) applyChange(state.cards, change);
  state.meta = patch.meta ?? state.meta;
  return "applied";
}

/** Change one of `cards` in place, or add it. */
function applyChange(cards: Card[], { results, ...change }: CardChange): void {
  const index = cards.findIndex(({ key }) => key === change.key);
  const before = cards[index];
  const [kept, added] = results ?? [Number.POSITIVE_INFINITY, ""];
  // A new card has all fields. Another object, so that a view sees that something has changed.
  const card = { ...before, ...change, results: (before?.results ?? "").slice(0, kept) + added } as Card;
  if (before === undefined) cards.push(card);
  else cards[index] = card;
}

/** Apply `ops` to `document` in place. */
export function applyOps(document: DocumentState, ops: readonly Op[]): void {
  apply(new StringTarget(document), ops);
}

class StringTarget implements OperationTarget {
  constructor(readonly document: DocumentState) {}

  get tail(): string {
    return this.document.tail;
  }

  set tail(html: string) {
    this.document.tail = html;
  }

  write(html: string): void {
    this.#innermost.html += html;
  }

  openGroup(start: string, end: string): void {
    this.document.groups.push({ open: start, html: "", close: end });
  }

  closeGroup(): void {
    const { open, html, close } = this.#innermost;
    this.removeGroup();
    this.write(open + html + close);
  }

  removeGroup(): void {
    if (this.document.groups.length < 2) throw new Error("nbstream: a message ends a group, but none is open");
    this.document.groups.pop();
  }

  rewriteText(change: (html: string) => string): void {
    this.#innermost.html = change(this.#innermost.html);
  }

  clear(): void {
    this.document.groups = [{ open: "", html: "", close: "" }];
    this.tail = "";
  }

  get #innermost(): Group {
    const group = this.document.groups.at(-1);
    if (group === undefined) throw new Error("nbstream: a keyframe has no group");
    return group;
  }
}
