/**
 * The live reply of a cell as an anywidget module. Each model has one session, which handles its
 * messages, and any number of views. The module also holds what other widgets share.
 */

import type { AnyWidget } from "@anywidget/types";
import { Channel, type Model, type Receiver } from "./channel";
import { newId } from "./elements";
import { typesetterOf } from "./formula_slices";
import { pageLanguage } from "./language";
import type { Load } from "./later";
import { canInsertCells, contextOf, type Output, replaceViews } from "./notebook";
import type { ClickAnswer, KernelMessage, Keyframe, PageMessage, Patch, Settled } from "./protocol";
import { type ReplyPort, ReplySession } from "./reply_session";
import { Resync } from "./resync";
import { SettledOutputPoll } from "./settled_output";
import { hasEnded } from "./state";

export * from "./shared";

class Session implements Receiver<KernelMessage, Keyframe>, ReplyPort {
  readonly pageId = newId();
  isLost = false;
  readonly load: Load;
  readonly #model: Model<Keyframe>;
  readonly #channel: Channel<KernelMessage, Keyframe>;
  readonly #reply: ReplySession;
  readonly #settledOutput: SettledOutputPoll;
  readonly #closing = new AbortController();
  readonly #resync = new Resync();
  #wasUnmounted = false;

  constructor(model: Model<Keyframe>, { early = [], load = nothing }: Given) {
    this.#model = model;
    this.load = load;
    this.#reply = new ReplySession(model.get("keyframe"), this);
    this.#channel = new Channel(model, this);
    this.#settledOutput = new SettledOutputPoll({
      isMissing: () =>
        !this.#closing.signal.aborted &&
        this.#reply.views.size > 0 &&
        hasEnded(this.#reply.state) &&
        model.get("lasts") !== true,
      request: () => this.send({ type: "settle" }),
    });
    window.addEventListener("pagehide", () => this.send({ type: "left" }), { signal: this.#closing.signal });
    for (const message of early) this.onMessage(message);
    this.send({ type: "hello", seq: this.#reply.state.seq, ...pageLanguage() });
  }

  get canInsertCells(): boolean {
    return canInsertCells(contextOf(this.#model));
  }

  replyTimeout(sentAt: number): number {
    return this.#channel.replyTimeout(sentAt);
  }

  interrupt(): Promise<void> | undefined {
    return this.#channel.interrupt();
  }

  onDraw(root: HTMLElement): void {
    const { state, services, choice } = this.#reply;
    if (hasEnded(state)) services.prepareHandover(root, choice.isOpen, typesetterOf(this.#model));
  }

  /** Show a view in `parent`; return a function that removes it. */
  mount(parent: HTMLElement): () => void {
    const { services, wasMounted } = this.#reply;
    if (!wasMounted) this.send({ type: "mounted" });
    const remove = this.#reply.mount(parent);
    services.addView(parent, contextOf(this.#model));
    this.#settledOutput.start();
    return () => {
      remove();
      services.removeView(parent);
      this.#reportUnmounted();
    };
  }

  close(): void {
    this.#closing.abort();
    this.#settledOutput.dispose();
    this.#reply.close();
    this.#channel.close();
  }

  onOutput(output: Output): void {
    this.#reply.services.notebooks.receive(output);
  }

  onLost(): void {
    this.isLost = true;
    this.#reply.onLost();
  }

  onMessage(message: KernelMessage): void {
    if (!("type" in message)) this.#onPatch(message);
    else if (message.type === "ack") this.#reply.acknowledge();
    else if (message.type === "settled") this.#onSettled(message);
    else if (message.type === "notice") this.#reply.services.notify(message.text);
  }

  onKeyframe(newest: Keyframe): void {
    if (newest.seq <= this.#reply.state.seq) return;
    this.#resync.end();
    this.#reply.replace(newest);
    this.#onChange();
  }

  /**
   * The kernel sends it to every page, also to one that has replaced its view already. An Output
   * widget may not be shown yet.
   */
  #onSettled({ model_id, outputs, data, metadata }: Settled): void {
    if (this.#reply.views.size > 0 || outputs.length > 0)
      void replaceViews(this.#model, model_id, outputs, { data, metadata });
  }

  #onPatch(patch: Patch): void {
    const outcome = this.#reply.apply(patch);
    if (outcome === "applied") this.#onChange();
    else if (outcome === "gap" && this.#resync.isDue()) this.send({ type: "resync", seq: this.#reply.state.seq });
  }

  #onChange(): void {
    const { state, services, choice, views } = this.#reply;
    if (hasEnded(state)) {
      for (const [view, parent] of views) {
        view.yieldFocus();
        services.prepareHandover(parent, choice.isOpen, typesetterOf(this.#model));
      }
    }
    this.#settledOutput.start();
    this.#reportUnmounted();
  }

  /** Tell the kernel that the page does not need the widget any more. */
  #reportUnmounted(): void {
    const { state, views, wasMounted } = this.#reply;
    if (this.#wasUnmounted || !wasMounted || views.size > 0 || !hasEnded(state)) return;
    this.#wasUnmounted = true;
    this.send({ type: "unmounted" });
  }

  send(message: PageMessage, onReply?: (answer: ClickAnswer) => void): void {
    if (!this.#closing.signal.aborted) this.#channel.send({ ...message, page: this.pageId }, onReply);
  }
}

/** What the stub gives, besides the model. */
interface Given {
  /** The messages that came before this module was there. */
  readonly early?: readonly KernelMessage[];
  readonly load?: Load;
}

const nothing = (): Promise<never> => new Promise(() => {});

/**
 * A factory: anywidget calls it once for each model, so `initialize` and `render` share a session.
 */
export default (): AnyWidget => {
  let session: Session | undefined;
  const sessionOf = (model: Model<Keyframe>, given: Given): Session => {
    session ??= new Session(model, given);
    return session;
  };
  return {
    // Listens from here on, because a message that follows the display at once comes before
    // `render`.
    initialize: ({ model, ...given }: { model: Model<Keyframe> } & Given) => {
      const started = sessionOf(model, given);
      return () => started.close();
    },
    render: ({ model, el }) => sessionOf(model as Model<Keyframe>, {}).mount(el),
  };
};
