/** A chat's panel in a page: what its user writes and does, for all its views. */

import type { Panel, Pending, Post, Writing } from "./panel";
import type { PanelView } from "./panel_view";
import type { ChatAnswer, ChatRow, ChatState, RowText } from "./protocol";

/** Milliseconds without an answer after which the kernel counts as busy. */
export const PATIENCE = 400;

/** Milliseconds after the last key until the kernel gets what was written. */
export const DRAFT_DELAY = 500;

const STOP_LATE = "Stop has not reached the kernel yet: it is busy. Press ■ in the toolbar if it must end at once.";

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
  readonly writing: Writing = { text: "", template: "", blanks: new Map(), editing: undefined };
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
    // The kernel puts an unsent prompt before what is written.
    if (message.type === "edit" && message.part === undefined) this.#sendDraft();
    void this.#send(message).then((answer) => {
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
      this.#cancelDraft();
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
      this.announce("Kernel busy: the prompt is sent when it is free");
      this.#draw();
    }, PATIENCE);
    await this.#send({ type: "draft", ...(isOwn ? text : this.#written) });
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
      this.#problem = STOP_LATE;
      this.#draw();
    }, PATIENCE + 1000);
    await this.#send({ type: "stop" });
    clearTimeout(timer);
    if (this.#problem === STOP_LATE) this.#problem = "";
    this.#isStopping = false;
    this.#draw();
  }

  /** Put what did not get to the kernel back where it was written. */
  #giveBack(): void {
    const pending = this.#pending;
    this.#pending = undefined;
    if (pending === undefined) return;
    if (pending.template === "") {
      this.writing.text = [pending.prompt, this.writing.text].filter((text) => text.trim() !== "").join("\n\n");
    } else {
      this.writing.template = pending.template;
      for (const [blank, text] of pending.blanks) this.writing.blanks.set(blank, text);
    }
    this.onWriting(this);
  }

  #abandon(): void {
    clearTimeout(this.#draftTimer);
    if (this.#pending !== undefined) {
      this.#pending.isCancelled = true;
      const { prompt } = this.#pending;
      this.#pending = undefined;
      this.writing.text = [prompt, this.writing.text].filter((text) => text.trim() !== "").join("\n\n");
    }
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
    if (draft.number === this.#draftSeen) return;
    this.#draftSeen = draft.number;
    if (draft.page === this.#instrument.pageId || (draft.page !== "" && !this.#isDraftSent)) return;
    this.writing.text = draft.text;
    this.writing.template = draft.template;
    for (const [blank, text] of Object.entries(draft.blanks)) this.writing.blanks.set(blank, text);
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
    return template === "" ? { text } : { text, template, blanks: Object.fromEntries(blanks) };
  }

  #cancelDraft(): void {
    clearTimeout(this.#draftTimer);
    this.#isDraftSent = true;
  }
}
