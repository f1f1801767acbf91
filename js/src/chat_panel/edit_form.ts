/** A form in place of a text of the transcript, to change it. */

import { _, element, marked } from "../shared";
import { button } from "./buttons";
import { Field } from "./field";

export interface EditPort {
  onInput(text: string): void;
  /** The new text is to be used. */
  submit(text: string): void;
  cancel(): void;
}

interface Words {
  readonly label: string;
  readonly submit: string;
  /** Whether Enter submits; otherwise it breaks the line, and Ctrl+Enter submits. */
  readonly isPrompt: boolean;
}

export const EDITS: Record<"prompt" | "answer", Words> = {
  prompt: { label: marked("Edit the prompt"), submit: marked("Ask"), isPrompt: true },
  answer: { label: marked("Edit the answer"), submit: marked("Save"), isPrompt: false },
};

export class EditForm {
  readonly element = element("div", "nbstream-edit");
  readonly part: "prompt" | "answer";
  readonly #field: Field;
  readonly #removal = new AbortController();

  constructor(part: "prompt" | "answer", text: string, port: EditPort) {
    this.part = part;
    const { label, submit, isPrompt } = EDITS[part];
    const onSubmit = (): void => {
      if (this.#field.value.trim() !== "") port.submit(this.#field.value);
    };
    this.#field = new Field(
      _(label),
      {
        breaksLines: !isPrompt,
        onEnter: onSubmit,
        onEscape: () => {
          port.cancel();
          return true;
        },
        onInput: () => port.onInput(this.#field.value),
      },
      this.#removal.signal,
    );
    this.#field.value = text;
    const row = element("div", "nbstream-edit-row");
    row.append(
      button("nbstream-plain", _(submit), onSubmit),
      button("nbstream-quiet", _("Cancel"), () => port.cancel()),
    );
    this.element.append(this.#field.element, row);
  }

  /** Take the text of another view. */
  set text(text: string) {
    if (!this.#field.isComposing) this.#field.value = text;
  }

  focus(): void {
    this.#field.grow();
    this.#field.focus();
  }

  remove(): void {
    this.#removal.abort();
    this.element.remove();
  }
}
