import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { MAX_REPLY_TIMEOUT, MIN_REPLY_TIMEOUT, type Model } from "../../src/channel";
import { type Change, InstrumentSession, instrument } from "../../src/instruments/instrument";
import type { Frame, InstrumentKeyframe, ShownReply } from "../../src/instruments/protocol";
import { FakeKernel, FakeModel, keyframeOf, metaOf } from "../fixtures";

let kernel: FakeKernel;
let model: FakeModel;
let session: InstrumentSession;

beforeEach(() => {
  vi.useFakeTimers();
  document.body.replaceChildren();
  kernel = new FakeKernel();
  kernel.delay = 10;
  start({ seq: 0, own: { title: "a" }, replies: {} });
});

afterEach(() => {
  session.close();
  vi.useRealTimers();
});

function start(keyframe: InstrumentKeyframe, found: FakeKernel | null = kernel): void {
  session?.close();
  model = new FakeModel(keyframe as never, found);
  session = new InstrumentSession(model as unknown as Model<InstrumentKeyframe>);
}

function frame(seq: number, fields: Partial<Frame> = {}): void {
  model.emit("msg:custom", { type: "frame", seq, ...fields });
}

const shown = (run: string, answer = ""): ShownReply => ({
  run,
  state: keyframeOf(1, answer, { status: "answering" }),
});
const controlled = (): string[] => kernel.controlled.map(({ content }) => content.type);

describe("the state of an instrument", () => {
  it("is its keyframe with all frames", () => {
    frame(1, { own: { title: "b", more: 1 } });
    frame(2, { gone: ["more"] });
    expect(session.own).toEqual({ title: "b" });
  });

  it("ignores a frame that it has, and asks once for what it has missed", () => {
    frame(1, { own: { title: "b" } });
    frame(1, { own: { title: "old" } });
    frame(3, { own: { title: "late" } });
    frame(4, { own: { title: "later" } });
    expect(session.own).toEqual({ title: "b" });
    expect(controlled().filter((type) => type === "resync")).toHaveLength(1);
    model.keyframe = { seq: 4, own: { title: "all" }, replies: {} } as never;
    frame(5, { own: { end: true } });
    expect(session.own).toEqual({ title: "all", end: true });
  });

  it("asks again for what it has missed if that does not come", () => {
    const asked = (): number => controlled().filter((type) => type === "resync").length;
    frame(2);
    frame(3);
    expect(asked()).toBe(1);
    vi.advanceTimersByTime(6000);
    frame(4);
    frame(5);
    expect(asked()).toBe(2);
    model.keyframe = { seq: 5, own: {}, replies: {} } as never;
    frame(7);
    expect(asked()).toBe(3);
  });

  it("begins with messages that came before its module", () => {
    const early = [{ type: "frame", seq: 1, own: { title: "early" } } as const];
    const started = new InstrumentSession(model as unknown as Model<InstrumentKeyframe>, { early });
    expect(started.own).toEqual({ title: "early" });
    started.close();
  });
});

it("shows a notice once that comes by the model and by the connection, and the next one", () => {
  const texts = (): (string | null)[] =>
    [...document.querySelectorAll(".nbstream-notice")].map(({ textContent }) => textContent);
  for (const text of ["one.", "two."]) {
    const message = { type: "notice", text };
    model.emit("msg:custom", message);
    const content = { comm_id: "run", data: { method: "custom", content: message } };
    kernel.anyMessage.emit({ direction: "recv", msg: { header: { msg_type: "comm_msg" }, content } });
  }
  expect(texts()).toEqual(["one. Close", "two. Close"]);
  document.querySelector<HTMLButtonElement>(".nbstream-notice button")?.click();
  model.emit("msg:custom", { type: "notice", text: "one." });
  expect(texts()).toEqual(["two. Close", "one. Close"]);
});

