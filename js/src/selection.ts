/**
 * Keeps a selection while its text is put into other nodes, as it is when code gets its colours and
 * when a reply settles. A formula counts as one character, because it is MathML live, and settled
 * TeX or boxes of MathJax.
 */

import { isControl } from "./controls";

/** The elements around a formula, however it is written. */
export const FORMULA = ".nbstream-math, math, .nbstream-tex";

const ONE = "\uFFFC";

export class SavedSelection {
  readonly #text: string;
  readonly #start: number;
  readonly #end: number;
  readonly #isBackward: boolean;

  /** The selection in `root`; undefined if nothing is selected, or if it reaches out of `root`. */
  static in(root: Element): SavedSelection | undefined {
    const selection = getSelection();
    if (selection === null || selection.isCollapsed || selection.rangeCount === 0) return undefined;
    const range = selection.getRangeAt(0);
    if (!root.contains(range.startContainer)) return undefined;
    // The end of a whole paragraph is the beginning of the next block.
    const beyond = range.cloneRange();
    if (!root.contains(range.endContainer)) beyond.setStartAfter(root);
    else beyond.collapse();
    return beyond.toString().trim() === "" ? new SavedSelection(root, selection, range) : undefined;
  }

  private constructor(root: Element, selection: Selection, range: Range) {
    this.#start = offsetOf(root, range.startContainer, range.startOffset, false);
    this.#end = offsetOf(root, range.endContainer, range.endOffset, true);
    this.#isBackward = selection.anchorNode !== range.startContainer || selection.anchorOffset !== range.startOffset;
    this.#text = this.#textIn(root);
  }

  /** Select it again in `root`, if the same text is at the same offset there. */
  restore(root: Element): void {
    const now = SavedSelection.in(root);
    if (now !== undefined && now.#start === this.#start && now.#end === this.#end) return;
    const [start, end] = [positionOf(root, this.#start), positionOf(root, this.#end)];
    if (start === undefined || end === undefined || this.#textIn(root) !== this.#text) return;
    if (this.#isBackward) getSelection()?.setBaseAndExtent(...end, ...start);
    else getSelection()?.setBaseAndExtent(...start, ...end);
  }

  #textIn(root: Element): string {
    const text = [...units(root)].map((unit) => (unit instanceof Text ? unit.data : ONE)).join("");
    return text.slice(this.#start, this.#end);
  }
}

/**
 * Call `change`, which puts the text of `root` into other nodes, and restore the selection in it.
 */
export function keepSelection(root: Element, change: () => void): void {
  const saved = SavedSelection.in(root);
  change();
  saved?.restore(root);
}

/** The texts and formulas in `node`, in order. */
function* units(node: Node): Generator<Text | Element> {
  for (const child of node.childNodes) {
    if (child instanceof Text) yield child;
    else if (child instanceof Element && child.matches(FORMULA)) yield child;
    else if (!isControl(child)) yield* units(child);
  }
}

function lengthOf(unit: Text | Element): number {
  return unit instanceof Text ? unit.length : ONE.length;
}

/**
 * Where a boundary is in the text of `root`; one in a formula moves to its `isEnd`, or before it.
 */
function offsetOf(root: Element, node: Node, offset: number, isEnd: boolean): number {
  const before = document.createRange();
  before.setStart(root, 0);
  if (root.contains(node)) before.setEnd(node, offset);
  else before.setEndAfter(root);
  let sum = 0;
  for (const unit of units(root)) {
    if (unit === node && unit instanceof Text) return sum + offset;
    if (unit.contains(node)) return sum + (isEnd ? ONE.length : 0);
    if (before.comparePoint(unit, unit instanceof Text ? unit.length : unit.childNodes.length) > 0) return sum;
    sum += lengthOf(unit);
  }
  return sum;
}

function positionOf(root: Element, offset: number): [Node, number] | undefined {
  let left = offset;
  for (const unit of units(root)) {
    if (left <= lengthOf(unit)) return unit instanceof Text ? [unit, left] : beside(unit, left);
    left -= lengthOf(unit);
  }
  return undefined;
}

/** The position before `element`, or `after` it: in there a typesetter would lose it. */
function beside(element: Element, after: number): [Node, number] {
  const parent = element.parentNode as Node;
  return [parent, [...parent.childNodes].indexOf(element) + after];
}
