/** A chat's panel in a page: what its user writes and does, for all its views. */

import { _, marked } from "../shared";
import type { Panel, Pending, Post, Writing } from "./panel";
import type { PanelView } from "./panel_view";
import type { ChatAnswer, ChatRow, ChatState, Draft, RowText } from "./protocol";

/** Milliseconds without an answer after which the kernel counts as busy. */
export const PATIENCE = 400;

/** Milliseconds after the last key until the kernel gets what was written. */
export const DRAFT_DELAY = 500;

const STOP_LATE = marked(
  "Stop has not reached the kernel yet: it is busy. Press ■ in the toolbar if it must end at once.",
);

/** What a panel needs of its instrument (`InstrumentSession`). */
export interface Instrument {
  readonly own: ChatState;
  readonly pageId: string;
  readonly isLost: boolean;
  readonly canInsertCells: boolean;
  readonly services: {
    readonly notebooks: { insertCell(element: Element, source: string): boolean };
    announce(text: string): void;
  };
  send(message: { type: string } & Record<string, unknown>): Promise<Record<string, unknown> | undefined>;
  show(key: string, parent: HTMLElement): () => void;
}

export class ChatSession implements Panel {
  readonly writing: Writing = { text: "", template: "", blanks: new Map(), editing: null };
  readonly #instrument: Instrument;
  readonly #views = new Set<PanelView>();
  #pending: (Pending & { isCancelled: boolean; isSent: boolean } & Pick<Writing, "template" | "blanks">) | undefined;
  #isStopping = false;
  #problem = "";
  #draftSeen: number;
  #draftTimer: ReturnType<typeof setTimeout> | undefined;
  #isDraftSent = true;