describe("a message to the kernel", () => {
  it("goes by the control channel alone while that replies", async () => {
    kernel.answer = { known: true, told: 1 };
    const answer = session.send({ type: "do" });
    await vi.advanceTimersByTimeAsync(MAX_REPLY_TIMEOUT);
    expect(await answer).toEqual({ known: true, told: 1 });
    expect(model.sent).toEqual([]);
  });

  it("goes by comm as well if there is no control reply in time, with the same number", async () => {
    kernel.delay = undefined;
    start({ seq: 0, own: {}, replies: {} });
    const answer = session.send({ type: "do" });
    await vi.advanceTimersByTimeAsync(MIN_REPLY_TIMEOUT);
    const number = (model.sent.at(-1) as unknown as { number: number }).number;
    expect(kernel.controlled.at(-1)?.content).toMatchObject({ type: "do", number });
    model.emit("msg:custom", { type: "answer", page: "another", number, answer: { told: 0 } });
    model.emit("msg:custom", { type: "answer", page: session.pageId, number, answer: { told: 2 } });
    expect(await answer).toEqual({ told: 2 });
    void session.send({ type: "next" });
    expect(model.types.at(-1)).toBe("next");
  });

  it("goes by comm at once where there is no control channel", () => {
    start({ seq: 0, own: {}, replies: {} }, null);
    void session.send({ type: "do" });
    expect(model.types).toEqual(["hello", "do"]);
  });

  it("has no answer once the kernel has ended", async () => {
    kernel.delay = undefined;
    const answer = session.send({ type: "do" });
    kernel.statusChanged.emit("restarting");
    expect(await answer).toBeUndefined();
    expect(await session.send({ type: "more" })).toBeUndefined();
  });
});

describe("a reply in an instrument", () => {
  function place(): HTMLElement {
    const element = document.createElement("div");
    document.body.append(element);
    return element;
  }

  const text = (element: Element): string => {
    vi.advanceTimersToNextFrame();
    return element.querySelector(".nbstream-answer")?.textContent ?? "nothing";
  };

  it("is drawn where its key is shown, also if it comes later, and grows there", () => {
    const element = place();
    session.show("one", element);
    expect(text(element)).toBe("nothing");
    frame(1, { shown: { one: shown("a", "<p>x</p>") } });
    frame(2, { replies: { one: { seq: 2, answer: [["add", "<p>y</p>"]] } } });
    expect(text(element)).toBe("xy");
  });

  it("gives its place to another one under its key, and leaves when it is hidden", () => {
    const element = place();
    session.show("one", element);
    frame(1, { shown: { one: shown("a", "<p>first</p>") } });
    frame(2, { hidden: ["one"], shown: { one: shown("b", "<p>second</p>") } });
    expect(text(element)).toBe("second");
    frame(3, { hidden: ["one"] });
    expect(element.children).toHaveLength(0);
  });

  it("is the same after a keyframe, unless that names another one", () => {
    frame(1, { shown: { one: shown("a") } });
    const before = session.reply("one");
    model.keyframe = { seq: 5, own: {}, replies: { one: shown("a") } } as never;
    expect(session.reply("one")).toBe(before);
    model.keyframe = { seq: 6, own: {}, replies: { one: shown("b") } } as never;
    expect(session.reply("one")).not.toBe(before);
  });

  it("names itself when it is stopped, and shows that at once", () => {
    const element = place();
    session.show("one", element);
    frame(1, { shown: { one: shown("a") } });
    element.querySelector<HTMLButtonElement>(".nbstream-stop")?.click();
    expect(kernel.controlled.at(-1)?.content).toMatchObject({ type: "cancel", reply: "one", run: "a" });
    vi.advanceTimersToNextFrame();
    expect(element.querySelector(".nbstream-stop")?.textContent).toBe("Stopping…");
    frame(2, {
      replies: { one: { seq: 2, meta: metaOf({ status: "cancelled" }) } },
      stopping: ["one"],
    });
    vi.advanceTimersToNextFrame();
    expect(element.querySelector<HTMLElement>(".nbstream-stop")?.hidden).toBe(true);
  });

  it("is drawn in a task of its own if it is patient, unless it has left before", () => {
    const places = ["one", "two", "three"].map((key) => {
      const element = place();
      return { element, remove: session.show(key, element, undefined, true) };
    });
    const drawn = (): number => places.filter(({ element }) => element.childElementCount > 0).length;
    frame(1, { shown: { one: shown("a"), two: shown("b"), three: shown("c") } });
    expect(drawn()).toBe(0);
    vi.advanceTimersToNextTimer();
    expect(drawn()).toBe(1);
    places[1]?.remove();
    vi.advanceTimersByTime(50);
    expect(places.map(({ element }) => element.childElementCount)).toEqual([1, 0, 1]);
  });

  it("can be drawn in parts", () => {
    const [stop, usage] = [place(), place()];
    session.show("one", stop, new Set(["stop"]));
    session.show("one", usage, new Set(["usage"]));
    frame(1, { shown: { one: shown("a", "<p>x</p>") } });
    expect([...stop.querySelectorAll("button")].map((each) => each.textContent)).toEqual(["Stop"]);
    expect(text(stop)).toBe("nothing");
    frame(2, {
      replies: { one: { seq: 2, meta: metaOf({ status: "complete", footer: ["1 s", "$0.1"] }) } },
    });
    vi.advanceTimersToNextFrame();
    expect(usage.textContent).toBe("1 s ·\u00a0$0.1");
  });
});

