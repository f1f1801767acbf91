/** Small helpers for elements, shared by the parts of a view. */

/** An element with a class and a text. A button is one that submits no form. */
export function element<K extends keyof HTMLElementTagNameMap>(
  tag: K,
  name: string,
  text = "",
  attributes: Readonly<Record<string, string>> = {},
): HTMLElementTagNameMap[K] {
  const created = document.createElement(tag);
  created.className = name;
  created.textContent = text;
  for (const [attribute, value] of Object.entries(attributes)) created.setAttribute(attribute, value);
  if (created instanceof HTMLButtonElement) created.type = "button";
  return created;
}

/** What `html` stands for, outside of the page: no script runs, and nothing is loaded. */
export function parsed(html: string): DocumentFragment {
  const template = document.createElement("template");
  template.innerHTML = html;
  return template.content;
}

/**
 * What an event happened to; a listener outside of a shadow tree, as marimo has, is told its host.
 */
export function targetOf(event: Event): EventTarget | null {
  return event.composedPath()[0] ?? event.target;
}

/** Focus `element`, if there is one, and leave the page where it is scrolled to. */
export function focusInPlace(element: HTMLElement | null | undefined): void {
  element?.focus({ preventScroll: true });
}

/** An id that nothing else in a page has. */
export function newId(): string {
  return Math.random().toString(36).slice(2);
}

/** Show `text`; hide the element if it is empty. */
export function show(element: HTMLElement, text: string): void {
  write(element, text);
  element.hidden = text === "";
}

export function write(element: HTMLElement, text: string): void {
  if (element.textContent !== text) element.textContent = text;
}
