/** Style sheets of the page, each once in a document, or in the shadow tree that shows a widget. */

const KEY = "data-nbstream-style";

/** Apply the style sheet `css`, known as `name`, to what is around `element`. */
export function applyStyle(name: string, css: string, element: Element): void {
  const root = element.getRootNode();
  const places = root instanceof ShadowRoot ? [document.head, root] : [document.head];
  for (const place of places) {
    const found = place.querySelector(`style[${KEY}="${name}"]`);
    if (found?.textContent === css) continue;
    const style = found ?? document.createElement("style");
    style.setAttribute(KEY, name);
    style.textContent = css;
    if (found === null) place.append(style);
  }
}
