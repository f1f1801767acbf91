import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import type { Patch } from "../src/protocol";
import reply from "../src/reply";
import { FIRST_ASK } from "../src/settling";
import { CALM } from "../src/sight";
import { PATIENCE } from "../src/stop";
import { FakeKernel, FakeModel, keyframeOf, metaOf, written } from "./fixtures";

beforeEach(() => {
  vi.useFakeTimers();
});

afterEach(() => {
  vi.useRealTimers();
});

/** One widget as anywidget runs it. */
class Page {
  readonly close: () => void;
  readonly #widget = reply();
  readonly #model: FakeModel;

  constructor(model: FakeModel) {
    this.#model = model;
    if (typeof this.#widget !== "object" || this.#widget === null) throw new Error("the module made no widget");
    this.close = this.#call("initialize");
  }

  show(): { element: HTMLElement; remove: () => void } {
    const element = document.createElement("div");
    document.body.append(element);
    return { element, remove: this.#call("render", element) };
  }

  #call(name: "initialize" | "render", el?: HTMLElement): () => void {
    const widget = this.#widget as unknown as Record<string, (props: object) => () => void>;
    const result = widget[name]?.({ model: this.#model, el });
    if (result === undefined) throw new Error(`${name} returned no cleanup`);
    return result;
  }
}

function send(model: FakeModel, seq: number, fields: Partial<Patch> = {}): void {
  model.emit("msg:custom", { type: "patch", seq, ...fields });
}

function add(model: FakeModel, seq: number): void {
  send(model, seq, { answer: [["add", `<p>${seq}</p>`]] });
}

function end(model: FakeModel, seq: number): void {
  send(model, seq, { meta: metaOf({ status: "complete" }) });
}

function answerOf(view: { element: HTMLElement }): string | undefined {
  vi.advanceTimersToNextFrame();
  const answer = view.element.querySelector(".nbstream-answer");
  return answer === null ? undefined : written(answer);
}

function stopIn(view: { element: HTMLElement }): HTMLButtonElement {
  const button = view.element.querySelector<HTMLButtonElement>(".nbstream-stop");
  if (button === null) throw new Error("there is no Stop");
  return button;
}

describe("a page", () => {
  it("says that a reply has ended, once, even if no view of it is drawn any more", () => {
    const model = new FakeModel(keyframeOf(0));
    const page = new Page(model);
    const views = [page.show(), page.show()];
    const status = document.body.querySelector(":scope > [role=status]");
    end(model, 1);
    for (const view of views) view.remove();
    vi.advanceTimersByTime(100);
    expect(status?.textContent).toBe("Finished");
  });

  it("says nothing of a reply that had ended before it came", () => {
    new Page(new FakeModel(keyframeOf(0))).close();
    const status = document.body.querySelector(":scope > [role=status]");
    status?.replaceChildren();
    new Page(new FakeModel(keyframeOf(7, "", { status: "complete" }))).show();
    vi.advanceTimersByTime(100);
    expect(status?.textContent).toBe("");
  });

  it("says hello at once, both ways, with the frame that it knows", () => {
    const kernel = new FakeKernel();
    const model = new FakeModel(keyframeOf(7), kernel);
    new Page(model);
    expect(model.sent).toEqual([{ type: "hello", seq: 7, page: expect.any(String) }]);
    expect(kernel.controlled.map(({ header, content }) => [header.msg_type, content])).toEqual([
      ["nbstream_request", { type: "hello", seq: 7, page: expect.any(String), run_id: "run" }],
    ]);
  });

  it("says that nobody sees the text grow, and that somebody does again", () => {
    const model = new FakeModel(keyframeOf(0));
    const page = new Page(model);
    const view = page.show();
    add(model, 1);
    view.remove();
    vi.advanceTimersByTime(CALM);
    page.show();
    const page_ = expect.any(String);
    expect(model.sent.slice(2)).toEqual([
      { type: "sight", seen: false, nth: 1, page: page_ },
      { type: "sight", seen: true, nth: 2, page: page_ },
    ]);
    end(model, 2);
    view.remove();
    vi.advanceTimersByTime(CALM);
    expect(model.types.slice(4)).not.toContain("sight");
  });

  it("shows what came before there was a view", () => {
    const model = new FakeModel(keyframeOf(0));
    const page = new Page(model);
    add(model, 1);
    add(model, 2);
    expect(answerOf(page.show())).toBe("<p>1</p><p>2</p>");
  });

  it("shows the same in several views, and in one that is built again", () => {
    const model = new FakeModel(keyframeOf(0));
    const page = new Page(model);
    const first = page.show();
    add(model, 1);
    const second = page.show();
    add(model, 2);
    expect([answerOf(first), answerOf(second)]).toEqual(["<p>1</p><p>2</p>", "<p>1</p><p>2</p>"]);
    first.remove();
    add(model, 3);
    expect(answerOf(page.show())).toBe("<p>1</p><p>2</p><p>3</p>");
    expect(answerOf(second)).toBe("<p>1</p><p>2</p><p>3</p>");
  });

  it("listens to nothing once it is closed", () => {
    const kernel = new FakeKernel();
    const model = new FakeModel(keyframeOf(0), kernel);
    const page = new Page(model);
    page.close();
    expect([...model.listeners.values()].map((listeners) => listeners.size)).toEqual([0, 0]);
    expect([kernel.statusChanged.slots.size, kernel.iopubMessage.slots.size]).toEqual([0, 0]);
  });
});

describe("frames", () => {
  it("are asked for once when one is missing, and taken up from the keyframe", () => {
    const model = new FakeModel(keyframeOf(0));
    const view = new Page(model).show();
    add(model, 1);
    add(model, 3);
    add(model, 4);
    expect(model.types).toEqual(["hello", "shown", "resync"]);
    expect(model.sent[2]).toMatchObject({ type: "resync", seq: 1 });
    expect(answerOf(view)).toBe("<p>1</p>");
    model.keyframe = keyframeOf(4, "<p>1</p><p>2</p><p>3</p><p>4</p>");
    add(model, 4);
    add(model, 5);
    expect(answerOf(view)).toBe("<p>1</p><p>2</p><p>3</p><p>4</p><p>5</p>");
    add(model, 9);
    expect(model.types).toEqual(["hello", "shown", "resync", "resync"]);
  });

  it("are not taken back by an older keyframe", () => {
    const model = new FakeModel(keyframeOf(0));
    const view = new Page(model).show();
    add(model, 1);
    add(model, 2);
    model.keyframe = keyframeOf(1, "<p>other</p>");
    expect(answerOf(view)).toBe("<p>1</p><p>2</p>");
  });

  it("leave nodes that a keyframe has as well where they are", () => {
    const model = new FakeModel(keyframeOf(0));
    const view = new Page(model).show();
    add(model, 1);
    answerOf(view);
    const node = view.element.querySelector("p");
    model.keyframe = keyframeOf(2, "<p>1</p><p>2</p>");
    expect(answerOf(view)).toBe("<p>1</p><p>2</p>");
    expect(view.element.querySelector("p")).toBe(node);
  });
});

describe("the seconds", () => {
  it("go on from the kernel's clock", () => {
    const model = new FakeModel(keyframeOf(0, "", { label: "Waiting", elapsed: 10 }));
    const view = new Page(model).show();
    const label = (): string | null | undefined => {
      vi.advanceTimersToNextFrame();
      return view.element.querySelector(".nbstream-label")?.textContent;
    };
    vi.advanceTimersByTime(5000);
    expect(label()).toBe("Waiting · 15 s");
    send(model, 1, { meta: metaOf({ status: "waiting", label: "Waiting", elapsed: 30 }) });
    expect(label()).toBe("Waiting · 30 s");
    vi.advanceTimersByTime(5000);
    model.keyframe = keyframeOf(2, "", { label: "Waiting", elapsed: 50 });
    expect(label()).toBe("Waiting · 50 s");
  });
});

describe("gone", () => {
  it("is said when the last view goes after the end", () => {
    const model = new FakeModel(keyframeOf(0));
    const page = new Page(model);
    const [first, second] = [page.show(), page.show()];
    first.remove();
    end(model, 1);
    expect(model.types).toEqual(["hello", "shown"]);
    second.remove();
    expect(model.types).toEqual(["hello", "shown", "gone"]);
  });

  it("is said at the end when the view had gone before, and once", () => {
    const model = new FakeModel(keyframeOf(0));
    const page = new Page(model);
    page.show().remove();
    expect(model.types).toEqual(["hello", "shown"]);
    end(model, 1);
    page.show().remove();
    expect(model.types).toEqual(["hello", "shown", "gone"]);
  });

  it("is not said by a page that never showed anything, nor to a closed widget", () => {
    const model = new FakeModel(keyframeOf(0));
    const page = new Page(model);
    end(model, 1);
    const view = page.show();
    page.close();
    view.remove();
    expect(model.types).toEqual(["hello", "shown"]);
  });
});

describe("the settled output", () => {
  const settled = {
    type: "settled",
    model_id: "mine",
    data: { "text/html": "<p>all</p>" },
    metadata: { nbstream: {} },
  };
  const VIEW = "application/vnd.jupyter.widget-view+json";

  /** A notebook of two cells; the second shows a text, another widget, and this one. */
  function notebookOf(model: FakeModel): { placed: [number, object][] } {
    const outputs = [
      { text: "x" },
      { data: { [VIEW]: { model_id: "other" } } },
      { data: { [VIEW]: { model_id: "mine" } } },
    ];
    const placed: [number, object][] = [];
    const areas = [
      undefined,
      {
        length: 3,
        get: (index: number) => outputs[index],
        set: (index: number, output: object) => placed.push([index, output]),
      },
    ];
    const cells = { length: 2, get: (index: number) => ({ outputs: areas[index] }) };
    Object.assign(model.widget_manager, { context: { model: { cells } } });
    return { placed };
  }

  it("is asked for by a page that it does not come to, and put in the view's place", async () => {
    const model = new FakeModel(keyframeOf(7, "", { status: "complete" }), new FakeKernel());
    const { placed } = notebookOf(model);
    const view = new Page(model).show();
    await vi.advanceTimersByTimeAsync(FIRST_ASK);
    expect(model.types).toEqual(["hello", "shown", "settle"]);
    model.emit("msg:custom", settled);
    const { data, metadata } = settled;
    expect(placed).toEqual([[2, { output_type: "display_data", data, metadata }]]);
    view.remove();
    expect(model.types).toEqual(["hello", "shown", "settle", "gone"]);
    await vi.advanceTimersByTimeAsync(100 * FIRST_ASK);
    expect(model.types).toHaveLength(4);
  });

  it("is not asked for while the reply goes on, nor where it came in time", async () => {
    const model = new FakeModel(keyframeOf(0));
    const view = new Page(model).show();
    await vi.advanceTimersByTimeAsync(10 * FIRST_ASK);
    end(model, 1);
    view.remove();
    await vi.advanceTimersByTimeAsync(10 * FIRST_ASK);
    expect(model.types).toEqual(["hello", "shown", "gone"]);
  });

  it("of another page's asking changes nothing where no view stands, nor where the notebook is out of reach", () => {
    const model = new FakeModel(keyframeOf(7, "", { status: "complete" }), new FakeKernel());
    const { placed } = notebookOf(model);
    const page = new Page(model);
    model.emit("msg:custom", settled);
    expect(placed).toEqual([]);
    Object.assign(model.widget_manager, { context: null });
    page.show();
    model.emit("msg:custom", settled);
    expect(placed).toEqual([]);
  });
});

describe("Stop", () => {
  function start(kernel: FakeKernel | null, foreground = true): { model: FakeModel; view: { element: HTMLElement } } {
    const model = new FakeModel(keyframeOf(0, "", { status: "answering", foreground }), kernel);
    return { model, view: new Page(model).show() };
  }

  function hintIn(view: { element: HTMLElement }): string | null | undefined {
    vi.advanceTimersToNextFrame();
    return view.element.querySelector(".nbstream-hint:not([hidden])")?.textContent;
  }

  it("goes both ways", () => {
    const kernel = new FakeKernel();
    const { model, view } = start(kernel);
    stopIn(view).click();
    expect(model.types).toEqual(["hello", "shown", "cancel"]);
    expect(kernel.controlled[2]?.content).toMatchObject({ type: "cancel", run_id: "run" });
  });

  it("takes the control channel's reply for an acknowledgement", async () => {
    const kernel = new FakeKernel();
    kernel.answers = true;
    const { view } = start(kernel);
    stopIn(view).click();
    await vi.advanceTimersByTimeAsync(2 * PATIENCE);
    expect(kernel.interrupts).toBe(0);
    expect(stopIn(view).textContent).toBe("Stopping…");
  });

  it("takes a message for an acknowledgement", async () => {
    const kernel = new FakeKernel();
    const { model, view } = start(kernel);
    stopIn(view).click();
    model.emit("msg:custom", { type: "ack" });
    await vi.advanceTimersByTimeAsync(2 * PATIENCE);
    expect(kernel.interrupts).toBe(0);
  });

  it("interrupts the kernel when nothing answers, whatever the kernel says it is doing", async () => {
    const kernel = new FakeKernel();
    const { view } = start(kernel);
    kernel.say("idle", "nbstream_request");
    kernel.say("idle", "comm_msg");
    kernel.say("busy", "execute_request");
    stopIn(view).click();
    await vi.advanceTimersByTimeAsync(2 * PATIENCE);
    expect(kernel.interrupts).toBe(1);
  });

  it("never interrupts once its own cell has ended", async () => {
    const kernel = new FakeKernel();
    const { view } = start(kernel);
    kernel.say("idle", "execute_request");
    kernel.say("busy", "execute_request");
    stopIn(view).click();
    await vi.advanceTimersByTimeAsync(2 * PATIENCE);
    expect(kernel.interrupts).toBe(0);
    expect(hintIn(view)).toMatch(/press ■/);
  });

  it("never interrupts for a widget that has been closed", async () => {
    const kernel = new FakeKernel();
    const page = new Page(new FakeModel(keyframeOf(0, "", { status: "answering", foreground: true }), kernel));
    stopIn(page.show()).click();
    page.close();
    await vi.advanceTimersByTimeAsync(2 * PATIENCE);
    expect(kernel.interrupts).toBe(0);
  });

  it.each([
    ["the connection is down", (kernel: FakeKernel) => Object.assign(kernel, { connectionStatus: "connecting" })],
    ["there is no interrupt", (kernel: FakeKernel) => Object.assign(kernel, { interrupt: undefined })],
    ["the kernel can't be watched", (kernel: FakeKernel) => Object.assign(kernel, { iopubMessage: undefined })],
  ])("says what to do when %s", async (_, breaks) => {
    const { view } = start(breaks(new FakeKernel()));
    stopIn(view).click();
    await vi.advanceTimersByTimeAsync(2 * PATIENCE);
    expect(hintIn(view)).toMatch(/press ■/);
  });

  it("works where a widget cannot reach the kernel at all", async () => {
    const { model, view } = start(null);
    stopIn(view).click();
    expect(model.types).toEqual(["hello", "shown", "cancel"]);
    await vi.advanceTimersByTimeAsync(2 * PATIENCE);
    expect(hintIn(view)).toMatch(/press ■/);
  });

  it("still goes one way when the other throws", () => {
    const kernel = new FakeKernel();
    const { model, view } = start(kernel);
    model.send = () => {
      throw new Error("Cannot send");
    };
    stopIn(view).click();
    expect(kernel.controlled.map(({ content }) => content.type)).toEqual(["hello", "shown", "cancel"]);
  });
});

describe("the focus", () => {
  it("goes back to the notebook at the end, because the output is about to be replaced", () => {
    const model = new FakeModel(keyframeOf(0, "", { status: "answering" }));
    const view = new Page(model).show();
    const cell = document.createElement("div");
    cell.tabIndex = 0;
    document.body.append(cell);
    cell.append(view.element);
    stopIn(view).focus();
    add(model, 1);
    expect(document.activeElement).toBe(stopIn(view));
    end(model, 2);
    expect(document.activeElement).toBe(cell);
  });

  it("stays where it is elsewhere", () => {
    const model = new FakeModel(keyframeOf(0, "", { status: "answering" }));
    new Page(model).show();
    const input = document.createElement("input");
    document.body.append(input);
    input.focus();
    end(model, 1);
    expect(document.activeElement).toBe(input);
  });
});

describe("a kernel that goes away", () => {
  it("ends the view honestly, and is not interrupted when it is back", async () => {
    const kernel = new FakeKernel();
    const model = new FakeModel(keyframeOf(0, "<p>kept</p>", { status: "answering" }), kernel);
    const view = new Page(model).show();
    stopIn(view).click();
    kernel.statusChanged.emit("restarting");
    await vi.advanceTimersByTimeAsync(2 * PATIENCE);
    expect(kernel.interrupts).toBe(0);
    expect(answerOf(view)).toBe("<p>kept</p>");
    expect(view.element.querySelector(".nbstream-alert")?.textContent).toBe(
      "The kernel went away before the reply had ended. %deepseek show --recover brings back what had arrived.",
    );
  });
});
