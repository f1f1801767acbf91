/** The tab Messages: what was sent, with what was inserted marked. */

import { _, element, plural } from "../shared";
import { button, type Panel, type Source, writeNotes } from "./panel";
import type { MessagesAnswer, MessageView } from "./protocol";

export class MessagesPanel implements Panel {
  readonly element = element("div", "nbstream-in-messages");
  readonly #source: Source;
  #step = -1;

  constructor(source: Source) {
    this.#source = source;
  }

  async refresh(): Promise<void> {
    // What was sent does not change.
    const step = this.#source.step;
    if (step === this.#step) return;
    const answer = await this.#source.ask<MessagesAnswer>({ type: "messages", step });
    if (answer === undefined || step !== this.#source.step) return;
    this.#step = step;
    const notes = element("div", "");
    writeNotes(notes, [
      answer.note,
      answer.left_out > 0
        ? plural(
            "{n:,} older message is in the tab Request only.",
            "{n:,} older messages are in the tab Request only.",
            answer.left_out,
          )
        : "",
      answer.others.length > 0 ? _("Also inserted: {names}.", { names: answer.others.join(", ") }) : "",
    ]);
    const messages = answer.messages.map((each, index) => this.#message(each, answer.left_out + index));
    this.element.replaceChildren(...messages, notes);
  }

  #message(message: MessageView, index: number): HTMLElement {
    const box = element("details", "nbstream-in-message");
    box.open = true;
    box.dataset.role = message.role;
    box.append(element("summary", "", message.title));
    const text = element("div", "nbstream-in-text");
    write(text, message);
    // It scrolls if it is long.
    text.tabIndex = 0;
    text.setAttribute("role", "region");
    text.setAttribute("aria-label", message.title);
    if (message.parts.length > 0) box.append(text);
    if (message.left_out > 0) {
      const more = button(
        "nbstream-in-quiet",
        _("Show all of it ({characters:,} more)", { characters: message.left_out }),
        () => {
          void this.#source
            .ask<MessagesAnswer>({ type: "messages", step: this.#step, message: index })
            .then((answer) => {
              const whole = answer?.messages[0];
              if (whole === undefined) return;
              write(text, whole);
              text.focus();
              more.remove();
            });
        },
      );
      box.append(more);
    }
    return box;
  }
}

function write(parent: HTMLElement, message: MessageView): void {
  parent.replaceChildren(
    ...message.parts.map(({ text, name, facts }) => {
      if (name === "") return document.createTextNode(text);
      const mark = element("mark", "nbstream-in-inserted");
      const label = element("span", "nbstream-in-name", facts === "" ? name : `${name} · ${facts}`);
      mark.append(label, document.createTextNode(text));
      return mark;
    }),
  );
}
