/**
 * A selection in text that is drawn anew in other elements, as code is when it gets its colours. This module must not know
 * why the text is drawn anew.
 */

/** Run `change`, after which `root` has the same text in other nodes, and select again what was selected in it. */
export function holdSelection(root: Element, change: () => void): void {
  const selection = getSelection();
  const { anchorNode, focusNode } = selection ?? {};
  const isInside = anchorNode && focusNode && root.contains(anchorNode) && root.contains(focusNode);
  if (!selection || selection.isCollapsed || !isInside) {
    change();
    return;
  }
  const [anchor, focus] = [
    offsetOf(root, anchorNode, selection.anchorOffset),
    offsetOf(root, focusNode, selection.focusOffset),
  ];
  const words = selection.toString();
  change();
  if (selection.toString() === words) return;
  const [start, end] = [placeOf(root, anchor), placeOf(root, focus)];
  if (start && end) selection.setBaseAndExtent(...start, ...end);
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
