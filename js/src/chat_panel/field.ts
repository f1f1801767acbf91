/**
 * A field of several lines that grows with its text. Enter sends it and Shift+Enter breaks the
 * line. An Enter that ends the composition of a word (Chinese, Japanese, Korean) does neither.
 */

import { element, focusInPlace, targetOf } from "../shared";

/** Longer texts are not measured: that would lay them out again with each key. */
const MEASURED_CHARACTERS = 8000;

export interface FieldPort {
  /** Enter breaks the line, and only Ctrl+Enter sends. */
  readonly breaksLines?: boolean;
  /** Enter was pressed. */
  onEnter(): void;
  /**
   * Escape was pressed; whether something was done about it. Otherwise the notebook gets the key.
   */
  onEscape(): boolean;
  onInput?(): void;
  /** Earlier texts for ↑ and ↓, the newest last. */
  earlier?(): readonly string[];
}

export class Field {
  readonly element = element("textarea", "nbstream-prompt-field");
  readonly #port: FieldPort;
  readonly #grows = typeof CSS !== "undefined" && CSS.supports?.("field-sizing", "content");
  #isComposing = false;
  /** The place in the earlier texts while the reader looks through them. */
  #at: number | undefined;

  /** `signal` ends it. */
  constructor(label: string, port: FieldPort, signal: AbortSignal) {
    this.#port = port;
    this.element.rows = 1;
    this.element.dir = "auto";
    this.element.setAttribute("aria-label", label);
    this.element.setAttribute("enterkeyhint", port.breaksLines ? "enter" : "send");
    const options = { signal };
    this.element.addEventListener("input", () => this.#onInput(), options);
    this.element.addEventListener("compositionstart", () => this.#compose(true), options);
    this.element.addEventListener("compositionend", () => this.#compose(false), options);
    // The page keeps the keys of fields from the notebook, and so from elements.
    window.addEventListener("keydown", (event) => this.#onKey(event), { capture: true, signal });
  }

  /** Whether a word is being composed, so that the text must not be replaced. */
  get isComposing(): boolean {
    return this.#isComposing;
  }

  get value(): string {
    return this.element.value;
  }

  /** Replace the text; the cursor goes to its end. */
  set value(text: string) {
    if (this.element.value === text) return;
    this.element.value = text;
    this.#at = undefined;
    this.grow();
  }

  focus(): void {
    focusInPlace(this.element);
  }

  /** Give the field the height of its text, in browsers that do not do so by themselves. */
  grow(): void {
    const { style, value } = this.element;
    if (this.#grows) return;
    if (value.length > MEASURED_CHARACTERS) {
      style.height = "100vh"; // up to the largest height
      return;
    }
    style.height = "auto";
    style.height = `${this.element.scrollHeight + 2}px`;
  }

  #compose(isComposing: boolean): void {
    this.#isComposing = isComposing;
  }

  #onInput(): void {
    this.#at = undefined;
    this.grow();
    this.#port.onInput?.();
  }

  #onKey(event: KeyboardEvent): void {
    // Safari ends the composition before the key that ended it; its code is 229 all the same.
    if (targetOf(event) !== this.element || event.isComposing || this.#isComposing || event.keyCode === 229) return;
    const hasModifier = event.ctrlKey || event.metaKey || event.altKey;
    const sends = !event.shiftKey && !event.altKey && (hasModifier || !this.#port.breaksLines);
    if (event.key === "Enter" && sends) {
      // A key that is held down would send what is typed next.
      if (!event.repeat) this.#port.onEnter();
      event.preventDefault();
    } else if (event.key === "Escape") {
      if (!this.#port.onEscape()) return;
      event.preventDefault();
      event.stopPropagation();
    } else if (!hasModifier && !event.shiftKey && (event.key === "ArrowUp" || event.key === "ArrowDown")) {
      if (this.#browse(event.key === "ArrowUp" ? -1 : 1)) event.preventDefault();
    }
  }

  /**
   * Show an earlier text, or a later one, if the field is empty or shows one that was not changed.
   */
  #browse(step: -1 | 1): boolean {
    const texts = this.#port.earlier?.() ?? [];
    const { selectionStart: cursor } = this.element;
    const isBrowsing = this.#at !== undefined && this.value === texts[this.#at] && cursor === this.value.length;
    if (!isBrowsing && (this.value !== "" || step > 0)) return false;
    const at = (isBrowsing ? (this.#at ?? texts.length) : texts.length) + step;
    if (at < 0) return true;
    this.element.value = texts[at] ?? "";
    this.#at = at < texts.length ? at : undefined;
    this.element.setSelectionRange(this.value.length, this.value.length);
    this.grow();
    this.#port.onInput?.();
    return true;
  }
}
