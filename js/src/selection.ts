/**
 * Keeps a selection while its text is put into other nodes, as it is when code gets its colours.
 */

export class SavedSelection {
  readonly #anchor: number;
  readonly #focus: number;
  readonly #text: string;

  /** The selection in `root`; undefined if nothing is selected, or if it reaches out of `root`. */
  static in(root: Element): SavedSelection | undefined {
    const selection = getSelection();
    const { anchorNode, focusNode } = selection ?? {};
    const isInside = anchorNode && focusNode && root.contains(anchorNode) && root.contains(focusNode);
    return selection && !selection.isCollapsed && isInside ? new SavedSelection(root, selection) : undefined;
  }

  private constructor(root: Element, selection: Selection) {
    this.#anchor = offsetOf(root, selection.anchorNode as Node, selection.anchorOffset);
    this.#focus = offsetOf(root, selection.focusNode as Node, selection.focusOffset);
    this.#text = selection.toString();
  }

  /** Select it again in `root`, if the same text is at the same offset there. */
  restore(root: Element): void {
    const selection = getSelection();
    if (selection === null || selection.toString() === this.#text) return;
    const [start, end] = [positionOf(root, this.#anchor), positionOf(root, this.#focus)];
    if (start === undefined || end === undefined) return;
    selection.setBaseAndExtent(...start, ...end);
    if (selection.toString() !== this.#text) selection.removeAllRanges();
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

function offsetOf(root: Element, node: Node, offset: number): number {
  const range = document.createRange();
  range.setStart(root, 0);
  range.setEnd(node, offset);
  return range.toString().length;
}

function positionOf(root: Element, offset: number): [Node, number] | undefined {
  const texts = document.createTreeWalker(root, NodeFilter.SHOW_TEXT);
  let left = offset;
  for (let node = texts.nextNode(); node !== null; node = texts.nextNode()) {
    const { length } = node as Text;
    if (left <= length) return [node, left];
    left -= length;
  }
  return undefined;
}
