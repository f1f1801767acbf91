/**
 * What the page does for every instrument: its messages, its state, and the replies in it. A
 * widget's own module draws the state, and says what its user does.
 */

import type { AnyWidget } from "@anywidget/types";
import type { Model, Receiver } from "../channel";
import type { Load } from "../later";
import type { Output } from "../notebook";
import type { ClickAnswer } from "../protocol";
import {
  _,
  Channel,
  canInsertCells,
  contextOf,
  element,
  hasEnded,
  MIN_REPLY_TIMEOUT,
  marked,
  newId,
  PageServices,
  pageLanguage,
  ReplySession,
  Resync,
} from "../shared";
import type { Part } from "../view";
import type { Frame, InstrumentKeyframe, InstrumentMessage, ShownReply } from "./protocol";
import { Slots } from "./slots";
import { TranscriptKeeper } from "./transcript";

/** What a frame has changed: fields of the own state, and the keys of replies. */
export interface Change {
  readonly own: ReadonlySet<string>;
  readonly replies: ReadonlySet<string>;
}

/** One view of an instrument. */
export interface InstrumentView {
  /** Draw what has changed; also called when the kernel has ended. */
  update(change: Change): void;
  /** Whether all that it shows is a reply, which says by itself that the kernel has ended. */
  readonly isReply?: boolean;
  /**
   * Say that the kernel has ended, and let nothing be clicked that needs it. Without this method the
   * instrument says so, and the static output takes the place of the view if it has all replies.
   */
  showLost?(): void;
  remove?(): void;
}

/** What a page shows where the kernel has ended; elements with this attribute are hidden then. */
const NEEDS_KERNEL = "[data-kernel]";
const LOST = marked("The kernel has ended. This shows what it had sent.");
/** The same of a reply: a cell could bring more of its own replies back, and none of these. */
const LOST_REPLY = marked("The kernel went away before the reply had ended. This is what it had sent.");

/** A control reply is waited for a little longer than the channel says, as an instrument never interrupts. */
const PATIENCE = 1000;

/** Milliseconds after which a page that was reloaded has its notebook. */
const FIRST_LOOK = 3000;

/** What the kernel answers to a message; undefined if it was closed or has ended before. */
export type KernelAnswer = Record<string, unknown> | undefined;