describe("a view of an instrument", () => {
  function mounted(changes: Change[]): { element: HTMLElement; remove: () => void } {
    const element = document.createElement("div");
    element.className = "nbstream-live-run";
    document.body.append(element);
    const draw = (_: InstrumentSession, parent: HTMLElement) => {
      parent.innerHTML = '<button data-kernel="">Go</button><button>Copy</button>';
      return { update: (change: Change) => changes.push(change) };
    };
    return { element, remove: session.mount(element, draw) };
  }

  it("learns what each frame has changed", () => {
    const changes: Change[] = [];
    mounted(changes);
    frame(1, { own: { title: "b" }, gone: ["x"], shown: { one: shown("a") } });
    expect(changes).toEqual([{ own: new Set(["title", "x"]), replies: new Set(["one"]) }]);
  });

  it("says that the kernel has ended, without controls that need it, and makes room for the static output", () => {
    const { element } = mounted([]);
    kernel.statusChanged.emit("dead");
    expect(element.textContent).toContain("The kernel has ended");
    expect([...element.querySelectorAll("button")].map((each) => each.hidden)).toEqual([true, false]);
    expect(element.classList.contains("nbstream-live-run")).toBe(false);
  });

  it("tells the kernel of the first view and of the end of the last one", () => {
    const told = (): string[] => controlled().filter((type) => type.endsWith("mounted"));
    const [first, second] = [mounted([]), mounted([])];
    first.remove();
    expect(told()).toEqual(["mounted"]);
    second.remove();
    mounted([]);
    expect(told()).toEqual(["mounted", "unmounted", "mounted"]);
    // The browser had kept the page when its user went to another one.
    window.dispatchEvent(new PageTransitionEvent("pagehide", { persisted: true }));
    window.dispatchEvent(new PageTransitionEvent("pageshow", { persisted: true }));
    expect(controlled().slice(-2)).toEqual(["left", "mounted"]);
  });

  it("stays when the kernel ends before a reply does, which says so", () => {
    const { element } = mounted([]);
    const place = document.createElement("div");
    session.show("one", place);
    frame(1, { shown: { one: shown("a", "<p>x</p>") } });
    kernel.statusChanged.emit("dead");
    vi.advanceTimersToNextFrame();
    expect(element.classList.contains("nbstream-live-run")).toBe(true);
    expect(element.textContent).not.toContain("The kernel has ended");
    expect(place.querySelector(".nbstream-alert")?.textContent).toBe(
      "The kernel went away before the reply had ended. This is what it had sent.",
    );
    expect(element.querySelector<HTMLElement>("[data-kernel]")?.hidden).toBe(true);
  });

  it("leaves nothing behind", () => {
    const changes: Change[] = [];
    const { element, remove } = mounted(changes);
    remove();
    frame(1, { own: { title: "b" } });
    expect([element.children.length, changes]).toEqual([0, []]);
  });
});

describe("a module", () => {
  it("has one session for all views, which ends with the model", () => {
    const seen = new Set<InstrumentSession>();
    const widget = instrument<Record<string, unknown>>((each) => {
      seen.add(each);
      return { update() {} };
    })() as unknown as Record<string, (props: object) => () => void>;
    const close = widget.initialize?.({ model });
    for (let count = 0; count < 2; count += 1) widget.render?.({ model, el: document.createElement("div") });
    expect(seen.size).toBe(1);
    close?.();
    const sent = kernel.controlled.length;
    void [...seen][0]?.send({ type: "do" });
    expect(kernel.controlled).toHaveLength(sent);
  });
});
