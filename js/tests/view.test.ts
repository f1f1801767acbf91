import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import type { Decision, DecisionPhase } from "../src/decisions";
import { calls } from "../src/later";
import { PageServices } from "../src/page_services";
import type { Card, Keyframe, Meta } from "../src/protocol";
import { CLOSE_DELAY } from "../src/reasoning";
import { applyPatch, hasEnded } from "../src/state";
import type { StopPhase } from "../src/stop";
import { announcement, type ReplyController, View } from "../src/view";
import { cardOf, keyframeOf, metaOf, place, scroller, written } from "./fixtures";

class FakeController implements ReplyController {
  readonly state: Keyframe = keyframeOf(0);
  readonly choice = { isOpen: undefined };
  readonly services = PageServices.get();
  canInsertCells = false;
  stopPhase: StopPhase = "ready";
  isLost = false;
  stops = 0;
  readonly decided: [string, Decision][] = [];
  readonly phases = new Map<string, { decision: Decision; phase: DecisionPhase }>();
  decisionOf(key: string): ReturnType<FakeController["phases"]["get"]> {
    return this.phases.get(key);
  }

  began = performance.now();
  view: View | undefined;

  get isLive(): boolean {
    return !this.isLost && !hasEnded(this.state);
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

  clock(): number {
    return this.state.meta.clock + (performance.now() - this.began) / 1000;
  }

  decide({ key }: Card, decision: Decision): void {
    this.decided.push([key, decision]);
  }

  load(): Promise<unknown> {
    return loaded;
  }

  onLoaded(): void {
    this.refresh();
  }

  onDraw(): void {}

  onVisibility(): void {}

  refresh(): void {
    this.view?.update();
  }
}

let controller: FakeController;
/** What a module that comes later is. */
let loaded: Promise<unknown> = new Promise(() => {});
let parent: HTMLElement;

beforeEach(() => {
  vi.useFakeTimers();
  controller = new FakeController();
  parent = document.createElement("div");
  document.body.replaceChildren(parent);
});

afterEach(() => {
  controller.view?.remove();
  vi.useRealTimers();
});

function show(meta: Partial<Meta>, reasoning = "", answer = ""): void {
  controller.state.meta = metaOf(meta);
  applyPatch(controller.state, {
    seq: controller.state.seq + 1,
    reasoning: [["add", reasoning]],
    answer: [["add", answer]],
  });
  controller.view = new View(parent, controller);
}

/** Change the meta and draw a frame. */
function change(meta: Partial<Meta>): void {
  controller.state.meta = metaOf(meta);
  controller.view?.update();
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

describe("thoughts that came as an answer", () => {
  it("move into the panel", () => {
    show({ status: "answering" }, "", "<p>Okay</p>");
    expect([text("answer"), text("thoughts")]).toEqual(["Okay", undefined]);
    controller.state.meta = metaOf({ status: "reasoning" });
    controller.view?.update([["add", "<p>Okay</p>"]], [["reset", ""]]);
    vi.advanceTimersToNextFrame();
    expect([text("answer"), text("thoughts")]).toEqual([undefined, "Okay"]);
    controller.state.meta = metaOf({ status: "answering", thought: "Thought for 8 s" });
    controller.view?.update([], [["add", "<p>Hi</p>"]]);
    vi.advanceTimersToNextFrame();
    expect([text("answer"), text("thoughts")]).toEqual(["Hi", "Okay"]);
  });
});

describe("the head", () => {
  it("counts the seconds while waiting", () => {
    show({ status: "waiting", elapsed: 22.5, label: "Waiting for deepseek-flash", note: "the server says keep-alive" });
    expect(text("label")).toBe("Waiting for deepseek-flash · 22 s · the server says keep-alive");
    vi.advanceTimersByTime(501);
    expect(text("label")).toBe("Waiting for deepseek-flash · 23 s · the server says keep-alive");
    vi.advanceTimersByTime(37_000);
    expect(text("label")).toBe("Waiting for deepseek-flash · 1 min 00 s · the server says keep-alive");
  });

  it("shows no seconds before the first has passed", () => {
    show({ status: "waiting", label: "Waiting for deepseek-flash" });
    expect(text("label")).toBe("Waiting for deepseek-flash");
  });

  it("counts the seconds of thinking, and shows their number afterwards", () => {
    show({ status: "reasoning", reasoning_elapsed: 7 }, "<p>hm</p>");
    vi.advanceTimersByTime(1001);
    expect([text("disclosure"), text("label")]).toEqual(["Thinking… 8 s", undefined]);
    change({ status: "answering", thought: "Thought for 8 s" });
    vi.advanceTimersByTime(5000);
    expect(text("disclosure")).toBe("Thought for 8 s");
  });

  it("says that the model is thinking before there is text", () => {
    show({ status: "reasoning", reasoning_elapsed: 2 });
    expect([text("disclosure"), text("label")]).toEqual([undefined, "Thinking… 2 s"]);
  });

  it("shows a dot while the reply goes on, and is hidden when the reply ends without reasoning", () => {
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
    expect(controller.stops).toBe(1);
    change({ status: "complete" });
    expect(text("stop")).toBeUndefined();
  });

  it("says that it is stopping, and stays where it is", () => {
    show({ status: "answering" });
    controller.stopPhase = "requested";
    change({ status: "answering" });
    expect([text("stop"), part("stop").getAttribute("aria-disabled")]).toEqual(["Stopping…", "true"]);
  });

  it.each([
    [true, "Stop did not reach the kernel: press ■ in the toolbar"],
    [false, "Stop did not reach the kernel: restart it if the reply must end"],
  ])("says what to do if it failed (foreground: %s)", (foreground, hint) => {
    show({ status: "answering", foreground });
    expect(text("hint")).toBeUndefined();
    controller.stopPhase = "failed";
    change({ status: "answering", foreground });
    expect([text("hint"), text("stop")]).toEqual([hint, "Stop"]);
    change({ status: "cancelled", foreground });
    expect(text("hint")).toBeUndefined();
  });

  it("is pressed by Esc anywhere in the output", () => {
    show({ status: "answering" }, "", "<p>a</p>");
    part("answer").dispatchEvent(new KeyboardEvent("keydown", { key: "Escape", bubbles: true }));
    part("answer").dispatchEvent(new KeyboardEvent("keydown", { key: "a", bubbles: true }));
    expect(controller.stops).toBe(1);
  });

  it("is not pressed by an Esc that was handled already", () => {
    show({ status: "answering" }, "", "<p>a</p>");
    part("answer").addEventListener("keydown", (event) => event.preventDefault());
    part("answer").dispatchEvent(new KeyboardEvent("keydown", { key: "Escape", bubbles: true, cancelable: true }));
    expect(controller.stops).toBe(0);
  });
});

describe("the end", () => {
  it("shows the footer's items in one line and the alert", () => {
    show({ status: "failed", alert: "The connection broke.", footer: ["14.1 s", "deepseek-flash"] });
    expect([text("alert"), text("footer")]).toEqual(["The connection broke.", "14.1 s ·\u00a0deepseek-flash"]);
    expect([...part("footer").children].map((item) => item.textContent)).toEqual(["14.1 s", "·\u00a0deepseek-flash"]);
  });

  it("shows a note for each warning, between the answer and the alert", () => {
    show({ status: "truncated", notes: ["One event could not be read.", "<b>"], alert: "Words may be missing." });
    const notes = part("notes");
    expect([...notes.children].map((note) => note.textContent)).toEqual(["One event could not be read.", "<b>"]);
    expect(notes.nextElementSibling).toBe(part("alert"));
  });

  it("shows neither before", () => {
    show({ status: "answering" });
    expect([text("alert"), text("footer")]).toEqual([undefined, undefined]);
  });

  it("closes the reasoning, unless the kernel says that it stays open", () => {
    show({ status: "complete", thought: "Thought for 8 s" }, "<p>hm</p>");
    expect(part("disclosure").getAttribute("aria-expanded")).toBe("false");
    change({ status: "complete", reasoning: "open" });
    expect(part("disclosure").getAttribute("aria-expanded")).toBe("true");
  });

  it("leaves the reasoning open if the kernel went away before an answer", () => {
    show({ status: "reasoning" }, "<p>hm</p>");
    controller.isLost = true;
    controller.refresh();
    vi.advanceTimersByTime(2 * CLOSE_DELAY);
    expect(part("disclosure").getAttribute("aria-expanded")).toBe("true");
    expect(text("alert")).toContain("kernel went away");
  });
});

describe("the words about a reply", () => {
  it("are text, as a model chooses the name of a tool", () => {
    const evil = "<img src=x onerror=alert(1)>";
    const words = { label: evil, note: evil, thought: evil, notes: [evil], alert: evil, footer: [evil] };
    show({ ...words, status: "calling" }, "<p>hm</p>");
    expect([text("label"), text("disclosure")]).toEqual([`${evil} · ${evil}`, evil]);
    expect(parent.querySelector("img")).toBeNull();
    change({ ...words, status: "failed" });
    expect([text("notes"), text("alert"), text("footer")]).toEqual([evil, evil, evil]);
    expect(parent.querySelector("img")).toBeNull();
  });
});

describe("the announcement", () => {
  it("is the state when it changes, except for the end, which the page announces", () => {
    show({ status: "waiting", label: "Waiting for deepseek-flash" });
    const said = [text("status")];
    for (const meta of [
      { status: "reasoning" },
      { status: "answering" },
      { status: "complete", answer_tokens: 412 },
      { status: "cancelled" },
      { status: "failed", alert: "The connection broke." },
    ] as const) {
      change(meta);
      said.push(text("status"));
    }
    expect(said).toEqual(["Waiting for deepseek-flash", "Thinking", "Answering", "", "", ""]);
  });

  it("at the end says how the reply ended", () => {
    expect(
      [
        metaOf({ status: "complete", answer_tokens: 1412 }),
        metaOf({ status: "complete" }),
        metaOf({ status: "cancelled", elapsed: 3.2 }),
        metaOf({ status: "cancelled", elapsed: 0.4 }),
        metaOf({ status: "failed", alert: "The connection broke." }),
      ].map(announcement),
    ).toEqual(["Finished, 1,412 tokens", "Finished", "Stopped after 3 s", "Stopped", "The connection broke."]);
  });

  it("does not include the text", () => {
    show({ status: "answering" }, "", "<p>a</p>");
    expect([part("answer").getAttribute("role"), part("answer").getAttribute("aria-live")]).toEqual(["log", "off"]);
  });

  it("is not repeated while seconds pass and text arrives", () => {
    show({ status: "waiting", label: "Waiting for deepseek-flash" });
    const observer = new MutationObserver(() => {});
    observer.observe(part("status"), { childList: true, characterData: true, subtree: true });
    vi.advanceTimersByTime(5000);
    change({ status: "waiting", label: "Waiting for deepseek-flash", note: "the server says keep-alive" });
    expect(observer.takeRecords()).toEqual([]);
  });
});

describe("a problem that only the page knows", () => {
  it("is a kernel that ended", () => {
    show({ status: "answering" });
    controller.isLost = true;
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
  it("happens once for patches that arrive together, in order", () => {
    show({ status: "answering" });
    const drawn = vi.spyOn(controller, "onDraw");
    controller.view?.update([], [["add", "<p>1</p>"]]);
    controller.view?.update([], [["add", "<p>2</p>"]]);
    expect(written(part("answer"))).toBe("");
    vi.advanceTimersByTime(0);
    expect([drawn.mock.calls.length, written(part("answer"))]).toEqual([1, "<p>1</p><p>2</p>"]);
  });

  it("above the screen does not move the text on it", () => {
    show({ status: "answering" });
    const around = scroller();
    document.body.replaceChildren(around);
    around.append(parent);
    place(part("live"), () => ({ top: -100, bottom: -80 + 10 * part("answer").querySelectorAll("p").length }));
    around.scrollTop = 400;
    const positionsWhenDrawn: number[] = [];
    controller.onDraw = () => positionsWhenDrawn.push(around.scrollTop);
    controller.view?.update([], [["add", "<p>1</p><p>2</p>"]]);
    vi.advanceTimersToNextFrame();
    expect(around.scrollTop).toBe(420);
    // The handover to the settled output measures positions then.
    expect(positionsWhenDrawn).toEqual([420]);
  });

  it("stops with the view", () => {
    show({ status: "waiting", label: "Waiting" });
    controller.view?.update();
    controller.view?.remove();
    expect([vi.getTimerCount(), parent.childNodes.length]).toEqual([0, 0]);
  });
});

describe("the module of tool calls", () => {
  it("is loaded with the first call, which is drawn then", async () => {
    const module = calls.module;
    calls.module = undefined;
    loaded = Promise.resolve(module);
    controller.state.cards = [cardOf({ head: "<b>search</b>" })];
    show({ status: "calling" });
    expect(part("cards").childElementCount).toBe(0);
    await loaded;
    vi.advanceTimersToNextFrame();
    expect(part("cards").textContent).toBe("search");
  });
});

describe("a step that has ended", () => {
  const STEP =
    '<div class="nbstream-step"><div class="nbstream-thought"><details><summary>Thought</summary>hm</details></div>' +
    '<div class="nbstream-said"><p>I look it up.</p></div>' +
    '<div class="nbstream-card"><details><summary>Result</summary>1</details></div></div>';

  function end(): void {
    controller.state.cards = [];
    controller.view?.update([["reset", ""]], [["reset", ""]], [["add", STEP]]);
    vi.advanceTimersToNextFrame();
  }

  beforeEach(() => {
    controller.state.cards = [cardOf({ results: "<details><summary>Result</summary>1</details>" })];
    show({ status: "calling" }, "<p>hm</p>", "<p>I look it up.</p>");
  });

  it("stands above the next one", () => {
    end();
    expect(part("earlier").innerHTML).toContain(STEP);
    expect(part("earlier").nextElementSibling).toBe(part("head"));
    expect([text("answer"), text("thoughts"), text("cards")]).toEqual([undefined, undefined, undefined]);
  });

  it("keeps what the reader had selected and opened in it", () => {
    const word = part("answer").querySelector("p")?.firstChild as Text;
    getSelection()?.setBaseAndExtent(word, 2, word, 6);
    (part("cards").querySelector("details") as HTMLDetailsElement).open = true;
    end();
    expect(getSelection()?.toString()).toBe("look");
    expect(part("said").contains(getSelection()?.anchorNode ?? null)).toBe(true);
    expect([...part("earlier").querySelectorAll("details")].map(({ open }) => open)).toEqual([false, true]);
  });

  it("keeps the focus in the view", () => {
    part("card").focus();
    end();
    expect(document.activeElement).toBe(parent.firstElementChild);
  });
});
