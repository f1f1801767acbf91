/**
 * The reasoning panel: whether it is open, when it closes by itself, and where it is scrolled to. Only the reader's choice
 * is kept (outside, since views come and go); everything else follows from it and from the reply. This module must not know
 * messages, nor the words on the button.
 */

import { LiveDocument } from "./document";
import type { Op, Shows } from "./protocol";
import { Resting } from "./resting";
import { EndPin, holdBelow, isAbove } from "./scroll";

/** Milliseconds that the panel stays once reasoning has ended, so that it does not vanish from under the reader's eyes. */
export const LINGER = 800;

/** Milliseconds that a sentence stands beside the label at the least: what changes with each token would flicker. */
export const CALM = 1000;

/** How far from its end the text is looked through for it, in characters. */
const LOOKED_AT = 600;

/** The reader's choice, shared by all views of one reply; undefined while they have made none. */
export interface Choice {
  isOpen: boolean | undefined;
}

export class ReasoningPanel {
  readonly button = document.createElement("button");
  readonly element = document.createElement("div");
  readonly #choice: Choice;
  readonly #box = document.createElement("div");
  readonly #content = document.createElement("div");
  readonly #document: LiveDocument;
  readonly #resting: Resting;
  readonly #pin: EndPin;
  #isStreaming = false;
  #isOpen = false;
  #hasText = false;
  #shows: Shows = "auto";
  #preview = "";
  #previewed = Number.NEGATIVE_INFINITY;
  #lingering: ReturnType<typeof setTimeout> | undefined;

  /** `onChoice` is called when the reader has chosen, and has every view drawn again; `equip` is the document's. */
  constructor(choice: Choice, onChoice: () => void, signal: AbortSignal, equip?: (content: DocumentFragment) => void) {
    this.#choice = choice;
    this.#build();
    this.#document = new LiveDocument(this.#content, equip);
    this.#resting = new Resting(this.#content);
    this.#pin = new EndPin(this.#box, signal);
    this.button.addEventListener(
      "click",
      () => {
        choice.isOpen = !this.#isOpen;
        onChoice();
      },
      { signal },
    );
    signal.addEventListener("abort", () => clearTimeout(this.#lingering));
  }

  /** Whether there is anything to show: an empty reasoning is not shown. */
  get hasText(): boolean {
    return this.#hasText;
  }

  /** The last sentence that is whole, while the panel is closed and its text grows; empty before there is one. */
  get preview(): string {
    if (!this.#isStreaming || this.#isOpen || !this.#hasText) return "";
    if (performance.now() - this.#previewed >= CALM) {
      this.#previewed = performance.now();
      this.#preview = lastSentence(this.#content) || this.#preview;
    }
    return this.#preview;
  }

  draw(ops: readonly Op[], isStreaming: boolean, shows: Shows): void {
    this.#shows = shows;
    this.#resting.layDown();
    this.#pin.look();
    if (ops.length > 0) this.#document.draw(ops);
    this.#hasText ||= this.#box.textContent?.trim() !== "";
    if (this.#isStreaming && !isStreaming) this.#linger();
    this.#isStreaming = isStreaming;
    this.#show(this.#choice.isOpen ?? this.#opensByItself());
  }

  #opensByItself(): boolean {
    if (this.#shows !== "auto") return this.#shows === "open";
    return this.#isStreaming || this.#lingering !== undefined;
  }

  #linger(): void {
    this.#lingering = setTimeout(() => {
      this.#lingering = undefined;
      if (this.#choice.isOpen !== undefined || this.#opensByItself()) return;
      const isOutOfSight = isAbove(this.button);
      this.element.classList.toggle("nbstream-still", isOutOfSight);
      if (isOutOfSight) holdBelow(this.element, () => this.#show(false));
      else this.#show(false);
    }, LINGER);
  }

  #show(isOpen: boolean): void {
    if (isOpen && !this.#isOpen) {
      this.element.classList.remove("nbstream-still");
      // Who opens a finished reasoning reads it from its beginning.
      if (!this.#isStreaming) this.#box.scrollTop = 0;
    }
    this.#isOpen = isOpen;
    this.button.hidden = this.element.hidden = !this.#hasText;
    this.button.setAttribute("aria-expanded", String(isOpen));
    this.element.toggleAttribute("inert", !isOpen);
    if (isOpen && this.#isStreaming) this.#pin.follow();
  }

  #build(): void {
    const clip = document.createElement("div");
    const id = `nbstream-${Math.random().toString(36).slice(2)}`;
    this.button.type = "button";
    this.button.className = "nbstream-disclosure";
    this.button.setAttribute("aria-controls", id);
    this.element.id = id;
    this.element.className = "nbstream-reasoning";
    clip.className = "nbstream-clip";
    this.#box.className = "nbstream-thoughts";
    this.#box.tabIndex = 0;
    this.#box.setAttribute("role", "region");
    this.#box.setAttribute("aria-label", "Reasoning");
    this.#content.className = "jp-RenderedHTMLCommon jp-RenderedMarkdown";
    this.#box.append(this.#content);
    clip.append(this.#box);
    this.element.append(clip);
  }
}

/** The last sentence that has ended, on one line; empty where the browser knows no sentences, or none has ended. */
function lastSentence(content: Element): string {
  let text = "";
  for (let part = content.lastElementChild; part !== null; part = part.previousElementSibling) {
    for (let node = part.lastChild; node !== null && text.length < LOOKED_AT; node = node.previousSibling) {
      // Code is no sentence.
      const isCode = node instanceof Element && node.classList.contains("nbstream-code");
      if (!isCode) text = `${node.textContent}\n${text}`;
    }
  }
  if (typeof Intl.Segmenter !== "function") return "";
  const sentences = new Intl.Segmenter(undefined, { granularity: "sentence" }).segment(text.trim().slice(-LOOKED_AT));
  // The last one is being written, and the first one may have been cut.
  const whole = [...sentences].slice(text.length > LOOKED_AT ? 1 : 0, -1);
  return whole.map(({ segment }) => segment.trim()).findLast((sentence) => sentence !== "") ?? "";
}
