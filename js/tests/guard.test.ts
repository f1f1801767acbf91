import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { GUARD_TIME, Guard } from "../src/guard";
import { place } from "./fixtures";

let box: HTMLElement;
let button: HTMLButtonElement;
let top: number;
let clicks: number;
let guard: Guard;
let removal: AbortController;

beforeEach(() => {
  vi.useFakeTimers();
  top = clicks = 0;
  box = document.createElement("div");
  button = document.createElement("button");
  const word = document.createElement("b");
  button.append(word);
  box.append(button, document.createElement("textarea"));
  document.body.replaceChildren(box);
  place(box, () => ({ top, bottom: top + 20 }));
  button.addEventListener("click", () => {
    clicks += 1;
  });
  removal = new AbortController();
  guard = new Guard(box, removal.signal);
});

afterEach(() => {
  removal.abort();
  expect(vi.getTimerCount()).toBe(0);
  vi.useRealTimers();
});

function press(): void {
  button.dispatchEvent(new Event("pointerdown", { bubbles: true }));
}

function key(name: string, repeat = false): KeyboardEvent {
  const event = new KeyboardEvent("keydown", { key: name, repeat, bubbles: true, cancelable: true });
  button.dispatchEvent(event);
  return event;
}

describe("a guarded button", () => {
  it("does nothing for half a second after it appeared", () => {
    button.click();
    vi.advanceTimersByTime(GUARD_TIME - 1);
    button.click();
    expect([clicks, box.hasAttribute("data-ready")]).toEqual([0, false]);
    vi.advanceTimersByTime(1);
    button.click();
    expect(clicks).toBe(1);
    vi.advanceTimersByTime(100);
    expect(box.hasAttribute("data-ready")).toBe(true);
  });

  it("does nothing for half a second after it moved, even if nobody has looked since", () => {
    vi.advanceTimersByTime(2 * GUARD_TIME + 1);
    top = 30;
    button.click();
    vi.advanceTimersByTime(GUARD_TIME - 10);
    button.click();
    expect(clicks).toBe(0);
    vi.advanceTimersByTime(20);
    button.click();
    expect(clicks).toBe(1);
  });

  it("does nothing while it moves slowly", () => {
    for (let step = 0; step < 20; step += 1) {
      top += 3;
      vi.advanceTimersByTime(100);
      button.click();
    }
    expect(clicks).toBe(0);
  });

  it("does nothing if it was pressed too early and is released later", () => {
    vi.advanceTimersByTime(GUARD_TIME - 100);
    press();
    vi.advanceTimersByTime(200);
    button.click();
    expect(clicks).toBe(0);
    press();
    button.click();
    expect(clicks).toBe(1);
  });

  it.each(["Enter", " "])("does nothing for the key %j too early", (name) => {
    vi.advanceTimersByTime(GUARD_TIME - 100);
    key(name);
    vi.advanceTimersByTime(200);
    button.click();
    expect(clicks).toBe(0);
    key(name);
    button.click();
    expect(clicks).toBe(1);
  });

  it("is clicked once by a key that is held down", () => {
    vi.advanceTimersByTime(GUARD_TIME);
    expect(key("Enter").defaultPrevented).toBe(false);
    expect(key("Enter", true).defaultPrevented).toBe(true);
    expect(key("a", true).defaultPrevented).toBe(false);
  });

  it("does nothing for half a second after other buttons took its place, or the tab was shown", () => {
    vi.advanceTimersByTime(GUARD_TIME);
    guard.restart();
    button.click();
    vi.advanceTimersByTime(GUARD_TIME);
    document.dispatchEvent(new Event("visibilitychange"));
    button.click();
    expect(clicks).toBe(0);
  });

  it("does not keep a click into a field from it", () => {
    const seen = vi.fn();
    const field = box.querySelector("textarea") as HTMLTextAreaElement;
    field.addEventListener("click", seen);
    field.click();
    expect(seen).toHaveBeenCalledOnce();
  });
});
