/**
 * The operations of the page protocol, each made of a few primitives. A document in strings
 * (state.ts) and one in the DOM (document.ts) implement the primitives, so both apply every
 * operation alike.
 */

import type { DocumentState, Op } from "./protocol";

export interface OperationTarget {
  /** The end of the document that may still change. */
  tail: string;
  /** Append balanced HTML to the innermost group. */
  write(html: string): void;
  /** Start a group between the tags `start` and `end`. */
  openGroup(start: string, end: string): void;
  /** End the innermost group and keep its content. */
  closeGroup(): void;
  /** End the innermost group and remove it. */
  removeGroup(): void;
  /** Replace the HTML in the innermost group, which holds only escaped text. */
  rewriteText(change: (html: string) => string): void;
  /** Remove everything, the tail included. */
  clear(): void;
}

export function apply(target: OperationTarget, ops: readonly Op[]): void {
  for (const op of ops) {
    switch (op[0]) {
      case "add":
        target.write(op.length === 3 ? target.tail.slice(0, op[2]) + op[1] : op[1]);
        break;
      case "open":
        target.openGroup(op[1], op[2]);
        break;
      case "close":
        target.closeGroup();
        break;
      case "colour":
        target.rewriteText((html) => coloured(html, op[1]));
        target.closeGroup();
        break;
      case "redo":
        target.removeGroup();
        target.write(op[1]);
        break;
      case "tail":
        target.tail = target.tail.slice(0, op[1]) + op[2];
        break;
      case "reset":
        target.clear();
        target.write(op[1]);
        break;
    }
  }
}

/** Whether `ops` put written text into other nodes, where a selection in it would be lost. */
export function replacesNodes(ops: readonly Op[]): boolean {
  return ops.some(([name]) => name === "redo" || name === "colour");
}

/** The operations that write `document` from nothing. */
export function opsOf(document: DocumentState): Op[] {
  const [outermost, ...inner] = document.groups;
  const groups = inner.flatMap(({ open, close, html }): Op[] => [
    ["open", open, close],
    ["add", html],
  ]);
  return [["reset", outermost?.html ?? ""], ...groups, ["tail", 0, document.tail]];
}

/** Escaped `text` with `colours`, which document_writer.py describes (`colours_of`). */
function coloured(text: string, colours: string): string {
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
