/**
 * The question whether a tool call may run: its buttons, and the fields for arguments and a reason.
 */

import type { Decision, DecisionPhase } from "./decisions";
import { Guard } from "./guard";
import type { Question } from "./protocol";
import { _, element, focusInPlace, marked } from "./shared";

const UNANSWERED = marked("The kernel has not answered yet. Your decision is sent again until it does.");

type Form = "edit" | "deny";

/** A button's name, and its text; `{name}` in it is the tool's. */
type Choice = readonly [name: string, text: string];

const CHOICES: readonly Choice[] = [
  ["allow", marked("Allow once")],
  ["allow_all", marked("Allow {name} for this reply")],
  ["edit", marked("Edit…")],
  ["deny", marked("Deny…")],
];
const CANCEL = marked("Cancel");
const FORMS: Record<Form, { label: string; rows: number; choices: readonly Choice[] }> = {
  edit: {
    label: marked("The arguments, as JSON"),
    rows: 4,
    choices: [
      ["allow", marked("Allow once with these arguments")],
      ["cancel", CANCEL],
    ],
  },
  deny: {
    label: marked("Why not? The model reads it. It may stay empty."),
    rows: 2,
    choices: [
      ["deny", marked("Deny")],
      ["cancel", CANCEL],
    ],
  },
};
const MOST_ROWS = 14;

export class QuestionView {
  readonly element = element("div", "nbstream-question");
  readonly #question: Question;
  readonly #guard: Guard;
  readonly #removal = new AbortController();
  readonly #onDecision: (decision: Decision) => void;
  readonly #choices = element("div", "nbstream-choices");
  readonly #form = element("div", "nbstream-form");
  readonly #said = element("div", "nbstream-decided");
  readonly #error = element("div", "nbstream-error");
  #open: Form | undefined;
  #field: HTMLTextAreaElement | undefined;

  constructor(question: Question, onDecision: (decision: Decision) => void) {
    this.#question = question;
    this.#onDecision = onDecision;
    this.element.setAttribute("role", "group");
    this.element.setAttribute("aria-label", _("May {name} run?", { name: question.name }));
    this.#error.setAttribute("role", "alert");
    const notes = question.notes.map((note) => element("div", "nbstream-doubt", note));
    this.#choices.append(...this.#buttons(CHOICES));
    this.element.append(...notes, this.#choices, this.#form, this.#said);
    this.element.addEventListener("keydown", (event) => this.#onKey(event));
    this.#guard = new Guard(this.element, this.#removal.signal);
    this.#show(undefined);
  }

  /** Show what was decided, if anything was, and whether anything can be decided. */
  draw(decided: { decision: Decision; phase: DecisionPhase } | undefined, isStopping: boolean): void {
    const wasHidden = this.#choices.hidden && this.#form.hidden;
    this.#choices.hidden = decided !== undefined || this.#open !== undefined;
    this.#form.hidden = decided !== undefined || this.#open === undefined;
    const words = decided === undefined ? "" : wordsOf(decided.decision, this.#question.name);
    const text = decided?.phase === "unanswered" ? `${words} ${_(UNANSWERED)}` : words;
    if (this.#said.textContent !== text) this.#said.textContent = text;
    this.#said.hidden = text === "";
    for (const button of this.element.querySelectorAll("button")) {
      button.setAttribute("aria-disabled", String(isStopping && button.name !== "cancel"));
    }
    if (wasHidden && decided === undefined) this.#guard.restart();
  }

  remove(): void {
    this.#removal.abort();
    this.element.remove();
  }

  #buttons(choices: readonly Choice[]): HTMLButtonElement[] {
    return choices.map(([name, text]) => {
      const [before, after] = _(text).split("{name}");
      const button = element("button", "nbstream-choice", before);
      button.name = name;
      // A name of letters that run from right to left must not reorder the words around it.
      if (after !== undefined) button.append(element("bdi", "", this.#question.name), after);
      button.addEventListener("click", () => this.#onClick(button));
      return button;
    });
  }

  #onClick(button: HTMLButtonElement): void {
    if (button.ariaDisabled === "true") return;
    const field = this.#field?.value ?? "";
    if (button.name === "cancel") this.#show(undefined);
    else if (this.#open === "edit") this.#allowEdited(field);
    else if (this.#open === "deny") this.#onDecision({ action: "deny", reason: field.trim() });
    else if (button.name === "edit" || button.name === "deny") this.#show(button.name);
    else this.#onDecision({ action: button.name as "allow" | "allow_all" });
  }

  #allowEdited(text: string): void {
    const problem = problemOf(text);
    this.#error.textContent = problem;
    if (problem !== "") this.#field?.focus();
    // Unchanged arguments stay those of the model.
    else if (text === this.#question.arguments) this.#onDecision({ action: "allow" });
    else this.#onDecision({ action: "allow", edited: text });
  }

  /** Show the fields of a form, or the choices. */
  #show(form: Form | undefined): void {
    const before = this.#open;
    this.#open = form;
    this.#field = undefined;
    this.#error.textContent = "";
    this.#form.replaceChildren();
    if (form !== undefined) {
      const { label, rows, choices } = FORMS[form];
      const field = element("textarea", "nbstream-field");
      field.value = form === "edit" ? this.#question.arguments : "";
      field.rows = Math.min(Math.max(rows, field.value.split("\n").length), MOST_ROWS);
      field.spellcheck = form === "deny";
      const title = element("label", "", _(label));
      title.append(field);
      const row = element("div", "nbstream-choices");
      row.append(...this.#buttons(choices));
      this.#form.append(title, this.#error, row);
      this.#field = field;
    }
    this.#choices.hidden = form !== undefined;
    this.#form.hidden = form === undefined;
    this.#guard.restart();
    if (form !== undefined) focusInPlace(this.#field);
    else if (before !== undefined) this.#choices.querySelector<HTMLElement>(`[name="${before}"]`)?.focus();
  }

  #onKey(event: KeyboardEvent): void {
    if (event.key !== "Escape" || this.#open === undefined) return;
    // Elsewhere it stops the reply.
    event.preventDefault();
    this.#show(undefined);
  }
}

function problemOf(text: string): string {
  try {
    const value: unknown = JSON.parse(text);
    if (typeof value === "object" && value !== null && !Array.isArray(value)) return "";
    return _("The arguments must be one JSON object, as { … }.");
  } catch (error) {
    return _("This is not JSON: {error}", { error: error instanceof Error ? error.message : String(error) });
  }
}

/** What is said of a decision until the kernel's own words come. */
function wordsOf({ action, edited, reason }: Decision, name: string): string {
  switch (action) {
    case "allow":
      return edited === undefined ? _("Allowed once.") : _("Allowed once, with your arguments.");
    case "allow_all":
      return _("Allowed {name} for this reply.", { name });
    case "deny":
      return reason ? _("Denied: {reason}", { reason }) : _("Denied.");
  }
}
