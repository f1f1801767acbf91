/**
 * A reply in a page: its state, its views, Stop and decisions. The live reply of a cell is one, and
 * so is each reply in an instrument.
 */

import type { Decision, Decisions } from "./decisions";
import { calls, type Load } from "./later";
import { opsOf } from "./operations";
import { PageServices } from "./page_services";
import type { Card, ClickAnswer, Keyframe, Op, PageMessage, Patch } from "./protocol";
import type { Choice } from "./reasoning";
import { applyPatch, hasEnded } from "./state";
import { isStopping, Stop, type StopPhase } from "./stop";
import { applyStyles } from "./styles";
import { announcement, type Part, type ReplyController, View } from "./view";
import { Visibility } from "./visibility";

/** What a reply needs of the widget that it is in. */
export interface ReplyPort {
  /** An id of the page. */
  readonly pageId: string;
  /** Whether the kernel ended. */
  readonly isLost: boolean;
  /** What is said then of a reply that had not ended, if it is not that of a cell. */
  readonly lost?: string;
  readonly canInsertCells: boolean;
  readonly load: Load;
  send(message: PageMessage, onReply?: (answer: ClickAnswer) => void): void;
  /** As those of a channel. */
  replyTimeout(sentAt: number): number;
  interrupt(): Promise<void> | undefined;
  /** A view was drawn, as `root`. */
  onDraw?(root: HTMLElement): void;
}

export class ReplySession implements ReplyController {
  state: Keyframe;
  readonly choice: Choice = { isOpen: undefined };
  readonly services = PageServices.get();
  readonly #port: ReplyPort;
  readonly #stop: Stop;
  /** Undefined until the module of tool calls is loaded. */
  #decisions: Decisions | undefined;
  readonly #visibility: Visibility;
  /** The views and their parent elements. */
  readonly #views = new Map<View, HTMLElement>();
  /** When the newest `meta` arrived, by the page's clock. */
  #metaAt = performance.now();
  #isClosed = false;
  #wasMounted = false;
  #visibilitySeq = 0;

  constructor(state: Keyframe, port: ReplyPort) {
    this.state = copyOf(state);
    this.#port = port;
    this.#stop = new Stop({
      isLive: () => !this.#isClosed && this.isLive,
      isForeground: () => this.state.meta.foreground,
      cancel: (onReply) => this.#send({ type: "cancel" }, onReply),
      replyTimeout: (sentAt) => port.replyTimeout(sentAt),
      interrupt: () => port.interrupt(),
      onChange: () => this.refresh(),
    });
    this.#visibility = new Visibility((visible) => {
      this.#visibilitySeq += 1;
      if (!hasEnded(this.state)) this.#send({ type: "visibility", visible, seq: this.#visibilitySeq });
    });
  }

  get isLost(): boolean {
    return this.#port.isLost;
  }

  get lost(): string | undefined {
    return this.#port.lost;
  }

  get isLive(): boolean {
    return !this.isLost && !hasEnded(this.state);
  }

  get canInsertCells(): boolean {
    return this.#port.canInsertCells;
  }

  get stopPhase(): StopPhase {
    return this.#stop.phase;
  }

  /** The views and their parent elements. */
  get views(): ReadonlyMap<View, HTMLElement> {
    return this.#views;
  }

  /** Whether there has been a view. */
  get wasMounted(): boolean {
    return this.#wasMounted;
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

  /** The kernel received a Stop. */
  acknowledge(): void {
    this.#stop.acknowledge();
  }

  /** What was decided about the call `key`, and how far that is. */
  decisionOf(key: string): ReturnType<Decisions["of"]> {
    return this.#decisions?.of(key);
  }

  decide(card: Card, decision: Decision): void {
    this.#decisions?.decide(card, decision);
  }

  get load(): Load {
    return this.#port.load;
  }

  onLoaded(): void {
    if (this.#isClosed) return;
    this.#updateDecisions();
    this.refresh();
  }

  onDraw(root: HTMLElement): void {
    this.#port.onDraw?.(root);
  }

  onVisibility(view: object, isVisible: boolean): void {
    this.#visibility.set(view, isVisible);
  }

  refresh(): void {
    for (const view of this.#views.keys()) view.update();
  }

  /** Show a view in `parent`, or some parts of one; return a function that removes it. */
  mount(parent: HTMLElement, parts?: ReadonlySet<Part>): () => void {
    applyStyles(parent);
    const view = new View(parent, this, parts);
    this.#views.set(view, parent);
    this.#visibility.set(view, true);
    this.#wasMounted = true;
    this.#updateDecisions();
    return () => {
      view.remove();
      this.#views.delete(view);
      this.#visibility.delete(view);
    };
  }

  /** Apply a patch; "gap" if another one is missing before it. */
  apply(patch: Patch): ReturnType<typeof applyPatch> {
    const outcome = applyPatch(this.state, patch);
    if (outcome === "applied") {
      if (patch.meta !== undefined) this.#metaAt = performance.now();
      this.#update(patch.reasoning, patch.answer, patch.earlier);
    }
    return outcome;
  }

  /** Take a newer state in place of the present one. */
  replace(state: Keyframe): void {
    this.state = copyOf(state);
    this.#metaAt = performance.now();
    this.#update(opsOf(this.state.reasoning), opsOf(this.state.answer), opsOf(this.state.earlier));
  }

  /** The kernel ended. */
  onLost(): void {
    this.#updateDecisions();
    this.refresh();
  }

  close(): void {
    this.#isClosed = true;
    this.#decisions?.dispose();
    this.#visibility.dispose();
  }

  #sinceMeta(): number {
    return (performance.now() - this.#metaAt) / 1000;
  }

  #update(reasoning?: readonly Op[], answer?: readonly Op[], earlier?: readonly Op[]): void {
    this.#updateDecisions();
    for (const view of this.#views.keys()) view.update(reasoning, answer, earlier);
    // By the page, because settled output often replaces a view before it is drawn again.
    if (this.#views.size > 0 && hasEnded(this.state)) this.services.announce(announcement(this.state.meta));
  }

  /** Tell the kernel which questions the page shows, and find out what became of decisions. */
  #updateDecisions(): void {
    // A view that was scrolled out can come back.
    if (!this.#wasMounted || calls.module === undefined) return;
    this.#decisions ??= new calls.module.Decisions({
      pageId: this.#port.pageId,
      isLive: () => !this.#isClosed && this.isLive,
      isStopping: () => isStopping(this.#stop.phase),
      send: (message, onReply) => this.#send(message, ({ decider }) => onReply(decider ?? "")),
      notify: (text) => this.services.notify(text),
      onChange: () => this.refresh(),
    });
    this.#decisions.update(this.state.cards);
  }

  #send(message: PageMessage, onReply?: (answer: ClickAnswer) => void): void {
    if (!this.#isClosed) this.#port.send(message, onReply);
  }
}

/** A copy of a keyframe, because patches change it in place. */
function copyOf(keyframe: Keyframe | undefined): Keyframe {
  if (keyframe?.seq === undefined) throw new Error("nbstream: the widget has no state. Run the cell again.");
  return structuredClone(keyframe);
}
