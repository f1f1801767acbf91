/**
 * Copies text to the clipboard, also on a page that was not loaded over https and therefore has no
 * `navigator.clipboard`, such as one from a server on the local network.
 */

/** Return whether `text` is in the clipboard now. */
export async function copy(text: string): Promise<boolean> {
  try {
    if (navigator.clipboard !== undefined) {
      await navigator.clipboard.writeText(text);
      return true;
    }
  } catch {
    // Not permitted in this frame; copying a selection may be.
  }
  return copySelected(text);
}

/** Copy by a selection, without moving the focus. */
function copySelected(text: string): boolean {
  const selection = getSelection();
  if (selection === null) return false;
  const ranges = Array.from({ length: selection.rangeCount }, (_, index) => selection.getRangeAt(index));
  const element = document.createElement("span");
  element.textContent = text;
  // Transparent, because hidden text cannot be selected; fixed, so that the page does not scroll to
  // it.
  element.style.cssText = "position:fixed;top:0;opacity:0;white-space:pre;user-select:text";
  document.body.append(element);
  const onCopy = (event: ClipboardEvent): void => {
    // As plain text, and for no other listener: a notebook would copy its cells.
    event.clipboardData?.setData("text/plain", text);
    event.preventDefault();
    event.stopImmediatePropagation();
  };
  window.addEventListener("copy", onCopy, { capture: true });
  try {
    selection.selectAllChildren(element);
    return document.execCommand("copy");
  } catch {
    return false;
  } finally {
    window.removeEventListener("copy", onCopy, { capture: true });
    element.remove();
    selection.removeAllRanges();
    for (const range of ranges) if (!isEditable(range.startContainer)) selection.addRange(range);
  }
}

/** Whether a selection in `node` would move the focus into an editor. */
function isEditable(node: Node): boolean {
  return (node instanceof HTMLElement ? node : node.parentElement)?.isContentEditable === true;
}
