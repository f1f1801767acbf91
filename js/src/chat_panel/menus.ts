/**
 * What the next prompt is asked with, as quiet menus: the model, whether it thinks, and how much.
 */

import { _, element, marked, targetOf } from "../shared";
import type { Panel } from "./panel";

interface Item {
  readonly value: string;
  readonly text: string;
}

const OTHER = "\u0000other";
const OTHER_LABEL = marked("Another model…");
/** Keys that move the focus past a menu. */
const PASSING: ReadonlySet<string> = new Set(["Tab", "Shift", "Escape"]);

/** A menu of the browser's own: every key and screen reader works with it. */
class Menu {
  readonly element = element("span", "nbstream-menu-box");
  readonly #select = element("select", "nbstream-menu");
  #drawn = "";
  #value = "";

  constructor(label: string, onChange: (value: string) => void) {
    this.element.append(this.#select);
    this.#select.setAttribute("aria-label", label);
    this.#select.addEventListener("change", () => {
      const { value } = this.#select;
      // Until the kernel has taken the choice, and so that the same one can be made again.
      if (value === OTHER) this.#select.value = this.#value;
      onChange(value);
    });
  }

  focus(): void {
    this.#select.focus();
  }

  /** Show `items`, with `value` as the chosen one. */
  draw(items: readonly Item[], value: string): void {
    const drawn = JSON.stringify(items);
    if (drawn !== this.#drawn) {
      this.#drawn = drawn;
      this.#select.replaceChildren(...items.map((item) => new Option(item.text, item.value)));
      this.#select.value = value;
    } else if (value !== this.#value) this.#select.value = value;
    this.#value = value;
  }
}

export class Menus {
  readonly element = element("div", "nbstream-menus", "", {
    role: "group",
    "aria-label": _("How the next prompt is asked"),
  });
  readonly #panel: Panel;
  readonly #model: Menu;
  readonly #thinking: Menu;
  readonly #effort: Menu;
  readonly #other = element("input", "nbstream-other", "", {
    type: "text",
    placeholder: _("Model, or endpoint/model"),
    "aria-label": _(OTHER_LABEL).replace("…", ""),
  });
  #hasAskedForModels = false;

  constructor(panel: Panel) {
    this.#panel = panel;
    this.#model = new Menu(_("Model"), (value) => (value === OTHER ? this.#askOther() : this.#choose("model", value)));
    this.#thinking = new Menu(_("Thinking"), (value) => this.#choose("thinking", value));
    this.#effort = new Menu(_("Effort"), (value) => this.#choose("effort", value));
    for (const type of ["pointerdown", "click"]) {
      this.#model.element.addEventListener(type, () => this.#askForModels());
    }
    this.#other.hidden = true;
    this.#other.addEventListener("blur", () => this.#closeOther());
    this.element.append(this.#model.element, this.#other, this.#thinking.element, this.#effort.element);
  }

  draw(): void {
    const { model, default_model, models, thinking, effort, efforts } = this.#panel.state.choices;
    const named = models.map(({ value, note }) => ({ value, text: [value, note].filter(Boolean).join(" · ") }));
    const isKnown = model === "" || models.some(({ value }) => value === model);
    const items = [
      { value: "", text: default_model || _("default model") },
      ...named,
      ...(isKnown ? [] : [{ value: model, text: model }]),
      { value: OTHER, text: _(OTHER_LABEL) },
    ];
    this.#model.draw(items, model);
    const usual = { value: "auto", text: _("thinking: default") };
    const switches = [
      { value: "on", text: _("thinking on") },
      { value: "off", text: _("thinking off") },
    ];
    this.#thinking.draw([usual, ...switches], thinking);
    const degrees = efforts.map((value) => ({ value, text: _("effort {degree}", { degree: value }) }));
    this.#effort.draw([{ value: "", text: _("effort: default") }, ...degrees], effort);
    this.#effort.element.hidden = efforts.length === 0 || thinking === "off";
  }

  /** A key in the menu of models, or in the field for another one; whether it did something. */
  onKey(event: KeyboardEvent): boolean {
    const target = targetOf(event);
    const isInMenu = target instanceof Node && this.#model.element.contains(target);
    if (isInMenu && !PASSING.has(event.key)) this.#askForModels();
    if (target !== this.#other || (event.key !== "Enter" && event.key !== "Escape")) return false;
    if (event.isComposing || event.keyCode === 229) return false;
    const value = this.#other.value.trim();
    if (event.key === "Enter" && value !== "") this.#choose("model", value);
    this.#model.focus();
    this.#closeOther();
    return true;
  }

  #choose(option: "model" | "thinking" | "effort", value: string): void {
    this.#panel.post({ type: "choose", option, value });
  }

  /** The kernel asks the servers for their models only when the menu is used, and not for a Tab past it. */
  #askForModels(): void {
    if (this.#hasAskedForModels) return;
    this.#hasAskedForModels = true;
    this.#panel.post({ type: "models" });
  }

  #askOther(): void {
    this.#other.hidden = false;
    this.#other.value = this.#panel.state.choices.model;
    this.#other.focus();
    this.#other.select();
  }

  #closeOther(): void {
    this.#other.hidden = true;
  }
}
