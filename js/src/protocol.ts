/**
 * Generated, do not edit.
 *
 * The messages between the kernel and the page.
 *
 * `js/src/protocol.ts` is generated from `nbstream/widgets/protocol.py`: after a change, run
 * `python js/generate_protocol.py`.
 *
 * Growing text is sent as a document: HTML that is written once, from front to back, into nested
 * groups, and after it a short tail that may change. So all messages of a reply together are linear in
 * its length. Offsets count UTF-16 code units, as the strings of JavaScript do.
 */

/**
 * What a user decides about a tool call: it may run, every call of its tool in this reply may run,
 * or it may not.
 */
export type Consent = "allow" | "allow_all" | "deny";

/** How far a tool call is. */
export type CallState = "arriving" | "open" | "asking" | "running" | "stopping" | "done" | "failed" | "invalid" | "interrupted" | "denied" | "stopped";

export type ReasoningDisplay = "auto" | "open" | "closed" | "hidden";

export type Status = "pending" | "waiting" | "reasoning" | "answering" | "calling" | "complete" | "truncated" | "cancelled" | "failed";

export type Op =
  | ["add", string] // append balanced HTML, or escaped text, to the innermost group
  | ["add", string, number] // the same, after that many UTF-16 units of the tail
  | ["open", string, string] // start a group: HTML that leaves elements open, and their end tags
  | ["close"] // end the innermost group; its content stays, as part of the outer group
  | ["colour", string] // add colours to the innermost group, which holds only text, and end it
  | ["redo", string] // end the innermost group and replace it with this balanced HTML
  | ["tail", number, string] // keep that many UTF-16 units of the tail, then append
  | ["reset", string]; // replace the whole document with this balanced HTML; no groups, no tail

/** A run of HTML that is being written: `open + html + …inner groups… + close`. */
export interface Group {
  open: string;
  html: string;
  close: string;
}

/** A document at one moment. `groups[0]` is the outermost group and has no tags. */
export interface DocumentState {
  groups: Group[];
  tail: string;
}

/** What a button of a settled reply does about it. */
export type Action = "continue" | "retry";

/** What is shown around the text, in the words of the settled output. */
export interface Meta {
  status: Status;
  /** Seconds since the run began; the page counts on by its own clock, as it does for the others. */
  clock: number;
  /** Seconds since what is waited for began. */
  elapsed: number;
  /** Seconds since reasoning started; null when the model is not reasoning. */
  reasoning_elapsed: number | null;
  /** How reasoning is shown; with `hidden` no reasoning is sent. */
  reasoning: ReasoningDisplay;
  /** What the run is waiting for: "Waiting for deepseek-flash". Empty once text arrives. */
  label: string;
  /** What the server last said while waiting: "the server says keep-alive". */
  note: string;
  /** "Thought for 12 s", once it is known. */
  thought: string;
  /** A sentence for each warning, to be shown quietly. */
  notes: string[];
  /** The sentence for a reply that is not whole; empty otherwise. */
  alert: string;
  /** The footer's items, in order; empty until the end. */
  footer: string[];
  /** Tokens of the answer, without the reasoning; null until the end, or if it is not known. */
  answer_tokens: number | null;
  /** What can be done about a reply that is not whole, by buttons of its settled output. */
  actions: Action[];
  /** Whether a cell waits for this reply, so that interrupting the kernel would stop it. */
  foreground: boolean;
}

/** What the user needs to decide whether a tool call may run, besides the card itself. */
export interface Question {
  /** The tool's name for a button; a long one is cut. */
  name: string;
  /** What may deceive the user, such as letters that look like others. */
  notes: string[];
  /** The arguments as indented JSON, to be edited. */
  arguments: string;
}

/** A tool call of the present step, as the page shows it. All HTML is the kernel's. */
export interface Card {
  /** `STEP.INDEX`: the positions of the step in the reply and of the call in the step, from 0. */
  key: string;
  state: CallState;
  /** The name of the tool, on one line. */
  name: string;
  /** The start tag around the parts below. */
  root: string;
  /** The name and the state. */
  head: string;
  /** The arguments; while they arrive, only the end of their text. */
  arguments: string;
  /** What the tool has printed, and what came of the call. */
  results: string;
  /** When it began, in seconds since the run began; null unless it runs. The page counts on. */
  began: number | null;
  /** How often the user was asked: once more if the arguments that they gave do not fit. */
  asked: number;
  /** Null unless the user is asked. */
  question: Question | null;
  /** The page whose user decided last time; empty if none did. */
  decider: string;
}

/** The fields of a card that have changed; a new card has all of them. */
export interface CardChange {
  key: string;
  state?: CallState;
  name?: string;
  root?: string;
  head?: string;
  arguments?: string;
  /** Keep that many UTF-16 units of the HTML, then append. */
  results?: [number, string];
  began?: number | null;
  asked?: number;
  question?: Question | null;
  decider?: string;
}

/**
 * One frame. Frames are numbered from 1; a page ignores a frame that it has applied already.
 *
 * It has no type, because there are many of them.
 */
