import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { Axis } from "../src/inspector/axis";
import { LineList, ROW_HEIGHT } from "../src/inspector/line_list";
import type { Source } from "../src/inspector/panel";
import { clock, stretch, tick } from "../src/inspector/panel";
import type { InspectorState, LinesAnswer, Question, StreamAnswer } from "../src/inspector/protocol";
import { StreamPanel } from "../src/inspector/stream";
import { StreamIndex } from "../src/inspector/stream_index";
import { curve, TimePanel } from "../src/inspector/time";
import { level, percent, TokensPanel } from "../src/inspector/tokens";

const PART = 2000;
const HOSTILE = "<img src=x onerror=alert(1)>";

/** The index of `count` lines, one each 10 ms with one character, a silence in the middle. */
function stream(first: number, count: number, total: number): StreamAnswer {
  const numbers = Array.from({ length: Math.min(count, total - first) }, (_, at) => first + at);
  return {
    first,
    total,
    times: numbers.map((line) => (line === 0 ? 0 : line === total / 2 ? 30_000 : 100)),
    kinds: numbers.map((line) => (line < total / 2 ? "r" : "a")).join(""),
    sizes: numbers.map(() => 300),
    grown: numbers.flatMap((line) => (line < total / 2 ? [1, 0] : [0, 1])),
    texts: [
      {
        epoch: 0,
        line: 0,
        reasoning: numbers
          .filter((line) => line < total / 2)
          .map((line) => String(line % 10))
          .join(""),
        answer: numbers
          .filter((line) => line >= total / 2)
          .map((line) => String(line % 10))
          .join(""),
        base: [0, 0],
      },
    ],
    more: first + numbers.length < total,
    gaps:
      first + numbers.length < total
        ? []
        : [[((total / 2 - 1) * 100) / 10_000, ((total / 2 - 1) * 100 + 30_000) / 10_000]],
    note: "",
  };
}

function filled(total: number): StreamIndex {
  const index = new StreamIndex();
  while (index.more) index.add(stream(index.length, PART, total));
  return index;
}

const STATE: InspectorState = {
  version: 1,
  live: false,
  title: "m",
  steps: ["the request"],
  tab: "stream",
  kept: false,
  can_keep: true,
};

function source(answer: (question: Question) => unknown): Source {
  return {
    own: STATE,
    step: 0,
    isWatched: true,
    ask: async <T>(question: Question) => structuredClone(answer(question)) as T | undefined,
  };
}

beforeEach(() => vi.useFakeTimers());
afterEach(() => {
  vi.useRealTimers();
  document.body.replaceChildren();
});

describe("the index of a stream", () => {
  it("knows the texts at every line, and the line at every time", () => {
    const index = filled(10_000);
    expect(index.length).toBe(10_000);
    expect(index.textsAt(4)).toEqual({ reasoning: "01234", answer: "" });
    expect(index.textsAt(5003).answer).toBe("0123");
    expect(index.textsAt(6_999).answer).toHaveLength(2_000);
    expect(index.gapBefore(5_000)).toBeCloseTo(3);
    for (const line of [0, 1, 4_999, 5_000, 9_999]) expect(index.lineAt((index.times[line] ?? 0) + 1e-6)).toBe(line);
    expect(index.lineAt(-1)).toBe(-1);
  });

  it("shows the end of a long text only", () => {
    const { reasoning } = filled(20_000).textsAt(9_999);
    expect(reasoning).toHaveLength(2_001);
    expect(reasoning.startsWith("…")).toBe(true);
  });

  it("keeps what an answer was before it was found to be reasoning", () => {
    const index = new StreamIndex();
    const texts = [
      { epoch: 0, line: 0, reasoning: "", answer: "Hm", base: [0, 0] as [number, number] },
      { epoch: 1, line: 1, reasoning: "Hm", answer: "Yes", base: [2, 0] as [number, number] },
    ];
    const base = { sizes: [1, 1, 1], gaps: [], note: "", more: false, total: 3, first: 0, times: [0, 1, 1] };
    index.add({ ...base, kinds: "ara", grown: [0, 2, 0, 0, 0, 3], texts });
    expect([0, 1, 2].map((line) => index.textsAt(line))).toEqual([
      { reasoning: "", answer: "Hm" },
      { reasoning: "Hm", answer: "" },
      { reasoning: "Hm", answer: "Yes" },
    ]);
  });

  it("takes each part once", () => {
    const index = filled(3_000);
    expect(index.add(stream(0, PART, 3_000))).toBe(0);
    expect(index.length).toBe(3_000);
  });
});

