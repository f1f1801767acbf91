import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import type { Op, ReasoningDisplay } from "../src/protocol";
import { type Choice, CLOSE_DELAY, MIN_PREVIEW_TIME, ReasoningPanel } from "../src/reasoning";
import { place, scroller } from "./fixtures";

const THOUGHT: Op[] = [["add", "<p>The trigger must go in first.</p>"]];

let choice: Choice;
let panel: ReasoningPanel;
let choices: number;
let removal: AbortController;

beforeEach(() => {
  vi.useFakeTimers();
  choice = { isOpen: undefined };
  choices = 0;
  display = "auto";
  removal = new AbortController();
  panel = panelWith(choice);
});

afterEach(() => {
  vi.useRealTimers();
});

function panelWith(shared: Choice): ReasoningPanel {
  return new ReasoningPanel(shared, () => redraw(), removal.signal);
}

let isStreaming = false;
let display: ReasoningDisplay = "auto";

function draw(ops: Op[], streaming: boolean): void {
  isStreaming = streaming;
  panel.draw(ops, streaming, display);
}

function redraw(): void {
  choices += 1;
  panel.draw([], isStreaming, display);
}

function isOpen(): boolean {
  expect(panel.element.hasAttribute("inert")).toBe(panel.button.getAttribute("aria-expanded") === "false");
  return panel.button.getAttribute("aria-expanded") === "true";
}

describe("a panel", () => {
  it("is hidden without text", () => {
    draw([], true);
    expect([panel.button.hidden, panel.element.hidden]).toEqual([true, true]);
    draw([["tail", 0, "<p> </p>"]], true);
    expect(panel.button.hidden).toBe(true);
    draw(THOUGHT, true);
    expect([panel.button.hidden, panel.element.hidden]).toEqual([false, false]);
  });

  it("is hidden again if its text moves into the answer", () => {
    draw(THOUGHT, true);
    draw([["reset", ""]], false);
    expect([panel.button.hidden, panel.element.hidden]).toEqual([true, true]);
    draw(THOUGHT, true);
    expect(panel.button.hidden).toBe(false);
  });

  it("is named by its button", () => {
    expect(panel.element.id).not.toBe("");
    expect(panel.button.getAttribute("aria-controls")).toBe(panel.element.id);
    expect(panelWith(choice).element.id).not.toBe(panel.element.id);
  });

  it("is open while it streams, and closes by itself a while after", () => {
    draw(THOUGHT, true);
    expect(isOpen()).toBe(true);
    draw([], false);
    vi.advanceTimersByTime(CLOSE_DELAY - 1);
    draw([], false);
    expect(isOpen()).toBe(true);
    vi.advanceTimersByTime(1);
    expect(isOpen()).toBe(false);
  });

  it("is closed at first if it did not stream in this view", () => {
    draw(THOUGHT, false);
    expect(isOpen()).toBe(false);
  });

  it("opens again when reasoning goes on", () => {
    draw(THOUGHT, true);
    draw([], false);
    vi.advanceTimersByTime(CLOSE_DELAY / 2);
    draw(THOUGHT, true);
    vi.advanceTimersByTime(CLOSE_DELAY);
    expect(isOpen()).toBe(true);
  });
});

describe("the reader's choice", () => {
  it("to close wins while it streams", () => {
    draw(THOUGHT, true);
    panel.button.click();
    expect(isOpen()).toBe(false);
    draw(THOUGHT, true);
    expect(isOpen()).toBe(false);
    expect(choices).toBe(1);
  });

  it("to open wins after it has ended", () => {
    draw(THOUGHT, true);
    panel.button.click();
    panel.button.click();
    draw([], false);
    vi.advanceTimersByTime(10 * CLOSE_DELAY);
    draw([], false);
    expect(isOpen()).toBe(true);
  });

  it("made before the panel closes by itself is kept", () => {
    draw(THOUGHT, true);
    draw([], false);
    panel.button.click();
    panel.button.click();
    vi.advanceTimersByTime(CLOSE_DELAY);
    expect(isOpen()).toBe(true);
  });

  it("is kept for other views", () => {
    draw(THOUGHT, false);
    panel.button.click();
    panel = panelWith(choice);
    draw(THOUGHT, false);
    expect(isOpen()).toBe(true);
  });
});

