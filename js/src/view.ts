/**
 * One view of a reply: its head with Stop, the reasoning, the answer, the alert and the footer. It can be built from the
 * state at any moment. This module must not know where the state comes from, nor how a Stop is carried out.
 */

import { equipCode, listen, placeholder, type Surroundings } from "./controls";
import { LiveDocument } from "./document";
import { Pace } from "./pace";
import type { Meta, Op } from "./protocol";
import { type Choice, ReasoningPanel } from "./reasoning";
import { Resting } from "./resting";
import { holdBelow, isAbove } from "./scroll";
import { isUnfinished, opsOf, type ReplyState } from "./state";
import type { StopPhase } from "./stop";

/** What a view shows, and what can be done in it. */
export interface Shown {
  readonly state: ReplyState;
  readonly stopPhase: StopPhase;
  /** Whether the reply goes on, as far as the page can know. */
  readonly isLive: boolean;
  /** Whether the kernel went away. */
  readonly isLost: boolean;
  readonly choice: Choice;
  /** What the buttons work with. */
  readonly page: Surroundings;
  /** Whether code can be put into new cells. */
  readonly takesCells: boolean;
  /** Seconds since the run began, by the page's clock. */
  elapsed(): number;
  /** Seconds since reasoning began; undefined when it is not going on. */
  reasoningElapsed(): number | undefined;
  stop(): void;
  /** A view has been drawn, as `root`. */
  drawn(root: HTMLElement): void;
  /** Whether the end of a view is on the screen has changed. */
  seen(view: object, isSeen: boolean): void;
  /** Have every view drawn again. */
  refresh(): void;
}

const LOST = "The kernel went away before the reply had ended. %deepseek show --recover brings back what had arrived.";
const CALLS = "The model asks for these calls; nothing was run:";
const SEPARATOR = " · ";
/** How the footer's item begins that counts the answer's tokens. */
const OUT = "out ";
const UNREACHED = "Stop did not reach the kernel";

export class View {
  readonly #shown: Shown;
  readonly #root: HTMLElement;
  readonly #end = new AbortController();
  readonly #head = element("div", "nbstream-head");
  readonly #dot = element("span", "nbstream-dot");
  readonly #label = element("span", "nbstream-label");
  readonly #preview = element("span", "nbstream-preview");
  readonly #hint = element("div", "nbstream-hint");
  readonly #stop = element("button", "nbstream-stop");
  readonly #panel: ReasoningPanel;
  readonly #answer = element("div", "jp-RenderedHTMLCommon jp-RenderedMarkdown nbstream-answer");
  readonly #document: LiveDocument;
  readonly #resting = new Resting(this.#answer);
  readonly #calls = element("div", "jp-RenderedHTMLCommon jp-RenderedMarkdown nbstream-calls");
  readonly #alert = element("div", "nbstream-alert");
  readonly #footer = element("div", "nbstream-footer");
  readonly #status = element("span", "nbstream-status");
  readonly #bottom = element("div", "nbstream-bottom");
  #reasoningOps: Op[];
  #answerOps: Op[];
  readonly #pace: Pace;
  #ticker: ReturnType<typeof setTimeout> | undefined;