describe("the list of lines", () => {
  function list(total: number): { list: LineList; asked: number[]; chosen: number[] } {
    const asked: number[] = [];
    const chosen: number[] = [];
    const index = filled(total);
    const made = new LineList(
      () => index,
      async (first, count): Promise<LinesAnswer> => {
        asked.push(first);
        return { first, lines: Array.from({ length: count }, (_, at) => [`raw ${first + at} ${HOSTILE}`, "words"]) };
      },
      (line) => {
        chosen.push(line);
        made.select(line);
      },
    );
    Object.defineProperty(made.element, "clientHeight", { value: 12 * ROW_HEIGHT });
    document.body.append(made.element);
    return { list: made, asked, chosen };
  }

  it("has only the lines in sight, and asks only for their text", async () => {
    const { list: made, asked } = list(10_000);
    made.draw();
    await vi.advanceTimersByTimeAsync(50);
    expect(made.element.querySelectorAll('[role="option"]').length).toBeLessThan(30);
    expect(asked).toEqual([0]);
    made.element.scrollTop = 7_000 * ROW_HEIGHT;
    made.draw();
    await vi.advanceTimersByTimeAsync(300);
    const rows = [...made.element.querySelectorAll<HTMLElement>('[role="option"]')];
    expect(rows.length).toBeLessThan(30);
    expect(rows.map((row) => Number(row.dataset.line))).toContain(7_000);
    expect(rows.find((row) => row.dataset.line === "7000")?.textContent).toContain(`raw 7000 ${HOSTILE}`);
    expect(made.element.querySelector("img")).toBeNull();
    expect(asked).toEqual([0, 6_950, 7_000]);
  });

  it("asks for one page at a time, and for few of those that a reader passes", async () => {
    const index = filled(10_000);
    const asked: number[] = [];
    let [underWay, most] = [0, 0];
    const made = new LineList(
      () => index,
      async (first, count): Promise<LinesAnswer> => {
        asked.push(first);
        most = Math.max(most, ++underWay);
        await new Promise((resolve) => setTimeout(resolve, 30));
        underWay -= 1;
        return { first, lines: Array.from({ length: count }, (_, at) => [`raw ${first + at}`, "words"]) };
      },
      () => {},
    );
    Object.defineProperty(made.element, "clientHeight", { value: 12 * ROW_HEIGHT });
    document.body.append(made.element);
    for (let step = 0; step <= 60; step++) {
      made.element.scrollTop = step * 165 * ROW_HEIGHT;
      made.element.dispatchEvent(new Event("scroll"));
      await vi.advanceTimersByTimeAsync(16);
    }
    expect(most).toBe(1);
    expect(asked.length).toBeLessThan(16);
    await vi.advanceTimersByTimeAsync(400);
    const rows = [...made.element.querySelectorAll<HTMLElement>('[role="option"]')];
    expect(rows.length).toBeLessThan(30);
    for (const row of rows) expect(row.textContent).toContain(`raw ${row.dataset.line}`);
    made.remove();
  });

  it("is used by the keyboard", async () => {
    const { list: made, chosen } = list(500);
    made.draw();
    for (const key of ["ArrowDown", "ArrowDown", "PageDown", "ArrowUp", "End", "Home"]) {
      made.element.dispatchEvent(new KeyboardEvent("keydown", { key, bubbles: true, cancelable: true }));
      await vi.advanceTimersByTimeAsync(20);
    }
    expect(chosen).toEqual([0, 1, 12, 11, 499, 0]);
    const active = document.getElementById(made.element.getAttribute("aria-activedescendant") ?? "");
    expect([active?.dataset.line, active?.getAttribute("aria-selected")]).toEqual(["0", "true"]);
  });
});

