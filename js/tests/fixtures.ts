/**
 * What the tests share: frames and states from the kernel, and stand-ins for what a notebook
 * provides.
 */

import keyframes from "../../tests/data/keyframes.json";
import patchesOfCalls from "../../tests/data/patches.json";
import type { Model } from "../src/channel";
import type { Card, DocumentState, Keyframe, Meta, Op, PageMessage, Patch } from "../src/protocol";

export interface Fixture {
  name: string;
  frames: { ops: Op[]; html: string }[];
}

/** The frames that Python's tests check as well. */
export const fixtures = Object.values(
  import.meta.glob<Fixture | Fixture[]>("../../tests/data/protocol/*.json", { eager: true, import: "default" }),
).flat();

/** The patches of a reply with tool calls, each with the kernel's keyframe after it. */
export const patches = patchesOfCalls as unknown as { patch?: Patch; keyframe: Keyframe }[];

export function emptyDocument(): DocumentState {
  return { groups: [{ open: "", html: "", close: "" }], tail: "" };
}

/** The document's HTML: everything written, the tail, and the end tags of the open groups. */
export function htmlOf(document: DocumentState): string {
  const written = document.groups.map((group) => group.open + group.html).join("");
  const ends = document.groups.map((group) => group.close).reverse();
  return written + document.tail + ends.join("");
}

/** The HTML in all parts of `root`. */
export function written(root: Element): string {
  return [...root.children].map((part) => part.innerHTML).join("");
}

/** The HTML as a browser writes it after parsing it afresh. */
export function parsed(html: string): string {
  const template = document.createElement("template");
  template.innerHTML = html;
  return template.innerHTML;
}

/** The kernel's own meta of a waiting reply, with other `fields` and no words. */
export function metaOf(fields: Partial<Meta> = {}): Meta {
  return { ...(keyframes.waiting.meta as Meta), status: "pending", elapsed: 0, label: "", note: "", ...fields };
}

export function keyframeOf(seq: number, answer = "", meta: Partial<Meta> = {}): Keyframe {
  const text = { ...emptyDocument(), groups: [{ open: "", html: answer, close: "" }] };
  const documents = { earlier: emptyDocument(), reasoning: emptyDocument(), answer: text };
  return { seq, ...documents, cards: [], meta: metaOf({ status: "waiting", ...meta }) };
}

/** The card of a call, with these fields. */
export function cardOf(fields: Partial<Card> = {}): Card {
  return {
    key: "0.0",
    state: "open",
    name: "weather",
    root: '<div class="nbstream-card">',
    head: "",
    arguments: "",
    results: "",
    began: null,
    asked: 0,
    question: null,
    decider: "",
    ...fields,
  };
}

/** Give `element` a position on the screen, which jsdom does not. */
export function place(element: Element, rectangle: () => { top: number; bottom: number }): void {
  element.getBoundingClientRect = () => ({ ...new DOMRect(), ...rectangle() }) as DOMRect;
}

/** A box that scrolls within the page, from 50 to 150 on the screen. */
export function scroller(): HTMLElement {
  const element = document.createElement("div");
  element.style.overflowY = "auto";
  Object.defineProperties(element, { clientHeight: { value: 100 }, scrollHeight: { value: 900 } });
  place(element, () => ({ top: 50, bottom: 150 }));
  return element;
}

/** A signal as JupyterLab's are. */
export class FakeSignal<T> {
  readonly slots = new Set<(sender: unknown, value: T) => void>();

  connect(slot: (sender: unknown, value: T) => void): void {
    this.slots.add(slot);
  }

  disconnect(slot: (sender: unknown, value: T) => void): void {
    this.slots.delete(slot);
  }

  emit(value: T): void {
    for (const slot of this.slots) slot(this, value);
  }
}

/** A kernel connection. Its control channel replies after `delay` milliseconds, or never. */
export class FakeKernel {
  readonly clientId = "client";
  readonly username = "somebody";
  connectionStatus = "connected";
  delay: number | undefined;
  /** What its control replies say. */
  answer: object = { known: true };
  interrupts = 0;
  readonly controlled: { header: { msg_type: string }; content: PageMessage & { run_id: string } }[] = [];
  readonly statusChanged = new FakeSignal<string>();
  readonly iopubMessage = new FakeSignal<object>();
  readonly anyMessage = new FakeSignal<object>();

