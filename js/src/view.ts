/**
 * One view of a reply: its head with Stop, the reasoning, the answer, notes, the alert and the
 * footer.
 */

import type { Cards } from "./cards";
import { addCodeButtons, type ControlServices, footerButtonsPlaceholder, handleClicks } from "./controls";
import type { Decision, Decisions } from "./decisions";
import { openedIn, restoreOpen, thoughtIn } from "./details";
import { LiveDocument } from "./document";
import { element, focusInPlace, show, write } from "./elements";
import { FrameScheduler } from "./frame_scheduler";
import { styleTexts } from "./front_end";
import { _, localize, marked, plural } from "./language";
import { calls, type Load } from "./later";
import { OffscreenParts } from "./offscreen_parts";
import { opsOf } from "./operations";
import type { Card, Keyframe, Meta, Op } from "./protocol";
import { type Choice, ReasoningPanel } from "./reasoning";
import { isAbove, keepPositionBelow } from "./scroll";
import { duration, untilNextSecond } from "./seconds";
import { SavedSelection } from "./selection";
import { hasEnded } from "./state";
import { isStopping, type StopPhase } from "./stop";

/** What a view shows, and what its user can do. */
export interface ReplyController {
  readonly state: Keyframe;
  readonly stopPhase: StopPhase;
  /** Whether the reply goes on, as far as the page knows. */
  readonly isLive: boolean;
  /** Whether the kernel ended. */
  readonly isLost: boolean;
  /** What is said of a reply that had not ended by then, if it is not that of a cell. */
  readonly lost?: string | undefined;
  readonly choice: Choice;
  readonly services: ControlServices;
  /** Whether code can be inserted as a cell. */
  readonly canInsertCells: boolean;
  /** Seconds since the run began, by the page's clock. */
  clock(): number;
  /** Seconds since what is waited for began. */
  elapsed(): number;
  /** Seconds since reasoning started; undefined when the model is not reasoning. */
  reasoningElapsed(): number | undefined;
  stop(): void;
  /** What was decided about a tool call, and how far that is. */
  decisionOf(key: string): ReturnType<Decisions["of"]>;
  decide(card: Card, decision: Decision): void;
  readonly load: Load;
  /** Something was loaded that cards are drawn with. */
  onLoaded(): void;
  /** A view was drawn, as `root`. */
  onDraw(root: HTMLElement): void;
  /** The end of a view was scrolled into the screen or out of it. */
  onVisibility(view: object, isVisible: boolean): void;
  /** Draw every view again. */
  refresh(): void;
}

/**
 * Parts of a view that can stand alone: Stop; what is waited for, and the reasoning; the answer
 * with what belongs to it; the footer.
 */
export type Part = "stop" | "reasoning" | "answer" | "usage";
const PARTS: ReadonlySet<Part> = new Set(["stop", "reasoning", "answer", "usage"]);

const LOST = marked(
  "The kernel went away before the reply had ended. %deepseek show --recover brings back what had arrived.",
);
const SEPARATOR = " · ";

