import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { Decisions, FIRST_PAUSE, PATIENCE } from "../src/decisions";
import { BY_INPUT, type Card, type PageMessage } from "../src/protocol";
import { cardOf } from "./fixtures";

let sent: PageMessage[];
let replies: ((decider: string) => void)[];
let notices: string[];
let isLive: boolean;
let isStopping: boolean;
let decisions: Decisions;

beforeEach(() => {
  vi.useFakeTimers();
  [sent, replies, notices, isLive, isStopping] = [[], [], [], true, false];
  decisions = new Decisions({
    pageId: "here",
    isLive: () => isLive,
    isStopping: () => isStopping,
    send: (message, onReply) => {
      sent.push(message);
      replies.push(onReply);
    },
    notify: (text) => notices.push(text),
    onChange: () => {},
  });
});

afterEach(() => {
  decisions.dispose();
  expect(vi.getTimerCount()).toBe(0);
  vi.useRealTimers();
});

const asking = (fields: Partial<Card> = {}): Card => cardOf({ state: "asking", asked: 1, ...fields });
const phase = (key = "0.0"): string | undefined => decisions.of(key)?.phase;

describe("a question", () => {
  it("is reported once, however often it is drawn", () => {
    decisions.update([asking(), cardOf({ key: "0.1", state: "running" })]);
    decisions.update([asking()]);
    expect(sent).toEqual([{ type: "asked", call: "0.0" }]);
  });
});

describe("a decision", () => {
  it("is sent again and again until the kernel has taken it", () => {
    decisions.decide(asking(), { action: "deny", reason: "no" });
    expect(sent).toEqual([{ type: "decide", call: "0.0", asked: 1, action: "deny", reason: "no" }]);
    vi.advanceTimersByTime(FIRST_PAUSE);
    vi.advanceTimersByTime(2 * FIRST_PAUSE);
    expect([sent.length, phase()]).toEqual([3, "sent"]);
    vi.advanceTimersByTime(PATIENCE);
    expect(phase()).toBe("unanswered");
    replies.at(-1)?.("here");
    expect(phase()).toBe("taken");
    const { length } = sent;
    vi.advanceTimersByTime(60_000);
    expect([sent.length, notices]).toEqual([length, []]);
  });

  it("ends with the question, where the kernel has no control channel", () => {
    decisions.decide(asking(), { action: "allow" });
    decisions.update([asking({ state: "running", decider: "here" })]);
    vi.advanceTimersByTime(60_000);
    expect([sent.length, phase(), notices]).toEqual([1, undefined, []]);
  });

  it("ends without a word if its step has passed before the page has seen more", () => {
    decisions.decide(asking(), { action: "allow" });
    decisions.update([]);
    expect([phase(), notices]).toEqual([undefined, []]);
  });

  it("is made once", () => {
    decisions.decide(asking(), { action: "allow" });
    decisions.decide(asking(), { action: "deny" });
    expect(sent.map(({ action }) => action)).toEqual(["allow"]);
  });

  it("is not made while the reply is being stopped, or after its end", () => {
    isStopping = true;
    decisions.decide(asking(), { action: "allow" });
    [isStopping, isLive] = [false, false];
    decisions.decide(asking(), { action: "allow" });
    expect(sent).toEqual([]);
  });
});

describe("a decision without effect is reported", () => {
  beforeEach(() => decisions.decide(asking(), { action: "allow" }));

  afterEach(() => {
    expect(notices).toHaveLength(1);
    expect(notices[0]).toMatch(/your decision has changed nothing/);
    expect(phase()).toBe(undefined);
  });

  it("if another page was first, as the control reply says", () => {
    replies[0]?.("there");
    replies[0]?.("there");
  });

  it("if another page was first, as the card says", () => {
    decisions.update([asking({ state: "denied", decider: "there" })]);
    replies[0]?.("there");
  });

  it("if the question was closed", () => replies[0]?.(""));

  it("if the reply ended first", () => {
    isLive = false;
    decisions.update([asking()]);
  });

  it("if the reply was stopped first", () => decisions.update([asking({ state: "stopped" })]));
});

it("tells where the kernel asks, if the page was slow", () => {
  decisions.decide(asking(), { action: "allow" });
  replies[0]?.(BY_INPUT);
  expect([phase(), notices.length]).toEqual([undefined, 1]);
  expect(notices[0]).toMatch(/answer there/);
});

describe("a question that is asked again", () => {
  it("takes another decision, because the arguments did not fit", () => {
    decisions.decide(asking(), { action: "allow", edited: "{}" });
    replies[0]?.("here");
    decisions.update([asking({ asked: 2, decider: "here" })]);
    expect([phase(), notices]).toEqual([undefined, []]);
    decisions.decide(asking({ asked: 2 }), { action: "deny" });
    expect(sent.at(-1)).toMatchObject({ asked: 2, action: "deny" });
  });
});
