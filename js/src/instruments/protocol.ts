/**
 * Generated, do not edit.
 *
 * The messages between an instrument and its page.
 *
 * An instrument is a widget with a state of its own and any number of replies. Its state in a page is
 * a keyframe; one message a frame brings what has changed in all of it.
 */

import type { Notice } from "../protocol";

import type { Keyframe, Patch } from "../protocol";

/** A reply that an instrument shows under a key. */
export interface ShownReply {
  /** Names the run, or the reply: another one under the same key has another name. */
  run: string;
  state: Keyframe;
}

/** The whole state of an instrument after frame `seq`. */
export interface InstrumentKeyframe {
  seq: number;
  /** The instrument's own state, by field. */
  own: Record<string, unknown>;
  /** The replies that it shows, by key. */
  replies: Record<string, ShownReply>;
}

/** What has changed since the frame before. Frames are numbered from 1. */
export interface Frame {
  type: "frame";
  seq: number;
  /** The fields of the own state that have changed, each with its whole value. */
  own?: Record<string, unknown>;
  /** The fields of the own state that are gone. */
  gone?: string[];
  /** The keys of replies that are not shown any more; taken before `shown`. */
  hidden?: string[];
  /** The replies that are shown from now on, by key. */
  shown?: Record<string, ShownReply>;
  /** By key. */
  replies?: Record<string, Patch>;
  /** The keys of replies that are being stopped. */
  stopping?: string[];
}

/** The answer to a message that came by comm; else the control reply is the answer. */
export interface Answer {
  type: "answer";
  page: string;
  number: number;
  answer: Record<string, unknown>;
}

/** From the kernel to the page of an instrument. */
export type InstrumentMessage = Frame | Answer | Notice;

/**
 * What each message of an instrument's page has, besides what it says.
 *
 * The types `hello`, `mounted`, `resync` and `left` are those of every instrument. A message with
 * a `reply` is one that the page of that reply alone would send, see `PageMessage`. All others are
 * the instrument's own.
 */
export interface InstrumentPageMessage {
  type: string;
  /** An id of the page. */
  page: string;
  /** Counted from 1 for each page: a message may come by two channels, and counts once. */
  number: number;
  /** The key of the reply that the message is about. */
  reply?: string;
  /** With `reply`: its name. By the time that the message comes, another one may be shown there. */
  run?: string;
  /** With `hello` and `resync`: the last frame that the page applied. */
  seq?: number;
  /** With `hello`: the language of the page, as in `zh-CN`; left out if the page does not know it. */
  language?: string;
}
