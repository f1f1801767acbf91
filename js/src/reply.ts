/**
 * The live reply as an anywidget module. Each model has one session, which handles its messages,
 * and any number of views.
 */

import type { AnyWidget } from "@anywidget/types";
import "./style.css";
import { Channel, type Model } from "./channel";
import { canInsertCells, contextOf, replaceViews } from "./notebook";
import { opsOf } from "./operations";
import { PageServices } from "./page_services";
import type { KernelMessage, Keyframe, Op, PageMessage, Patch, Settled } from "./protocol";
import type { Choice } from "./reasoning";
import { SettledOutputPoll } from "./settled_output";
import { applyPatch, hasEnded } from "./state";
import { Stop, type StopPhase } from "./stop";
import { announcement, type ReplyController, View } from "./view";
import { Visibility } from "./visibility";

class Session implements ReplyController {
  state: Keyframe;
  readonly choice: Choice = { isOpen: undefined };
  readonly services = PageServices.get();
  isLost = false;
  readonly #model: Model;
  readonly #channel: Channel;
  readonly #stop: Stop;
  readonly #settledOutput: SettledOutputPoll;
  readonly #visibility: Visibility;
  readonly #pageId = Math.random().toString(36).slice(2);
  /** The views and their parent elements. */
  readonly #views = new Map<View, HTMLElement>();
  /** When the newest `meta` arrived, by the page's clock. */
  #metaAt = performance.now();
  #isClosed = false;
  #awaitsKeyframe = false;
  #wasMounted = false;
  #wasUnmounted = false;
  #visibilitySeq = 0;

