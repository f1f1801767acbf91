import { describe, expect, it } from "vitest";
import { opsOf } from "../src/operations";
import type { Keyframe, Op, Patch } from "../src/protocol";
import { applyOps, applyPatch } from "../src/state";
import { emptyDocument, fixtures, htmlOf, keyframeOf, patches } from "./fixtures";

it("has the kernel's fixtures", () => {
  expect(fixtures.length).toBeGreaterThan(0);
});

describe.each(fixtures)("$name", ({ frames }) => {
  it("has the kernel's HTML after each frame", () => {
    const document = emptyDocument();
    for (const { ops, html } of frames) {
      applyOps(document, ops);
      expect(htmlOf(document)).toBe(html);
    }
  });

  it("can be written from nothing after each frame", () => {
    const document = emptyDocument();
    for (const { ops, html } of frames) {
      applyOps(document, ops);
      const copy = emptyDocument();
      applyOps(copy, opsOf(document));
      expect(copy).toEqual(document);
      expect(htmlOf(copy)).toBe(html);
    }
  });
});

describe("applyOps", () => {
  const cases: [string, Op[], string][] = [
    [
      "adds to the innermost group",
      [
        ["open", "<ul>", "</ul>"],
        ["add", "<li>a</li>"],
      ],
      "<ul><li>a</li></ul>",
    ],
    [
      "puts the tail into the innermost group",
      [
        ["open", "<ul>", "</ul>"],
        ["tail", 0, "<li>a</li>"],
      ],
      "<ul><li>a</li></ul>",
    ],
    ["keeps a closed group", [["open", "<ul>", "</ul>"], ["close"], ["add", "<hr>"]], "<ul></ul><hr>"],
    [
      "replaces a group",
      [
        ["add", "<p>a</p>"],
        ["open", "<pre>", "</pre>"],
        ["add", "x"],
        ["redo", "<p>b</p>"],
      ],
      "<p>a</p><p>b</p>",
    ],
    [
      "counts UTF-16 units",
      [
        ["tail", 0, "😀é"],
        ["tail", 2, "!"],
      ],
      "😀!",
    ],
    [
      "forgets all at a reset",
      [
        ["open", "<ul>", "</ul>"],
        ["tail", 0, "x"],
        ["reset", "<p>a</p>"],
      ],
      "<p>a</p>",
    ],
  ];

  it.each(cases)("%s", (_, ops, html) => {
    const document = emptyDocument();
    applyOps(document, ops);
    expect(htmlOf(document)).toBe(html);
  });

  it("refuses to end a group if none is open", () => {
    expect(() => applyOps(emptyDocument(), [["close"]])).toThrow("a message ends a group, but none is open");
  });
});

describe("applyPatch", () => {
  const patch = (seq: number): Patch => ({ seq, answer: [["add", `<p>${seq}</p>`]] });

  it("applies a frame once, and none before its predecessor", () => {
    const state = keyframeOf(0);
    expect(applyPatch(state, patch(2))).toBe("gap");
    expect(applyPatch(state, patch(1))).toBe("applied");
    expect(applyPatch(state, patch(1))).toBe("old");
    expect(applyPatch(state, patch(2))).toBe("applied");
    expect(htmlOf(state.answer)).toBe("<p>1</p><p>2</p>");
  });

  it("keeps the meta if a frame has none", () => {
    const state = keyframeOf(0, "", { label: "Waiting" });
    applyPatch(state, patch(1));
    expect(state.meta.label).toBe("Waiting");
  });
});

describe("a reply with tool calls", () => {
  it("is as the kernel has it after each patch", () => {
    const [first, ...others] = patches;
    const state = structuredClone(first?.keyframe) as Keyframe;
    expect(others.length).toBeGreaterThan(5);
    for (const { patch, keyframe } of others) {
      const meta = patch?.meta ?? state.meta;
      expect(applyPatch(state, patch as Patch)).toBe("applied");
      expect(state).toEqual({ ...keyframe, meta });
    }
  });
});
