/**
 * A template in place of the field: a labelled field for each of its blanks, and the prompt that
 * they make.
 */

import { _, element } from "../shared";
import { button } from "./buttons";
import { Field } from "./field";
import type { Template } from "./protocol";

export interface TemplatePort {
  /** Every blank is filled, and the user wants to send the prompt. */
  send(prompt: string): void;
  /** Go on with this text in the usual field. */
  write(text: string): void;
  close(): void;
  /** Escape was pressed. */
  onEscape(): void;
  onInput(): void;
}

/** It stands for an empty blank in a text that is written freely. */
const GAP = "…";

export class TemplateForm {
  readonly element = element("div", "nbstream-template");
  readonly #template: Template;
  readonly #port: TemplatePort;
  readonly #values: Map<string, string>;
  readonly #text = element("div", "nbstream-template-text", "", { dir: "auto" });
  readonly #fields = new Map<string, Field>();
  readonly #removal = new AbortController();

  /** `values` has what was written in the blanks, and gets what is written. */
  constructor(template: Template, values: Map<string, string>, port: TemplatePort) {
    this.#template = template;
    this.#port = port;
    this.#values = values;
    this.element.setAttribute("role", "group");
    this.element.setAttribute("aria-label", _("Template: {name}", { name: template.name }));
    const head = element("div", "nbstream-template-head");
    const write = button("nbstream-quiet", _("Write freely"), () => port.write(this.#filled(GAP)));
    const close = button("nbstream-quiet", _("Close"), () => port.close(), _("Close the template"));
    head.append(element("bdi", "nbstream-template-name", template.name), write, close);
    const list = element("div", "nbstream-blanks");
    list.append(...this.#blanks.map((blank) => this.#row(blank)));
    this.element.append(head, list, this.#text);
    this.#draw();
  }

  get template(): Template {
    return this.#template;
  }

  /** Send the prompt, or move the focus to the first blank that is empty. */
  submit(): void {
    if (this.#blanks.every((blank) => this.#valueOf(blank).trim() !== "")) this.#port.send(this.#filled(""));
    else this.focus();
  }

  /** Focus the first empty blank, or the last one. */
  focus(): void {
    const fields = [...this.#fields.values()];
    (fields.find(({ value }) => value.trim() === "") ?? fields.at(-1))?.focus();
  }

  /** Show what was written in another view, and give the fields their heights. */
  update(): void {
    for (const [blank, field] of this.#fields) {
      if (!field.isComposing) field.value = this.#valueOf(blank);
      field.grow();
    }
    this.#draw();
  }

  remove(): void {
    this.#removal.abort();
    this.element.remove();
  }

  /** The names of the blanks, each once, in the order of the text. */
  get #blanks(): string[] {
    return [...new Set(this.#template.parts.map(({ blank }) => blank).filter(Boolean))];
  }

  #valueOf(blank: string): string {
    return this.#values.get(blank) ?? "";
  }

  #filled(empty: string): string {
    return this.#template.parts
      .map(({ text, blank }) => (blank === "" ? text : this.#valueOf(blank) || empty))
      .join("");
  }

  #row(blank: string): HTMLElement {
    const field: Field = new Field(
      blank,
      {
        onEnter: () => this.submit(),
        onEscape: () => {
          this.#port.onEscape();
          return true;
        },
        onInput: () => {
          this.#values.set(blank, field.value);
          this.#draw();
          this.#port.onInput();
        },
      },
      this.#removal.signal,
    );
    field.value = this.#valueOf(blank);
    this.#fields.set(blank, field);
    const label = element("label", "nbstream-blank");
    label.append(element("bdi", "nbstream-blank-name", blank), field.element);
    return label;
  }

  #draw(): void {
    const piece = (blank: string): HTMLElement => {
      const value = this.#valueOf(blank);
      return element("bdi", value === "" ? "nbstream-gap" : "nbstream-filled", value || blank);
    };
    this.#text.replaceChildren(...this.#template.parts.map(({ text, blank }) => (blank === "" ? text : piece(blank))));
  }
}
