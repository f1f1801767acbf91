/** The tab Request: the JSON that was sent, and programs that send it again. */

import { _, copy, element } from "../shared";
import { button, type Panel, type Source, scrollable, writeNotes } from "./panel";
import type { Question, RequestAnswer } from "./protocol";

type Language = NonNullable<Question["language"]>;

const LANGUAGES: readonly (readonly [Language, string])[] = [
  ["json", "JSON"],
  ["python", "Python"],
  ["curl", "cURL"],
  ["node", "Node"],
];
const FEEDBACK_MILLISECONDS = 1500;

export class RequestPanel implements Panel {
  readonly element = element("div", "nbstream-in-request");
  readonly #source: Source;
  readonly #choices: HTMLButtonElement[];
  readonly #code = element("div", "");
  readonly #notes = element("div", "");
  readonly #copy = button("nbstream-in-quiet", _("Copy"), () => void this.#copyText());
  #language: Language = "json";
  #text = "";
  #shown = "";

  constructor(source: Source) {
    this.#source = source;
    const bar = element("div", "nbstream-in-bar");
    const choices = element("div", "nbstream-in-choices");
    choices.setAttribute("role", "group");
    choices.setAttribute("aria-label", _("The request as"));
    this.#choices = LANGUAGES.map(([language, name]) =>
      button("nbstream-in-choice", name, () => {
        this.#language = language;
        void this.refresh();
      }),
    );
    choices.append(...this.#choices);
    bar.append(choices, this.#copy);
    this.element.append(bar, this.#code, this.#notes);
  }

  async refresh(): Promise<void> {
    const [language, step] = [this.#language, this.#source.step];
    this.#choices.forEach((each, index) => {
      each.setAttribute("aria-pressed", String(LANGUAGES[index]?.[0] === language));
    });
    const name = `${step} ${language}`;
    if (name === this.#shown) return;
    const answer = await this.#source.ask<RequestAnswer>({ type: "request", step, language });
    if (answer === undefined || language !== this.#language || step !== this.#source.step) return;
    this.#shown = name;
    this.#text = answer.text;
    this.#copy.hidden = answer.text === "";
    const code = document.createElement("div");
    // The kernel's own HTML: Pygments has escaped the text.
    if (answer.html !== "") code.innerHTML = answer.html;
    else code.append(element("pre", "nbstream-in-pre", answer.text));
    // Long lines scroll by themselves.
    for (const pre of code.querySelectorAll("pre")) pre.tabIndex = 0;
    this.#code.replaceChildren(...(answer.text === "" ? [] : [scrollable(code, _("The request"))]));
    writeNotes(this.#notes, [answer.note, language === "json" ? "" : _("Keys are read from the environment.")]);
  }

  async #copyText(): Promise<void> {
    this.#copy.textContent = (await copy(this.#text)) ? _("Copied") : _("Could not copy");
    setTimeout(() => {
      this.#copy.textContent = _("Copy");
    }, FEEDBACK_MILLISECONDS);
  }
}