  constructor(model: Model) {
    this.#model = model;
    this.state = keyframeOf(model);
    this.#channel = new Channel(model, this.#onLost);
    this.#stop = new Stop({
      isLive: () => !this.#isClosed && this.isLive,
      isForeground: () => this.state.meta.foreground,
      cancel: (onReply) => this.#send({ type: "cancel" }, onReply),
      replyTimeout: (sentAt) => this.#channel.replyTimeout(sentAt),
      interrupt: () => this.#channel.interrupt(),
      onChange: () => this.refresh(),
    });
    this.#settledOutput = new SettledOutputPoll({
      isMissing: () => !this.#isClosed && this.#views.size > 0 && hasEnded(this.state),
      request: () => this.#send({ type: "settle" }),
    });
    this.#visibility = new Visibility((visible) => {
      this.#visibilitySeq += 1;
      if (!hasEnded(this.state)) this.#send({ type: "visibility", visible, seq: this.#visibilitySeq });
    });
    model.on("msg:custom", this.#onMessage);
    model.on("change:keyframe", this.#onKeyframe);
    this.#send({ type: "hello", seq: this.state.seq });
  }

  get isLive(): boolean {
    return !this.isLost && !hasEnded(this.state);
  }

  get canInsertCells(): boolean {
    return canInsertCells(contextOf(this.#model));
  }

  get stopPhase(): StopPhase {
    return this.#stop.phase;
  }

  elapsed(): number {
    return this.state.meta.elapsed + this.#sinceMeta();
  }

  reasoningElapsed(): number | undefined {
    const { reasoning_elapsed: elapsed } = this.state.meta;
    return elapsed === null ? undefined : elapsed + this.#sinceMeta();
  }

  stop(): void {
    void this.#stop.request();
  }

  onDraw(root: HTMLElement): void {
    if (hasEnded(this.state)) this.services.prepareHandover(root, this.choice.isOpen);
  }

  onVisibility(view: object, isVisible: boolean): void {
    this.#visibility.set(view, isVisible);
  }

  refresh(): void {
    for (const view of this.#views.keys()) view.update();
  }

  /** Show a view in `parent`; return a function that removes it. */
  mount(parent: HTMLElement): () => void {
    const view = new View(parent, this);
    this.#views.set(view, parent);
    this.#visibility.set(view, true);
    if (!this.#wasMounted) this.#send({ type: "mounted" });
    this.#wasMounted = true;
    this.services.addView(parent, contextOf(this.#model));
    this.#settledOutput.start();
    return () => {
      view.remove();
      this.#views.delete(view);
      this.#visibility.delete(view);
      this.services.removeView(parent);
      this.#reportUnmounted();
    };
  }

  close(): void {
    this.#isClosed = true;
    this.#settledOutput.dispose();
    this.#visibility.dispose();
    this.#channel.close();
    this.#model.off("msg:custom", this.#onMessage);
    this.#model.off("change:keyframe", this.#onKeyframe);
  }

  #sinceMeta(): number {
    return (performance.now() - this.#metaAt) / 1000;
  }

  readonly #onLost = (): void => {
    this.isLost = true;
    this.refresh();
  };

  readonly #onMessage = (message: KernelMessage): void => {
    if (message.type === "ack") this.#stop.acknowledge();
    else if (message.type === "settled") this.#onSettled(message);
    else if (message.type === "patch") this.#onPatch(message);
  };

  /** The kernel sends it to every page, also to one that has replaced its view already. */
  #onSettled({ model_id, data, metadata }: Settled): void {
    if (this.#views.size > 0) replaceViews(contextOf(this.#model), model_id, { data, metadata });
  }

  #onPatch(patch: Patch): void {
    const outcome = applyPatch(this.state, patch);
    if (outcome === "applied") {
      if (patch.meta !== undefined) this.#metaAt = performance.now();
      this.#update(patch.reasoning, patch.answer);
    } else if (outcome === "gap" && !this.#awaitsKeyframe) {
      this.#awaitsKeyframe = true;
      this.#send({ type: "resync", seq: this.state.seq });
    }
  }

  readonly #onKeyframe = (): void => {
    const keyframe = keyframeOf(this.#model);
    if (keyframe.seq <= this.state.seq) return;
    this.state = keyframe;
    this.#awaitsKeyframe = false;
    this.#metaAt = performance.now();
    this.#update(opsOf(keyframe.reasoning), opsOf(keyframe.answer));
  };

  #update(reasoning?: readonly Op[], answer?: readonly Op[]): void {
    const isOver = hasEnded(this.state);
    for (const [view, parent] of this.#views) {
      view.update(reasoning, answer);
      if (!isOver) continue;
      view.yieldFocus();
      this.services.prepareHandover(parent, this.choice.isOpen);
    }
    // By the page, because settled output often replaces a view before it is drawn again.
    if (this.#views.size > 0 && isOver) this.services.announce(announcement(this.state.meta));
    this.#settledOutput.start();
    this.#reportUnmounted();
  }

  /** Tell the kernel that the page does not need the widget any more. */
  #reportUnmounted(): void {
    if (this.#wasUnmounted || !this.#wasMounted || this.#views.size > 0 || !hasEnded(this.state)) return;
    this.#wasUnmounted = true;
    this.#send({ type: "unmounted" });
  }

  #send(message: PageMessage, onReply?: () => void): void {
    if (!this.#isClosed) this.#channel.send({ ...message, page: this.#pageId }, onReply);
  }
}

/** A copy of the model's keyframe, because patches change it in place. */
function keyframeOf(model: Model): Keyframe {
  const keyframe: Keyframe | undefined = model.get("keyframe");
  if (keyframe?.seq === undefined) throw new Error("nbstream: the widget has no state. Run the cell again.");
  return structuredClone(keyframe);
}

/**
 * A factory: anywidget calls it once for each model, so `initialize` and `render` share a session.
 */
export default (): AnyWidget => {
  let session: Session | undefined;
  const sessionOf = (model: Model): Session => {
    session ??= new Session(model);
    return session;
  };
  return {
    // Listens from here on, because a message that follows the display at once comes before
    // `render`.
    initialize: ({ model }) => {
      const started = sessionOf(model);
      return () => started.close();
    },
    render: ({ model, el }) => sessionOf(model).mount(el),
  };
};
