/**
 * Keeps what the reader has opened when HTML is put in the place of other HTML with the same parts.
 */

/** The reasoning of `root`, which is a settled reply or a step that has ended. */
export function thoughtIn(root: Element): HTMLDetailsElement | null {
  return root.querySelector(":scope > .nbstream-thought > details");
}

/** Which of the parts in `root` that can be opened are open, in order. */
export function openedIn(root: Element): boolean[] {
  return detailsIn(root).map(({ open }) => open);
}

/**
 * Open the parts of `root`, besides its reasoning, that the reader had opened, and close the others,
 * if there are as many as before.
 */
export function restoreOpen(opened: readonly boolean[], root: Element): void {
  const thought = thoughtIn(root);
  const parts = detailsIn(root).filter((each) => each !== thought);
  if (parts.length !== opened.length) return;
  for (const [index, details] of parts.entries()) details.open = opened[index] ?? false;
}

function detailsIn(root: Element): HTMLDetailsElement[] {
  return [...root.querySelectorAll("details")];
}
