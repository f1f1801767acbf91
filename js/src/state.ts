/**
 * What the page knows of a reply, and how a message changes it: `apply` and `html_of` of protocol.py in TypeScript,
 * held to it by the fixtures in `tests/data/protocol`. This module must not know the DOM, the widget or the clock.
 */

import type { DocumentState, Group, Keyframe, Meta, Op, Patch, Status } from "./protocol";

export interface ReplyState {
  /** The last frame applied; -1 while not even the beginning is known. */
  seq: number;
  reasoning: DocumentState;
  answer: DocumentState;
  meta: Meta;
}

export function emptyDocument(): DocumentState {
  return { groups: [{ open: "", html: "", close: "" }], tail: "" };
}

export function emptyReply(): ReplyState {
  return {
    seq: -1,
    reasoning: emptyDocument(),
    answer: emptyDocument(),
    meta: {
      status: "pending",
      elapsed: 0,
      reasoning: "auto",
      label: "",
      note: "",
      thought: "",
      tool_calls: [],
      alert: "",
      footer: [],
      foreground: false,
    },
  };
}

const ENDED: ReadonlySet<Status> = new Set<Status>(["complete", "truncated", "cancelled", "failed"]);

export function isUnfinished(state: ReplyState): boolean {
  return !ENDED.has(state.meta.status);
}

/** Apply `ops` to `document` in place. */
export function apply(document: DocumentState, ops: readonly Op[]): void {
  const { groups } = document;
  for (const op of ops) {
    switch (op[0]) {
      case "add":
        innermost(groups).html += document.tail.slice(0, op[2] ?? 0) + op[1];
        break;
      case "open":
        groups.push({ open: op[1], html: "", close: op[2] });
        break;
      case "close": {
        const { open, html, close } = end(groups);
        innermost(groups).html += open + html + close;
        break;
      }
      case "colour": {
        const { open, html, close } = end(groups);
        innermost(groups).html += open + coloured(html, op[1]) + close;
        break;
      }
      case "redo":
        end(groups);
        innermost(groups).html += op[1];
        break;
      case "tail":
        document.tail = document.tail.slice(0, op[1]) + op[2];
        break;
      case "reset":
        groups.splice(0, groups.length, { open: "", html: op[1], close: "" });
        document.tail = "";
        break;
    }
  }
}

/** What `colours` make of `text`, which is escaped: `coloured` of protocol.py. */
export function coloured(text: string, colours: string): string {
  let html = "";
  let at = 0;
  for (const [, gap, name, length] of colours.matchAll(/(\d*)([a-z][a-z0-9]*)\.(\d+)/g)) {
    const start = at + Number(gap);
    const end = start + Number(length);
    html += `${text.slice(at, start)}<span class="${name}">${text.slice(start, end)}</span>`;
    at = end;
  }
  return html + text.slice(at);
}

/** The document's HTML: everything written, the tail, and the end tags of the groups that are open. */
export function htmlOf(document: DocumentState): string {
  const written = document.groups.map((group) => group.open + group.html).join("");
  const ends = document.groups.map((group) => group.close).reverse();
  return written + document.tail + ends.join("");
}

/** The operations that write `document` from nothing. */
export function opsOf(document: DocumentState): Op[] {
  const [outermost, ...inner] = document.groups;
  const ops: Op[] = [["reset", outermost?.html ?? ""]];
  for (const group of inner) {
    ops.push(["open", group.open, group.close], ["add", group.html]);
  }
  ops.push(["tail", 0, document.tail]);
  return ops;
}

/** Apply `patch` if it is the next one; say why not otherwise. */
export function receive(state: ReplyState, patch: Patch): "applied" | "old" | "gap" {
  if (patch.seq <= state.seq) return "old";
  if (patch.seq > state.seq + 1) return "gap";
  state.seq = patch.seq;
  apply(state.reasoning, patch.reasoning ?? []);
  apply(state.answer, patch.answer ?? []);
  state.meta = patch.meta ?? state.meta;
  return "applied";
}

/** Take the state from `keyframe` if it is newer. The keyframe belongs to the widget's model, so it is copied. */
export function adopt(state: ReplyState, keyframe: Keyframe): boolean {
  if (keyframe.seq <= state.seq) return false;
  const { seq, reasoning, answer, meta } = structuredClone(keyframe);
  Object.assign(state, { seq, reasoning, answer, meta });
  return true;
}

function innermost(groups: readonly Group[]): Group {
  const group = groups.at(-1);
  if (group === undefined) throw new Error("nbstream: a message closes more groups than are open");
  return group;
}

function end(groups: Group[]): Group {
  const group = innermost(groups);
  groups.pop();
  return group;
}
