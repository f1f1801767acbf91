/** A chat's panel without a kernel. */

import { chatOf, DRAFT, rowOf } from "../../preview/chat_states";
import { ChatSession, type Instrument } from "../../src/chat_panel/chat_session";
import type { Post } from "../../src/chat_panel/panel";
import { PanelView } from "../../src/chat_panel/panel_view";
import type { ChatAnswer, ChatState } from "../../src/chat_panel/protocol";

export { chatOf, DRAFT, rowOf };

/** An instrument whose messages are answered when the test says so. */
export class FakeInstrument implements Instrument {
  own: ChatState;
  readonly pageId = "this page";
  isLost = false;
  canInsertCells = true;
  readonly sent: Post[] = [];
  readonly inserted: string[] = [];
  readonly said: string[] = [];
  /** The keys of the replies that are shown. */
  readonly shown: string[] = [];
  /** What is answered at once; undefined while the kernel is busy. */
  answer: ((message: Post) => ChatAnswer) | undefined = () => ({});
  readonly #waiting: ((answer: ChatAnswer | undefined) => void)[] = [];

  constructor(state: ChatState = chatOf()) {
    this.own = state;
  }

  readonly services = {
    notebooks: {
      insertCell: (_: Element, source: string): boolean => {
        this.inserted.push(source);
        return true;
      },
    },
    announce: (text: string): void => {
      this.said.push(text);
    },
  };

  send(message: { type: string }): Promise<Record<string, unknown> | undefined> {
    this.sent.push(message as Post);
    const answer = this.answer?.(message as Post);
    if (answer !== undefined) return Promise.resolve(answer as Record<string, unknown>);
    return new Promise((resolve) => this.#waiting.push(resolve as (answer: ChatAnswer | undefined) => void));
  }

  /** The kernel is free, and answers what has waited. */
  free(answer: ChatAnswer | undefined = {}): void {
    this.answer = () => ({});
    for (const resolve of this.#waiting.splice(0)) resolve(answer);
  }

  show(key: string, parent: HTMLElement): () => void {
    this.shown.push(key);
    parent.textContent = `reply ${key}`;
    return () => {
      this.shown.splice(this.shown.indexOf(key), 1);
      parent.textContent = "";
    };
  }

  /** The types of the messages. */
  get types(): string[] {
    return this.sent.map(({ type }) => type);
  }
}

export interface Shown {
  readonly instrument: FakeInstrument;
  readonly session: ChatSession;
  readonly view: PanelView;
  readonly root: HTMLElement;
  readonly field: HTMLTextAreaElement;
  readonly send: HTMLButtonElement;
  /** The kernel changes some of its state. */
  change(state: Partial<ChatState>): void;
  /** A button by its name for screen readers or its text. */
  button(name: string): HTMLButtonElement | undefined;
}

/** Show a panel with this state. */
export function show(state: Partial<ChatState> = {}, instrument = new FakeInstrument(chatOf(state))): Shown {
  const session = new ChatSession(instrument);
  const parent = document.createElement("div");
  document.body.append(parent);
  const view = new PanelView(parent, session);
  session.add(view);
  const root = parent.firstElementChild as HTMLElement;
  return {
    instrument,
    session,
    view,
    root,
    field: root.querySelector(".nbstream-prompt-field") as HTMLTextAreaElement,
    send: root.querySelector(".nbstream-send") as HTMLButtonElement,
    change(changed) {
      instrument.own = { ...instrument.own, ...changed };
      session.onChange();
      view.updateNow();
    },
    button(name) {
      const all = [...root.querySelectorAll("button")].filter((each) => each.closest("[hidden]") === null);
      return all.find((each) => each.getAttribute("aria-label") === name || each.textContent === name);
    },
  };
}

/** Type `text` into `field`, after what is in it. */
export function type(field: HTMLTextAreaElement, text: string): void {
  field.value += text;
  field.dispatchEvent(new Event("input", { bubbles: true }));
}

/** Press a key; whether its default action was prevented. */
export function press(target: Element, key: string, more: KeyboardEventInit = {}): boolean {
  const event = new KeyboardEvent("keydown", { key, bubbles: true, cancelable: true, ...more });
  target.dispatchEvent(event);
  return event.defaultPrevented;
}

/** Let promises be fulfilled. */
export async function settle(): Promise<void> {
  for (let turn = 0; turn < 8; turn += 1) await Promise.resolve();
}
