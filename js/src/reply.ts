/**
 * The live reply as an anywidget module. Each model has one session, which handles its messages,
 * and any number of views.
 */

import type { AnyWidget } from "@anywidget/types";
import "./style.css";
import { Channel, type Model, type Receiver } from "./channel";
import { type Decision, Decisions } from "./decisions";
import { canInsertCells, contextOf, type Output, replaceViews } from "./notebook";
import { opsOf } from "./operations";
import { PageServices } from "./page_services";
import type { Card, ClickAnswer, KernelMessage, Keyframe, Op, PageMessage, Patch, Settled } from "./protocol";
import type { Choice } from "./reasoning";
import { SettledOutputPoll } from "./settled_output";
import { applyPatch, hasEnded } from "./state";
import { isStopping, Stop, type StopPhase } from "./stop";
import { announcement, type ReplyController, View } from "./view";
import { Visibility } from "./visibility";

class Session implements ReplyController, Receiver {
  state: Keyframe;
  readonly choice: Choice = { isOpen: undefined };
  readonly services = PageServices.get();
  isLost = false;
  readonly #model: Model;
  readonly #channel: Channel;
  readonly #stop: Stop;
  readonly decisions: Decisions;
  readonly #settledOutput: SettledOutputPoll;
  readonly #visibility: Visibility;
  readonly #pageId = Math.random().toString(36).slice(2);
  /** The views and their parent elements. */
  readonly #views = new Map<View, HTMLElement>();
  /** When the newest `meta` arrived, by the page's clock. */
  #metaAt = performance.now();
  readonly #closing = new AbortController();
  #hasNotified = false;
  #awaitsKeyframe = false;
  #wasMounted = false;
  #wasUnmounted = false;
  #visibilitySeq = 0;

  constructor(model: Model) {
    this.#model = model;
    this.state = copyOf(model.get("keyframe"));
    this.#channel = new Channel(model, this);
    this.#stop = new Stop({
      isLive: () => !this.#closing.signal.aborted && this.isLive,
      isForeground: () => this.state.meta.foreground,
      cancel: (onReply) => this.#send({ type: "cancel" }, onReply),
      replyTimeout: (sentAt) => this.#channel.replyTimeout(sentAt),
      interrupt: () => this.#channel.interrupt(),
      onChange: () => this.refresh(),
    });
    this.decisions = new Decisions({
      pageId: this.#pageId,
      isLive: () => !this.#closing.signal.aborted && this.isLive,
      isStopping: () => isStopping(this.#stop.phase),
      send: (message, onReply) => this.#send(message, ({ decider }) => onReply(decider ?? "")),
      notify: (text) => this.services.notify(text),
      onChange: () => this.refresh(),
    });
    this.#settledOutput = new SettledOutputPoll({
      isMissing: () => !this.#closing.signal.aborted && this.#views.size > 0 && hasEnded(this.state),
      request: () => this.#send({ type: "settle" }),
    });
    this.#visibility = new Visibility((visible) => {
      this.#visibilitySeq += 1;
      if (!hasEnded(this.state)) this.#send({ type: "visibility", visible, seq: this.#visibilitySeq });
    });
    window.addEventListener("pagehide", () => this.#send({ type: "left" }), { signal: this.#closing.signal });
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

  clock(): number {
    return this.state.meta.clock + this.#sinceMeta();
  }

  reasoningElapsed(): number | undefined {
    const { reasoning_elapsed: elapsed } = this.state.meta;
    return elapsed === null ? undefined : elapsed + this.#sinceMeta();
  }

  stop(): void {
    void this.#stop.request();
  }

  decide(card: Card, decision: Decision): void {
    this.decisions.decide(card, decision);
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
    this.decisions.update(this.state.cards);
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
    this.#closing.abort();
    this.#settledOutput.dispose();
    this.decisions.dispose();
    this.#visibility.dispose();
    this.#channel.close();
  }

  #sinceMeta(): number {
    return (performance.now() - this.#metaAt) / 1000;
  }

  onOutput(output: Output): void {
    this.services.notebooks.receive(output);
  }

  onLost(): void {
    this.isLost = true;
    this.decisions.update(this.state.cards);
    this.refresh();
  }

  onMessage(message: KernelMessage): void {
    if (message.type === "ack") this.#stop.acknowledge();
    else if (message.type === "settled") this.#onSettled(message);
    else if (message.type === "notice") this.#onNotice(message.text);
    else if (message.type === "patch") this.#onPatch(message);
  }

  onKeyframe(newest: Keyframe): void {
    if (newest.seq <= this.state.seq) return;
    this.state = copyOf(newest);
    this.#awaitsKeyframe = false;
    this.#metaAt = performance.now();
    this.#update(opsOf(this.state.reasoning), opsOf(this.state.answer), opsOf(this.state.earlier));
  }

  /**
   * The kernel sends it to every page, also to one that has replaced its view already. An Output
   * widget may not be shown yet.
   */
  #onSettled({ model_id, outputs, data, metadata }: Settled): void {
    if (this.#views.size > 0 || outputs.length > 0)
      void replaceViews(this.#model, model_id, outputs, { data, metadata });
  }

  /** It may come twice. */
  #onNotice(text: string): void {
    if (!this.#hasNotified) this.services.notify(text);
    this.#hasNotified = true;
  }

  #onPatch(patch: Patch): void {
    const outcome = applyPatch(this.state, patch);
    if (outcome === "applied") {
      if (patch.meta !== undefined) this.#metaAt = performance.now();
      this.#update(patch.reasoning, patch.answer, patch.earlier);
    } else if (outcome === "gap" && !this.#awaitsKeyframe) {
      this.#awaitsKeyframe = true;
      this.#send({ type: "resync", seq: this.state.seq });
    }
  }

  #update(reasoning?: readonly Op[], answer?: readonly Op[], earlier?: readonly Op[]): void {
    const isOver = hasEnded(this.state);
    // A view that was scrolled out can come back.
    if (this.#wasMounted) this.decisions.update(this.state.cards);
    for (const [view, parent] of this.#views) {
      view.update(reasoning, answer, earlier);
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

  #send(message: PageMessage, onReply?: (answer: ClickAnswer) => void): void {
    if (!this.#closing.signal.aborted) this.#channel.send({ ...message, page: this.#pageId }, onReply);
  }
}

/** A copy of the model's keyframe, because patches change it in place. */
function copyOf(keyframe: Keyframe | undefined): Keyframe {
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
