/**
 * Keeps what the reader has opened when HTML is put in the place of other HTML with the same parts.
 */

/** The parts in `root` that can be opened, in order. */
export function detailsIn(root: ParentNode): HTMLDetailsElement[] {
  return [...root.querySelectorAll("details")];
}

/**
 * Open the parts that the reader had opened, and close the others, if there are as many as before.
 */
export function restoreOpen(before: readonly boolean[], after: readonly HTMLDetailsElement[]): void {
  if (before.length !== after.length) return;
  for (const [index, details] of after.entries()) details.open = before[index] ?? false;
}
