import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { HIDDEN_DEBOUNCE, Visibility } from "../src/visibility";

describe("Visibility", () => {
  const view = {};
  let reported: boolean[];
  let visibility: Visibility;

  beforeEach(() => {
    vi.useFakeTimers();
    reported = [];
    visibility = new Visibility((visible) => reported.push(visible));
    visibility.set(view, true);
  });

  afterEach(() => {
    visibility.dispose();
    vi.restoreAllMocks();
    vi.useRealTimers();
  });

  function hide(isHidden: boolean): void {
    vi.spyOn(document, "hidden", "get").mockReturnValue(isHidden);
    document.dispatchEvent(new Event("visibilitychange"));
  }

  it("reports after a debounce that the end left the screen, and at once that it is back", () => {
    visibility.set(view, false);
    vi.advanceTimersByTime(HIDDEN_DEBOUNCE - 1);
    expect(reported).toEqual([]);
    vi.advanceTimersByTime(1);
    expect(reported).toEqual([false]);
    visibility.set(view, false);
    vi.advanceTimersByTime(HIDDEN_DEBOUNCE);
    visibility.set(view, true);
    expect(reported).toEqual([false, true]);
  });

  it("does not report scrolling past", () => {
    for (let times = 0; times < 3; times += 1) {
      visibility.set(view, false);
      vi.advanceTimersByTime(HIDDEN_DEBOUNCE / 2);
      visibility.set(view, true);
      vi.advanceTimersByTime(HIDDEN_DEBOUNCE);
    }
    expect(reported).toEqual([]);
  });

  it("reports a hidden tab", () => {
    hide(true);
    vi.advanceTimersByTime(HIDDEN_DEBOUNCE);
    hide(false);
    expect(reported).toEqual([false, true]);
  });

  it("is visible if one of several views is", () => {
    const other = {};
    visibility.set(other, true);
    visibility.set(view, false);
    vi.advanceTimersByTime(HIDDEN_DEBOUNCE);
    expect(reported).toEqual([]);
    visibility.delete(other);
    vi.advanceTimersByTime(HIDDEN_DEBOUNCE);
    expect(reported).toEqual([false]);
    visibility.set({}, true);
    expect(reported).toEqual([false, true]);
  });

  it("reports nothing after dispose", () => {
    visibility.set(view, false);
    visibility.dispose();
    visibility.set(view, false);
    hide(true);
    vi.advanceTimersByTime(HIDDEN_DEBOUNCE);
    expect(reported).toEqual([]);
  });
});
