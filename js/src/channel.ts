/**
 * The channels between the page and the kernel, and the interrupt. A comm message waits for the end
 * of a blocking cell on some kernels. A message on the control channel does not, but only
 * JupyterLab and Notebook give a widget access to it. So every message is sent both ways, and the
 * kernel acts once.
 *
 * Messages of the kernel also come both ways: by the model, and by the kernel connection itself.
 * anywidget drops every message to a model that took over two seconds to load, as happens on a busy
 * page. Frames are numbered, so receiving one twice does no harm.
 */

import type { AnyModel } from "@anywidget/types";
import { attempt } from "./attempt";
import { newId } from "./elements";
import type { Output } from "./notebook";
import { type ClickAnswer, CONTROL_REQUEST } from "./protocol";

/**
 * Milliseconds that a control reply may take at least; on one machine the slowest measured took 34.
 */
export const MIN_REPLY_TIMEOUT = 300;

/** Milliseconds after which a control reply is not waited for any more. */
export const MAX_REPLY_TIMEOUT = 5000;

/** A reply may take this many times as long as the slowest one so far: network delays vary. */
const TIMEOUT_FACTOR = 3;

/** The traits of a widget whose state is a `State`. */
export interface Traits<State> {
  run_id: string;
  /** Whether no settled output takes the widget's place. */
  lasts?: boolean;
  keyframe: State;
}

export type Model<State> = Pick<AnyModel<Traits<State>>, "get" | "on" | "off" | "send"> & {
  widget_manager?: unknown;
};

/**
 * The used part of JupyterLab's `Kernel.IKernelConnection`; other front ends may lack any of it.
 */
export interface Kernel {
  clientId?: string;
  username?: string;
  connectionStatus?: string;
  statusChanged?: Signal<string>;
  iopubMessage?: Signal<IopubMessage>;
  /** Every message at its arrival, before the widgets get it. */
  anyMessage?: Signal<{ direction: string; msg: CommMessage }>;
  interrupt?(): Promise<void>;
  sendControlMessage?(message: object, expectReply: boolean, disposeOnDone: boolean): Future;
}

interface Signal<T> {
  connect(slot: (sender: unknown, value: T) => void): void;
  disconnect(slot: (sender: unknown, value: T) => void): void;
}

interface IopubMessage {
  header: { msg_type: string };
  parent_header: { msg_type?: string };
  content: { execution_state?: string };
}

/** A message of a comm, or an output; other messages lack most of it. */
interface CommMessage {
  header: { msg_type: string };
  content: {
    comm_id?: string;
    data?: { method?: string; content?: unknown; state?: { keyframe?: unknown } };
    metadata?: Record<string, unknown>;
  };
}

/** The kernel's reply on the control channel; that to a click or a decision has an answer. */
export interface ControlReply {
  content?: ClickAnswer;
}

interface Future {
  onReply?: (reply: ControlReply) => void;
  done?: Promise<unknown>;
}

const LOST = new Set(["restarting", "autorestarting", "terminating", "dead"]);

/** What a channel reports. */
export interface Receiver<Message, State> {
  onMessage(message: Message): void;
  onKeyframe(keyframe: State): void;
  /** The kernel displayed a reply, which may be another one, or updated any output. */
  onOutput(output: Output): void;
  /** The widget's kernel ended. */
  onLost(): void;
}

export class Channel<Message, State> {
  readonly #model: Model<State>;
  readonly #receiver: Receiver<Message, State>;
  readonly #kernel: Kernel | undefined;
  #cellEnded = false;
  /** When the first control request was sent, by the page's clock. */
  #firstSentAt: number | undefined;
  /** The slowest control reply so far, in milliseconds. */
  #roundTrip: number | undefined;

