/** What the parts of a chat's panel know of it, and what its user can do. */

import type { ChatMessage, ChatRow, ChatState, Editing, RowText } from "./protocol";

/** What a page sends about the chat; the panel adds its page and the message's number. */
export type Post = Omit<ChatMessage, "page" | "number">;

/** What is written in the panel and not sent; all views of the panel share it. */
export interface Writing {
  text: string;
  /** The name of the template that is filled in; empty without one. */
  template: string;
  /** What was written in the blanks of templates, by their names. */
  readonly blanks: Map<string, string>;
  /** The text of a row that is being changed in its place. */
  editing: Editing | null;
}

/** A prompt on its way to the kernel. */
export interface Pending {
  readonly prompt: string;
  /** Whether the kernel has not heard of it for a while. */
  readonly isLate: boolean;
}

export interface Panel {
  readonly state: ChatState;
  readonly writing: Writing;
  readonly pending: Pending | undefined;
  /** Whether the kernel ended. */
  readonly isLost: boolean;
  /** Whether a reply goes on, or a prompt is on its way, as far as the page knows. */
  readonly isLive: boolean;
  /** Whether the user has pressed Stop, and it may still take effect. */
  readonly isStopping: boolean;
  /** What became of what the user did last; empty without a problem. */
  readonly problem: string;
  /** Whether cells can be inserted below the panel. */
  readonly canInsertCells: boolean;
  /** Show a reply in `parent`; returns a function that removes it. */
  mountReply(key: string, parent: HTMLElement): () => void;
  /** Send a message that needs no answer. */
  post(message: Post): void;
  /** Send a prompt, or what fills a template; false if it has to wait in its field. */
  ask(prompt: string, template?: string): boolean;
  /** Stop the replies, or take back the prompt that is on its way. */
  stop(): void;
  /** Take the waiting prompt back into the field. */
  takeBack(): void;
  /** A text of a row from the kernel; undefined if none comes. */
  textOf(row: ChatRow, part: RowText): Promise<string | undefined>;
  /** Insert a cell below the one around `element`; whether that worked. */
  insertCell(element: Element, source: string): boolean;
  /** What is written has changed in the view `by`: keep it, and draw the other views. */
  onWriting(by: object): void;
  announce(text: string): void;
}
