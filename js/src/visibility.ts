/**
 * Whether the reader can see the text grow: the end of some view is on the screen and the tab is
 * not hidden. The kernel sends less often what nobody sees.
 */

/** Milliseconds of debounce before invisibility is reported, so that scrolling past is not. */
export const HIDDEN_DEBOUNCE = 1000;

export class Visibility {
  readonly #report: (isVisible: boolean) => void;
  /** For each view whether its end is on the screen. */
  readonly #views = new Map<object, boolean>();
  readonly #disposal = new AbortController();
  #reported = true;
  #timer: ReturnType<typeof setTimeout> | undefined;

  constructor(report: (isVisible: boolean) => void) {
    this.#report = report;
    document.addEventListener("visibilitychange", () => this.#update(), { signal: this.#disposal.signal });
  }

  set(view: object, isVisible: boolean): void {
    this.#views.set(view, isVisible);
    this.#update();
  }

  delete(view: object): void {
    this.#views.delete(view);
    this.#update();
  }

  dispose(): void {
    this.#disposal.abort();
    clearTimeout(this.#timer);
  }

  get #isVisible(): boolean {
    return !document.hidden && [...this.#views.values()].includes(true);
  }

  #update(): void {
    if (this.#disposal.signal.aborted) return;
    if (this.#isVisible) {
      clearTimeout(this.#timer);
      this.#timer = undefined;
      this.#send(true);
    } else {
      this.#timer ??= setTimeout(() => this.#send(false), HIDDEN_DEBOUNCE);
    }
  }

  #send(isVisible: boolean): void {
    if (isVisible !== this.#reported) this.#report(isVisible);
    this.#reported = isVisible;
  }
}
