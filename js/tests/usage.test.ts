import { afterEach, describe, expect, it, vi } from "vitest";
import type { UsageArea, UsageOwn, UsagePicture } from "../src/usage/protocol";
import { UsageView } from "../src/usage/usage";

const HOSTILE = "<img src=x onerror=alert(1)>";

const mark = (at: number, title = `Day ${at}`) => ({
  ...{ start: at * 10, end: at * 10 + 10, title },
  rows: [
    ["", "cost", `$${at}`],
    ["hit", "cache hit", `${at}00`],
  ] as [string, string, string][],
});

const AREAS: UsageArea[] = [
  { name: "By day", axis: "x", box: [0, 20, 40, 100], marks: [0, 1, 2, 3].map((at) => mark(at)) },
  { name: "By cell", axis: "y", box: [60, 0, 40, 30], marks: [mark(0, "first"), mark(1, HOSTILE)] },
];

const answerOf = (version: number, areas = AREAS): UsagePicture => ({
  ...{ version, width: 100, height: 200, areas },
  svg: `<svg class="nbu" viewBox="0 0 100 200"><text>version ${version}</text></svg>`,
});

/** A view with a stand-in for the session, which answers as the kernel does. */
function usage(change: Partial<UsageOwn> = {}) {
  const own: UsageOwn = {
    ...{ version: 1, span: "today", model: "", models: ["flash", "pro"] },
    spans: [
      ["today", "Today"],
      ["all", "All"],
    ],
    ...change,
  };
  const sent: Record<string, unknown>[] = [];
  let areas = AREAS;
  const session = {
    own,
    isLost: false,
    send: (message: Record<string, unknown>) => {
      sent.push(message);
      if (message.type === "picture") return Promise.resolve(answerOf(own.version, areas));
      if (message.type === "tables") {
        return Promise.resolve({ version: own.version, html: "<div>By day</div><table><tr><td>1</td></tr></table>" });
      }
      return Promise.resolve({});
    },
  };
  const parent = document.createElement("div");
  document.body.append(parent);
  const view = new UsageView(session as never, parent);
  const find = <E extends Element>(selector: string): E => parent.querySelector(selector) as E;
  const settle = () => vi.advanceTimersByTimeAsync(400);
  const set = (changed: Partial<UsageOwn>, marks = AREAS): Promise<unknown> => {
    Object.assign(own, changed);
    areas = marks;
    view.update();
    return settle();
  };
  const asked = () => sent.filter(({ type }) => type === "picture");
  vi.useFakeTimers();
  view.update();
  return { asked, find, own, parent, sent, session, set, settle, view };
}

function press(target: Element, key: string): KeyboardEvent {
  const event = new KeyboardEvent("keydown", { key, bubbles: true, cancelable: true, composed: true });
  target.dispatchEvent(event);
  return event;
}

afterEach(() => {
  vi.useRealTimers();
  document.body.replaceChildren();
});

