import { afterEach, beforeEach, expect, it, vi } from "vitest";
import replyView from "../../src/instruments/reply_view";
import { FakeKernel, FakeModel, keyframeOf } from "../fixtures";

type Hooks = Record<"initialize" | "render", (props: object) => (() => void) | undefined>;

/** The model of a part of the view `run`, which has no keyframe. */
class PartModel extends FakeModel {
  constructor(readonly part: string) {
    super();
  }

  override get(name: string): unknown {
    return { run_id: "part", of: "run", part: this.part }[name];
  }
}

class ViewModel extends FakeModel {
  constructor(kernel: FakeKernel | null = null) {
    super(keyframe as never, kernel);
  }

  override get(name: string): unknown {
    return name === "part" ? undefined : super.get(name);
  }
}

const keyframe = {
  seq: 0,
  own: {},
  replies: { reply: { run: "a", state: keyframeOf(1, "<p>text</p>", { status: "answering" }) } },
};
const made = (): Hooks => replyView() as unknown as Hooks;

beforeEach(() => {
  vi.useFakeTimers();
  document.body.replaceChildren();
});

afterEach(() => {
  vi.useRealTimers();
});

function place(): HTMLElement {
  const element = document.createElement("div");
  document.body.append(element);
  return element;
}

it("draws a part from its view, which may come later, and takes it away with the part", () => {
  const [part, element] = [made(), place()];
  const model = new PartModel("stop");
  part.initialize({ model });
  const remove = part.render({ model, el: element });
  expect(element.children).toHaveLength(0);

  const view = new ViewModel();
  const close = made().initialize({ model: view });
  vi.advanceTimersToNextFrame();
  expect(element.textContent).toBe("Stop");
  element.querySelector("button")?.click();
  expect([view.types.at(-1), model.sent]).toEqual(["cancel", []]);
  remove?.();
  expect(element.children).toHaveLength(0);
  close?.();
});

it("says nothing beside a reply when the kernel ends, nor in its parts", () => {
  const kernel = new FakeKernel();
  const [view, part, whole, element] = [made(), made(), place(), place()];
  const model = new ViewModel(kernel);
  const close = view.initialize({ model });
  view.render({ model, el: whole });
  part.render({ model: new PartModel("usage"), el: element });
  kernel.statusChanged.emit("dead");
  vi.advanceTimersToNextFrame();
  expect([...document.querySelectorAll(".nbstream-lost")]).toEqual([]);
  expect(whole.textContent).toContain("The kernel went away before the reply had ended.");
  expect(element.textContent).toBe("");
  close?.();
});

it("draws a part as long as one of two notebooks has its view", () => {
  const closes = [new ViewModel(), new ViewModel()].map((model) => made().initialize({ model }));
  closes[0]?.();
  const [part, element] = [made(), place()];
  part.render({ model: new PartModel("answer"), el: element });
  vi.advanceTimersToNextFrame();
  expect(element.querySelector(".nbstream-answer")?.textContent).toBe("text");
  closes[1]?.();
});

it("draws the whole view, and nothing for a part that was removed before its view came", () => {
  const [part, gone, element] = [made(), place(), place()];
  const model = new PartModel("answer");
  part.render({ model, el: gone })?.();
  const view = made();
  const whole = new ViewModel();
  const close = view.initialize({ model: whole });
  view.render({ model: whole, el: element });
  vi.advanceTimersToNextFrame();
  expect(element.querySelector(".nbstream-answer")?.textContent).toBe("text");
  expect(gone.children).toHaveLength(0);
  close?.();
});
