/**
 * The two channels from the page to the kernel, and the interrupt. A comm message waits for the end
 * of a blocking cell on some kernels. A message on the control channel does not, but only
 * JupyterLab and Notebook give a widget access to it. So every message is sent both ways, and the
 * kernel acts once.
 */

import type { AnyModel } from "@anywidget/types";
import { CONTROL_REQUEST, type Keyframe, type PageMessage } from "./protocol";

/**
 * Milliseconds that a control reply may take at least; on one machine the slowest measured took 34.
 */
export const MIN_REPLY_TIMEOUT = 300;

/** Milliseconds after which a control reply is not waited for any more. */
export const MAX_REPLY_TIMEOUT = 5000;

/** A reply may take this many times as long as the slowest one so far: network delays vary. */
const TIMEOUT_FACTOR = 3;

export interface Traits {
  run_id: string;
  keyframe: Keyframe;
}

export type Model = Pick<AnyModel<Traits>, "get" | "on" | "off" | "send"> & { widget_manager?: unknown };

/**
 * The used part of JupyterLab's `Kernel.IKernelConnection`; other front ends may lack any of it.
 */
interface Kernel {
  clientId?: string;
  username?: string;
  connectionStatus?: string;
  statusChanged?: Signal<string>;
  iopubMessage?: Signal<IopubMessage>;
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

interface Future {
  onReply?: () => void;
  done?: Promise<unknown>;
}

const LOST = new Set(["restarting", "autorestarting", "terminating", "dead"]);

export class Channel {
  readonly #model: Model;
  readonly #onLost: () => void;
  readonly #kernel: Kernel | undefined;
  #cellEnded = false;
  #sent = 0;
  /** When the first control request was sent, by the page's clock. */
  #firstSentAt: number | undefined;
  /** The slowest control reply so far, in milliseconds. */
  #roundTrip: number | undefined;

  /** `onLost` is called when the widget's kernel ends. */
  constructor(model: Model, onLost: () => void) {
    this.#model = model;
    this.#onLost = onLost;
    this.#kernel = kernelOf(model);
    this.#kernel?.statusChanged?.connect(this.#onStatus);
    this.#kernel?.iopubMessage?.connect(this.#onIopub);
  }

  close(): void {
    this.#kernel?.statusChanged?.disconnect(this.#onStatus);
    this.#kernel?.iopubMessage?.disconnect(this.#onIopub);
  }

  /**
   * Send `message` both ways, first by the faster control channel; `onReply` is called if that
   * replies.
   */
  send(message: PageMessage, onReply?: () => void): void {
    attempt(() => this.#sendControl(message, onReply));
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

  #sendControl(message: PageMessage, onReply?: () => void): void {
    const kernel = this.#kernel;
    if (kernel?.sendControlMessage === undefined) return;
    this.#sent += 1;
    const run_id = this.#model.get("run_id");
    const header = {
      msg_id: `${run_id}-${Math.random().toString(36).slice(2)}-${this.#sent}`,
      msg_type: CONTROL_REQUEST,
      session: kernel.clientId ?? "",
      username: kernel.username ?? "",
      date: new Date().toISOString(),
      version: "5.3",
    };
    const content = { ...message, run_id };
    const request = { header, parent_header: {}, metadata: {}, content, channel: "control", buffers: [] };
    const sentAt = performance.now();
    const future = kernel.sendControlMessage(request, true, true);
    this.#firstSentAt ??= sentAt;
    future.onReply = () => {
      this.#roundTrip = Math.max(this.#roundTrip ?? 0, performance.now() - sentAt);
      onReply?.();
    };
    // It is rejected if the kernel ends first, which `statusChanged` reports.
    future.done?.catch(() => {});
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
    this.#onLost();
  };
}

/** anywidget does not document `widget_manager`, so nothing in it is taken for granted. */
function kernelOf(model: Model): Kernel | undefined {
  const manager = model.widget_manager as { kernel?: Kernel | null } | null | undefined;
  return manager?.kernel ?? undefined;
}

/** Call `send`; a dead kernel or a closed comm throws, and the other channel may still work. */
function attempt(send: () => void): void {
  try {
    send();
  } catch {
    // The caller gets no reply.
  }
}