describe("the tab Stream", () => {
  it("asks for parts until it has all, and replays", async () => {
    const asked: Question[] = [];
    const panel = new StreamPanel(
      source((question) => {
        asked.push(question);
        if (question.type === "stream") return stream(question.first ?? 0, PART, 6_000);
        if (question.type === "line") return { raw: HOSTILE, left_out: 0, meanings: [HOSTILE] };
        return { first: question.first, lines: [] };
      }),
    );
    document.body.append(panel.element);
    await panel.refresh();
    await vi.advanceTimersByTimeAsync(100);
    expect(asked.filter(({ type }) => type === "stream").map(({ first }) => first)).toEqual([0, 2_000, 4_000]);
    const range = panel.element.querySelector<HTMLInputElement>('input[type="range"]');
    expect(range?.max).toBe("5999");
    expect(range?.getAttribute("aria-valuetext")).toBe("line 6,000 of 6,000, 1 min 03 s");
    if (range === null) return;
    range.value = "3002";
    range.dispatchEvent(new Event("input"));
    await vi.advanceTimersByTimeAsync(300);
    expect(panel.element.querySelector(".nbstream-in-replay")?.textContent).toMatch(/9012$/);
    expect(panel.element.querySelector(".nbstream-in-detail pre")?.textContent).toBe(HOSTILE);
    expect(panel.element.querySelector("img")).toBeNull();
    panel.remove();
  });

  it("says of how many lines the chosen one is, also while more arrive", async () => {
    let total = PART;
    const panel = new StreamPanel(
      source(({ type, first }) => {
        if (type === "stream") return stream(first ?? 0, Math.min(PART, total - (first ?? 0)), total);
        return type === "line" ? undefined : { first, lines: [] };
      }),
    );
    document.body.append(panel.element);
    await panel.refresh();
    const range = panel.element.querySelector<HTMLInputElement>('input[type="range"]') as HTMLInputElement;
    range.value = "9";
    range.dispatchEvent(new Event("input"));
    await vi.advanceTimersByTimeAsync(50);
    total = 2 * PART;
    await panel.refresh();
    await vi.advanceTimersByTimeAsync(50);
    const said = panel.element.querySelector(".nbstream-in-place")?.textContent;
    expect(said).toContain(`10/${total.toLocaleString("en")}`);
    expect(range.getAttribute("aria-valuetext")).toContain(`line 10 of ${total.toLocaleString("en")}`);
    panel.remove();
  });

  it("shows one line a frame, however many the pointer passes", async () => {
    const panel = new StreamPanel(
      source(({ type, first }) => (type === "stream" ? stream(first ?? 0, PART, 2_000) : { first, lines: [] })),
    );
    document.body.append(panel.element);
    await panel.refresh();
    await vi.advanceTimersByTimeAsync(50);
    const shows = vi.spyOn(StreamIndex.prototype, "textsAt");
    const range = panel.element.querySelector<HTMLInputElement>('input[type="range"]') as HTMLInputElement;
    for (let line = 100; line < 150; line++) {
      range.value = String(line);
      range.dispatchEvent(new Event("input"));
    }
    await vi.advanceTimersByTimeAsync(20);
    expect(shows.mock.calls).toEqual([[149]]);
    shows.mockRestore();
    panel.remove();
  });

  it("asks for nothing while nobody sees it", async () => {
    let asked = 0;
    const watched = {
      ...source(() => {
        asked += 1;
        return { ...stream(0, 0, 0), gaps: [], more: true };
      }),
      isWatched: true,
    };
    const panel = new StreamPanel(watched);
    document.body.append(panel.element);
    await panel.refresh();
    await vi.advanceTimersByTimeAsync(1_000);
    expect(asked).toBeGreaterThan(3);
    watched.isWatched = false;
    await vi.advanceTimersByTimeAsync(200);
    const before = asked;
    await vi.advanceTimersByTimeAsync(2_000);
    expect(asked).toBe(before);
    panel.remove();
  });

  it("says so where the raw bytes are gone", async () => {
    const gone = {
      ...stream(0, 0, 0),
      gaps: [],
      more: false,
      note: "The raw bytes of this reply are not in this kernel.",
    };
    const panel = new StreamPanel(source(() => gone));
    await panel.refresh();
    expect(panel.element.querySelector<HTMLElement>('[role="listbox"]')?.hidden).toBe(true);
    expect(panel.element.textContent).toContain("not in this kernel");
  });
});

describe("drawings", () => {
  it("have one mark for each column of pixels, and words for who does not see them", () => {
    const axis = new Axis();
    axis.draw(filled(10_000), 600);
    expect(axis.element.querySelectorAll("*").length).toBeLessThan(40);
    expect(axis.element.getAttribute("aria-label")).toBe(
      "10,000 lines in 1 min 43 s. The longest silence: 3.00 s from 50.0 s on.",
    );
    const figure = curve(
      [
        [1, 2, 10, true],
        [2, 3, 30, false],
      ],
      4,
    );
    expect(figure.querySelector("svg")?.getAttribute("aria-label")).toBe(
      "Tokens a second: at most 30, 20 on average, from 1.00 s to 3.00 s.",
    );
  });

  it("have few ticks at round numbers", () => {
    for (const range of [0.013, 1, 7.3, 99, 12_345]) {
      expect(range / tick(range, 6)).toBeLessThanOrEqual(6);
      expect(range / tick(range, 6)).toBeGreaterThan(1);
    }
    expect(tick(0, 6)).toBe(1);
    expect([clock(0.5), clock(12.34), clock(125), stretch(0.0123), stretch(2)]).toEqual([
      "0.50 s",
      "12.3 s",
      "2 min 05 s",
      "12 ms",
      "2.00 s",
    ]);
  });
});

