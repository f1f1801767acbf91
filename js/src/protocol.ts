/**
 * The messages to the page and from it: `nbstream/render/protocol.py` name by name, where each field is explained.
 * This module holds types and names only; it must not know the DOM.
 */

export type Op =
  | ["add", string, number?]
  | ["open", string, string]
  | ["close"]
  | ["colour", string]
  | ["redo", string]
  | ["tail", number, string]
  | ["reset", string];

export interface Group {
  open: string;
  html: string;
  close: string;
}

export interface DocumentState {
  groups: Group[];
  tail: string;
}

export type Status =
  | "pending"
  | "waiting"
  | "reasoning"
  | "answering"
  | "complete"
  | "truncated"
  | "cancelled"
  | "failed";

/** How reasoning is shown; of a hidden one nothing is sent. */
export type Shows = "auto" | "open" | "closed" | "hidden";

export interface Meta {
  status: Status;
  /** Seconds since the run began, at the moment of this message. */
  elapsed: number;
  /** Seconds since reasoning began, while it goes on. */
  reasoning_elapsed?: number | null;
  reasoning: Shows;
  label: string;
  note: string;
  thought: string;
  tool_calls: string[];
  alert: string;
  footer: string[];
  foreground: boolean;
}

export interface Patch {
  type: "patch";
  seq: number;
  reasoning?: Op[];
  answer?: Op[];
  meta?: Meta;
}

export interface Keyframe {
  seq: number;
  reasoning: DocumentState;
  answer: DocumentState;
  meta: Meta;
}

export interface Acknowledgement {
  type: "ack";
}

/** What takes the view's place, for a page that the front end does not hand it to. */
export interface Settled {
  type: "settled";
  /** The widget's, as outputs name it. */
  model_id: string;
  data: Record<string, string>;
  metadata: Record<string, unknown>;
}

export type Message = Patch | Acknowledgement | Settled;

/**
 * `seq` goes with `hello` and `resync`: the last frame that the page has. Two tabs of one notebook are two pages, and so are
 * one before it was reloaded and after.
 */
export interface PageMessage {
  type: "hello" | "shown" | "sight" | "resync" | "settle" | "gone" | "cancel";
  page?: string;
  seq?: number;
  seen?: boolean;
  nth?: number;
}

export const CONTROL_REQUEST = "nbstream_request";
export const CONTROL_REPLY = "nbstream_reply";
