import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { Cards, type CardsController } from "../src/cards";
import type { Decision, DecisionPhase } from "../src/decisions";
import { GUARD_TIME } from "../src/guard";
import type { Card, Keyframe } from "../src/protocol";
import { cardOf, keyframeOf, parsed } from "./fixtures";

const QUESTION = { name: "weather", notes: ["It may deceive."], arguments: '{\n  "city": "Paris"\n}' };

let state: Keyframe;
let isLive: boolean;
let decided: [Card, Decision][];
let phases: Map<string, { decision: Decision; phase: DecisionPhase }>;
let cards: Cards;
let clock: number;

beforeEach(() => {
  vi.useFakeTimers();
  [state, isLive, decided, phases, clock] = [keyframeOf(0), true, [], new Map(), 0];
  const began = performance.now();
  const controller: CardsController = {
    state,
    get isLive() {
      return isLive;
    },
    decisionOf: (key) => phases.get(key),
    decide: (card, decision) => decided.push([card, decision]),
    clock: () => clock + (performance.now() - began) / 1000,
  };
  cards = new Cards(document.body, controller, () => {});
});

afterEach(() => {
  cards.remove();
  document.body.replaceChildren();
  vi.useRealTimers();
});

function draw(...drawn: Card[]): void {
  state.cards = drawn;
  cards.draw(false);
}

function ask(fields: Partial<Card> = {}): void {
  draw(cardOf({ state: "asking", asked: 1, question: QUESTION, ...fields }));
  vi.advanceTimersByTime(GUARD_TIME);
}

function button(name: string): HTMLButtonElement {
  const found = [...document.body.querySelectorAll("button")].find((each) => each.textContent === name);
  if (found === undefined) throw new Error(`there is no ${name}`);
  return found;
}

/** What is shown of the questions. */
const shown = (): string[] =>
  [...document.body.querySelectorAll("button")]
    .filter((each) => each.closest("[hidden]") === null)
    .map((each) => each.textContent ?? "");
const field = (): HTMLTextAreaElement => document.body.querySelector("textarea") as HTMLTextAreaElement;
const CHOICES = ["Allow once", "Allow weather for this reply", "Edit…", "Deny…"];

/** Type `text` in the field, and click on the button `name`, after it has stood long enough. */
function fill(text: string, name: string): void {
  field().value = text;
  vi.advanceTimersByTime(GUARD_TIME);
  button(name).click();
}

describe("a card", () => {
  it("stands as it does settled, with the kernel's HTML", () => {
    draw(cardOf({ head: "<div><code>f</code></div>", arguments: "<table><tr><td>a</td></tr></table>" }));
    const [card] = document.body.children;
    const html = [...(card?.children ?? [])].map((slot) => slot.innerHTML).join("");
    expect(html).toBe(parsed("<div><code>f</code></div><table><tbody><tr><td>a</td></tr></tbody></table>"));
    expect(card?.className).toBe("nbstream-card");
  });

  it("counts the seconds of its tool", () => {
    clock = 10.5;
    const head = '<div><span class="nbstream-card-state"> · running</span></div>';
    draw(cardOf({ state: "running", began: 9, head }));
    expect(document.body.textContent).toBe(" · running · 1 s");
    vi.advanceTimersByTime(510);
    expect(document.body.textContent).toBe(" · running · 2 s");
    draw(cardOf({ state: "done", head: head.replace("running", "ran 2.1 s") }));
    expect(document.body.textContent).toBe(" · ran 2.1 s");
  });

  it("keeps what the reader has opened when more is printed", () => {
    const results = (text: string): string => `<details><summary>Printed</summary><pre>${text}</pre></details>`;
    draw(cardOf({ results: results("a") }));
    const details = document.body.querySelector("details") as HTMLDetailsElement;
    details.open = true;
    draw(cardOf({ results: results("ab") }));
    expect([details.isConnected, details.open, details.textContent]).toEqual([true, true, "Printedab"]);
  });

  it("is gone with its step", () => {
    ask();
    draw();
    expect(document.body.childElementCount).toBe(0);
  });
});

