import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { Playback } from "../src/player/playback";
import { duration, untilNextSecond } from "../src/seconds";

/** The timers of a page whose clock, unlike a real one, moves only as far as a timer waits. */
class ExactClock {
  now = 4;
  #timers = new Map<number, { at: number; call: () => void }>();
  #last = 0;

  constructor() {
    vi.spyOn(performance, "now").mockImplementation(() => this.now);
    vi.stubGlobal("setTimeout", (call: () => void, delay = 0) => {
      this.#last += 1;
      this.#timers.set(this.#last, { at: this.now + delay, call });
      return this.#last;
    });
    vi.stubGlobal("clearTimeout", (timer: number) => this.#timers.delete(timer));
  }

  /** Run timers until none is left, or `limit` of them have run; return how many have run. */
  run(limit: number): number {
    for (let count = 0; count < limit; count += 1) {
      const [first] = [...this.#timers].sort(([, a], [, b]) => a.at - b.at);
      if (first === undefined) return count;
      const [timer, { at, call }] = first;
      this.#timers.delete(timer);
      this.now = at;
      call();
    }
    return limit;
  }
}

let clock: ExactClock;

beforeEach(() => {
  clock = new ExactClock();
});

afterEach(() => {
  vi.unstubAllGlobals();
  vi.restoreAllMocks();
});

describe("a count of seconds", () => {
  it("goes on by one with each timer, whatever it began with", () => {
    for (let began = 0; began < 2; began += Math.SQRT2 / 4096) {
      const since = clock.now;
      const elapsed = (): number => began + (clock.now - since) / 1000;
      let next = Math.floor(elapsed()) + 1;
      const count = (): void => {
        expect(Math.floor(elapsed())).toBe(next);
        next += 1;
        if (next < 5) setTimeout(count, untilNextSecond(elapsed()));
      };
      setTimeout(count, untilNextSecond(elapsed()));
      expect(clock.run(10)).toBeLessThan(10);
    }
  });

  it("waits for whole milliseconds, as browsers do, and for one at least", () => {
    expect([0, 0.25, 7.0001, 1 - Number.EPSILON].map(untilNextSecond)).toEqual([1000, 750, 1000, 1]);
  });
});

describe("a playback", () => {
  it("ends, whatever its clock began with", () => {
    const frames = Array.from({ length: 60 }, (_, index) => ({
      at: Math.round(1000 * Math.sqrt(index)) / 1000,
      patch: { seq: index },
    }));
    for (let began = 0; began < 2000; began += 10 * Math.SQRT2) {
      clock.now = began;
      const handed: number[] = [];
      let hasEnded = false;
      new Playback(
        frames,
        ({ seq }) => {
          expect(clock.now - began).toBeGreaterThan(1000 * (frames[seq]?.at ?? 0) - 1e-6);
          handed.push(seq);
        },
        () => {
          hasEnded = true;
        },
      );
      clock.run(1000);
      expect(hasEnded).toBe(true);
      expect(handed).toEqual(frames.map(({ patch }) => patch.seq));
    }
  });
});

it("has the words of the settled output", () => {
  expect([undefined, 0.9, 59.9, 61].map(duration)).toEqual(["", "", "59 s", "1 min 01 s"]);
});
