import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { Page } from "../src/page";
import type { Meta } from "../src/protocol";
import { emptyReply, isUnfinished, type ReplyState, receive } from "../src/state";
import type { StopPhase } from "../src/stop";
import { announcement, type Shown, View } from "../src/view";
import { metaOf, place, scroller, written } from "./fixtures";

class FakeShown implements Shown {
  readonly state: ReplyState = emptyReply();
  readonly choice = { isOpen: undefined };
  readonly page = Page.get();
  takesCells = false;
  stopPhase: StopPhase = "ready";
  isLost = false;
  stops = 0;
  began = performance.now();
  view: View | undefined;

  get isLive(): boolean {
    return !this.isLost && isUnfinished(this.state);
  }

  elapsed(): number {
    return this.state.meta.elapsed + (performance.now() - this.began) / 1000;
  }

  reasoningElapsed(): number | undefined {
    return this.elapsed() - this.state.meta.elapsed + (this.state.meta.reasoning_elapsed ?? 0);
  }

  stop(): void {
    this.stops += 1;
  }

  drawn(): void {}

  seen(): void {}

  refresh(): void {
    this.view?.update();
  }
}

let shown: FakeShown;
let parent: HTMLElement;

beforeEach(() => {
  vi.useFakeTimers();
  shown = new FakeShown();
  parent = document.createElement("div");
  document.body.replaceChildren(parent);
});

afterEach(() => {
  shown.view?.remove();
  vi.useRealTimers();
});

function show(meta: Partial<Meta>, reasoning = "", answer = ""): void {
  shown.state.meta = metaOf(meta);
  receive(shown.state, {
    type: "patch",
    seq: shown.state.seq + 1,
    reasoning: [["add", reasoning]],
    answer: [["add", answer]],
  });
  shown.view = new View(parent, shown);
}

/** Change the meta and draw a frame. */
function change(meta: Partial<Meta>): void {
  shown.state.meta = metaOf(meta);
  shown.view?.update();
  vi.advanceTimersToNextFrame();
}

function part(name: string): HTMLElement {
  const found = parent.querySelector<HTMLElement>(`.nbstream-${name}`);
  if (found === null) throw new Error(`there is no ${name}`);
  return found;
}

/** The text of what is shown, or undefined where nothing is. */
function text(name: string): string | undefined {
  return part(name).closest("[hidden]") === null ? (part(name).textContent ?? "") : undefined;
}

describe("the head", () => {
  it("counts the seconds while waiting", () => {
    show({ status: "waiting", elapsed: 22.5, label: "Waiting for deepseek-flash", note: "the server says keep-alive" });
    expect(text("label")).toBe("Waiting for deepseek-flash · 22 s · the server says keep-alive");
    vi.advanceTimersByTime(501);
    expect(text("label")).toBe("Waiting for deepseek-flash · 23 s · the server says keep-alive");
    vi.advanceTimersByTime(37_000);
    expect(text("label")).toBe("Waiting for deepseek-flash · 1 min 00 s · the server says keep-alive");
  });

  it("claims no seconds before there is one", () => {
    show({ status: "waiting", label: "Waiting for deepseek-flash" });
    expect(text("label")).toBe("Waiting for deepseek-flash");
  });

  it("counts the seconds of thinking, and then says what they came to", () => {
    show({ status: "reasoning", reasoning_elapsed: 7 }, "<p>hm</p>");
    vi.advanceTimersByTime(1001);
    expect([text("disclosure"), text("label")]).toEqual(["Thinking… 8 s", undefined]);
    change({ status: "answering", thought: "Thought for 8 s" });
    vi.advanceTimersByTime(5000);
    expect(text("disclosure")).toBe("Thought for 8 s");
  });

  it("says that it thinks before there is a thought to show", () => {
    show({ status: "reasoning", reasoning_elapsed: 2 });
    expect([text("disclosure"), text("label")]).toEqual([undefined, "Thinking… 2 s"]);
  });

  it("pulses while the reply goes on, and goes when it ends without a thought", () => {
    show({ status: "answering" }, "", "<p>a</p>");
    expect(part("dot").hidden).toBe(false);
    change({ status: "complete" });
    expect([part("dot").hidden, part("head").hidden]).toEqual([true, true]);
  });
});

describe("Stop", () => {
  it("is a button called Stop from the first instant to the end", () => {
    show({ status: "pending" });
    expect([part("stop").tagName, part("stop").getAttribute("type"), text("stop")]).toEqual([
      "BUTTON",
      "button",
      "Stop",
    ]);
    part("stop").click();
    expect(shown.stops).toBe(1);
    change({ status: "complete" });
    expect(text("stop")).toBeUndefined();
  });

  it("says that it is stopping and keeps its place", () => {
    show({ status: "answering" });
    shown.stopPhase = "asked";
    change({ status: "answering" });
    expect([text("stop"), part("stop").getAttribute("aria-disabled")]).toEqual(["Stopping…", "true"]);
  });

  it.each([
    [true, "Stop did not reach the kernel: press ■ in the toolbar"],
    [false, "Stop did not reach the kernel: restart it if the reply must end"],
  ])("says what to do when it did not arrive (foreground: %s)", (foreground, hint) => {
    show({ status: "answering", foreground });
    expect(text("hint")).toBeUndefined();
    shown.stopPhase = "unreached";
    change({ status: "answering", foreground });
    expect([text("hint"), text("stop")]).toEqual([hint, "Stop"]);
    change({ status: "cancelled", foreground });
    expect(text("hint")).toBeUndefined();
  });

  it("is pressed by Esc anywhere in the output", () => {
    show({ status: "answering" }, "", "<p>a</p>");
    part("answer").dispatchEvent(new KeyboardEvent("keydown", { key: "Escape", bubbles: true }));
    part("answer").dispatchEvent(new KeyboardEvent("keydown", { key: "a", bubbles: true }));
    expect(shown.stops).toBe(1);
  });

  it("leaves an Esc to whoever has taken it", () => {
    show({ status: "answering" }, "", "<p>a</p>");
    part("answer").addEventListener("keydown", (event) => event.preventDefault());
    part("answer").dispatchEvent(new KeyboardEvent("keydown", { key: "Escape", bubbles: true, cancelable: true }));
    expect(shown.stops).toBe(0);
  });
});

