/**
 * The reasoning panel: whether it is open, when it closes by itself, and where it is scrolled to. Only the reader's choice
 * is kept (outside, since views come and go); everything else follows from it and from the reply. This module must not know
 * messages, nor the words on the button.
 */

import { LiveDocument } from "./document";
import type { Op } from "./protocol";
import { EndPin, holdBelow, isAbove } from "./scroll";

/** Milliseconds that the panel stays once reasoning has ended, so that it does not vanish from under the reader's eyes. */
export const LINGER = 800;

/** The reader's choice, shared by all views of one reply; undefined while they have made none. */
export interface Choice {
  isOpen: boolean | undefined;
}

export class ReasoningPanel {
  readonly button = document.createElement("button");
  readonly element = document.createElement("div");
  readonly #choice: Choice;
  readonly #box = document.createElement("div");
  readonly #document: LiveDocument;
  readonly #pin: EndPin;
  #isStreaming = false;
  #isOpen = false;
  #hasText = false;
  #lingering: ReturnType<typeof setTimeout> | undefined;

  /** `onChoice` is called when the reader has chosen, and has every view drawn again. */
  constructor(choice: Choice, onChoice: () => void, signal: AbortSignal) {
    this.#choice = choice;
    const content = this.#build();
    this.#document = new LiveDocument(content);
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

  draw(ops: readonly Op[], isStreaming: boolean): void {
    if (ops.length > 0) this.#document.draw(ops);
    this.#hasText ||= this.#box.textContent?.trim() !== "";
    if (this.#isStreaming && !isStreaming) this.#linger();
    this.#isStreaming = isStreaming;
    this.#show(this.#choice.isOpen ?? (isStreaming || this.#lingering !== undefined));
  }

  #linger(): void {
    this.#lingering = setTimeout(() => {
      this.#lingering = undefined;
      if (this.#choice.isOpen !== undefined || this.#isStreaming) return;
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

  #build(): HTMLElement {
    const clip = document.createElement("div");
    const content = document.createElement("div");
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
    content.className = "jp-RenderedHTMLCommon jp-RenderedMarkdown";
    content.dir = "auto";
    this.#box.append(content);
    clip.append(this.#box);
    this.element.append(clip);
    return content;
  }
}
