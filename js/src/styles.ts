/** Style sheets of the page, each once in a document, or in the shadow tree that shows a widget. */

import style from "./style.css?inline";

const KEY = "data-nbstream-style";

/** Apply what all widgets have, and the style sheets `own` by their names, to what is around `element`. */
export function applyStyles(element: Element, own: Readonly<Record<string, string>> = {}): void {
  const root = element.getRootNode();
  const places = root instanceof ShadowRoot ? [document.head, root] : [document.head];
  for (const place of places) {
    for (const [name, css] of Object.entries({ reply: style, ...own })) {
      const found = place.querySelector(`style[${KEY}="${name}"]`);
      if (found?.textContent === css) continue;
      const created = found ?? document.createElement("style");
      created.setAttribute(KEY, name);
      created.textContent = css;
      if (found === null) place.append(created);
    }
  }
}