  constructor(model: Model<State>, receiver: Receiver<Message, State>) {
    this.#model = model;
    this.#receiver = receiver;
    this.#kernel = kernelOf(model);
    this.#kernel?.statusChanged?.connect(this.#onStatus);
    this.#kernel?.iopubMessage?.connect(this.#onIopub);
    this.#kernel?.anyMessage?.connect(this.#onAny);
    model.on("msg:custom", this.#onCustom);
    model.on("change:keyframe", this.#onChange);
  }

  close(): void {
    this.#kernel?.statusChanged?.disconnect(this.#onStatus);
    this.#kernel?.iopubMessage?.disconnect(this.#onIopub);
    this.#kernel?.anyMessage?.disconnect(this.#onAny);
    this.#model.off("msg:custom", this.#onCustom);
    this.#model.off("change:keyframe", this.#onChange);
  }

  /**
   * Send `message` both ways, first by the faster control channel; `onReply` is called if that
   * replies.
   */
  send(message: object, onReply?: (answer: ClickAnswer) => void): void {
    this.sendControl(message, onReply);
    this.sendComm(message);
  }

  /** Send `message` by the control channel; false where there is none, or the kernel is dead. */
  sendControl(message: object, onReply?: (answer: ClickAnswer) => void): boolean {
    return attempt(() => this.#sendControl(message, onReply)) ?? false;
  }

  /** Send `message` by comm. */
  sendComm(message: object): void {
    // A closed one throws, and the other channel may still work.
    attempt(() => this.#model.send(message));
  }

  /**
   * Milliseconds within which a control reply to a request that was sent at `sentAt` should come.
   */
  replyTimeout(sentAt: number): number {
    let timeout = TIMEOUT_FACTOR * (this.#roundTrip ?? 0);
    // Before the first reply nothing is known of the network, and that reply may be on its way.
    if (this.#roundTrip === undefined && this.#firstSentAt !== undefined) {
      timeout = this.#firstSentAt + MAX_REPLY_TIMEOUT - sentAt;
    }
    return Math.min(Math.max(timeout, MIN_REPLY_TIMEOUT), MAX_REPLY_TIMEOUT);
  }

  /**
   * Interrupt the kernel; undefined if it cannot be reached, or if that would interrupt another
   * cell.
   */
  interrupt(): Promise<void> | undefined {
    const kernel = this.#kernel;
    const isObserved = kernel?.statusChanged !== undefined && kernel.iopubMessage !== undefined;
    if (!isObserved || this.#cellEnded || kernel.connectionStatus !== "connected") return undefined;
    return kernel.interrupt?.();
  }

  #sendControl(message: object, onReply?: (answer: ClickAnswer) => void): boolean {
    const sentAt = performance.now();
    const isSent = sendControl(this.#kernel, this.#model.get("run_id"), message, ({ content }) => {
      this.#roundTrip = Math.max(this.#roundTrip ?? 0, performance.now() - sentAt);
      onReply?.(content ?? {});
    });
    if (isSent) this.#firstSentAt ??= sentAt;
    return isSent;
  }

  /**
   * The widget is created while its cell runs, so the first cell to end is its own. `kernel.status`
   * would not tell, because it becomes "idle" when a busy kernel has answered any control message.
   */
  readonly #onIopub = (_: unknown, { header, parent_header, content }: IopubMessage): void => {
    if (header.msg_type !== "status" || parent_header.msg_type !== "execute_request") return;
    this.#cellEnded ||= content.execution_state === "idle";
  };

  readonly #onStatus = (_: unknown, status: string): void => {
    if (!LOST.has(status)) return;
    this.#cellEnded = true;
    this.#receiver.onLost();
  };

  readonly #onCustom = (message: Message): void => this.#receiver.onMessage(message);

  readonly #onChange = (): void => this.#receiver.onKeyframe(this.#model.get("keyframe"));

  /** The id of the run is that of the comm as well. */
  readonly #onAny = (
    _: unknown,
    { direction, msg: { header, content } }: { direction: string; msg: CommMessage },
  ): void => {
    if (direction !== "recv") return;
    if (content.metadata?.nbstream !== undefined || header.msg_type === "update_display_data") {
      this.#receiver.onOutput(content);
    }
    if (header.msg_type !== "comm_msg" || content.comm_id !== this.#model.get("run_id")) return;
    const { method, content: message, state } = content.data ?? {};
    if (method === "custom" && message !== undefined) this.#receiver.onMessage(message as Message);
    if (method === "update" && state?.keyframe !== undefined) this.#receiver.onKeyframe(state.keyframe as State);
  };
}

/** anywidget does not document `widget_manager`, so nothing in it is taken for granted. */
export function kernelOf(model: { widget_manager?: unknown }): Kernel | undefined {
  const manager = model.widget_manager as { kernel?: Kernel | null } | null | undefined;
  return manager?.kernel ?? undefined;
}

/**
 * Send `message` to the run or the question `run_id` on the control channel; `onReply` is called
 * when the kernel replies. False where the kernel cannot be reached.
 */
export function sendControl(
  kernel: Kernel | undefined,
  run_id: string,
  message: object,
  onReply: (reply: ControlReply) => void,
): boolean {
  if (kernel?.sendControlMessage === undefined) return false;
  sent += 1;
  const header = {
    msg_id: `${run_id}-${newId()}-${sent}`,
    msg_type: CONTROL_REQUEST,
    session: kernel.clientId ?? "",
    username: kernel.username ?? "",
    date: new Date().toISOString(),
    version: "5.3",
  };
  const content = { ...message, run_id };
  const request = { header, parent_header: {}, metadata: {}, content, channel: "control", buffers: [] };
  const future = kernel.sendControlMessage(request, true, true);
  future.onReply = onReply;
  // It is rejected if the kernel ends first, which `statusChanged` reports.
  future.done?.catch(() => {});
  return true;
}

let sent = 0;