describe("the tab Time", () => {
  it("draws the curve in pixels, so that its numbers have the size of the text", async () => {
    const spans = [{ kind: "answer", name: "answer", start: 0, end: 3 }];
    const rates = [
      [1, 2, 10, false],
      [2, 3, 30, false],
    ];
    const panel = new TimePanel(source(() => ({ spans, curve: rates, facts: [], note: "" })));
    Object.defineProperty(panel.element, "clientWidth", { value: 300 });
    await panel.refresh();
    const drawn = panel.element.querySelector("figure svg");
    expect([drawn?.getAttribute("width"), drawn?.hasAttribute("viewBox")]).toEqual(["300", false]);
  });

  it("keeps the focus and the place of a reader while it is drawn anew", async () => {
    const spans = [{ kind: "answer", name: "answer", start: 0, end: 1 }];
    const panel = new TimePanel(source(() => ({ spans, curve: [], facts: [], note: "" })));
    document.body.append(panel.element);
    await panel.refresh();
    const box = (): HTMLElement => panel.element.querySelector(".nbstream-in-scroll") as HTMLElement;
    const first = box();
    first.scrollLeft = 30;
    first.focus();
    await panel.refresh();
    expect(box()).not.toBe(first);
    expect(document.activeElement).toBe(box());
    expect(box().scrollLeft).toBe(30);
  });
});

describe("the tab Tokens", () => {
  it("tells a probability by level and in words", () => {
    expect([0.95, 0.9, 0.7, 0.5, 0.25, 0.1, null].map(level)).toEqual([0, 0, 1, 2, 3, 4, -1]);
    expect([1, 0.99999, 0.5, 0.0001, 0, null].map(percent)).toEqual([
      "100.0%",
      "> 99.9%",
      "50.0%",
      "< 0.1%",
      "about 0%",
      "not known",
    ]);
  });

  it("shows the alternatives of the token that has the focus", async () => {
    const tokens = [
      { of: "r", text: "Hm", p: 0.3 },
      { of: "a", text: HOSTILE, p: 0.95 },
      { of: "a", text: "\n", p: null },
    ];
    const panel = new TokensPanel(
      source(({ type, place }) =>
        type === "token"
          ? { tokens: [[{ text: `${place} ${HOSTILE}`, p: 0.3, bytes: "48 6d", taken: true }]] }
          : { first: 0, total: 3, version: 0, tokens, summary: [["tokens", "3"]], least: [0], note: "" },
      ),
    );
    document.body.append(panel.element);
    await panel.refresh();
    const drawn = panel.element.querySelectorAll<HTMLElement>(".nbstream-in-tokentext .nbstream-in-token");
    expect([...drawn].map((each) => each.tabIndex)).toEqual([0, -1, -1]);
    drawn[0]?.focus();
    drawn[0]?.dispatchEvent(new KeyboardEvent("keydown", { key: "ArrowRight", bubbles: true, cancelable: true }));
    expect(document.activeElement).toBe(drawn[1]);
    await vi.advanceTimersByTimeAsync(200);
    expect(panel.element.querySelector("tbody td")?.textContent).toBe(`“1 ${HOSTILE}” (taken)`);
    expect([...drawn].map((each) => each.tabIndex)).toEqual([-1, 0, -1]);
    expect(panel.element.querySelector("img")).toBeNull();
    expect(drawn[2]?.textContent).toBe("↵\n");
  });

  it("draws all of them again when an answer was found to be reasoning", async () => {
    let [of, version] = ["a", 0];
    const panel = new TokensPanel(
      source(({ first = 0 }) => ({
        ...{ first, total: 2 + version, version, summary: [], least: [], note: "" },
        tokens: Array.from({ length: 2 + version }, (_, at) => ({ of, text: `${at}`, p: 0.5 })).slice(first),
      })),
    );
    document.body.append(panel.element);
    await panel.refresh();
    [of, version] = ["r", 1];
    await panel.refresh();
    const text = panel.element.querySelector(".nbstream-in-tokentext");
    expect([...(text?.querySelectorAll(".nbstream-in-of") ?? [])].map((each) => each.textContent)).toEqual([
      "Reasoning",
    ]);
    expect(text?.querySelectorAll(".nbstream-in-token")).toHaveLength(3);
  });
});
