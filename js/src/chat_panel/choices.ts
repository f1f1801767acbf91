/** Quiet menus beside the field: the model, whether it thinks, and how much. */

import { element } from "../shared";

export interface MenuItem {
  readonly value: string;
  readonly text: string;
}

/** A menu of the browser's own, so that every key and screen reader works with it. */
export class Menu {
  readonly element = element("select", "nbstream-menu");
  #drawn = "";

  constructor(label: string, onChange: (value: string) => void) {
    this.element.setAttribute("aria-label", label);
    this.element.addEventListener("change", () => onChange(this.element.value));
  }

  /** Show `items`, and `value` as chosen; without any choice the menu is hidden. */
  draw(items: readonly MenuItem[], value: string): void {
    this.element.hidden = items.length < 2;
    const known = items.some((item) => item.value === value) ? items : [{ value, text: value }, ...items];
    const drawn = JSON.stringify(known);
    if (drawn !== this.#drawn) {
      this.#drawn = drawn;
      this.element.replaceChildren(...known.map((item) => new Option(item.text, item.value)));
    }
    if (this.element.value !== value) this.element.value = value;
    // As wide as what is chosen: browsers make a menu as wide as its widest item.
    this.element.title = known.find((item) => item.value === value)?.text ?? "";
  }
}