/** An instrument in a page: `own` is its state, as the kernel's `_own()` has it. */
export class InstrumentSession<Own extends object = Record<string, unknown>>
  implements Receiver<InstrumentMessage, InstrumentKeyframe>
{
  readonly pageId = newId();
  readonly services = PageServices.get();
  own: Own;
  isLost = false;
  readonly load: Load;
  readonly #model: Model<InstrumentKeyframe>;
  readonly #channel: Channel<InstrumentMessage, InstrumentKeyframe>;
  readonly #replies = new Map<string, { run: string; session: ReplySession }>();
  readonly #slots = new Slots((key) => this.reply(key));
  /** The views and their elements. */
  readonly #views = new Map<InstrumentView, HTMLElement>();
  readonly #closing = new AbortController();
  /** By the number of a message without an answer: what takes the answer. */
  readonly #pending = new Map<number, (answer: KernelAnswer) => void>();
  #seq = -1;
  #number = 0;
  readonly #resync = new Resync();
  readonly #transcripts: TranscriptKeeper;
  #look: ReturnType<typeof setTimeout> | undefined;
  /** Whether the control channel has replied; undefined while nothing is known. */
  #controlReplies: boolean | undefined;

  constructor(model: Model<InstrumentKeyframe>, { early = [], load = nothing }: Given = {}) {
    this.#model = model;
    this.load = load;
    this.own = {} as Own;
    const keyframe = model.get("keyframe");
    if (keyframe?.seq === undefined) throw new Error("nbstream: the widget has no state. Run the cell again.");
    this.#take(keyframe);
    this.#transcripts = new TranscriptKeeper(model, model.get("run_id"));
    this.#channel = new Channel(model, this);
    const { signal } = this.#closing;
    window.addEventListener("pagehide", () => void this.send({ type: "left" }), { signal });
    // A page that the browser had kept, and shows again.
    const onBack = ({ persisted }: PageTransitionEvent): void => {
      if (persisted && this.#views.size > 0) void this.send({ type: "mounted" });
    };
    window.addEventListener("pageshow", onBack, { signal });
    for (const message of early) this.onMessage(message);
    void this.send({ type: "hello", seq: this.#seq, ...pageLanguage() });
    this.#look = setTimeout(() => this.#compareTranscripts(), FIRST_LOOK);
  }

  /** The reply under `key`. */
  reply(key: string): ReplySession | undefined {
    return this.#replies.get(key)?.session;
  }

  /** The keys of the replies. */
  get keys(): string[] {
    return [...this.#replies.keys()];
  }

  get canInsertCells(): boolean {
    return canInsertCells(contextOf(this.#model));
  }

  /**
   * Send a message, by the control channel if that replies, and else by comm, where it may have to
   * wait for the end of a cell. The kernel acts upon it once. The promise holds its answer.
   */
  send(message: { type: string } & Record<string, unknown>): Promise<KernelAnswer> {
    if (this.#closing.signal.aborted || this.isLost) return Promise.resolve(undefined);
    this.#number += 1;
    const number = this.#number;
    const numbered = { ...message, page: this.pageId, number };
    return new Promise((resolve) => {
      this.#pending.set(number, resolve);
      const isSent = this.#channel.sendControl(numbered, (answer) => {
        this.#controlReplies = true;
        this.#answer(number, answer as Record<string, unknown>);
      });
      if (!isSent || this.#controlReplies === false) this.#channel.sendComm(numbered);
      else {
        setTimeout(() => {
          if (!this.#pending.has(number)) return;
          this.#controlReplies ??= false;
          this.#channel.sendComm(numbered);
        }, MIN_REPLY_TIMEOUT);
      }
    });
  }

  /**
   * Show the reply under `key` in `parent`, or some parts of it, also one that comes later or takes
   * its place; return a function that removes it. With `isPatient` it is drawn a little later, so that
   * several replies that come at once are several short tasks of the page, and not one long one.
   */
  show(key: string, parent: HTMLElement, parts?: ReadonlySet<Part>, isPatient = false): () => void {
    return this.#slots.add(key, parent, parts, isPatient);
  }

  /** Show a view in `element`; return a function that removes it. */
  mount(element: HTMLElement, draw: Draw<Own>): () => void {
    const view = draw(this, element);
    if (this.#views.size === 0) void this.send({ type: "mounted" });
    this.#views.set(view, element);
    this.services.addView(element, contextOf(this.#model));
    if (this.isLost) this.#showLost(view, element);
    return () => {
      this.#views.delete(view);
      view.remove?.();
      element.replaceChildren();
      this.services.removeView(element);
      if (this.#views.size === 0) void this.send({ type: "unmounted" });
    };
  }

  close(): void {
    this.#closing.abort();
    this.#slots.close();
    clearTimeout(this.#look);
    this.#transcripts.close();
    for (const { session } of this.#replies.values()) session.close();
    this.#channel.close();
    this.#giveUp();
  }

  onOutput(output: Output): void {
    this.services.notebooks.receive(output);
    this.#transcripts.onOutput(output);
  }

  onLost(): void {
    if (this.isLost) return;
    this.isLost = true;
    this.#giveUp();
    for (const { session } of this.#replies.values()) session.onLost();
    this.#update(new Set(Object.keys(this.own)), new Set(this.keys));
    for (const [view, element] of this.#views) this.#showLost(view, element);
  }

  onMessage(message: InstrumentMessage): void {
    if (message.type === "frame") this.#onFrame(message);
    else if (message.type === "notice") this.services.notify(message.text);
    else if (message.type === "answer" && message.page === this.pageId) this.#answer(message.number, message.answer);
  }

  onKeyframe(keyframe: InstrumentKeyframe): void {
    if (keyframe.seq <= this.#seq) return;
    this.#take(keyframe);
    this.#update(new Set(Object.keys(this.own)), new Set(this.keys));
  }

  #take(keyframe: InstrumentKeyframe): void {
    this.#seq = keyframe.seq;
    this.#resync.end();
    this.own = structuredClone(keyframe.own) as Own;
    for (const key of this.keys) if (keyframe.replies[key] === undefined) this.#hide(key);
    for (const [key, shown] of Object.entries(keyframe.replies)) {
      const present = this.#replies.get(key);
      if (present?.run === shown.run) present.session.replace(shown.state);
      else this.#show(key, shown);
    }
  }

  #onFrame(frame: Frame): void {
    if (frame.seq <= this.#seq) return;
    if (frame.seq > this.#seq + 1) {
      if (this.#resync.isDue()) void this.send({ type: "resync", seq: this.#seq });
      return;
    }
    this.#seq = frame.seq;
    const { own = {}, gone = [], hidden = [], shown = {}, replies = {}, stopping = [] } = frame;
    Object.assign(this.own, own);
    for (const name of gone) delete (this.own as Record<string, unknown>)[name];
    for (const key of hidden) this.#hide(key);
    for (const [key, each] of Object.entries(shown)) this.#show(key, each);
    for (const [key, patch] of Object.entries(replies)) this.reply(key)?.apply(patch);
    for (const key of stopping) this.reply(key)?.acknowledge();
    const keys = [...hidden, ...Object.keys(shown), ...Object.keys(replies), ...stopping];
    this.#update(new Set([...Object.keys(own), ...gone]), new Set(keys));
  }

  #update(own: ReadonlySet<string>, replies: ReadonlySet<string>): void {
    for (const view of this.#views.keys()) view.update({ own, replies });
    this.#slots.update();
  }

  #show(key: string, { run, state }: ShownReply): void {
    this.#hide(key);
    const instrument = this;
    const session = new ReplySession(state, {
      pageId: this.pageId,
      load: this.load,
      lost: LOST_REPLY,
      get isLost() {
        return instrument.isLost;
      },
      get canInsertCells() {
        return instrument.canInsertCells;
      },
      send: (message, onReply) => {
        void this.send({ ...message, reply: key, run }).then((answer) => {
          if (answer !== undefined) onReply?.(answer as ClickAnswer);
        });
      },
      replyTimeout: (sentAt) => this.#channel.replyTimeout(sentAt) + PATIENCE,
      interrupt: () => undefined,
    });
    this.#replies.set(key, { run, session });
  }

  #hide(key: string): void {
    this.#replies.get(key)?.session.close();
    this.#replies.delete(key);
  }

  /** Let the kernel send the transcript again, if this page was not there when it changed. */
  #compareTranscripts(): void {
    const lengths = this.#transcripts.lengths();
    if (lengths.length > 0) void this.send({ type: "transcript", lengths });
  }

  #answer(number: number, answer: Record<string, unknown>): void {
    this.#pending.get(number)?.(answer);
    this.#pending.delete(number);
  }

  #giveUp(): void {
    for (const resolve of this.#pending.values()) resolve(undefined);
    this.#pending.clear();
  }

  /**
   * Say that the kernel has ended, unless the static output beside the view takes its place. That is
   * older than a reply that has not ended, which says so.
   */
  #showLost(view: InstrumentView, parent: HTMLElement): void {
    if (view.showLost !== undefined) {
      view.showLost();
      return;
    }
    const haveEnded = [...this.#replies.values()].every(({ session }) => hasEnded(session.state));
    if (haveEnded) parent.classList.remove(`nbstream-live-${this.#model.get("run_id")}`);
    for (const each of parent.querySelectorAll<HTMLElement>(NEEDS_KERNEL)) each.hidden = true;
    if (view.isReply || !haveEnded) return;
    parent.prepend(element("p", "nbstream nbstream-lost", _(LOST), { role: "status" }));
  }
}

/** Draws a view of an instrument in an element. */
export type Draw<Own extends object> = (session: InstrumentSession<Own>, element: HTMLElement) => InstrumentView;

/** What the stub gives, besides the model. */
interface Given {
  /** The messages that came before this module was there. */
  readonly early?: readonly InstrumentMessage[];
  readonly load?: Load;
}

const nothing = (): Promise<never> => new Promise(() => {});

/**
 * The anywidget module of an instrument that `draw` draws. `onStart` is called with the widget's id
 * and each new session, and returns what is called at its end.
 */
export function instrument<Own extends object>(
  draw: Draw<Own>,
  onStart: (id: string, session: InstrumentSession<Own>) => () => void = () => () => {},
): () => AnyWidget {
  return () => {
    let session: InstrumentSession<Own> | undefined;
    const sessionOf = (model: unknown, given: Given): InstrumentSession<Own> => {
      session ??= new InstrumentSession<Own>(model as Model<InstrumentKeyframe>, given);
      return session;
    };
    return {
      initialize: ({ model, ...given }: { model: unknown } & Given) => {
        const started = sessionOf(model, given);
        const end = onStart((model as Model<InstrumentKeyframe>).get("run_id"), started);
        return () => {
          end();
          started.close();
        };
      },
      render: ({ model, el }) => sessionOf(model, {}).mount(el, draw),
    };
  };
}