  constructor(instrument: Instrument) {
    this.#instrument = instrument;
    this.#draftSeen = -1;
    this.#takeDraft();
    window.addEventListener("pagehide", () => this.#sendDraft());
  }

  get state(): ChatState {
    return this.#instrument.own;
  }

  get pending(): Pending | undefined {
    return this.#pending;
  }

  get isLost(): boolean {
    return this.#instrument.isLost;
  }

  get isLive(): boolean {
    return !this.isLost && (this.#pending !== undefined || this.state.arriving.length > 0);
  }

  get isStopping(): boolean {
    return this.isLive && (this.#isStopping || this.state.stopping);
  }

  get problem(): string {
    return this.#problem;
  }

  get canInsertCells(): boolean {
    return this.#instrument.canInsertCells;
  }

  add(view: PanelView): void {
    this.#views.add(view);
  }

  delete(view: PanelView): void {
    this.#views.delete(view);
  }

  /** The kernel has changed something, or ended. */
  onChange(): void {
    this.#takeDraft();
    if (this.state.arriving.length === 0) this.#isStopping = false;
    if (this.isLost) this.#abandon();
    for (const view of this.#views) view.update();
  }

  mountReply(key: string, parent: HTMLElement): () => void {
    return this.#instrument.show(key, parent);
  }

  post(message: Post): void {
    this.#problem = "";
    // The kernel puts a text before what is written, if it cannot be used.
    if (message.type === "edit") this.#sendDraft();
    void this.#send(message).then((answer) => {
      if (this.isLost && message.type === "edit") this.#keep(message.text);
      if (answer?.problem === undefined) return;
      this.#problem = answer.problem;
      this.announce(answer.problem);
      this.#draw();
    });
  }

  ask(prompt: string, template = ""): boolean {
    if (this.isLost || this.#pending !== undefined) return false;
    if (this.state.arriving.length > 0 && this.state.queued !== null) return false;
    this.#problem = "";
    const isOwn = template === this.writing.template && (template !== "" || prompt === this.writing.text);
    void this.#ask(prompt, template, isOwn);
    if (isOwn) this.#clear(template);
    this.#draw();
    for (const view of this.#views) view.toEnd();
    return true;
  }

  stop(): void {
    if (this.isStopping) return;
    if (this.#pending !== undefined && this.state.arriving.length === 0) this.takeBack();
    else void this.#stop();
  }

  takeBack(): void {
    const pending = this.#pending;
    if (pending !== undefined) {
      pending.isCancelled = true;
      // It has gone, so it is stopped as soon as the kernel has it.
      if (pending.isSent) void this.#stop();
      else this.#giveBack();
    } else if (this.state.queued !== null) {
      this.#sendDraft();
      this.post({ type: "unqueue", queued: this.state.queued.id, text: this.writing.text });
    }
    this.#draw();
  }

  async textOf(row: ChatRow, part: RowText): Promise<string | undefined> {
    const answer = await this.#send({ type: "text", row: row.key, part });
    return answer?.text;
  }

  insertCell(element: Element, source: string): boolean {
    return this.#instrument.services.notebooks.insertCell(element, source);
  }

  onWriting(by: object): void {
    this.#isDraftSent = false;
    clearTimeout(this.#draftTimer);
    this.#draftTimer = setTimeout(() => this.#sendDraft(), DRAFT_DELAY);
    for (const view of this.#views) view.onWriting(by);
  }

  announce(text: string): void {
    this.#instrument.services.announce(text);
  }

  #draw(): void {
    for (const view of this.#views) view.updateNow();
  }

  #send(message: Post): Promise<ChatAnswer | undefined> {
    return this.#instrument.send({ ...message });
  }

  /**
   * Ask once the kernel listens. A message that waits at the kernel cannot be taken back, so the draft
   * goes first, as a rule the prompt, which the kernel keeps; and the question only when that was heard.
   */
  async #ask(prompt: string, template: string, isOwn: boolean): Promise<void> {
    const blanks = new Map(this.writing.blanks);
    const text = template === "" ? { text: prompt } : { template, blanks: Object.fromEntries(blanks) };
    const pending = { prompt, isLate: false, isCancelled: false, isSent: false, template, blanks };
    this.#pending = pending;
    this.#cancelDraft();
    const timer = setTimeout(() => {
      pending.isLate = true;
      this.announce(_("Kernel busy: the prompt is sent when it is free"));
      this.#draw();
    }, PATIENCE);
    await this.#send({ type: "draft", ...(isOwn ? { ...text, ...this.#form, seen: this.#draftSeen } : this.#written) });
    if (!pending.isCancelled) {
      pending.isSent = true;
      await this.#send({ type: "send", ...text });
    }
    clearTimeout(timer);
    if (this.#pending === pending) this.#pending = undefined;
    // The kernel has forgotten the draft with what was sent, but there may be other text in the field.
    if (this.writing.text !== "" || this.writing.template !== "") {
      this.#isDraftSent = false;
      this.#sendDraft();
    }
    this.#draw();
  }

  async #stop(): Promise<void> {
    this.#isStopping = true;
    this.#draw();
    const timer = setTimeout(() => {
      this.#problem = _(STOP_LATE);
      this.#draw();
    }, PATIENCE + 1000);
    await this.#send({ type: "stop" });
    clearTimeout(timer);
    if (this.#problem === _(STOP_LATE)) this.#problem = "";
    this.#isStopping = false;
    this.#draw();
  }

  /** Put what did not get to the kernel back where it was written. */
  #giveBack(): void {
    const pending = this.#pending;
    this.#pending = undefined;
    if (pending === undefined) return;
    if (pending.template === "") this.#keep(pending.prompt);
    else {
      this.writing.template = pending.template;
      for (const [blank, text] of pending.blanks) this.writing.blanks.set(blank, text);
    }
    this.onWriting(this);
  }

  #abandon(): void {
    clearTimeout(this.#draftTimer);
    const { editing } = this.writing;
    this.writing.editing = null;
    this.#keep(editing?.text);
    if (this.#pending !== undefined) {
      this.#pending.isCancelled = true;
      const { prompt } = this.#pending;
      this.#pending = undefined;
      this.#keep(prompt);
    }
  }

  /** Put a text into the field, before what is written there. */
  #keep(kept = ""): void {
    this.writing.text = [kept, this.writing.text].filter((text) => text.trim() !== "").join("\n\n");
  }

  #clear(template: string): void {
    if (template === "") this.writing.text = "";
    else {
      this.writing.template = "";
      this.writing.blanks.clear();
    }
  }

  /** Take what was written in another page, or before this one was loaded, or what comes back. */
  #takeDraft(): void {
    const { draft } = this.state;
    const seen = this.#draftSeen;
    if (draft.number === seen) return;
    this.#draftSeen = draft.number;
    if (draft.is_whole || !this.#isForeign(draft, seen)) {
      this.#takeOver(draft, seen);
      return;
    }
    void this.#send({ type: "written" }).then((answer) => {
      if (answer?.draft === undefined) return;
      this.#takeOver(answer.draft, seen);
      this.#draw();
    });
  }

  #isForeign(draft: Draft, seen: number): boolean {
    return this.#isOfOther(draft) || Math.max(draft.put_text, draft.put_editing) > seen;
  }

  #isOfOther({ page }: Draft): boolean {
    return page !== "" && page !== this.#instrument.pageId && this.#isDraftSent;
  }

  /** Take what is not from this page. The kernel changes one thing, while the user may write in the other. */
  #takeOver(draft: Draft, seen: number): void {
    const isOfOther = this.#isOfOther(draft);
    if (isOfOther || draft.put_editing > seen) this.writing.editing = draft.editing;
    if (!isOfOther && draft.put_text <= seen) return;
    this.writing.text = draft.text;
    this.writing.template = draft.template;
    for (const [blank, filled] of Object.entries(draft.blanks)) this.writing.blanks.set(blank, filled);
  }

  #sendDraft(): void {
    clearTimeout(this.#draftTimer);
    if (this.#isDraftSent || this.isLost) return;
    this.#isDraftSent = true;
    void this.#send({ type: "draft", ...this.#written });
  }

  /** What is written, as a draft. */
  get #written(): Partial<Post> {
    const { blanks, template, text } = this.writing;
    const field = template === "" ? { text } : { text, template, blanks: Object.fromEntries(blanks) };
    return { ...field, ...this.#form, seen: this.#draftSeen };
  }

  get #form(): Partial<Post> {
    const { editing } = this.writing;
    return editing === null ? {} : { editing };
  }

  #cancelDraft(): void {
    clearTimeout(this.#draftTimer);
    this.#isDraftSent = true;
  }
}