export class View {
  readonly #controller: ReplyController;
  readonly #parts: ReadonlySet<Part>;
  readonly #root: HTMLElement;
  readonly #removal = new AbortController();
  readonly #head = element("div", "nbstream-head");
  readonly #dot = element("span", "nbstream-dot", "", { "aria-hidden": "true" });
  readonly #label = element("span", "nbstream-label");
  /** Its text is in the panel as well. */
  readonly #preview = element("span", "nbstream-preview", "", { "aria-hidden": "true" });
  readonly #hint = element("div", "nbstream-hint");
  readonly #stop = element("button", "nbstream-stop");
  readonly #panel: ReasoningPanel;
  readonly #answer = element("div", "jp-RenderedHTMLCommon jp-RenderedMarkdown nbstream-answer", "", {
    role: "log",
    "aria-live": "off",
  });
  readonly #document: LiveDocument;
  readonly #offscreen = new OffscreenParts(this.#answer);
  readonly #earlier = element("div", "jp-RenderedHTMLCommon nbstream-earlier");
  readonly #earlierDocument: LiveDocument;
  readonly #cards = element("div", "nbstream-cards");
  /** Draws them; undefined until there is a call, and the module for it. */
  #cardsDrawing: Cards | undefined;
  readonly #decorate: (content: DocumentFragment) => void;
  readonly #notes = element("div", "nbstream-notes");
  readonly #alert = element("div", "nbstream-alert");
  readonly #foot = element("div", "nbstream-foot");
  readonly #footer = element("div", "nbstream-footer");
  readonly #status = element("span", "nbstream-status", "", { role: "status" });
  readonly #bottom = element("div", "nbstream-bottom");
  #earlierOps: Op[];
  #reasoningOps: Op[];
  #answerOps: Op[];
  readonly #scheduler: FrameScheduler;
  #ticker: ReturnType<typeof setTimeout> | undefined;

  constructor(parent: HTMLElement, controller: ReplyController, parts = PARTS) {
    this.#controller = controller;
    this.#parts = parts;
    const decorate = (content: DocumentFragment): void => {
      addCodeButtons(content, controller.canInsertCells);
      controller.services.images.restore(content);
    };
    this.#decorate = decorate;
    this.#panel = new ReasoningPanel(controller.choice, () => controller.refresh(), this.#removal.signal, decorate);
    this.#document = new LiveDocument(this.#answer, decorate);
    this.#earlierDocument = new LiveDocument(this.#earlier, decorate);
    this.#root = this.#build();
    this.#scheduler = new FrameScheduler(() => {
      const hadFocus = this.#root.contains(document.activeElement);
      if (isAbove(this.#root)) keepPositionBelow(this.#root, () => this.#draw());
      else this.#draw();
      // What had it is gone with its step.
      if (hadFocus && !this.#root.contains(document.activeElement)) focusInPlace(this.#root);
      // Not earlier: until the page is scrolled, text that grew above the screen reaches into it.
      controller.onDraw(this.#root);
    });
    this.#listen();
    this.#earlierOps = opsOf(controller.state.earlier);
    this.#reasoningOps = opsOf(controller.state.reasoning);
    this.#answerOps = opsOf(controller.state.answer);
    parent.append(this.#root);
    styleTexts(this.#root);
    this.#observeBottom();
    this.#draw();
    controller.onDraw(this.#root);
  }

  /** Schedule a frame with these operations and any other changes. */
  update(reasoning: readonly Op[] = [], answer: readonly Op[] = [], earlier: readonly Op[] = []): void {
    this.#earlierOps.push(...earlier);
    this.#reasoningOps.push(...reasoning);
    this.#answerOps.push(...answer);
    this.#scheduler.request(reasoning.length + answer.length === 0 || earlier.length > 0);
  }

  /** Move the focus from the view to the notebook, because it would be lost with the view. */
  yieldFocus(): void {
    if (!this.#root.contains(document.activeElement)) return;
    focusInPlace(this.#root.parentElement?.closest<HTMLElement>("[tabindex]"));
  }

  remove(): void {
    this.#removal.abort();
    this.#scheduler.dispose();
    clearTimeout(this.#ticker);
    this.#cardsDrawing?.remove();
    this.#root.remove();
  }

  #build(): HTMLElement {
    const root = localize(element("div", "nbstream nbstream-frame nbstream-live"));
    // A click into the text then moves the focus here, so that Esc stops the reply.
    root.tabIndex = -1;
    if (this.#parts !== PARTS) root.dataset.parts = [...this.#parts].join(" ");
    const [hasStop, hasReasoning, hasAnswer] = [this.#has("stop"), this.#has("reasoning"), this.#has("answer")];
    if (hasReasoning) this.#head.append(this.#dot, this.#panel.button, this.#label, this.#preview);
    if (hasStop) this.#head.append(this.#stop);
    if (hasAnswer) root.append(this.#earlier);
    if (hasStop || hasReasoning) root.append(this.#head);
    if (hasStop) root.append(this.#hint);
    if (hasReasoning) root.append(this.#panel.element);
    if (hasAnswer) root.append(this.#answer, this.#cards, this.#notes, this.#alert);
    this.#foot.append(this.#footer);
    if (this.#has("usage")) root.append(this.#foot);
    if (hasAnswer) root.append(this.#status);
    root.append(this.#bottom);
    return root;
  }

  #has(part: Part): boolean {
    return this.#parts.has(part);
  }

  #listen(): void {
    const { signal } = this.#removal;
    handleClicks(this.#root, this.#controller.services, signal);
    this.#stop.addEventListener("click", () => this.#controller.stop(), { signal });
    this.#root.addEventListener(
      "keydown",
      (event) => {
        if (event.key === "Escape" && !event.defaultPrevented) this.#controller.stop();
      },
      { signal },
    );
  }

  /** The text grows at its end, so a frame is visible if the end is. */
  #observeBottom(): void {
    if (typeof IntersectionObserver === "undefined") return;
    const observer = new IntersectionObserver((entries) => {
      const isVisible = entries.at(-1)?.isIntersecting ?? true;
      this.#scheduler.setVisible(isVisible);
      this.#controller.onVisibility(this, isVisible);
    });
    observer.observe(this.#bottom);
    this.#removal.signal.addEventListener("abort", () => observer.disconnect());
  }

  #draw(): void {
    const { isLive, isLost, state } = this.#controller;
    const { meta } = state;
    const [answer, reasoning, earlier] = [this.#answerOps, this.#reasoningOps, this.#earlierOps].map(take);
    if (this.#has("answer")) this.#drawAnswer(answer ?? [], earlier ?? []);
    // As the kernel has it for other replies without an answer.
    const isLeftOpen = isLost && meta.reasoning === "auto" && this.#document.isEmpty;
    const display = isLeftOpen ? "open" : meta.reasoning;
    const isReasoning = isLive && meta.status === "reasoning";
    if (this.#has("reasoning")) this.#panel.draw(reasoning ?? [], isReasoning, display);

    this.#root.dataset.status = meta.status;
    this.#root.toggleAttribute("data-cell", this.#root.closest(".jp-Cell") !== null);
    const hasThought = this.#has("reasoning") && (this.#panel.hasText || this.#showsOnlyThoughtTime(meta));
    this.#head.hidden = !isLive && !hasThought;
    this.#dot.hidden = !isLive;
    this.#drawStop(isLive, meta.foreground);
    if (this.#has("reasoning")) this.#drawLabel();
    this.#drawNotes(meta.notes);
    const lost = isLost && !hasEnded(state) ? _(this.#controller.lost ?? LOST) : "";
    show(this.#alert, lost || meta.alert);
    this.#drawFooter(meta);
    // The page announces the end, because this element is removed with the view.
    write(this.#status, lost || (hasEnded(state) ? "" : announcement(meta)));
  }

  #drawAnswer(answer: readonly Op[], earlier: readonly Op[]): void {
    this.#offscreen.update();
    this.#drawEarlier(earlier);
    this.#earlier.hidden = this.#earlierDocument.isEmpty;
    if (answer.length > 0) this.#document.draw(answer);
    this.#answer.hidden = this.#document.isEmpty;
    this.#drawCards();
  }

  #drawCards(): void {
    const { state, load, stopPhase } = this.#controller;
    const hasCards = state.cards.length > 0;
    this.#cards.hidden = !hasCards;
    if (hasCards) {
      calls.want(load, () => this.#controller.onLoaded());
      const { module } = calls;
      if (module !== undefined) this.#cardsDrawing ??= new module.Cards(this.#cards, this.#controller, this.#decorate);
    }
    this.#cardsDrawing?.draw(isStopping(stopPhase));
  }

  /** Draw steps that have ended, with what the reader had selected and opened in the last one. */
  #drawEarlier(ops: readonly Op[]): void {
    if (ops.length === 0) return;
    const selection = SavedSelection.in(this.#answer);
    const opened = openedIn(this.#cards);
    this.#earlierDocument.draw(ops);
    const step = [...this.#earlier.querySelectorAll(".nbstream-step")].at(-1);
    if (step === undefined) return;
    const thought = thoughtIn(step);
    if (thought !== null && this.#controller.choice.isOpen === true) thought.open = true;
    restoreOpen(opened, step);
    const said = step.querySelector(".nbstream-said");
    if (said !== null) selection?.restore(said);
  }

  #drawStop(isLive: boolean, isForeground: boolean): void {
    const phase = this.#controller.stopPhase;
    const isPressed = isStopping(phase);
    this.#stop.hidden = !isLive;
    // `disabled` would move the focus out of the output.
    this.#stop.setAttribute("aria-disabled", String(isPressed));
    write(this.#stop, isPressed ? _("Stopping…") : _("Stop"));
    const advice = isForeground
      ? _("Stop did not reach the kernel: press ■ in the toolbar")
      : _("Stop did not reach the kernel: restart it if the reply must end");
    show(this.#hint, isLive && phase === "failed" ? advice : "");
  }

  /** Write the present state, and again when the next second has passed. */
  #drawLabel(): void {
    clearTimeout(this.#ticker);
    const { meta } = this.#controller.state;
    const isThinking = meta.status === "reasoning";
    const elapsed = isThinking ? this.#controller.reasoningElapsed() : this.#controller.elapsed();
    const thinking = [_("Thinking…"), duration(elapsed)].filter(Boolean).join(" ");
    const waiting = [meta.label, duration(elapsed), meta.note].filter(Boolean).join(SEPARATOR);
    const isCounting = this.#controller.isLive && meta.status !== "answering";
    write(this.#panel.button, isCounting && isThinking ? thinking : meta.thought || _("Thought"));
    const counted = !isThinking ? waiting : this.#panel.hasText ? "" : thinking;
    show(this.#label, isCounting ? counted : this.#showsOnlyThoughtTime(meta) ? meta.thought : "");
    show(this.#preview, isCounting && isThinking ? this.#panel.preview : "");
    if (isCounting && elapsed !== undefined) {
      this.#ticker = setTimeout(() => this.#drawLabel(), untilNextSecond(elapsed));
    }
  }

  /** Whether "Thought for 12 s" is a label and not a button, because the reasoning is not sent. */
  #showsOnlyThoughtTime(meta: Meta): boolean {
    return meta.reasoning === "hidden" && meta.thought !== "";
  }

  #drawNotes(lines: readonly string[]): void {
    this.#notes.hidden = lines.length === 0;
    if (lines.join("\n") === this.#notes.dataset.lines) return;
    this.#notes.dataset.lines = lines.join("\n");
    this.#notes.replaceChildren(...lines.map((line) => element("p", "nbstream-note", line)));
  }

  #drawFooter({ footer: items, actions }: Meta): void {
    this.#foot.hidden = items.length === 0;
    if (items.join(SEPARATOR) === this.#footer.dataset.items) return;
    this.#footer.dataset.items = items.join(SEPARATOR);
    const parts = items.flatMap((item) => {
      const part = element("span", "nbstream-item", item);
      part.prepend(element("span", "nbstream-separator", "·\u00a0"));
      return [" ", part];
    });
    this.#footer.replaceChildren(...parts.slice(1));
    this.#footer.querySelector(".nbstream-separator")?.replaceChildren();
    // The settled output will have buttons there, so the lines break as they will then.
    if (this.#controller.canInsertCells) this.#footer.append(footerButtonsPlaceholder(actions));
  }
}

function take<T>(queue: T[]): T[] {
  return queue.splice(0);
}

/**
 * What a screen reader says when the state changes. It contains no running time, which would repeat
 * it.
 */
export function announcement(meta: Meta): string {
  switch (meta.status) {
    case "pending":
    case "waiting":
      return meta.label;
    case "calling":
      return [meta.label, meta.note].filter(Boolean).join(SEPARATOR);
    case "reasoning":
      return _("Thinking");
    case "answering":
      return _("Answering");
    case "complete":
      return meta.answer_tokens === null
        ? _("Finished")
        : plural("Finished, {n:,} token", "Finished, {n:,} tokens", meta.answer_tokens);
    case "cancelled":
      return duration(meta.elapsed) === ""
        ? _("Stopped")
        : _("Stopped after {duration}", { duration: duration(meta.elapsed) });
    case "truncated":
    case "failed":
      return meta.alert || _("Ended");
  }
}
