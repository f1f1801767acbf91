import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { FakeKernel, FakeModel } from "./fixtures";

/** What the module of a widget was given. */
interface Given {
  early: unknown[];
  load: (name: string) => Promise<unknown>;
}

/** `export default 1`, as the kernel packs it. */
const CODE = "eNpLrSjILypRSElNSyzNKVEwBAA2QQX5";
const KEY = Symbol.for("nbstream.modules");
const page = globalThis as unknown as Record<symbol, { modules: Record<string, unknown> } | undefined>;
const modules = (): Record<string, unknown> => page[KEY]?.modules ?? {};

let given: Given[];
let closed: number;
let kernel: FakeKernel;
let model: FakeModel;

const OBJECT = `data:text/javascript,${encodeURIComponent("export default globalThis.made")}`;

/** A module with the part of an anywidget that the stub calls. */
const module = {
  default: () => ({
    initialize: (props: Given) => {
      given.push(props);
      return () => {
        closed += 1;
      };
    },
    render: ({ el }: { el: HTMLElement }) => {
      el.textContent = "drawn";
      return () => el.replaceChildren();
    },
  }),
};

type Hooks = Record<"initialize" | "render", (props: object) => () => void>;

/** The widget of a stub into which Python has put this. */
async function stubbed(code: Record<string, string> = {}): Promise<Hooks> {
  vi.stubGlobal("__GIVEN__", {
    needed: ["reply"],
    hashes: { reply: "h1", part: "h2", zh: "h3" },
    code,
    request: "req",
  });
  vi.resetModules();
  return (await import("../src/stub")).default() as unknown as Hooks;
}

beforeEach(() => {
  [given, closed] = [[], 0];
  kernel = new FakeKernel();
  kernel.delay = 10;
  model = new FakeModel(undefined, kernel);
  // As in a browser, of which jsdom has no objects' URLs.
  vi.stubGlobal(
    "URL",
    Object.assign(URL, {
      createObjectURL: () => OBJECT,
      revokeObjectURL() {},
    }),
  );
  vi.stubGlobal("made", module.default);
});

afterEach(() => {
  vi.unstubAllGlobals();
  document.documentElement.lang = "";
  page[KEY] = undefined;
});

const asked = (): object[] =>
  kernel.controlled.map(({ content }) => content).filter(({ type }) => `${type}` === "code");

