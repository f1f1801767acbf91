/**
 * Whether a reader can see the text grow: the end of some view is on the screen, and the tab is not hidden. The kernel is
 * told, which sends what nobody sees less often. This module must not know what a view is, nor how the kernel is told.
 */

/** Milliseconds out of sight before it is told, so that who only scrolls past is not told of. */
export const CALM = 1000;

export class Sight {
  readonly #tell: (isSeen: boolean) => void;
  /** Each view, and whether its end is on the screen. */
  readonly #views = new Map<object, boolean>();
  readonly #end = new AbortController();
  #said = true;
  #timer: ReturnType<typeof setTimeout> | undefined;

  constructor(tell: (isSeen: boolean) => void) {
    this.#tell = tell;
    document.addEventListener("visibilitychange", () => this.#look(), { signal: this.#end.signal });
  }

  note(view: object, isSeen: boolean): void {
    this.#views.set(view, isSeen);
    this.#look();
  }

  forget(view: object): void {
    this.#views.delete(view);
    this.#look();
  }

  end(): void {
    this.#end.abort();
    clearTimeout(this.#timer);
  }

  get #isSeen(): boolean {
    return !document.hidden && [...this.#views.values()].includes(true);
  }

  #look(): void {
    if (this.#end.signal.aborted) return;
    if (this.#isSeen) {
      clearTimeout(this.#timer);
      this.#timer = undefined;
      this.#say(true);
    } else {
      this.#timer ??= setTimeout(() => this.#say(false), CALM);
    }
  }

  #say(isSeen: boolean): void {
    if (isSeen !== this.#said) this.#tell(isSeen);
    this.#said = isSeen;
  }
}
