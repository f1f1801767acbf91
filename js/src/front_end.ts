/** What a page needs where it is none of Jupyter's. */

/** The style of text in marimo, which the settled output there has, too. */
const TEXT_IN_MARIMO = ["prose", "dark:prose-invert", "codehilite"];

/** Let the texts of a view look as the page's own; in Jupyter their class does that. */
export function styleTexts(view: HTMLElement): void {
  const root = view.getRootNode();
  if (!(root instanceof ShadowRoot) || root.host.localName !== "marimo-anywidget") return;
  for (const text of view.querySelectorAll(".jp-RenderedHTMLCommon")) text.classList.add(...TEXT_IN_MARIMO);
}
