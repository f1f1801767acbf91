/**
 * Protects buttons that consent to something from clicks and keys that were meant for something
 * else: they do nothing until they have stood in their place for half a second. A press that began
 * before does nothing either.
 */

/** Milliseconds that buttons must have stood where they are. */
export const GUARD_TIME = 500;

/** Milliseconds between two looks where the buttons are; each press looks as well. */
const SAMPLE_INTERVAL = 100;

/** In pixels: less than anybody sees, and more than browsers round. */
const PRECISION = 1;

export class Guard {
  readonly #element: HTMLElement;
  readonly #signal: AbortSignal;
  #place: DOMRect | undefined;
  #since = performance.now();
  #timer: ReturnType<typeof setInterval> | undefined;
  #isPressed: boolean | undefined;

  /** Guards the buttons in `element` until `signal` is aborted. */
  constructor(element: HTMLElement, signal: AbortSignal) {
    this.#element = element;
    this.#signal = signal;
    const options = { capture: true, signal };
    element.addEventListener("pointerdown", () => this.#press(), options);
    // The page keeps the keys of its buttons from the notebook, and so from elements.
    window.addEventListener("keydown", (event) => this.#onKey(event), options);
    element.addEventListener("click", (event) => this.#onClick(event), options);
    // Nobody saw the buttons meanwhile.
    document.addEventListener("visibilitychange", () => this.restart(), { signal });
    signal.addEventListener("abort", () => clearInterval(this.#timer));
    this.restart();
  }

  /** Other buttons stand there now. */
  restart(): void {
    this.#since = performance.now();
    this.#place = this.#element.getBoundingClientRect();
    if (!this.#signal.aborted) this.#timer ??= setInterval(() => this.#look(), SAMPLE_INTERVAL);
    this.#show(false);
  }

  /** Find out whether the buttons have moved, and return whether they have stood long enough. */
  #look(): boolean {
    const [before, now] = [this.#place, this.#element.getBoundingClientRect()];
    const hasMoved = before === undefined || SIDES.some((side) => Math.abs(now[side] - before[side]) > PRECISION);
    this.#place = now;
    if (hasMoved) this.#since = performance.now();
    const isReady = performance.now() - this.#since >= GUARD_TIME;
    this.#show(isReady);
    return isReady;
  }

  #show(isReady: boolean): void {
    this.#element.toggleAttribute("data-ready", isReady);
  }

  #press(): void {
    this.#isPressed = this.#look();
  }

  #onKey(event: KeyboardEvent): void {
    const { target } = event;
    if (!(target instanceof HTMLButtonElement) || !this.#element.contains(target)) return;
    if (event.key !== "Enter" && event.key !== " ") return;
    this.#press();
    // A key that is held down clicks again and again.
    if (event.repeat) event.preventDefault();
  }

  #onClick(event: MouseEvent): void {
    if (!(event.target instanceof Element) || event.target.closest("button") === null) return;
    const wasReady = this.#isPressed !== false;
    this.#isPressed = undefined;
    if (this.#look() && wasReady) return;
    event.preventDefault();
    event.stopPropagation();
  }
}

const SIDES = ["left", "top", "right", "bottom"] as const;
