import { describe, expect, it } from "vitest";
import type { Op, Patch } from "../src/protocol";
import { adopt, apply, emptyDocument, emptyReply, htmlOf, opsOf, receive } from "../src/state";
import { fixtures, keyframeOf } from "./fixtures";

it("has the kernel's fixtures", () => {
  expect(fixtures.length).toBeGreaterThan(0);
});

describe.each(fixtures)("$name", ({ frames }) => {
  it("has the kernel's HTML after each frame", () => {
    const document = emptyDocument();
    for (const { ops, html } of frames) {
      apply(document, ops);
      expect(htmlOf(document)).toBe(html);
    }
  });

  it("can be written from nothing after each frame", () => {
    const document = emptyDocument();
    for (const { ops, html } of frames) {
      apply(document, ops);
      const copy = emptyDocument();
      apply(copy, opsOf(document));
      expect(copy).toEqual(document);
      expect(htmlOf(copy)).toBe(html);
    }
  });
});

describe("apply", () => {
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
    apply(document, ops);
    expect(htmlOf(document)).toBe(html);
  });

  it("refuses to close what is not open", () => {
    expect(() => apply(emptyDocument(), [["close"]])).toThrow("more groups than are open");
  });
});

describe("receive", () => {
  const patch = (seq: number): Patch => ({ type: "patch", seq, answer: [["add", `<p>${seq}</p>`]] });

  it("applies a frame once, and none before its predecessor", () => {
    const state = emptyReply();
    adopt(state, keyframeOf(0));
    expect(receive(state, patch(2))).toBe("gap");
    expect(receive(state, patch(1))).toBe("applied");
    expect(receive(state, patch(1))).toBe("old");
    expect(receive(state, patch(2))).toBe("applied");
    expect(htmlOf(state.answer)).toBe("<p>1</p><p>2</p>");
  });

  it("keeps the meta of a frame that has none", () => {
    const state = emptyReply();
    adopt(state, keyframeOf(0, "", { label: "Waiting" }));
    receive(state, patch(1));
    expect(state.meta.label).toBe("Waiting");
  });
});

describe("adopt", () => {
  it("takes only what is newer", () => {
    const state = emptyReply();
    expect(adopt(state, keyframeOf(0, "<p>0</p>"))).toBe(true);
    expect(adopt(state, keyframeOf(0, "<p>other</p>"))).toBe(false);
    expect(adopt(state, keyframeOf(3, "<p>3</p>"))).toBe(true);
    expect(htmlOf(state.answer)).toBe("<p>3</p>");
  });

  it("leaves the keyframe as it was, because it belongs to the model", () => {
    const state = emptyReply();
    const keyframe = keyframeOf(0, "<p>0</p>");
    adopt(state, keyframe);
    receive(state, { type: "patch", seq: 1, answer: [["add", "<p>1</p>"]] });
    expect(htmlOf(keyframe.answer)).toBe("<p>0</p>");
  });
});
