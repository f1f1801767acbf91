/**
 * Typesets the formulas of a long reply in slices. JupyterLab gives MathJax a whole output at once,
 * which blocks the page for as long as all its formulas take.
 */

/** What JupyterLab's `ILatexTypesetter` does with the formulas in an element. */
export interface Typesetter {
  typeset(element: HTMLElement): unknown;
}

/** MathJax handles elements with these classes only, as the reply's root tells it to leave the rest. */
const MARKS = ["mathjax_process", "tex2jax_process"];
const MARKED = `.${MARKS[0]}`;

/** MathJax typesets this many in about 30 ms. */
const SLICE = 8;
/** So few take no longer at once. */
const FEW = 24;

/** The typesetter of the page in which `model` has its views; undefined if the front end has none. */
export function typesetterOf(model: { widget_manager?: unknown }): Typesetter | undefined {
  const manager = model.widget_manager as { rendermime?: { latexTypesetter?: Typesetter | null } } | null | undefined;
  return manager?.rendermime?.latexTypesetter ?? undefined;
}

/**
 * Hide most formulas in `root` from MathJax, and let it typeset them in later tasks: those next to
 * the visible part of the page first. Call it when `root` is in the page and MathJax has not begun.
 */
export function typesetInSlices(root: HTMLElement, typesetter: Typesetter): void {
  const formulas = [...root.querySelectorAll(MARKED)];
  if (formulas.length <= FEW) return;
  const later = byDistance(formulas).slice(SLICE);
  for (const formula of later) formula.classList.remove(...MARKS);
  const show = (count: number): void => {
    for (const formula of later.splice(0, count)) formula.classList.add(...MARKS);
  };
  const next = async (): Promise<void> => {
    // JupyterLab typesets an output as a whole when it adds it to the page again.
    show(root.isConnected ? SLICE : later.length);
    if (!root.isConnected) return;
    try {
      await typesetter.typeset(root);
    } finally {
      if (later.length > 0) schedule(next);
    }
  };
  schedule(next);
}

function schedule(next: () => Promise<void>): void {
  // After a frame was painted.
  requestAnimationFrame(() => setTimeout(() => void next()));
}

/** The elements, those within the visible part of the page first, then those next to it. */
function byDistance(elements: readonly Element[]): Element[] {
  const distances = new Map(
    elements.map((element) => {
      const { top, bottom } = element.getBoundingClientRect();
      return [element, Math.max(0, -bottom, top - innerHeight)];
    }),
  );
  return elements.toSorted((a, b) => (distances.get(a) ?? 0) - (distances.get(b) ?? 0));
}