export interface Patch {
  seq: number;
  /** Finished steps are added to those before them. The cards so far were in them, and are gone. */
  earlier?: Op[];
  reasoning?: Op[];
  answer?: Op[];
  cards?: CardChange[];
  meta?: Meta;
}

/** The whole state after frame `seq`. The widget's state always has one. */
export interface Keyframe {
  seq: number;
  /** The steps before the present one, as they are settled. */
  earlier: DocumentState;
  /** The texts and the tool calls of the present step. */
  reasoning: DocumentState;
  answer: DocumentState;
  cards: Card[];
  meta: Meta;
}

/** The kernel received a Stop, so the page must not interrupt it any more. */
export interface Acknowledgement {
  type: "ack";
}

/**
 * The settled output, for a page that the front end does not give it.
 *
 * Such are a reloaded page, a second one, and the inside of an Output widget.
 */
export interface Settled {
  type: "settled";
  /** The widget that it replaces, as outputs name it. */
  model_id: string;
  /** The Output widgets that may hold it. */
  outputs: string[];
  data: Record<string, string>;
  metadata: Record<string, unknown>;
}

/** A sentence for the user that belongs to no cell. The page shows it for a while. */
export interface Notice {
  type: "notice";
  text: string;
}

/** From the kernel to the page. */
export type KernelMessage = Patch | Acknowledgement | Settled | Notice;

/**
 * From the page to the kernel.
 *
 * The page has the widget (`hello`); draws it for the first time (`mounted`); shows or hides the
 * end of the text (`visibility`); missed a frame and needs a keyframe (`resync`); needs the
 * settled output of a reply that ended (`settle`); does not draw a reply that ended any more
 * (`unmounted`); is being closed or reloaded (`left`); its user pressed Stop (`cancel`); shows the
 * question whether a call may run (`asked`); or its user has decided (`decide`). A decision is
 * repeated until the question is closed; only the first one counts.
 */
export interface PageMessage {
  type: "hello" | "mounted" | "visibility" | "resync" | "settle" | "unmounted" | "left" | "cancel" | "asked" | "decide";
  /** An id of the page. Two tabs are two pages, and a page that was reloaded is a new one. */
  page?: string;
  /**
   * With `hello` and `resync`: the last frame that the page applied. With `visibility`: which of
   * these messages it is, counted from 1, because each arrives by two channels.
   */
  seq?: number;
  /** With `hello`: the language of the page, as in `zh-CN`; left out if the page does not know it. */
  language?: string;
  /** With `visibility`. */
  visible?: boolean;
  /** With `asked` and `decide`: the key of the call. */
  call?: string;
  /** With `decide`: how often the user had been asked about the call. */
  asked?: number;
  /** With `decide`. */
  action?: Consent;
  /** With `decide`: the arguments to use instead of the model's, as JSON text. */
  edited?: string;
  /** With `decide`: why the call may not run, for the model; may be empty. */
  reason?: string;
}

/** An output of a cell, as far as it is text. */
export interface CellOutput {
  /** As in the notebook's file: stream, display_data, execute_result or error. */
  kind: string;
  /** Its text by MIME type, that of a stream or an error as text/plain. */
  data: Record<string, string>;
  /** Characters that the page left out in the middle of its texts. */
  left_out: number;
  /** All its MIME types. */
  types: string[];
  /** The answer, if it is the settled output of a reply. */
  answer?: string;
}

/** A cell as its notebook shows it. */
export interface CellContent {
  /** Its id; empty if the notebook gives it none. */
  id: string;
  /** As in the notebook's file: code, markdown or raw. */
  kind: string;
  /** Its place in the notebook, counted from 1. */
  place: number;
  source: string;
  /** Its execution number; null if it was not run. */
  number: number | null;
  /** Whether its code was changed since it was run. */
  edited: boolean;
  outputs: CellOutput[];
}

/** From a page to the kernel: the cells above the one that asked, the topmost first. */
export interface CellsAnswer {
  type: "cells";
  /** The client of the page's kernel connection; the kernel knows which client ran the cell. */
  client: string;
  /** How many cells that are not empty stand above in all. */
  above: number;
  /** Null if the page does not know the notebook. */
  cells: CellContent[] | null;
}

/**
 * From a page to the kernel, with the `run_id` of a settled reply: a button was pressed.
 *
 * The page repeats it until it learns which run has taken the reply's place.
 */
export interface Click {
  type: "again";
  action: Action;
}

/** The kernel's answer to a click or a decision, in the control reply. */
export interface ClickAnswer {
  /** Whether this kernel has the reply. */
  known?: boolean;
  /** To a decision: the page whose user decided; empty if the call does not wait for one. */
  decider?: string;
  /** Why the reply stays as it is. */
  notice?: string;
  /** The run in the reply's place; null until it is shown. */
  next?: string | null;
}

/** In place of a page that decided: the kernel asks by `input()`, below the reply. */
export const BY_INPUT = "input()";

/**
 * Message types of the control channel: a message of a page with a `run_id`, and the kernel's
 * reply.
 */
export const CONTROL_REQUEST = "nbstream_request";

export const CONTROL_REPLY = "nbstream_reply";
