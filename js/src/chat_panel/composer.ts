/**
 * Where prompts are written: the field or a template, what waits, the menus, the gauge, and Send.
 */

import { _, copy, element, marked, write } from "../shared";
import { button, disable, feedback } from "./buttons";
import { Field } from "./field";
import { GaugeView } from "./gauge";
import { Menus } from "./menus";
import type { Panel } from "./panel";
import type { Template } from "./protocol";
import { TemplateForm } from "./template_form";

const LOST = marked(
  "The kernel of this chat went away. What was written stays here; run the cell again to go on with the chat.",
);
const TAKEN = marked("One prompt waits already: take it back, or wait until it is sent.");

export class Composer {
  readonly element = element("div", "nbstream-composer");
  readonly #panel: Panel;
  readonly #removal = new AbortController();
  readonly #suggestions = element("div", "nbstream-suggestions", "", {
    role: "group",
    "aria-label": _("Suggestions"),
  });
  readonly #queue = element("div", "nbstream-queue");
  readonly #queueLabel = element("span", "nbstream-queue-label");
  readonly #queueText = element("bdi", "nbstream-queue-text");
  readonly #sendQueued = button("nbstream-quiet", _("Send now"), () => this.#postQueued());
  readonly #takeBack = button("nbstream-quiet", _("Take back"), () => this.#onTakeBack());
  readonly #remark = element("div", "nbstream-remark", "", { role: "status" });
  readonly #remarkText = element("span", "");
  readonly #undo = button("nbstream-quiet", _("Undo"), () => this.#panel.post({ type: "undo" }));
  readonly #field: Field;
  readonly #menus: Menus;
  readonly #gauge = new GaugeView();
  readonly #send = button("nbstream-plain nbstream-send", _("Send"), () => this.#onSend());
  readonly #add = button("nbstream-quiet", _("Queue"), () => this.#submit());
  readonly #copyText = button("nbstream-quiet", _("Copy the text"), () => void this.#copy());
  readonly #row = element("div", "nbstream-controls");
  #form: TemplateForm | undefined;
  #problem = "";
  #drawnSuggestions = "";

  constructor(panel: Panel) {
    this.#panel = panel;
    this.#menus = new Menus(panel);
    this.#field = new Field(
      _("Prompt"),
      {
        onEnter: () => this.#submit(),
        onEscape: () => this.#onEscape(),
        onInput: () => this.#onInput(),
        earlier: () => this.#panel.state.rows.filter((row) => row.prompt_left_out === 0).map(({ prompt }) => prompt),
      },
      this.#removal.signal,
    );
    const { signal } = this.#removal;
    window.addEventListener("keydown", (event) => this.#onKey(event), { capture: true, signal });
    this.#queue.append(this.#queueLabel, this.#queueText, this.#sendQueued, this.#takeBack);
    this.#remark.append(this.#remarkText, this.#undo);
    const buttons = element("div", "nbstream-buttons");
    buttons.append(this.#copyText, this.#add, this.#send);
    this.#row.append(this.#menus.element, buttons);
    const parts = [this.#suggestions, this.#remark, this.#queue, this.#field.element, this.#row, this.#gauge.element];
    this.element.append(...parts);
  }

  draw(): void {
    const { isLost, isLive, isStopping, state, writing } = this.#panel;
    this.#drawSuggestions();
    this.#drawQueue();
    this.#drawForm();
    if (!this.#field.isComposing) this.#field.value = writing.text;
    this.#field.element.hidden = this.#form !== undefined;
    this.#field.element.readOnly = isLost;
    this.#field.element.placeholder = isLost ? "" : placeholder(state.count, isLive);
    this.#menus.element.hidden = isLost;
    this.#menus.draw();
    this.#gauge.draw(state);
    const waiting = state.waiting?.text ?? "";
    const said = isLost ? _(LOST) : this.#problem || this.#panel.problem || waiting || state.remark;
    write(this.#remarkText, said);
    this.#remark.hidden = said === "";
    this.#undo.hidden = isLost || said !== state.remark || !state.can_undo;
    this.#send.hidden = isLost;
    this.#copyText.hidden = !isLost || writing.text === "";
    write(this.#send, isStopping ? _("Stopping…") : isLive ? _("Stop") : _("Send"));
    disable(this.#send, isStopping || (!isLive && this.#isEmpty));
    this.#add.hidden = isLost || !isLive || this.#isEmpty || this.#isTaken;
  }

  focus(): void {
    if (this.#form !== undefined) this.#form.focus();
    else this.#field.focus();
  }

  /** Give the fields their heights, once they are in the page. */
  grow(): void {
    this.#field.grow();
    this.#form?.update();
  }

  remove(): void {
    this.#removal.abort();
    this.#form?.remove();
    this.element.remove();
  }

  get #isEmpty(): boolean {
    return this.#form === undefined && this.#panel.writing.text.trim() === "";
  }

  /** Whether no more prompts can be sent before one has gone. */
  get #isTaken(): boolean {
    return this.#panel.state.queued !== null || this.#panel.pending !== undefined;
  }

  #onSend(): void {
    if (this.#panel.isLive) this.#panel.stop();
    else this.#submit();
    this.focus();
  }

  #submit(): void {
    if (this.#panel.isLost) return;
    if (this.#form !== undefined) this.#form.submit();
    else if (!this.#isEmpty) this.#ask(this.#panel.writing.text);
  }

  #ask(prompt: string, template = ""): void {
    this.#problem = "";
    if (!this.#panel.ask(prompt, template)) this.#problem = _(TAKEN);
    this.draw();
  }

  #onEscape(): boolean {
    if (!this.#panel.isLive || this.#panel.isStopping) return false;
    this.#panel.stop();
    return true;
  }

  #onInput(): void {
    this.#problem = "";
    this.#panel.writing.text = this.#field.value;
    this.#panel.onWriting(this);
    this.draw();
  }

  #onTakeBack(): void {
    this.#panel.takeBack();
    this.focus();
  }

  #postQueued(): void {
    const { queued } = this.#panel.state;
    if (queued !== null) this.#panel.post({ type: "send_queued", queued: queued.id });
  }

  async #copy(): Promise<void> {
    feedback(this.#copyText, (await copy(this.#panel.writing.text)) ? _("Copied") : _("Could not copy"));
  }

  #onKey(event: KeyboardEvent): void {
    if (!this.#menus.onKey(event)) return;
    event.preventDefault();
    event.stopPropagation();
  }

  /** The prompt that waits for the end of the reply, or for the kernel. */
  #drawQueue(): void {
    const { isLost, pending, state } = this.#panel;
    const { queued } = state;
    const isQueued = queued !== null && !isLost;
    const isLate = pending?.isLate === true && !isLost;
    this.#queue.hidden = !isQueued && !isLate;
    if (this.#queue.hidden) return;
    const label = isLate ? _("Kernel busy: sent when it is free") : queued?.held || _("Sent when the reply has ended");
    write(this.#queueLabel, label);
    // The transcript shows the one that is to come next.
    const isShown = isLate && state.arriving.length === 0;
    write(this.#queueText, (isShown ? "" : isLate ? pending?.prompt : queued?.prompt) ?? "");
    this.#sendQueued.hidden = isLate || !queued?.held;
    write(this.#takeBack, isLate ? _("Cancel") : _("Take back"));
  }

  #drawSuggestions(): void {
    const { isLost, state, writing } = this.#panel;
    const { suggestions, templates } = state;
    this.#suggestions.hidden = isLost || writing.template !== "" || suggestions.length + templates.length === 0;
    const drawn = JSON.stringify([suggestions, templates.map(({ name }) => name)]);
    if (drawn === this.#drawnSuggestions) return;
    this.#drawnSuggestions = drawn;
    const chip = (text: string, isTemplate: boolean, onClick: () => void): HTMLElement => {
      const created = button("nbstream-suggestion", "", onClick);
      created.append(element("bdi", "", text), isTemplate ? "…" : "");
      // A narrow panel cuts it off.
      created.title = text;
      return created;
    };
    this.#suggestions.replaceChildren(
      ...suggestions.map((text) => chip(text, false, () => this.#ask(text))),
      ...templates.map((template) => chip(template.name, true, () => this.#open(template))),
    );
  }

  #open({ name }: Template): void {
    this.#write({ template: name });
    this.focus();
  }

  #drawForm(): void {
    const { isLost, state, writing } = this.#panel;
    const template = isLost ? undefined : state.templates.find(({ name }) => name === writing.template);
    if (this.#form !== undefined && this.#form.template !== template) {
      // The kernel's state may be another object with the same content.
      if (JSON.stringify(this.#form.template) !== JSON.stringify(template)) {
        this.#form.remove();
        this.#form = undefined;
      }
    }
    if (template === undefined) return;
    if (this.#form !== undefined) {
      this.#form.update();
      return;
    }
    this.#form = new TemplateForm(template, writing.blanks, {
      send: (prompt) => this.#ask(prompt, template.name),
      write: (text) => {
        this.#write({ template: "", text: [writing.text, text].filter(Boolean).join("\n\n") });
        this.focus();
      },
      close: () => {
        this.#write({ template: "" });
        this.focus();
      },
      onEscape: () => {
        if (!this.#onEscape()) this.#write({ template: "" });
        this.focus();
      },
      onInput: () => this.#panel.onWriting(this),
    });
    this.#field.element.before(this.#form.element);
  }

  #write(changes: { template: string; text?: string }): void {
    Object.assign(this.#panel.writing, changes);
    this.#panel.onWriting(this);
    this.draw();
    this.grow();
  }
}

function placeholder(count: number, isLive: boolean): string {
  if (isLive) return _("Write the next prompt");
  return count === 0 ? _("Ask something") : _("Go on");
}
