/**
 * The two ways from the page to the kernel, and the interrupt. A comm message waits for the end of a blocking cell on some
 * kernels; a message on the control channel never does, but only JupyterLab and Notebook let a widget reach it. So
 * everything is sent both ways, and Python acts once. This module must not know what the messages mean.
 */

import type { AnyModel } from "@anywidget/types";
import { CONTROL_REQUEST, type Keyframe, type PageMessage } from "./protocol";

export interface Traits {
  run_id: string;
  keyframe: Keyframe;
}

export type Model = Pick<AnyModel<Traits>, "get" | "on" | "off" | "send"> & { widget_manager?: unknown };

/** What is used of JupyterLab's `Kernel.IKernelConnection`; elsewhere any of it may be missing. */
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

  /** `onLost` is called when the kernel that the widget lives in is gone. */
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

  /** Send `message` both ways; `onReply` is called if the control channel answers. It goes first: it is the faster one. */
  send(message: PageMessage, onReply?: () => void): void {
    attempt(() => this.#sendControl(message, onReply));
    attempt(() => this.#model.send(message));
  }

  /** Interrupt the kernel; undefined where it is out of reach, or where the interrupt would hit another cell. */
  interrupt(): Promise<void> | undefined {
    const kernel = this.#kernel;
    const isWatched = kernel?.statusChanged !== undefined && kernel.iopubMessage !== undefined;
    if (!isWatched || this.#cellEnded || kernel.connectionStatus !== "connected") return undefined;
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
    const future = kernel.sendControlMessage(
      { header, parent_header: {}, metadata: {}, content: { ...message, run_id }, channel: "control", buffers: [] },
      onReply !== undefined,
      true,
    );
    if (onReply !== undefined) future.onReply = onReply;
    // Rejected when the kernel goes away before it is done: then there is nobody to tell.
    future.done?.catch(() => {});
  }

  /**
   * The widget begins within its cell, so the first cell to end is its own. `kernel.status` would not tell: it says "idle"
   * as soon as a busy kernel has answered any control message.
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

/** `widget_manager` is no part of anywidget's promise, so nothing of it is taken for granted. */
function kernelOf(model: Model): Kernel | undefined {
  const manager = model.widget_manager as { kernel?: Kernel | null } | null | undefined;
  return manager?.kernel ?? undefined;
}

/** Run `way`; a dead kernel or a closed comm throws, and the other way may still work. */
function attempt(way: () => void): void {
  try {
    way();
  } catch {
    // The caller sees that no answer comes.
  }
}