describe("a question", () => {
  it("offers four choices, of which none has the focus", () => {
    ask();
    expect(shown()).toEqual(CHOICES);
    expect(document.body.textContent).toContain("It may deceive.");
    expect(document.activeElement).toBe(document.body);
  });

  it("takes no click at once", () => {
    draw(cardOf({ state: "asking", question: QUESTION }));
    button("Allow once").click();
    expect(decided).toEqual([]);
  });

  it.each([
    ["Allow once", { action: "allow" }],
    ["Allow weather for this reply", { action: "allow_all" }],
  ])("is answered by %s", (name, decision) => {
    ask();
    button(name).focus();
    button(name).click();
    expect(decided).toEqual([[state.cards[0], decision]]);
    // Another press of a key does nothing more.
    expect(document.activeElement).toBe(document.body.firstElementChild);
  });

  it("says at once what was decided, and when the kernel does not answer", () => {
    ask();
    phases.set("0.0", { decision: { action: "deny", reason: "too much" }, phase: "sent" });
    draw(...state.cards);
    expect(shown()).toEqual([]);
    expect(document.body.querySelector(".nbstream-decided")?.textContent).toBe("Denied: too much");
    phases.set("0.0", { decision: { action: "allow" }, phase: "unanswered" });
    draw(...state.cards);
    expect(document.body.querySelector(".nbstream-decided")?.textContent).toMatch(/^Allowed once\. The kernel has not/);
  });

  it("is gone with the end of the reply, or of the kernel", () => {
    ask();
    isLive = false;
    draw(...state.cards);
    expect(document.body.querySelector(".nbstream-question")).toBeNull();
  });

  it("cannot be answered while the reply is being stopped", () => {
    ask();
    cards.draw(true);
    button("Allow once").click();
    button("Edit…").click();
    expect([decided, button("Allow once").ariaDisabled]).toEqual([[], "true"]);
    expect(shown()).toEqual(CHOICES);
  });

  it("moves no focus to another question when it is gone", () => {
    const second = cardOf({ key: "0.1", state: "asking", question: QUESTION });
    draw(cardOf({ state: "asking", question: QUESTION }), second);
    button("Allow once").focus();
    draw(cardOf({ state: "running" }), second);
    expect(document.activeElement).toBe(document.body.firstElementChild);
  });

  it("shows names and texts as text", () => {
    ask({ question: { name: "<img src=x>", notes: ["<b>"], arguments: "</textarea><script>" } });
    button("Edit…").click();
    expect(document.body.querySelector("img, b, script")).toBeNull();
    expect(field().value).toBe("</textarea><script>");
    expect(document.body.querySelector("bdi")?.textContent).toBe("<img src=x>");
  });
});

describe("arguments", () => {
  beforeEach(() => {
    ask();
    button("Edit…").click();
  });

  it("are edited as JSON", () => {
    expect(field().value).toBe(QUESTION.arguments);
    expect(document.activeElement).toBe(field());
    fill('{"city": "Bonn"}', "Allow once with these arguments");
    expect(decided.map(([, each]) => each)).toEqual([{ action: "allow", edited: '{"city": "Bonn"}' }]);
  });

  it.each(["{", "", "[1]", "null", "1"])("are not sent as %j", (text) => {
    fill(text, "Allow once with these arguments");
    expect(decided).toEqual([]);
    expect(document.body.querySelector("[role=alert]")?.textContent).toMatch(/JSON/);
    fill("{}", "Allow once with these arguments");
    expect(decided).toHaveLength(1);
  });

  it("stay the model's if they are not changed", () => {
    fill(QUESTION.arguments, "Allow once with these arguments");
    expect(decided.map(([, each]) => each)).toEqual([{ action: "allow" }]);
  });

  it("are kept for another try if they do not fit", () => {
    fill('{"town": 1}', "Allow once with these arguments");
    phases.set("0.0", { decision: { action: "allow" }, phase: "taken" });
    draw(...state.cards);
    expect(shown()).toEqual([]);
    phases.clear();
    draw(cardOf({ state: "asking", asked: 2, question: QUESTION }));
    expect(field().value).toBe('{"town": 1}');
    button("Allow once with these arguments").click();
    expect(decided).toHaveLength(1);
    vi.advanceTimersByTime(GUARD_TIME);
    button("Allow once with these arguments").click();
    expect(decided.map(([card]) => card.asked)).toEqual([1, 2]);
  });

  it.each(["Cancel", "Escape"])("stay as they were after %s, which stops nothing", (how) => {
    const stopped = vi.fn();
    document.body.addEventListener("keydown", (event) => event.defaultPrevented || stopped(), { once: true });
    if (how === "Cancel") fill("{}", "Cancel");
    else field().dispatchEvent(new KeyboardEvent("keydown", { key: how, bubbles: true, cancelable: true }));
    expect([shown(), decided]).toEqual([CHOICES, []]);
    expect(document.activeElement).toBe(button("Edit…"));
    expect(stopped).not.toHaveBeenCalled();
    // What stands there now was not there a moment ago.
    button("Allow once").click();
    expect(decided).toEqual([]);
  });
});

describe("a denial", () => {
  it.each([
    ["  too expensive ", "too expensive"],
    ["", ""],
  ])("has the reason %j", (typed, reason) => {
    ask();
    button("Deny…").click();
    expect(decided).toEqual([]);
    fill(typed, "Deny");
    expect(decided.map(([, each]) => each)).toEqual([{ action: "deny", reason }]);
  });
});
