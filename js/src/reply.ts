/**
 * The live reply as an anywidget module: one session per model takes in the messages and answers them, any number of views
 * show it. This module must not know what stands in the messages or how it is drawn.
 */

import type { AnyWidget } from "@anywidget/types";
import "./style.css";
import { Channel, type Model } from "./channel";
import { contextOf, replaceViews, takesCells } from "./notebook";
import { Page } from "./page";
import type { Keyframe, Message, Op, PageMessage, Patch, Settled } from "./protocol";
import type { Choice } from "./reasoning";
import { Settling } from "./settling";
import { Sight } from "./sight";
import { adopt, emptyReply, isUnfinished, opsOf, receive } from "./state";
import { Stop, type StopPhase } from "./stop";
import { announcement, type Shown, View } from "./view";

class Session implements Shown {
  readonly state = emptyReply();
  readonly choice: Choice = { isOpen: undefined };
  readonly page = Page.get();
  isLost = false;
  readonly #model: Model;
  readonly #channel: Channel;
  readonly #stop: Stop;
  readonly #settling: Settling;
  readonly #sight: Sight;
  readonly #id = Math.random().toString(36).slice(2);
  /** The views, and what each stands in. */
  readonly #views = new Map<View, HTMLElement>();
  /** When the newest `meta` came, by the page's clock. */
  #metaAt = performance.now();
  #isClosed = false;
  #awaitsKeyframe = false;
  #hadView = false;
  #isGone = false;
  #sights = 0;

  constructor(model: Model) {
    this.#model = model;
    this.#channel = new Channel(model, this.#onLost);
    this.#stop = new Stop({
      isLive: () => !this.#isClosed && this.isLive,
      isForeground: () => this.state.meta.foreground,
      cancel: (onReply) => this.#send({ type: "cancel" }, onReply),
      interrupt: () => this.#channel.interrupt(),
      onChange: () => this.refresh(),
    });
    this.#settling = new Settling({
      isLate: () => !this.#isClosed && this.#views.size > 0 && !isUnfinished(this.state),
      ask: () => this.#send({ type: "settle" }),
    });
    this.#sight = new Sight((seen) => {
      this.#sights += 1;
      if (isUnfinished(this.state)) this.#send({ type: "sight", seen, nth: this.#sights });
    });
    model.on("msg:custom", this.#onMessage);
    model.on("change:keyframe", this.#onKeyframe);
    this.#onKeyframe();
    this.#send({ type: "hello", seq: this.state.seq });
  }

  get isLive(): boolean {
    return !this.isLost && isUnfinished(this.state);
  }

  get takesCells(): boolean {
    return takesCells(contextOf(this.#model));
  }

  get stopPhase(): StopPhase {
    return this.#stop.phase;
  }

  elapsed(): number {
    return this.state.meta.elapsed + this.#sinceMeta();
  }

  reasoningElapsed(): number | undefined {
    const { reasoning_elapsed: passed } = this.state.meta;
    return passed === undefined || passed === null ? undefined : passed + this.#sinceMeta();
  }

  stop(): void {
    void this.#stop.ask();
  }

  drawn(root: HTMLElement): void {
    if (!isUnfinished(this.state)) this.page.end(root, this.choice.isOpen);
  }

  seen(view: object, isSeen: boolean): void {
    this.#sight.note(view, isSeen);
  }

  refresh(): void {
    for (const view of this.#views.keys()) view.update();
  }

  /** Show a view in `parent`; returns what removes it. */
  show(parent: HTMLElement): () => void {
    const view = new View(parent, this);
    this.#views.set(view, parent);
    this.#sight.note(view, true);
    if (!this.#hadView) this.#send({ type: "shown" });
    this.#hadView = true;
    this.page.arrive(parent, contextOf(this.#model));
    this.#settling.begin();
    return () => {
      view.remove();
      this.#views.delete(view);
      this.#sight.forget(view);
      this.page.leave(parent);
      this.#sayGone();
    };
  }

  close(): void {
    this.#isClosed = true;
    this.#settling.end();
    this.#sight.end();
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

  readonly #onMessage = (message: Message): void => {
    if (message.type === "ack") this.#stop.acknowledge();
    else if (message.type === "settled") this.#onSettled(message);
    else if (message.type === "patch") this.#onPatch(message);
  };

  #onSettled({ model_id, data, metadata }: Settled): void {
    // Pages that have it already are told as well.
    if (this.#views.size > 0) replaceViews(contextOf(this.#model), model_id, { data, metadata });
  }

  #onPatch(patch: Patch): void {
    const outcome = receive(this.state, patch);
    if (outcome === "applied") {
      if (patch.meta !== undefined) this.#metaAt = performance.now();
      this.#update(patch.reasoning, patch.answer);
    } else if (outcome === "gap" && !this.#awaitsKeyframe) {
      this.#awaitsKeyframe = true;
      this.#send({ type: "resync", seq: this.state.seq });
    }
  }

  readonly #onKeyframe = (): void => {
    const keyframe: Keyframe | undefined = this.#model.get("keyframe");
    if (keyframe?.seq === undefined || !adopt(this.state, keyframe)) return;
    this.#awaitsKeyframe = false;
    this.#metaAt = performance.now();
    this.#update(opsOf(this.state.reasoning), opsOf(this.state.answer));
  };

  #update(reasoning?: readonly Op[], answer?: readonly Op[]): void {
    for (const [view, parent] of this.#views) {
      view.update(reasoning, answer);
      if (isUnfinished(this.state)) continue;
      view.yieldFocus();
      this.page.end(parent, this.choice.isOpen);
    }
    // By the page, since it stays: settled output takes the views' places, often before they are drawn once more.
    if (this.#views.size > 0 && !isUnfinished(this.state)) this.page.say(announcement(this.state.meta));
    this.#settling.begin();
    this.#sayGone();
  }

  /** Tell the kernel that the page needs the widget no more: the reply has ended, and the last view has been removed. */
  #sayGone(): void {
    if (this.#isGone || !this.#hadView || this.#views.size > 0 || isUnfinished(this.state)) return;
    this.#isGone = true;
    this.#send({ type: "gone" });
  }

  #send(message: PageMessage, onReply?: () => void): void {
    if (!this.#isClosed) this.#channel.send({ ...message, page: this.#id }, onReply);
  }
}

/** A factory: anywidget calls it once for each model, so that `initialize` and `render` share their session. */
export default (): AnyWidget => {
  let session: Session | undefined;
  const sessionOf = (model: Model): Session => {
    session ??= new Session(model);
    return session;
  };
  return {
    // Messages are listened to from here on: one sent right after the display is lost to a listener in `render`.
    initialize: ({ model }) => {
      const started = sessionOf(model);
      return () => started.close();
    },
    render: ({ model, el }) => sessionOf(model).show(el),
  };
};