describe("the setting", () => {
  it("open keeps it open from the start, also if it did not stream in this view", () => {
    display = "open";
    draw(THOUGHT, false);
    expect(isOpen()).toBe(true);
    draw(THOUGHT, true);
    draw([], false);
    vi.advanceTimersByTime(10 * CLOSE_DELAY);
    expect(isOpen()).toBe(true);
  });

  it("stays open if it becomes open at the end, as it does without an answer", () => {
    draw(THOUGHT, true);
    display = "open";
    draw([], false);
    vi.advanceTimersByTime(10 * CLOSE_DELAY);
    expect(isOpen()).toBe(true);
  });

  it("closed never opens it by itself", () => {
    display = "closed";
    draw(THOUGHT, true);
    expect(isOpen()).toBe(false);
    draw([], false);
    vi.advanceTimersByTime(CLOSE_DELAY);
    expect(isOpen()).toBe(false);
  });

  it.each([
    ["open", false],
    ["closed", true],
  ] as const)("%s gives way to the reader", (setting, isOpenAfterwards) => {
    display = setting;
    draw(THOUGHT, true);
    panel.button.click();
    draw(THOUGHT, true);
    draw([], false);
    vi.advanceTimersByTime(10 * CLOSE_DELAY);
    expect(isOpen()).toBe(isOpenAfterwards);
  });
});

describe("the preview", () => {
  beforeEach(() => {
    display = "closed";
  });

  it("is the last complete sentence while the text grows and the panel is closed", () => {
    draw([["tail", 0, "<p>The trigger must go in first. Then the back"]], true);
    expect(panel.preview).toBe("The trigger must go in first.");
    panel.button.click();
    expect(panel.preview).toBe("");
    panel.button.click();
    expect(panel.preview).toBe("The trigger must go in first.");
    draw([], false);
    expect(panel.preview).toBe("");
  });

  it("does not change more often than it can be read", () => {
    draw([["tail", 0, "<p>One is done. Two"]], true);
    expect(panel.preview).toBe("One is done.");
    draw([["tail", 0, "<p>One is done. Two is done. Three"]], true);
    vi.advanceTimersByTime(MIN_PREVIEW_TIME - 1);
    expect(panel.preview).toBe("One is done.");
    vi.advanceTimersByTime(1);
    expect(panel.preview).toBe("Two is done.");
  });

  it("contains no code", () => {
    draw([["add", '<p>So it is. Thus:</p><div class="nbstream-code"><pre><code>a. b. c. </code></pre></div>']], true);
    expect(panel.preview).toBe("So it is.");
  });
});

describe("its text", () => {
  let box: { scrollTop: number };

  beforeEach(() => {
    const thoughts = panel.element.querySelector(".nbstream-thoughts");
    if (thoughts === null) throw new Error("there is no box for the text");
    Object.defineProperty(thoughts, "scrollHeight", { value: 300 });
    box = thoughts;
  });

  it("shows its end while it streams", () => {
    draw(THOUGHT, true);
    expect(box.scrollTop).toBe(300);
  });

  it("shows its beginning to a reader who opens it afterwards", () => {
    draw(THOUGHT, true);
    draw([], false);
    vi.advanceTimersByTime(CLOSE_DELAY);
    panel.button.click();
    expect(box.scrollTop).toBe(0);
  });
});

it("closes without moving the text below it", () => {
  const around = scroller();
  around.append(panel.button, panel.element);
  document.body.replaceChildren(around);
  place(panel.button, () => ({ top: -200, bottom: -170 }));
  place(panel.element, () => ({ top: -170, bottom: panel.element.hasAttribute("inert") ? -170 : -20 }));
  around.scrollTop = 400;
  draw(THOUGHT, true);
  draw([], false);
  vi.advanceTimersByTime(CLOSE_DELAY);
  expect(isOpen()).toBe(false);
  expect(around.scrollTop).toBe(250);
});

it("does nothing after its view was removed", () => {
  draw(THOUGHT, true);
  draw([], false);
  removal.abort();
  expect(vi.getTimerCount()).toBe(0);
  panel.button.click();
  expect(choices).toBe(0);
});
