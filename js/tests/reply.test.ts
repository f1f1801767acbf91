import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { MAX_REPLY_TIMEOUT, MIN_REPLY_TIMEOUT } from "../src/channel";
import type { Patch } from "../src/protocol";
import reply from "../src/reply";
import { FIRST_REQUEST } from "../src/settled_output";
import { HIDDEN_DEBOUNCE } from "../src/visibility";
import { cardOf, FakeKernel, FakeModel, keyframeOf, metaOf, written } from "./fixtures";

beforeEach(() => {
  vi.useFakeTimers();
});

afterEach(() => {
  vi.useRealTimers();
});

/** One widget as anywidget runs it. */
class Widget {
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
  model.emit("msg:custom", { seq, ...fields });
}

function add(model: FakeModel, seq: number): void {
  send(model, seq, { answer: [["add", `<p>${seq}</p>`]] });
}

function end(model: FakeModel, seq: number): void {
  send(model, seq, { meta: metaOf({ status: "complete" }) });
}

/**
 * The same as `add`, but past the model, which anywidget keeps from a page that was busy for too
 * long.
 */
function addByConnection(kernel: FakeKernel, seq: number, comm?: string, direction?: string): void {
  const content: Patch = { seq, answer: [["add", `<p>${seq}</p>`]] };
  kernel.bring({ method: "custom", content }, comm, direction);
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

describe("a page whose widgets get no messages", () => {
  it("takes patches and keyframes from the kernel connection", () => {
    const kernel = new FakeKernel();
    const model = new FakeModel(keyframeOf(0), kernel);
    const widget = new Widget(model);
    const view = widget.show();
    addByConnection(kernel, 1);
    expect(answerOf(view)).toBe("<p>1</p>");
    addByConnection(kernel, 3);
    expect(model.types).toContain("resync");
    kernel.bring({ method: "update", state: { keyframe: keyframeOf(3, "<p>123</p>") } });
    addByConnection(kernel, 4);
    expect(answerOf(view)).toBe("<p>123</p><p>4</p>");
    widget.close();
    addByConnection(kernel, 5);
    expect(answerOf(view)).toBe("<p>123</p><p>4</p>");
  });

  it("ignores other comms, its own messages, and what it has already", () => {
    const kernel = new FakeKernel();
    const model = new FakeModel(keyframeOf(0), kernel);
    const view = new Widget(model).show();
    addByConnection(kernel, 1, "another");
    addByConnection(kernel, 1, "run", "send");
    kernel.anyMessage.emit({ direction: "recv", msg: { header: { msg_type: "status" }, content: {} } });
    kernel.bring({ method: "echo_update" });
    expect(answerOf(view)).toBe("");
    addByConnection(kernel, 1);
    add(model, 1);
    add(model, 2);
    addByConnection(kernel, 2);
    expect(answerOf(view)).toBe("<p>1</p><p>2</p>");
    expect(model.types).not.toContain("resync");
  });
});

describe("a page", () => {
  it("announces the end of a reply once, even if no view of it is drawn any more", () => {
    const model = new FakeModel(keyframeOf(0));
    const widget = new Widget(model);
    const views = [widget.show(), widget.show()];
    const status = document.body.querySelector(":scope > [role=status]");
    end(model, 1);
    for (const view of views) view.remove();
    vi.advanceTimersByTime(100);
    expect(status?.textContent).toBe("Finished");
  });

  it("tells the kernel that it leaves, once for each reply that is open", () => {
    const [open, closed] = [new FakeModel(keyframeOf(0)), new FakeModel(keyframeOf(0))];
    new Widget(open);
    new Widget(closed).close();
    window.dispatchEvent(new Event("pagehide"));
    expect(open.types).toEqual(["hello", "left"]);
    expect(closed.types).toEqual(["hello"]);
  });

  it("shows a notice outside the notebook, once, until its reader closes it or has had the time to read it", () => {
    const notices = document.body.getElementsByClassName("nbstream-notice");
    const kernel = new FakeKernel();
    const model = new FakeModel(keyframeOf(0), kernel);
    new Widget(model).show();
    kernel.bring({ method: "custom", content: { type: "notice", text: "<i>Look</i> there." } });
    model.emit("msg:custom", { type: "notice", text: "<i>Look</i> there." });
    expect([...notices].map((each) => each.textContent)).toEqual(["<i>Look</i> there. Close"]);
    notices[0]?.querySelector("button")?.click();
    expect(notices).toHaveLength(0);
    const another = new FakeModel(keyframeOf(0));
    new Widget(another);
    another.emit("msg:custom", { type: "notice", text: "Once more." });
    vi.advanceTimersByTime(10_000);
    expect(notices).toHaveLength(1);
    vi.advanceTimersByTime(15_000);
    expect(notices).toHaveLength(0);
  });

  it("announces nothing for a reply that ended before the page was loaded", () => {
    new Widget(new FakeModel(keyframeOf(0))).close();
    const status = document.body.querySelector(":scope > [role=status]");
    status?.replaceChildren();
    new Widget(new FakeModel(keyframeOf(7, "", { status: "complete" }))).show();
    vi.advanceTimersByTime(100);
    expect(status?.textContent).toBe("");
  });

  it("sends hello at once by both channels, with the last frame that it has", () => {
    const kernel = new FakeKernel();
    const model = new FakeModel(keyframeOf(7), kernel);
    new Widget(model);
    expect(model.sent).toEqual([{ type: "hello", seq: 7, page: expect.any(String) }]);
    expect(kernel.controlled.map(({ header, content }) => [header.msg_type, content])).toEqual([
      ["nbstream_request", { type: "hello", seq: 7, page: expect.any(String), run_id: "run" }],
    ]);
  });

  it("reports that the end of the text became invisible, and visible again", () => {
    const model = new FakeModel(keyframeOf(0));
    const widget = new Widget(model);
    const view = widget.show();
    add(model, 1);
    view.remove();
    vi.advanceTimersByTime(HIDDEN_DEBOUNCE);
    widget.show();
    const page_ = expect.any(String);
    expect(model.sent.slice(2)).toEqual([
      { type: "visibility", visible: false, seq: 1, page: page_ },
      { type: "visibility", visible: true, seq: 2, page: page_ },
    ]);
    end(model, 2);
    view.remove();
    vi.advanceTimersByTime(HIDDEN_DEBOUNCE);
    expect(model.types.slice(4)).not.toContain("visibility");
  });

  it("shows patches that came before there was a view", () => {
    const model = new FakeModel(keyframeOf(0));
    const widget = new Widget(model);
    add(model, 1);
    add(model, 2);
    expect(answerOf(widget.show())).toBe("<p>1</p><p>2</p>");
  });

  it("shows the same in several views, and in one that is built again", () => {
    const model = new FakeModel(keyframeOf(0));
    const widget = new Widget(model);
    const first = widget.show();
    add(model, 1);
    const second = widget.show();
    add(model, 2);
    expect([answerOf(first), answerOf(second)]).toEqual(["<p>1</p><p>2</p>", "<p>1</p><p>2</p>"]);
    first.remove();
    add(model, 3);
    expect(answerOf(widget.show())).toBe("<p>1</p><p>2</p><p>3</p>");
    expect(answerOf(second)).toBe("<p>1</p><p>2</p><p>3</p>");
  });

  it("removes its listeners when it is closed", () => {
    const kernel = new FakeKernel();
    const model = new FakeModel(keyframeOf(0), kernel);
    const widget = new Widget(model);
    widget.close();
    expect([...model.listeners.values()].map((listeners) => listeners.size)).toEqual([0, 0]);
    expect([kernel.statusChanged.slots.size, kernel.iopubMessage.slots.size]).toEqual([0, 0]);
  });
});

describe("frames", () => {
  it("are requested once when one is missing, and go on from the keyframe", () => {
    const model = new FakeModel(keyframeOf(0));
    const view = new Widget(model).show();
    add(model, 1);
    add(model, 3);
    add(model, 4);
    expect(model.types).toEqual(["hello", "mounted", "resync"]);
    expect(model.sent[2]).toMatchObject({ type: "resync", seq: 1 });
    expect(answerOf(view)).toBe("<p>1</p>");
    model.keyframe = keyframeOf(4, "<p>1</p><p>2</p><p>3</p><p>4</p>");
    add(model, 4);
    add(model, 5);
    expect(answerOf(view)).toBe("<p>1</p><p>2</p><p>3</p><p>4</p><p>5</p>");
    add(model, 9);
    expect(model.types).toEqual(["hello", "mounted", "resync", "resync"]);
  });

  it("are requested again if no keyframe comes", () => {
    const model = new FakeModel(keyframeOf(0));
    new Widget(model).show();
    for (const seq of [2, 3]) add(model, seq);
    vi.advanceTimersByTime(6000);
    for (const seq of [4, 5]) add(model, seq);
    expect(model.types.filter((type) => type === "resync")).toHaveLength(2);
  });

  it("are not undone by an older keyframe", () => {
    const model = new FakeModel(keyframeOf(0));
    const view = new Widget(model).show();
    add(model, 1);
    add(model, 2);
    model.keyframe = keyframeOf(1, "<p>other</p>");
    expect(answerOf(view)).toBe("<p>1</p><p>2</p>");
  });

  it("keep their nodes when a keyframe has the same blocks", () => {
    const model = new FakeModel(keyframeOf(0));
    const view = new Widget(model).show();
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
    const view = new Widget(model).show();
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

describe("unmounted", () => {
  it("is sent when the last view is removed after the end", () => {
    const model = new FakeModel(keyframeOf(0));
    const widget = new Widget(model);
    const [first, second] = [widget.show(), widget.show()];
    first.remove();
    end(model, 1);
    expect(model.types).toEqual(["hello", "mounted"]);
    second.remove();
    expect(model.types).toEqual(["hello", "mounted", "unmounted"]);
  });

  it("is sent at the end if the views were removed before, and once", () => {
    const model = new FakeModel(keyframeOf(0));
    const widget = new Widget(model);
    widget.show().remove();
    expect(model.types).toEqual(["hello", "mounted"]);
    end(model, 1);
    widget.show().remove();
    expect(model.types).toEqual(["hello", "mounted", "unmounted"]);
  });

  it("is not sent by a page that never had a view, nor for a closed widget", () => {
    const model = new FakeModel(keyframeOf(0));
    const widget = new Widget(model);
    end(model, 1);
    const view = widget.show();
    widget.close();
    view.remove();
    expect(model.types).toEqual(["hello", "mounted"]);
  });
});

describe("the settled output", () => {
  const settled = {
    type: "settled",
    model_id: "mine",
    outputs: [],
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

  it("is requested by a page that does not get it, and replaces the view", async () => {
    const model = new FakeModel(keyframeOf(7, "", { status: "complete" }), new FakeKernel());
    const { placed } = notebookOf(model);
    const view = new Widget(model).show();
    await vi.advanceTimersByTimeAsync(FIRST_REQUEST);
    expect(model.types).toEqual(["hello", "mounted", "settle"]);
    model.emit("msg:custom", settled);
    const { data, metadata } = settled;
    expect(placed).toEqual([[2, { output_type: "display_data", data, metadata }]]);
    view.remove();
    expect(model.types).toEqual(["hello", "mounted", "settle", "unmounted"]);
    await vi.advanceTimersByTimeAsync(100 * FIRST_REQUEST);
    expect(model.types).toHaveLength(4);
  });

  it("is put into the Output widgets that hold the view, shown or not, and saved with them", async () => {
    const model = new FakeModel(keyframeOf(0), new FakeKernel());
    new Widget(model);
    const holders = Object.fromEntries(
      ["outer", "inner"].map((name) => {
        const entries: object[] = [
          { text: "printed before" },
          { data: { [VIEW]: { model_id: name === "inner" ? "mine" : "inner" } } },
        ];
        const outputs = {
          length: 2,
          get: (index: number) => entries[index],
          set: (index: number, output: object) => entries.splice(index, 1, output),
          toJSON: () => [...entries],
        };
        return [name, { entries, outputs, set: vi.fn(), save_changes: vi.fn() }];
      }),
    );
    Object.assign(model.widget_manager, {
      get_model: async (id: string) => holders[id] ?? Promise.reject(new Error("no such model")),
    });
    model.emit("msg:custom", { ...settled, outputs: ["outer", "inner"] });
    await vi.advanceTimersByTimeAsync(0);
    const { data, metadata } = settled;
    const entries = [{ text: "printed before" }, { output_type: "display_data", data, metadata }];
    expect(holders.inner?.entries).toEqual(entries);
    expect(holders.inner?.set).toHaveBeenCalledExactlyOnceWith("outputs", entries, { newMessage: true });
    expect(holders.inner?.save_changes).toHaveBeenCalledOnce();
    expect(holders.outer?.save_changes).not.toHaveBeenCalled();
    // A widget that is gone changes nothing.
    model.emit("msg:custom", { ...settled, outputs: ["gone"] });
    await vi.advanceTimersByTimeAsync(0);
  });

  it("is not requested while the reply goes on, nor if it came in time", async () => {
    const model = new FakeModel(keyframeOf(0));
    const view = new Widget(model).show();
    await vi.advanceTimersByTimeAsync(10 * FIRST_REQUEST);
    end(model, 1);
    view.remove();
    await vi.advanceTimersByTimeAsync(10 * FIRST_REQUEST);
    expect(model.types).toEqual(["hello", "mounted", "unmounted"]);
  });

  it("that another page requested changes nothing without a view, or without access to the notebook", () => {
    const model = new FakeModel(keyframeOf(7, "", { status: "complete" }), new FakeKernel());
    const { placed } = notebookOf(model);
    const widget = new Widget(model);
    model.emit("msg:custom", settled);
    expect(placed).toEqual([]);
    Object.assign(model.widget_manager, { context: null });
    widget.show();
    model.emit("msg:custom", settled);
    expect(placed).toEqual([]);
  });
});

describe("Stop", () => {
  function start(kernel: FakeKernel | null, foreground = true): { model: FakeModel; view: { element: HTMLElement } } {
    const model = new FakeModel(keyframeOf(0, "", { status: "answering", foreground }), kernel);
    return { model, view: new Widget(model).show() };
  }

  function hintIn(view: { element: HTMLElement }): string | null | undefined {
    vi.advanceTimersToNextFrame();
    return view.element.querySelector(".nbstream-hint:not([hidden])")?.textContent;
  }

  it("is sent by both channels", () => {
    const kernel = new FakeKernel();
    const { model, view } = start(kernel);
    stopIn(view).click();
    expect(model.types).toEqual(["hello", "mounted", "cancel"]);
    expect(kernel.controlled[2]?.content).toMatchObject({ type: "cancel", run_id: "run" });
  });

  it("is acknowledged by a reply on the control channel", async () => {
    const kernel = new FakeKernel();
    kernel.delay = 10;
    const { view } = start(kernel);
    stopIn(view).click();
    await vi.advanceTimersByTimeAsync(2 * MAX_REPLY_TIMEOUT);
    expect(kernel.interrupts).toBe(0);
    expect(stopIn(view).textContent).toBe("Stopping…");
  });

  it("is acknowledged by a message", async () => {
    const kernel = new FakeKernel();
    const { model, view } = start(kernel);
    stopIn(view).click();
    model.emit("msg:custom", { type: "ack" });
    await vi.advanceTimersByTimeAsync(2 * MAX_REPLY_TIMEOUT);
    expect(kernel.interrupts).toBe(0);
  });

  it("interrupts the kernel when nothing answers, whatever state the kernel publishes", async () => {
    const kernel = new FakeKernel();
    const { view } = start(kernel);
    kernel.publish("idle", "nbstream_request");
    kernel.publish("idle", "comm_msg");
    kernel.publish("busy", "execute_request");
    stopIn(view).click();
    await vi.advanceTimersByTimeAsync(2 * MAX_REPLY_TIMEOUT);
    expect(kernel.interrupts).toBe(1);
  });

  it("never interrupts once its own cell has ended", async () => {
    const kernel = new FakeKernel();
    const { view } = start(kernel);
    kernel.publish("idle", "execute_request");
    kernel.publish("busy", "execute_request");
    stopIn(view).click();
    await vi.advanceTimersByTimeAsync(2 * MAX_REPLY_TIMEOUT);
    expect(kernel.interrupts).toBe(0);
    expect(hintIn(view)).toMatch(/press ■/);
  });

  it("never interrupts for a widget that has been closed", async () => {
    const kernel = new FakeKernel();
    const widget = new Widget(new FakeModel(keyframeOf(0, "", { status: "answering", foreground: true }), kernel));
    stopIn(widget.show()).click();
    widget.close();
    await vi.advanceTimersByTimeAsync(2 * MAX_REPLY_TIMEOUT);
    expect(kernel.interrupts).toBe(0);
  });

  it.each([
    ["the connection is down", (kernel: FakeKernel) => Object.assign(kernel, { connectionStatus: "connecting" })],
    ["there is no interrupt", (kernel: FakeKernel) => Object.assign(kernel, { interrupt: undefined })],
    ["the kernel cannot be observed", (kernel: FakeKernel) => Object.assign(kernel, { iopubMessage: undefined })],
  ])("says what to do when %s", async (_, breaks) => {
    const { view } = start(breaks(new FakeKernel()));
    stopIn(view).click();
    await vi.advanceTimersByTimeAsync(2 * MAX_REPLY_TIMEOUT);
    expect(hintIn(view)).toMatch(/press ■/);
  });

  describe("over a slow connection", () => {
    /** A view over a kernel that has replied to the first message after `delay` milliseconds. */
    async function startSlow(delay: number): Promise<{ kernel: FakeKernel; view: { element: HTMLElement } }> {
      const kernel = new FakeKernel();
      kernel.delay = delay;
      const { view } = start(kernel);
      await vi.advanceTimersByTimeAsync(delay);
      return { kernel, view };
    }

    it("does not interrupt the kernel before an acknowledgement can have come", async () => {
      const { kernel, view } = await startSlow(800);
      stopIn(view).click();
      await vi.advanceTimersByTimeAsync(MAX_REPLY_TIMEOUT);
      expect(kernel.interrupts).toBe(0);
      expect(stopIn(view).textContent).toBe("Stopping…");
    });

    it("does not interrupt the kernel while its first reply may be on its way", async () => {
      const kernel = new FakeKernel();
      kernel.delay = 1500;
      const { view } = start(kernel);
      await vi.advanceTimersByTimeAsync(200);
      stopIn(view).click();
      await vi.advanceTimersByTimeAsync(MAX_REPLY_TIMEOUT);
      expect(kernel.interrupts).toBe(0);
    });

    it.each([
      ["fast", 34, MIN_REPLY_TIMEOUT],
      ["slow", 400, 3 * 400],
      ["very slow", 4000, MAX_REPLY_TIMEOUT],
    ])("interrupts a kernel that does not reply any more, if it was %s", async (_, delay, timeout) => {
      const { kernel, view } = await startSlow(delay);
      kernel.delay = undefined;
      stopIn(view).click();
      await vi.advanceTimersByTimeAsync(timeout - 1);
      expect(kernel.interrupts).toBe(0);
      await vi.advanceTimersByTimeAsync(1);
      expect(kernel.interrupts).toBe(1);
    });

    it("does not wait for a channel that is not there", async () => {
      const kernel = new FakeKernel();
      Object.assign(kernel, { sendControlMessage: undefined });
      const { view } = start(kernel);
      stopIn(view).click();
      await vi.advanceTimersByTimeAsync(MIN_REPLY_TIMEOUT);
      expect(kernel.interrupts).toBe(1);
    });
  });

  it("is sent where a widget has no access to the kernel", async () => {
    const { model, view } = start(null);
    stopIn(view).click();
    expect(model.types).toEqual(["hello", "mounted", "cancel"]);
    await vi.advanceTimersByTimeAsync(2 * MAX_REPLY_TIMEOUT);
    expect(hintIn(view)).toMatch(/press ■/);
  });

  it("is sent by one channel when the other throws", () => {
    const kernel = new FakeKernel();
    const { model, view } = start(kernel);
    model.send = () => {
      throw new Error("Cannot send");
    };
    stopIn(view).click();
    expect(kernel.controlled.map(({ content }) => content.type)).toEqual(["hello", "mounted", "cancel"]);
  });
});

describe("the focus", () => {
  it("moves to the notebook at the end, because the output will be replaced", () => {
    const model = new FakeModel(keyframeOf(0, "", { status: "answering" }));
    const view = new Widget(model).show();
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

  it("does not move if it is outside the view", () => {
    const model = new FakeModel(keyframeOf(0, "", { status: "answering" }));
    new Widget(model).show();
    const input = document.createElement("input");
    document.body.append(input);
    input.focus();
    end(model, 1);
    expect(document.activeElement).toBe(input);
  });
});

describe("a kernel that ends", () => {
  it("ends the view with an alert, and is not interrupted after its restart", async () => {
    const kernel = new FakeKernel();
    const model = new FakeModel(keyframeOf(0, "<p>kept</p>", { status: "answering" }), kernel);
    const view = new Widget(model).show();
    stopIn(view).click();
    kernel.statusChanged.emit("restarting");
    await vi.advanceTimersByTimeAsync(2 * MAX_REPLY_TIMEOUT);
    expect(kernel.interrupts).toBe(0);
    expect(answerOf(view)).toBe("<p>kept</p>");
    expect(view.element.querySelector(".nbstream-alert")?.textContent).toBe(
      "The kernel went away before the reply had ended. %deepseek show --recover brings back what had arrived.",
    );
  });
});

describe("the question whether a call may run", () => {
  const QUESTION = { name: "weather", notes: [], arguments: "{}" };
  const asking = cardOf({ state: "asking", asked: 1, question: QUESTION });

  function asked(kernel: FakeKernel | null = null): { model: FakeModel; widget: Widget } {
    const model = new FakeModel({ ...keyframeOf(0, "", { status: "calling" }), cards: [asking] }, kernel);
    return { model, widget: new Widget(model) };
  }

  function allow({ element }: { element: HTMLElement }): void {
    vi.advanceTimersByTime(1000);
    element.querySelector<HTMLButtonElement>('[name="allow"]')?.click();
  }

  it("is reported once a view shows it, and not before", () => {
    const { model, widget } = asked();
    expect(model.types).not.toContain("asked");
    widget.show();
    widget.show();
    expect(model.sent.filter(({ type }) => type === "asked")).toMatchObject([{ call: "0.0" }]);
  });

  it("is answered by both channels, in the name of the page", () => {
    const kernel = new FakeKernel();
    const { model, widget } = asked(kernel);
    allow(widget.show());
    const [sent] = model.sent.filter(({ type }) => type === "decide");
    expect(sent).toMatchObject({ call: "0.0", asked: 1, action: "allow" });
    const controlled = kernel.controlled.map(({ content }) => content).find(({ type }) => type === "decide");
    expect(controlled).toMatchObject({ ...sent, run_id: "run" });
    expect(sent?.page).toBe(model.sent[0]?.page);
  });

  it("says at once what was decided, and stays so when the kernel has taken it", () => {
    const kernel = new FakeKernel();
    kernel.delay = 20;
    const { model, widget } = asked(kernel);
    kernel.answer = { known: true, decider: model.sent[0]?.page };
    const view = widget.show();
    allow(view);
    vi.advanceTimersToNextFrame();
    const words = (): string => view.element.querySelector(".nbstream-decided")?.textContent ?? "";
    expect(words()).toBe("Allowed once.");
    vi.advanceTimersByTime(20_000);
    expect([words(), model.sent.filter(({ type }) => type === "decide").length]).toEqual(["Allowed once.", 1]);
    send(model, 1, { cards: [{ key: "0.0", state: "running", question: null, decider: model.sent[0]?.page ?? "" }] });
    vi.advanceTimersToNextFrame();
    expect(view.element.querySelector(".nbstream-question")).toBeNull();
    expect(document.querySelector(".nbstream-notice")).toBeNull();
  });
});
