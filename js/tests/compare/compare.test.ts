import { afterEach, describe, expect, it } from "vitest";
import { CompareView } from "../../src/compare/compare";
import type { CompareColumn, CompareOwn } from "../../src/compare/protocol";

const HOSTILE = "<img src=x onerror=alert(1)>";

const column = (key: string, change: Partial<CompareColumn> = {}): CompareColumn => ({
  ...{ key, name: key, note: "", figures: [], live: false, chosen: false },
  ...change,
});

const CHOICES = [
  { value: "A", label: "A", key: "A" },
  { value: "B", label: "B", key: "B" },
  { value: "tie", label: "Tie", key: "T" },
];

/** A comparison with a stand-in for the session: what it sends, and which replies it shows. */
function comparison(change: Partial<CompareOwn> = {}) {
  const own: CompareOwn = {
    ...{ columns: [column("A"), column("B")], state: "", notes: [], live: false, hidden: false, choices: [] },
    ...{ verdict: "", comparable: false, differences: null },
    ...change,
  };
  const sent: object[] = [];
  const announced: string[] = [];
  const shown: string[] = [];
  const session = {
    own,
    isLost: false,
    services: { announce: (text: string) => announced.push(text) },
    send: (message: object) => {
      sent.push(message);
      return Promise.resolve({});
    },
    show: (key: string) => {
      shown.push(key);
      return () => shown.splice(shown.indexOf(key), 1);
    },
  };
  const parent = document.createElement("div");
  document.body.append(parent);
  const view = new CompareView(session as never, parent);
  const set = (changed: Partial<CompareOwn>): void => {
    Object.assign(own, changed);
    view.update();
  };
  const button = (name: string): HTMLButtonElement =>
    [...parent.querySelectorAll("button")].find(({ textContent }) => textContent === name) as HTMLButtonElement;
  return { announced, button, own, parent, sent, session, set, shown, view };
}

function press(target: Element, key: string): KeyboardEvent {
  const event = new KeyboardEvent("keydown", { key, bubbles: true, cancelable: true });
  target.dispatchEvent(event);
  return event;
}

afterEach(() => document.body.replaceChildren());

describe("a comparison", () => {
  it("shows each reply once, and takes them away with the view", () => {
    const { set, shown, view } = comparison();
    set({ columns: [column("A", { name: "flash" }), column("B", { name: "pro" })] });
    expect(shown).toEqual(["A", "B"]);
    view.remove();
    expect(shown).toEqual([]);
    expect(document.querySelector(".nbstream-compare")).toBeNull();
  });

  it("takes hostile text in every field as text", () => {
    const figures = [{ label: HOSTILE, text: HOSTILE, best: true }];
    const { parent, set } = comparison({
      columns: [column("A", { name: HOSTILE, note: HOSTILE, figures }), column("B"), column("C")],
      ...{ state: HOSTILE, notes: [HOSTILE], verdict: HOSTILE, comparable: true },
      choices: [{ value: "A", label: HOSTILE, key: "A" }],
    });
    const pieces: [number, string][] = [
      [0, HOSTILE],
      [1, HOSTILE],
      [2, HOSTILE],
    ];
    set({ differences: { first: "A", second: "B", names: [HOSTILE, HOSTILE], summary: HOSTILE, pieces } });
    expect(parent.querySelector("img")).toBeNull();
    expect(parent.querySelector("del")?.textContent).toContain(HOSTILE);
  });

  it("marks the best figure by a word as well", () => {
    const { parent } = comparison({
      columns: [column("A", { figures: [{ label: "cost", text: "$0.1", best: true }] }), column("B")],
    });
    expect(parent.querySelector(".nbstream-figure")?.textContent).toBe("cost $0.1 (best)");
  });

  it("stops all once", () => {
    const { button, sent, set } = comparison({ live: true, columns: [column("A", { live: true }), column("B")] });
    button("Stop all").click();
    button("Stopping…").click();
    expect(sent).toEqual([{ type: "stop" }]);
    set({ live: false });
    expect(button("Stopping…")?.hidden ?? true).toBe(true);
  });

  it("chooses by a letter that the notebook does not get", () => {
    const { announced, button, parent, sent, set } = comparison({ choices: CHOICES, hidden: true });
    const heard: string[] = [];
    document.body.addEventListener("keydown", ({ key }) => heard.push(key), { once: true });
    button("Tie").focus();
    expect(press(button("Tie"), "b").defaultPrevented).toBe(true);
    expect(heard).toEqual([]);
    expect(sent).toEqual([{ type: "choose", choice: "B" }]);
    // Then the focus is on what was chosen.
    set({ choices: [], verdict: "Chosen: B · pro" });
    expect(document.activeElement).toBe(parent.querySelector(".nbstream-verdict"));
    expect(announced).toEqual(["Chosen: B · pro"]);
    // And the keys are the notebook's again.
    expect(press(parent.querySelector(".nbstream-verdict") as Element, "b").defaultPrevented).toBe(false);
  });

  it("sends one choice at a time, and lets the user choose again if it was not taken", async () => {
    const { button, sent } = comparison({ choices: CHOICES, hidden: true });
    button("A").click();
    button("B").click();
    expect(sent).toEqual([{ type: "choose", choice: "A" }]);
    expect(button("B").getAttribute("aria-disabled")).toBe("true");
    await Promise.resolve();
    await Promise.resolve();
    expect(button("B").hasAttribute("aria-disabled")).toBe(false);
    button("B").click();
    expect(sent.at(-1)).toEqual({ type: "choose", choice: "B" });
  });

  it("leaves keys alone outside of the choices, with a modifier, and before the end", () => {
    const { button, parent, sent, set } = comparison({ columns: [column("A")], choices: CHOICES });
    press(document.body, "a");
    for (const each of parent.querySelectorAll("*"))
      if (each.closest(".nbstream-compare-buttons") === null) press(each, "a");
    const event = new KeyboardEvent("keydown", { key: "a", ctrlKey: true, bubbles: true });
    button("A").dispatchEvent(event);
    set({ choices: [], live: true });
    press(button("Stop all"), "a");
    expect(sent).toEqual([]);
  });

  it("asks for the differences of two columns, and of others at once", () => {
    const { button, parent, sent, set } = comparison({
      ...{ columns: [column("A"), column("B"), column("C")], comparable: true },
    });
    button("Show differences").click();
    expect(sent).toEqual([{ type: "differences", first: "A", second: "B" }]);
    set({ differences: { first: "A", second: "B", names: ["a", "b"], summary: "same", pieces: [] } });
    const [, second] = parent.querySelectorAll("select");
    (second as HTMLSelectElement).value = "C";
    second?.dispatchEvent(new Event("change"));
    expect(sent.at(-1)).toEqual({ type: "differences", first: "A", second: "C" });
    button("Hide differences").click();
    expect(sent.at(-1)).toEqual({ type: "differences" });
  });

  it("widens a column by a button that tells so", () => {
    const { parent } = comparison();
    const widen = parent.querySelector(".nbstream-widen") as HTMLButtonElement;
    widen.click();
    expect(widen.getAttribute("aria-pressed")).toBe("true");
    expect(parent.querySelector(".nbstream-column")?.hasAttribute("data-wide")).toBe(true);
  });
});
