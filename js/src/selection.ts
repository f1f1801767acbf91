/**
 * A selection in text that is drawn anew in other elements, as code is when it gets its colours. This module must not know
 * why the text is drawn anew.
 */

/** What is selected in an element, to be selected again in other nodes. */
export class HeldSelection {
  readonly #anchor: number;
  readonly #focus: number;
  readonly #words: string;

  /** What is selected in `root`; undefined if nothing is, or not in there alone. */
  static in(root: Element): HeldSelection | undefined {
    const selection = getSelection();
    const { anchorNode, focusNode } = selection ?? {};
    const isInside = anchorNode && focusNode && root.contains(anchorNode) && root.contains(focusNode);
    return selection && !selection.isCollapsed && isInside ? new HeldSelection(root, selection) : undefined;
  }

  private constructor(root: Element, selection: Selection) {
    this.#anchor = offsetOf(root, selection.anchorNode as Node, selection.anchorOffset);
    this.#focus = offsetOf(root, selection.focusNode as Node, selection.focusOffset);
    this.#words = selection.toString();
  }

  /** Select it again in `root`, if the same words stand there. */
  restore(root: Element): void {
    const selection = getSelection();
    if (selection === null || selection.toString() === this.#words) return;
    const [start, end] = [placeOf(root, this.#anchor), placeOf(root, this.#focus)];
    if (start === undefined || end === undefined) return;
    selection.setBaseAndExtent(...start, ...end);
    if (selection.toString() !== this.#words) selection.removeAllRanges();
  }
}

/** Run `change`, after which `root` has the same text in other nodes, and select again what was selected in it. */
export function holdSelection(root: Element, change: () => void): void {
  const held = HeldSelection.in(root);
  change();
  held?.restore(root);
}

function offsetOf(root: Element, node: Node, offset: number): number {
  const range = document.createRange();
  range.setStart(root, 0);
  range.setEnd(node, offset);
  return range.toString().length;
}

function placeOf(root: Element, offset: number): [Node, number] | undefined {
  const texts = document.createTreeWalker(root, NodeFilter.SHOW_TEXT);
  let left = offset;
  for (let node = texts.nextNode(); node !== null; node = texts.nextNode()) {
    const { length } = node as Text;
    if (left <= length) return [node, left];
    left -= length;
  }
  return undefined;
}