describe("a widget's own code", () => {
  it("starts at once with what the page has, and asks nothing", async () => {
    const { initialize, render } = await stubbed();
    modules().h1 = module;
    const close = initialize({ model });
    const el = document.createElement("div");
    const remove = render({ model, el });
    expect([given.length, el.textContent, el.className, asked()]).toEqual([1, "drawn", "nbstream-live-run", []]);
    remove();
    close();
    expect([el.textContent, closed]).toEqual(["", 1]);
  });

  it("takes the code that came along, tells so, and gives the messages that came meanwhile", async () => {
    const { initialize, render } = await stubbed({ h1: CODE });
    initialize({ model });
    const el = document.createElement("div");
    render({ model, el });
    model.emit("msg:custom", { seq: 1 });
    await vi.waitFor(() => expect(el.textContent).toBe("drawn"));
    expect(given[0]?.early).toEqual([{ seq: 1 }]);
    expect(asked()).toEqual([{ type: "code", run_id: "run", needed: [], has: ["h1"] }]);
  });

  it("asks the kernel by the control channel for what is missing", async () => {
    const { initialize, render } = await stubbed();
    kernel.answer = { code: { h1: CODE } };
    initialize({ model });
    const el = document.createElement("div");
    render({ model, el });
    await vi.waitFor(() => expect(el.textContent).toBe("drawn"));
    expect(asked()).toEqual([{ type: "code", run_id: "run", needed: ["h1"], has: [] }]);
    expect(model.sent).toEqual([]);
  });

  it.each([
    ["", "", false],
    ["en-GB", "", false],
    ["zh-CN", "", true],
    ["zh-tw", "", false],
    ["en", "zh", true],
    ["zh-CN", "en", false],
  ])("takes words for a page in %j where the user has set %j", async (tag, language, isChinese) => {
    document.documentElement.lang = tag;
    model.language = language;
    const { initialize } = await stubbed();
    modules().h1 = module;
    kernel.answer = { code: { h3: CODE } };
    initialize({ model });
    await vi.waitFor(() => expect(given).toHaveLength(1));
    expect((globalThis as unknown as Record<symbol, unknown>)[Symbol.for("nbstream.words")]).toBe(
      isChinese ? module.default : undefined,
    );
    expect(asked()).toEqual(!isChinese ? [] : [{ type: "code", run_id: "run", needed: ["h3"], has: ["h1"] }]);
  });

  it("asks by comm where there is no control channel, also for what is needed later", async () => {
    model = new FakeModel(undefined, null);
    const { initialize } = await stubbed();
    initialize({ model });
    await vi.waitFor(() => expect(model.sent).toMatchObject([{ type: "code", needed: ["h1"] }]));
    model.emit("msg:custom", { code: { h1: CODE } });
    await vi.waitFor(() => expect(given).toHaveLength(1));
    const later = given[0]?.load("part");
    await vi.waitFor(() => expect(model.sent.at(-1)).toMatchObject({ type: "code", needed: ["h2"] }));
    model.emit("msg:custom", { code: { h2: CODE } });
    expect(await later).toBe(modules().h2);
  });

  it("leaves its place to the static output where its module does not come, until it does", async () => {
    vi.useFakeTimers();
    try {
      const { initialize, render } = await stubbed();
      initialize({ model });
      const el = document.createElement("div");
      render({ model, el });
      expect(el.className).toBe("nbstream-live-run");
      await vi.advanceTimersByTimeAsync(6000);
      expect(el.className).toBe("");
      kernel.answer = { code: { h1: CODE } };
      await vi.advanceTimersByTimeAsync(20_000);
      vi.useRealTimers();
      await vi.waitFor(() => expect(el.textContent).toBe("drawn"));
      expect(el.className).toBe("nbstream-live-run");
    } finally {
      vi.useRealTimers();
    }
  });

  it("leaves its place to the static output if its module cannot be loaded", async () => {
    vi.stubGlobal("URL", Object.assign(URL, { createObjectURL: () => "data:text/javascript,throw 1" }));
    const { initialize, render } = await stubbed({ h1: CODE });
    initialize({ model });
    const el = document.createElement("div");
    render({ model, el });
    await vi.waitFor(() => expect(el.className).toBe(""));
    expect(el.textContent).toBe("This page did not let nbstream's code in: 1");
    // The page may let in what another widget brings.
    vi.stubGlobal("URL", Object.assign(URL, { createObjectURL: () => OBJECT }));
    const other = await stubbed({ h1: CODE });
    other.initialize({ model });
    other.render({ model, el });
    await vi.waitFor(() => expect(el.textContent).toBe("drawn"));
  });

  it("keeps some hundred messages at most that come before its module", async () => {
    const { initialize } = await stubbed({ h1: CODE });
    initialize({ model });
    for (let seq = 1; seq <= 1000; seq += 1) model.emit("msg:custom", { seq });
    await vi.waitFor(() => expect(given).toHaveLength(1));
    expect([given[0]?.early.length, given[0]?.early.at(-1)]).toEqual([300, { seq: 1000 }]);
  });

  it("draws nothing in a view that was removed before", async () => {
    const { initialize, render } = await stubbed({ h1: CODE });
    initialize({ model });
    const el = document.createElement("div");
    render({ model, el })();
    await vi.waitFor(() => expect(given).toHaveLength(1));
    await new Promise((resolve) => setTimeout(resolve));
    expect(el.textContent).toBe("");
  });
});
