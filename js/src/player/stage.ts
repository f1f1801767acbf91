/**
 * Which players of a page play. One begins when its reader sees its place; of several on the screen
 * one plays after the other, as the cells of a notebook run.
 */

/** So much of a player, or all of it, is on the screen when it begins, in pixels. */
const SEEN = 140;
/** A player is made ready so far below the screen, in heights of the screen. */
const READY = 0.6;

export interface Performer {
  readonly host: HTMLElement;
  readonly isPlaying: boolean;
  /** Show nothing, as before the cell ran. */
  ready(): void;
  play(): void;
}

export class Stage {
  /** Those that did not begin yet, in the order of the page. */
  readonly #waiting = new Set<Performer>();
  readonly #playing = new Set<Performer>();

  constructor() {
    addEventListener("scroll", () => this.#update(), { passive: true });
    addEventListener("resize", () => this.#update(), { passive: true });
  }

  add(performer: Performer): void {
    const { host } = performer;
    const approach = new IntersectionObserver(
      (entries) => {
        const entry = entries.at(-1);
        if (entry === undefined || !entry.isIntersecting) return;
        approach.disconnect();
        // What lies above the screen was passed by a link into the page: it stays whole.
        if (entry.boundingClientRect.top < 0) return;
        performer.ready();
        this.#waiting.add(performer);
        this.#update();
      },
      { rootMargin: `0px 0px ${READY * 100}% 0px` },
    );
    approach.observe(host);
  }

  /** A player has begun. */
  began(performer: Performer): void {
    this.#waiting.delete(performer);
    this.#playing.add(performer);
  }

  /** A player has ended. */
  ended(performer: Performer): void {
    this.#playing.delete(performer);
    this.#update();
  }

  #update(): void {
    if ([...this.#playing].some(({ host }) => seen(host) > 0)) return;
    for (const performer of this.#waiting) {
      const { host } = performer;
      if (seen(host) < Math.min(SEEN, host.offsetHeight)) continue;
      performer.play();
      return;
    }
  }
}

/** How many pixels of the height of `host` are on the screen. */
function seen(host: HTMLElement): number {
  const { top, bottom } = host.getBoundingClientRect();
  return Math.min(bottom, innerHeight) - Math.max(top, 0);
}