describe("usage", () => {
  it("asks for the picture once for each version", async () => {
    const { asked, parent, set, settle } = usage();
    await settle();
    expect(asked()).toHaveLength(1);
    expect(asked()[0]).toMatchObject({ width: 760 });
    expect(parent.textContent).toContain("version 1");
    await set({});
    expect(asked()).toHaveLength(1);
    await set({ version: 2 });
    expect(asked()).toHaveLength(2);
    expect(parent.textContent).toContain("version 2");
  });

  it("asks again if the version has changed while it asked", async () => {
    const { asked, own, session, settle } = usage();
    const answer = session.send;
    session.send = (message) => {
      const made = answer(message);
      if (message.type === "picture" && own.version < 3) own.version += 1;
      return made;
    };
    await settle();
    await settle();
    await settle();
    expect(asked()).toHaveLength(3);
  });

  it("asks for nothing while nobody sees it, or when the kernel has ended", async () => {
    vi.spyOn(document, "hidden", "get").mockReturnValue(true);
    const { asked, session, set, settle } = usage();
    await settle();
    expect(asked()).toHaveLength(0);
    vi.spyOn(document, "hidden", "get").mockReturnValue(false);
    document.dispatchEvent(new Event("visibilitychange"));
    await settle();
    expect(asked()).toHaveLength(1);
    session.isLost = true;
    await set({ version: 9 });
    expect(asked()).toHaveLength(1);
  });

  it("sends what is chosen, and shows what the kernel says", async () => {
    const { find, sent, set, settle } = usage();
    await settle();
    find<HTMLButtonElement>('[data-span="all"]').click();
    const models = find<HTMLSelectElement>("select");
    models.value = "pro";
    models.dispatchEvent(new Event("change"));
    expect(sent.slice(-2)).toEqual([
      { type: "choose", span: "all" },
      { type: "choose", model: "pro" },
    ]);
    expect(find('[data-span="all"]').getAttribute("aria-pressed")).toBe("false");
    await set({ span: "all", model: "gone" });
    expect(find('[data-span="all"]').getAttribute("aria-pressed")).toBe("true");
    expect(models.value).toBe("gone");
  });

  it("goes through the marks by the keyboard, and says each", async () => {
    const { find, parent, settle } = usage();
    await settle();
    const [days, cells] = parent.querySelectorAll<HTMLElement>("[role=slider]");
    if (days === undefined || cells === undefined) throw new Error("no sliders");
    expect(days.ariaValueNow).toBe("4");
    expect(days.getAttribute("aria-valuetext")).toBe("Day 3, cost $3, cache hit 300");
    days.focus();
    expect(press(days, "ArrowLeft").defaultPrevented).toBe(true);
    expect(days.getAttribute("aria-valuetext")).toContain("Day 2");
    expect(find<HTMLElement>(".nbstream-usage-tip").hidden).toBe(false);
    press(days, "Home");
    press(days, "ArrowLeft");
    expect(days.ariaValueNow).toBe("1");
    press(days, "Escape");
    expect(find<HTMLElement>(".nbstream-usage-tip").hidden).toBe(true);
    expect(press(days, "a").defaultPrevented).toBe(false);
    expect(cells.ariaValueNow).toBe("1");
    press(cells, "ArrowDown");
    expect(cells.ariaValueNow).toBe("2");
  });

  it("keeps the focus and the newest mark when a newer one comes", async () => {
    const { parent, set, settle } = usage();
    await settle();
    const days = parent.querySelector("[role=slider]") as HTMLElement;
    days.focus();
    press(days, "End");
    const [day, cell] = AREAS as [UsageArea, UsageArea];
    await set({ version: 2 }, [{ ...day, marks: [...day.marks, mark(4)] }, cell]);
    expect(document.activeElement).toBe(days);
    expect(days.getAttribute("aria-valuetext")).toContain("Day 4");
    expect(parent.querySelector(".nbstream-usage-tip")?.textContent).toContain("Day 4");
    await set({ version: 3 }, [cell]);
    expect(parent.querySelectorAll("[role=slider]")).toHaveLength(1);
    expect(parent.querySelector<HTMLElement>(".nbstream-usage-tip")?.hidden).toBe(true);
  });

  it("takes hostile names as text", async () => {
    const { parent, settle } = usage({ models: [HOSTILE, "b"], spans: [["all", HOSTILE]] });
    await settle();
    const cells = parent.querySelectorAll<HTMLElement>("[role=slider]")[1] as HTMLElement;
    press(cells, "ArrowDown");
    expect(parent.querySelector(".nbstream-usage-tip")?.textContent).toContain(HOSTILE);
    expect(parent.querySelector("img")).toBeNull();
  });

  it("shows the numbers as tables, and renews them", async () => {
    const { find, parent, sent, set, settle } = usage();
    await settle();
    const button = [...parent.querySelectorAll("button")].at(-1) as HTMLButtonElement;
    button.click();
    await settle();
    expect(button.getAttribute("aria-expanded")).toBe("true");
    expect(find("[role=region]").getAttribute("aria-label")).toBe("By day");
    await set({ version: 2 });
    expect(sent.filter(({ type }) => type === "tables")).toHaveLength(2);
    button.click();
    expect(find<HTMLElement>(".nbstream-usage-tables").hidden).toBe(true);
  });

  it("leaves nothing behind", async () => {
    const { asked, parent, set, view } = usage();
    view.remove();
    await set({ version: 5 });
    expect(asked()).toHaveLength(0);
    expect(parent.children).toHaveLength(0);
  });
});
