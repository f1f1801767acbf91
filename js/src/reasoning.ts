/**
 * The reasoning panel: whether it is open, when it closes by itself, and how it scrolls. Only the
 * reader's choice is stored, outside, because views come and go; the rest follows from it and the
 * reply.
 */

import { LiveDocument } from "./document";
import { element, newId } from "./elements";
import { _ } from "./language";
import { OffscreenParts } from "./offscreen_parts";
import type { Op, ReasoningDisplay } from "./protocol";
import { EndPin, isAbove, keepPositionBelow } from "./scroll";

/** Milliseconds from the end of reasoning until the panel closes by itself. */
export const CLOSE_DELAY = 800;

/** Milliseconds that a sentence stays in the preview at least, so that it does not flicker. */
export const MIN_PREVIEW_TIME = 1000;

/** The last sentence is looked for in this many characters at the end of the text. */
const PREVIEW_CHARACTERS = 600;

/** The reader's choice, shared by all views of one reply; undefined if they made none. */
export interface Choice {
  isOpen: boolean | undefined;
}

export class ReasoningPanel {
  readonly button = element("button", "nbstream-disclosure");
  readonly element = element("div", "nbstream-reasoning");
  readonly #choice: Choice;
  readonly #box = element("div", "nbstream-thoughts", "", { role: "region", "aria-label": _("Reasoning") });
  readonly #content = element("div", "jp-RenderedHTMLCommon jp-RenderedMarkdown");
  readonly #document: LiveDocument;
  readonly #offscreen: OffscreenParts;
  readonly #pin: EndPin;
  #isStreaming = false;
  #isOpen = false;
  #hasText = false;
  #display: ReasoningDisplay = "auto";
  #preview = "";
  #previewedAt = Number.NEGATIVE_INFINITY;
  #closing: ReturnType<typeof setTimeout> | undefined;

  /** `onChoice` is called when the reader made a choice; `decorate` is passed to `LiveDocument`. */
  constructor(
    choice: Choice,
    onChoice: () => void,
    signal: AbortSignal,
    decorate?: (content: DocumentFragment) => void,
  ) {
    this.#choice = choice;
    this.#build();
    this.#document = new LiveDocument(this.#content, decorate);
    this.#offscreen = new OffscreenParts(this.#content);
    this.#pin = new EndPin(this.#box, signal);
    this.button.addEventListener(
      "click",
      () => {
        choice.isOpen = !this.#isOpen;
        onChoice();
      },
      { signal },
    );
    signal.addEventListener("abort", () => clearTimeout(this.#closing));
  }

  /** Whether there is reasoning; without it the panel is hidden. */
  get hasText(): boolean {
    return this.#hasText;
  }

  /** The last complete sentence while the panel is closed and its text grows; otherwise empty. */
  get preview(): string {
    if (!this.#isStreaming || this.#isOpen || !this.#hasText) return "";
    if (performance.now() - this.#previewedAt >= MIN_PREVIEW_TIME) {
      this.#previewedAt = performance.now();
      this.#preview = lastSentence(this.#content) || this.#preview;
    }
    return this.#preview;
  }

  draw(ops: readonly Op[], isStreaming: boolean, display: ReasoningDisplay): void {
    this.#display = display;
    this.#offscreen.update();
    this.#pin.update();
    if (ops.length > 0) this.#document.draw(ops);
    // Reasoning that turned out to be the answer has left the panel.
    if (ops.some((op) => op[0] === "reset")) this.#hasText = false;
    this.#hasText ||= this.#box.textContent?.trim() !== "";
    if (this.#isStreaming && !isStreaming) this.#closeLater();
    this.#isStreaming = isStreaming;
    this.#update(this.#choice.isOpen ?? this.#isOpenByDefault());
  }

  #isOpenByDefault(): boolean {
    if (this.#display !== "auto") return this.#display === "open";
    return this.#isStreaming || this.#closing !== undefined;
  }

  #closeLater(): void {
    this.#closing = setTimeout(() => {
      this.#closing = undefined;
      if (this.#choice.isOpen !== undefined || this.#isOpenByDefault()) return;
      const isOffscreen = isAbove(this.button);
      this.element.classList.toggle("nbstream-still", isOffscreen);
      if (isOffscreen) keepPositionBelow(this.element, () => this.#update(false));
      else this.#update(false);
    }, CLOSE_DELAY);
  }

  #update(isOpen: boolean): void {
    if (isOpen && !this.#isOpen) {
      this.element.classList.remove("nbstream-still");
      // Finished reasoning is read from its beginning.
      if (!this.#isStreaming) this.#box.scrollTop = 0;
    }
    this.#isOpen = isOpen;
    this.button.hidden = this.element.hidden = !this.#hasText;
    this.button.setAttribute("aria-expanded", String(isOpen));
    this.element.toggleAttribute("inert", !isOpen);
    if (isOpen && this.#isStreaming) this.#pin.follow();
  }

  #build(): void {
    const clip = element("div", "nbstream-clip");
    this.element.id = `nbstream-${newId()}`;
    this.button.setAttribute("aria-controls", this.element.id);
    this.#box.tabIndex = 0;
    this.#box.append(this.#content);
    clip.append(this.#box);
    this.element.append(clip);
  }
}

/**
 * The last complete sentence on one line; empty if there is none, or if the browser finds no
 * sentences.
 */
function lastSentence(content: Element): string {
  let text = "";
  for (let part = content.lastElementChild; part !== null; part = part.previousElementSibling) {
    for (let node = part.lastChild; node !== null && text.length < PREVIEW_CHARACTERS; node = node.previousSibling) {
      const isCode = node instanceof Element && node.classList.contains("nbstream-code");
      if (!isCode) text = `${node.textContent}\n${text}`;
    }
  }
  if (typeof Intl.Segmenter !== "function") return "";
  const segmenter = new Intl.Segmenter(undefined, { granularity: "sentence" });
  const sentences = segmenter.segment(text.trim().slice(-PREVIEW_CHARACTERS));
  // The last one is incomplete, and the first one may have been cut.
  const complete = [...sentences].slice(text.length > PREVIEW_CHARACTERS ? 1 : 0, -1);
  return complete.map(({ segment }) => segment.trim()).findLast((sentence) => sentence !== "") ?? "";
}
