/**
 * Generated, do not edit.
 *
 * What an Inspector and its page tell each other, besides the messages of every instrument.
 *
 * The page asks for what its user looks at, and the answer holds that. So ten thousand lines of a
 * stream go to the page in parts, and none of them before somebody opens the tab. A step is a request
 * of the reply, counted from 0.
 */

/** The tabs, in their order. */
export type Tab = "messages" | "request" | "stream" | "time" | "cost" | "tokens";

/** The own state: when it changes, the page asks for its tab again. */
export interface InspectorState {
  /** Grows with everything that arrives. */
  version: number;
  /** Whether the reply still arrives. */
  live: boolean;
  /** What the Inspector is about: the model, and how the reply ended. */
  title: string;
  /** A label for each request of the reply. */
  steps: string[];
  /** The tab that is shown first. */
  tab: Tab;
  /** Whether a static form of it stays in the notebook. */
  kept: boolean;
  /** Whether that is possible: marimo and Voilà keep nothing that comes after the cell. */
  can_keep: boolean;
}

/** A stretch of a message; `name` and `facts` are those of what was inserted there, or empty. */
export interface TextPart {
  text: string;
  name: string;
  facts: string;
}

/** One text of the request. */
export interface MessageView {
  role: string;
  title: string;
  parts: TextPart[];
  /** Characters that are left out in the middle; the page may ask for all of them. */
  left_out: number;
}

/** The answer to `messages`, and with `message` to one of them, whole. */
export interface MessagesAnswer {
  messages: MessageView[];
  /** What was inserted without a text, such as images. */
  others: string[];
  /** How many older messages are not here; they are in the request's JSON. */
  left_out: number;
  /** Why there are none; empty otherwise. */
  note: string;
}

/** The answer to `request`: the program in the language that was asked for. */
export interface RequestAnswer {
  text: string;
  /** The same in colours; empty if it is very long. */
  html: string;
  note: string;
}

/** Text that lines added. A line that changes the text so far begins another epoch. */
export interface StreamText {
  /** Counted from 0; the last one of the answer before goes on if it is the same. */
  epoch: number;
  /** The first line of the epoch. */
  line: number;
  reasoning: string;
  answer: string;
  /** How many UTF-16 units the texts had before the first line, if the epoch begins here. */
  base: [number, number];
}

/** The answer to `stream`: the lines from number `first` on, but for what they say. */
export interface StreamAnswer {
  first: number;
  /** How many lines there are now. */
  total: number;
  /** When each arrived, in tenths of a millisecond since the line before. */
  times: number[];
  /** A letter for each, see `output.stream_words.KINDS`. */
  kinds: string;
  /** The size of each, in bytes. */
  sizes: number[];
  /** UTF-16 units of reasoning and of answer that each added. */
  grown: number[];
  texts: StreamText[];
  /** Whether the kernel is still reading them. */
  more: boolean;
  /** Silences: when each began and ended, in seconds since the first request of the step. */
  gaps: [number, number][];
  /** What is missing, such as bytes that were dropped; empty otherwise. */
  note: string;
}

/** The answer to `lines`: for each line from `first` on its text and its meaning, cut. */
export interface LinesAnswer {
  first: number;
  lines: [string, string][];
}

/** The answer to `line`: one line, whole unless it is very long. */
export interface LineAnswer {
  raw: string;
  left_out: number;
  meanings: string[];
}

/** A stretch of time, in seconds since the request was sent. */
export interface SpanView {
  kind: string;
  name: string;
  start: number;
  end: number;
}

/** The answer to `time`. */
export interface TimeAnswer {
  spans: SpanView[];
  /** For each stretch its beginning, its end, tokens a second, and whether that is reasoning. */
  curve: [number, number, number, boolean][];
  facts: [string, string][];
  note: string;
}

/** The answer to `cost`: the rows of the sum, the sum, and sentences. */
export interface CostAnswer {
  rows: [string, string, string, string][];
  total: string;
  notes: string[];
  steps: string[];
}

/** What is shown as one token: mostly one, or the tokens of a character that several share. */
export interface TokenView {
  /** r, a, f or c: reasoning, answer, refusal or tool call. */
  of: string;
  text: string;
  /** Null if the server did not say it. */
  p: number | null;
}

/** The answer to `tokens`: those from number `first` on. */
export interface TokensAnswer {
  first: number;
  total: number;
  /** Grows when tokens before `first` have changed, as an answer that was found to be reasoning. */
  version: number;
  tokens: TokenView[];
  /** Of all tokens: how many have a probability, their mean, and the perplexity. */
  summary: [string, string][];
  /** The least probable ones. */
  least: number[];
  note: string;
}

/** A token that could have stood in a place. */
export interface Likely {
  text: string;
  p: number | null;
  bytes: string;
  /** Whether it is the one that was taken. */
  taken: boolean;
}

/** The answer to `token`: for each token of the place, those that could have stood there. */
export interface TokenAnswer {
  tokens: Likely[][];
}

/** The answer to `keep`. */
export interface KeepAnswer {
  kept: boolean;
}

/** What the page asks, besides the fields of each message. */
export interface Question {
  type: "messages" | "request" | "stream" | "lines" | "line" | "time" | "cost" | "tokens" | "token" | "keep";
  step?: number;
  /** With `messages`: the one that is wanted whole. */
  message?: number;
  /** With `request`. */
  language?: "json" | "python" | "curl" | "node";
  /** With `stream`, `lines` and `tokens`. */
  first?: number;
  /** With `lines`: how many. */
  count?: number;
  /** With `line` and `token`: which of them, counted from 0. */
  place?: number;
  /** With `keep`. */
  kept?: boolean;
}