  constructor(parent: HTMLElement, shown: Shown) {
    this.#shown = shown;
    const equip = (content: DocumentFragment): void => {
      equipCode(content, shown.takesCells);
      shown.page.images.restore(content);
    };
    this.#panel = new ReasoningPanel(shown.choice, () => shown.refresh(), this.#end.signal, equip);
    this.#document = new LiveDocument(this.#answer, equip);
    this.#root = this.#build();
    this.#pace = new Pace(() => {
      if (isAbove(this.#root)) holdBelow(this.#root, () => this.#draw());
      else this.#draw();
      // Only now: until it is scrolled back, what grew above the screen reaches into it.
      shown.drawn(this.#root);
    });
    this.#listen();
    this.#reasoningOps = opsOf(shown.state.reasoning);
    this.#answerOps = opsOf(shown.state.answer);
    parent.append(this.#root);
    this.#watchBottom();
    this.#draw();
    shown.drawn(this.#root);
  }

  /** Draw these operations, and whatever else has changed, soon. */
  update(reasoning: readonly Op[] = [], answer: readonly Op[] = []): void {
    this.#reasoningOps.push(...reasoning);
    this.#answerOps.push(...answer);
    this.#pace.ask(reasoning.length + answer.length === 0);
  }

  /** Give the focus back to the notebook: what has it here is about to go, and a lost focus takes the keyboard with it. */
  yieldFocus(): void {
    if (!this.#root.contains(document.activeElement)) return;
    this.#root.parentElement?.closest<HTMLElement>("[tabindex]")?.focus({ preventScroll: true });
  }

  remove(): void {
    this.#end.abort();
    this.#pace.end();
    clearTimeout(this.#ticker);
    this.#root.remove();
  }

  #build(): HTMLElement {
    const root = element("div", "nbstream nbstream-live");
    // Lets a click into the text put the focus here, so that Esc stops.
    root.tabIndex = -1;
    this.#dot.setAttribute("aria-hidden", "true");
    this.#stop.type = "button";
    this.#answer.setAttribute("role", "log");
    this.#answer.setAttribute("aria-live", "off");
    this.#status.setAttribute("role", "status");
    // What it shows is in the panel, for those who want it.
    this.#preview.setAttribute("aria-hidden", "true");
    this.#head.append(this.#dot, this.#panel.button, this.#label, this.#preview, this.#stop);
    root.append(this.#head, this.#hint, this.#panel.element, this.#answer, this.#calls);
    root.append(this.#alert, this.#footer, this.#status, this.#bottom);
    return root;
  }

  #listen(): void {
    const { signal } = this.#end;
    listen(this.#root, this.#shown.page, signal);
    this.#stop.addEventListener("click", () => this.#shown.stop(), { signal });
    this.#root.addEventListener(
      "keydown",
      (event) => {
        if (event.key === "Escape" && !event.defaultPrevented) this.#shown.stop();
      },
      { signal },
    );
  }

  /** The text grows at its end, so what is drawn is seen if that is. */
  #watchBottom(): void {
    if (typeof IntersectionObserver === "undefined") return;
    const observer = new IntersectionObserver((entries) => {
      const isSeen = entries.at(-1)?.isIntersecting ?? true;
      this.#pace.seen(isSeen);
      this.#shown.seen(this, isSeen);
    });
    observer.observe(this.#bottom);
    this.#end.signal.addEventListener("abort", () => observer.disconnect());
  }

  #draw(): void {
    const { meta } = this.#shown.state;
    const { isLive } = this.#shown;
    this.#panel.draw(take(this.#reasoningOps), isLive && meta.status === "reasoning", meta.reasoning);
    const answer = take(this.#answerOps);
    this.#resting.layDown();
    if (answer.length > 0) this.#document.draw(answer);
    this.#answer.hidden = this.#document.isEmpty;

    this.#root.dataset.status = meta.status;
    this.#root.toggleAttribute("data-cell", this.#root.closest(".jp-Cell") !== null);
    this.#head.hidden = !isLive && !this.#panel.hasText && !this.#saysThought(meta);
    this.#dot.hidden = !isLive;
    this.#drawStop(isLive, meta.foreground);
    this.#drawLabel();
    this.#drawCalls(meta.tool_calls);
    const trouble = this.#trouble();
    show(this.#alert, trouble || meta.alert);
    this.#drawFooter(meta.footer);
    // The end is not said here, because the view goes with it.
    write(this.#status, trouble || (isUnfinished(this.#shown.state) ? announcement(meta) : ""));
  }

  #drawStop(isLive: boolean, isForeground: boolean): void {
    const phase = this.#shown.stopPhase;
    const isStopping = phase !== "ready" && phase !== "unreached";
    this.#stop.hidden = !isLive;
    // Not `disabled`, which would throw the focus out of the output.
    this.#stop.setAttribute("aria-disabled", String(isStopping));
    write(this.#stop, isStopping ? "Stopping…" : "Stop");
    const advice = isForeground ? "press ■ in the toolbar" : "restart it if the reply must end";
    show(this.#hint, isLive && phase === "unreached" ? `${UNREACHED}: ${advice}` : "");
  }

  /** Write what is going on, and again when the next second has passed. */
  #drawLabel(): void {
    clearTimeout(this.#ticker);
    const { meta } = this.#shown.state;
    const isThinking = meta.status === "reasoning";
    const elapsed = isThinking ? this.#shown.reasoningElapsed() : this.#shown.elapsed();
    const thinking = ["Thinking…", duration(elapsed)].filter(Boolean).join(" ");
    const waiting = [meta.label, duration(elapsed), meta.note].filter(Boolean).join(SEPARATOR);
    const isCounting = this.#shown.isLive && meta.status !== "answering";
    write(this.#panel.button, isCounting && isThinking ? thinking : meta.thought || "Thought");
    const counted = !isThinking ? waiting : this.#panel.hasText ? "" : thinking;
    show(this.#label, isCounting ? counted : this.#saysThought(meta) ? meta.thought : "");
    show(this.#preview, isCounting && isThinking ? this.#panel.preview : "");
    if (isCounting && elapsed !== undefined) {
      this.#ticker = setTimeout(() => this.#drawLabel(), 1000 - ((elapsed * 1000) % 1000));
    }
  }

  /** Whether the time of thinking stands there as words, as the thoughts themselves are kept from the page. */
  #saysThought(meta: Meta): boolean {
    return meta.reasoning === "hidden" && meta.thought !== "";
  }

  #drawCalls(lines: readonly string[]): void {
    this.#calls.hidden = lines.length === 0;
    const list = document.createElement("ul");
    for (const line of lines) {
      const item = document.createElement("li");
      item.append(element("code", "", line));
      list.append(item);
    }
    if (this.#calls.querySelector("ul")?.innerHTML === list.innerHTML) return;
    this.#calls.replaceChildren(element("p", "", CALLS), list);
  }

  /** What the page itself knows to be wrong; the kernel says the rest. */
  #trouble(): string {
    return this.#shown.isLost && isUnfinished(this.#shown.state) ? LOST : "";
  }

  #drawFooter(items: readonly string[]): void {
    this.#footer.hidden = items.length === 0;
    if (items.join(SEPARATOR) === this.#footer.dataset.items) return;
    this.#footer.dataset.items = items.join(SEPARATOR);
    const parts = items.flatMap((item) => [SEPARATOR, element("span", "nbstream-item", item)]);
    this.#footer.replaceChildren(...parts.slice(1));
    // The settled output will have a button there: it wraps as it will.
    if (this.#shown.takesCells) this.#footer.append(placeholder());
  }
}

function element<K extends keyof HTMLElementTagNameMap>(
  tag: K,
  className: string,
  text = "",
): HTMLElementTagNameMap[K] {
  const made = document.createElement(tag);
  made.className = className;
  made.textContent = text;
  return made;
}

/** Show `text`, or nothing at all if it is empty. */
function show(element: HTMLElement, text: string): void {
  write(element, text);
  element.hidden = text === "";
}

function write(element: HTMLElement, text: string): void {
  if (element.textContent !== text) element.textContent = text;
}

function take<T>(queue: T[]): T[] {
  return queue.splice(0);
}

/** A duration in the words of the settled output. */
function duration(seconds: number | undefined): string {
  if (seconds === undefined || seconds < 1) return "";
  const whole = Math.floor(seconds);
  return whole < 60 ? `${whole} s` : `${Math.floor(whole / 60)} min ${String(whole % 60).padStart(2, "0")} s`;
}

/** What is said aloud when the state changes, and only then: none of it counts. */
export function announcement(meta: Meta): string {
  switch (meta.status) {
    case "pending":
    case "waiting":
      return meta.label;
    case "reasoning":
      return "Thinking";
    case "answering":
      return "Answering";
    case "complete":
      return ["Finished", ...meta.footer.filter((item) => item.startsWith(OUT)).map(tokens)].join(", ");
    case "cancelled":
      return meta.footer[0] ?? "Stopped";
    case "truncated":
    case "failed":
      return meta.alert || "Ended";
  }
}

function tokens(item: string): string {
  return `${item.slice(OUT.length)} tokens`;
}
