import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { CALM, Sight } from "../src/sight";

describe("Sight", () => {
  const view = {};
  let told: boolean[];
  let sight: Sight;

  beforeEach(() => {
    vi.useFakeTimers();
    told = [];
    sight = new Sight((seen) => told.push(seen));
    sight.note(view, true);
  });

  afterEach(() => {
    sight.end();
    vi.restoreAllMocks();
    vi.useRealTimers();
  });

  function hide(isHidden: boolean): void {
    vi.spyOn(document, "hidden", "get").mockReturnValue(isHidden);
    document.dispatchEvent(new Event("visibilitychange"));
  }

  it("tells after a while that the end is out of sight, and at once that it is back", () => {
    sight.note(view, false);
    vi.advanceTimersByTime(CALM - 1);
    expect(told).toEqual([]);
    vi.advanceTimersByTime(1);
    expect(told).toEqual([false]);
    sight.note(view, false);
    vi.advanceTimersByTime(CALM);
    sight.note(view, true);
    expect(told).toEqual([false, true]);
  });

  it("does not tell of who only scrolls past", () => {
    for (let times = 0; times < 3; times += 1) {
      sight.note(view, false);
      vi.advanceTimersByTime(CALM / 2);
      sight.note(view, true);
      vi.advanceTimersByTime(CALM);
    }
    expect(told).toEqual([]);
  });

  it("sees nothing in a hidden tab", () => {
    hide(true);
    vi.advanceTimersByTime(CALM);
    hide(false);
    expect(told).toEqual([false, true]);
  });

  it("sees with one of several views", () => {
    const other = {};
    sight.note(other, true);
    sight.note(view, false);
    vi.advanceTimersByTime(CALM);
    expect(told).toEqual([]);
    sight.forget(other);
    vi.advanceTimersByTime(CALM);
    expect(told).toEqual([false]);
    sight.note({}, true);
    expect(told).toEqual([false, true]);
  });

  it("tells nothing when it has ended", () => {
    sight.note(view, false);
    sight.end();
    sight.note(view, false);
    hide(true);
    vi.advanceTimersByTime(CALM);
    expect(told).toEqual([]);
  });
});