describe("the end", () => {
  it("shows the footer's items in one line and the alert", () => {
    show({ status: "failed", alert: "The connection broke.", footer: ["14.1 s", "deepseek-flash"] });
    expect([text("alert"), text("footer")]).toEqual(["The connection broke.", "14.1 s · deepseek-flash"]);
    expect([...part("footer").children].map((item) => item.textContent)).toEqual(["14.1 s", "deepseek-flash"]);
  });

  it("shows neither before", () => {
    show({ status: "answering" });
    expect([text("alert"), text("footer")]).toEqual([undefined, undefined]);
  });

  it("closes the reasoning", () => {
    show({ status: "complete", thought: "Thought for 8 s" }, "<p>hm</p>");
    expect(part("disclosure").getAttribute("aria-expanded")).toBe("false");
  });
});

describe("what is said aloud", () => {
  it("is the state, when it changes, except for the end, which the page says", () => {
    show({ status: "waiting", label: "Waiting for deepseek-flash" });
    const said = [text("status")];
    for (const meta of [
      { status: "reasoning" },
      { status: "answering" },
      { status: "complete", footer: ["deepseek-flash", "3 s", "out 412"] },
      { status: "cancelled", footer: ["Stopped after 3 s"] },
      { status: "failed", alert: "The connection broke." },
    ] as const) {
      change({ ...meta, footer: [...("footer" in meta ? meta.footer : [])] });
      said.push(text("status"));
    }
    expect(said).toEqual(["Waiting for deepseek-flash", "Thinking", "Answering", "", "", ""]);
  });

  it("is how the reply ended, in the end", () => {
    expect(
      [
        metaOf({ status: "complete", footer: ["deepseek-flash", "3 s", "out 412"] }),
        metaOf({ status: "cancelled", footer: ["Stopped after 3 s"] }),
        metaOf({ status: "failed", alert: "The connection broke." }),
      ].map(announcement),
    ).toEqual(["Finished, 412 tokens", "Stopped after 3 s", "The connection broke."]);
  });

  it("is not the text", () => {
    show({ status: "answering" }, "", "<p>a</p>");
    expect([part("answer").getAttribute("role"), part("answer").getAttribute("aria-live")]).toEqual(["log", "off"]);
  });

  it("does not repeat itself while seconds pass and text comes", () => {
    show({ status: "waiting", label: "Waiting for deepseek-flash" });
    const observer = new MutationObserver(() => {});
    observer.observe(part("status"), { childList: true, characterData: true, subtree: true });
    vi.advanceTimersByTime(5000);
    change({ status: "waiting", label: "Waiting for deepseek-flash", note: "the server says keep-alive" });
    expect(observer.takeRecords()).toEqual([]);
  });
});

describe("trouble that only the page knows", () => {
  it("is a kernel that went away", () => {
    show({ status: "answering" });
    shown.isLost = true;
    change({ status: "answering" });
    expect([text("alert"), text("stop")]).toEqual([
      "The kernel went away before the reply had ended. %deepseek show --recover brings back what had arrived.",
      undefined,
    ]);
    change({ status: "complete", alert: "" });
    expect(text("alert")).toBeUndefined();
  });
});

describe("drawing", () => {
  it("happens once for what comes together, in order", () => {
    show({ status: "answering" });
    const drawn = vi.spyOn(shown, "drawn");
    shown.view?.update([], [["add", "<p>1</p>"]]);
    shown.view?.update([], [["add", "<p>2</p>"]]);
    expect(written(part("answer"))).toBe("");
    vi.advanceTimersByTime(0);
    expect([drawn.mock.calls.length, written(part("answer"))]).toEqual([1, "<p>1</p><p>2</p>"]);
  });

  it("above what is read does not move it", () => {
    show({ status: "answering" });
    const around = scroller();
    document.body.replaceChildren(around);
    around.append(parent);
    place(part("live"), () => ({ top: -100, bottom: -80 + 10 * part("answer").querySelectorAll("p").length }));
    around.scrollTop = 400;
    const placesWhenDrawn: number[] = [];
    shown.drawn = () => placesWhenDrawn.push(around.scrollTop);
    shown.view?.update([], [["add", "<p>1</p><p>2</p>"]]);
    vi.advanceTimersToNextFrame();
    expect(around.scrollTop).toBe(420);
    // Where everything stands is looked at then, for the settled output.
    expect(placesWhenDrawn).toEqual([420]);
  });

  it("stops with the view", () => {
    show({ status: "waiting", label: "Waiting" });
    shown.view?.update();
    shown.view?.remove();
    expect([vi.getTimerCount(), parent.childNodes.length]).toEqual([0, 0]);
  });
});