  sendControlMessage(
    message: FakeKernel["controlled"][number],
    expectReply: boolean,
  ): { onReply?: (reply: object) => void; done: Promise<unknown> } {
    this.controlled.push(message);
    // As in JupyterLab, the future is rejected when the kernel ends.
    const done = Promise.reject(new Error("Canceled"));
    const future: { onReply?: (reply: object) => void; done: Promise<unknown> } = { done };
    const reply = { content: this.answer };
    if (this.delay !== undefined && expectReply) setTimeout(() => future.onReply?.(reply), this.delay);
    return future;
  }

  async interrupt(): Promise<void> {
    this.interrupts += 1;
  }

  /** A message on the comm `comm_id`, as the connection has it before any widget. */
  bring(data: object, comm_id = "run", direction = "recv"): void {
    this.anyMessage.emit({ direction, msg: { header: { msg_type: "comm_msg" }, content: { comm_id, data } } });
  }

  /** Publish the kernel's state on iopub, in answer to a message of type `parent`. */
  publish(execution_state: string, parent: string): void {
    this.iopubMessage.emit({
      header: { msg_type: "status" },
      parent_header: { msg_type: parent },
      content: { execution_state },
    });
  }
}

/** A model as anywidget passes it to a module. */
export class FakeModel {
  readonly sent: PageMessage[] = [];
  readonly listeners = new Map<string, Set<(value?: unknown) => void>>();
  readonly widget_manager: { kernel: FakeKernel | null };
  #keyframe: Keyframe;

  constructor(keyframe: Keyframe = keyframeOf(0), kernel: FakeKernel | null = null) {
    this.#keyframe = keyframe;
    this.widget_manager = { kernel };
  }

  /** The language that the user has set. */
  language = "";

  get(name: string): unknown {
    return name === "run_id" ? "run" : name === "language" ? this.language : this.#keyframe;
  }

  on(name: string, listener: (value?: unknown) => void): void {
    this.listeners.set(name, (this.listeners.get(name) ?? new Set()).add(listener));
  }

  off(name: string, listener: (value?: unknown) => void): void {
    this.listeners.get(name)?.delete(listener);
  }

  send(message: PageMessage): void {
    this.sent.push(message);
  }

  emit(name: string, value?: unknown): void {
    for (const listener of this.listeners.get(name) ?? []) listener(value);
  }

  set keyframe(keyframe: Keyframe) {
    this.#keyframe = keyframe;
    this.emit("change:keyframe");
  }

  /** The types of the messages that went by comm. */
  get types(): string[] {
    return this.sent.map((message) => message.type);
  }

  as(): Model<Keyframe> {
    return this as unknown as Model<Keyframe>;
  }
}

/** A notebook's context as JupyterLab's widget manager has it; outputs by `cell:output`. */
export class FakeNotebook {
  readonly outputs = new Map<string, object>();
  readonly inserted: [number, object][] = [];
  /** What was set, by cell. */
  readonly metadata: Record<number, [string, unknown][]> = {};
  readonly model = {
    readOnly: false,
    cells: {
      get: (cell: number) => ({
        outputs: { get: (index: number) => this.outputs.get(`${cell}:${index}`) ?? {} },
        getMetadata: (name: string) => this.metadata[cell]?.find(([each]) => each === name)?.[1],
        setMetadata: (name: string, value: unknown) => {
          this.metadata[cell] = [...(this.metadata[cell] ?? []), [name, value]];
        },
      }),
    },
    sharedModel: { insertCell: (index: number, cell: object) => this.inserted.push([index, cell]) },
  };
}

/** The elements of a notebook's panel around one output. */
export function notebookPanel(cell: number): { element: HTMLElement; output: HTMLElement } {
  const element = document.createElement("div");
  element.className = "jp-NotebookPanel";
  element.innerHTML =
    `<div class="jp-Cell" data-windowed-list-index="${cell}"><div class="jp-OutputArea">` +
    '<div class="jp-OutputArea-child"></div></div></div>';
  return { element, output: element.querySelector(".jp-OutputArea-child") as HTMLElement };
}
