import { describe, expect, it } from "vitest";
import { OffscreenParts } from "../src/offscreen_parts";

/**
 * A text of parts with one block each; the tests set their positions, because jsdom has no layout.
 */
function text(count: number): HTMLElement {
  const root = document.createElement("div");
  for (let number = 0; number < count; number += 1) root.append(partOf(document.createElement("p")));
  document.body.replaceChildren(root);
  return root;
}

function partOf(block: HTMLElement): HTMLElement {
  const part = document.createElement("div");
  part.style.fontSize = "20px";
  part.append(block);
  return part;
}

/** The state of each part: closed, resting or none. */
function states(root: HTMLElement): string[] {
  return parts(root).map((part) => part.className.replace("nbstream-closed", "closed").replace("nbstream-", ""));
}

function parts(root: HTMLElement): HTMLElement[] {
  return [...root.children] as HTMLElement[];
}

function setTop(block: Element | null | undefined, top: () => number): void {
  if (!block) throw new Error("no such block");
  block.getBoundingClientRect = () => new DOMRect(0, top(), 1, 1);
}

function em(part: HTMLElement | undefined, side: "marginTop" | "marginBottom"): number {
  return Number.parseFloat(part?.style[side] || "0");
}

describe("OffscreenParts", () => {
  it("closes all but the last part, one in a frame, and excludes it in the next one", () => {
    const root = text(3);
    const offscreen = new OffscreenParts(root);
    const seen = [0, 1, 2, 3].map(() => {
      offscreen.update();
      return states(root);
    });
    expect(seen).toEqual([
      ["closed", "", ""],
      ["closed resting", "closed", ""],
      ["closed resting", "closed resting", ""],
      ["closed resting", "closed resting", ""],
    ]);
    root.append(partOf(document.createElement("p")));
    offscreen.update();
    expect(states(root)).toEqual(["closed resting", "closed resting", "closed", ""]);
  });

  it("does not change a short text", () => {
    for (const count of [0, 1]) {
      const root = text(count);
      new OffscreenParts(root).update();
      expect(states(root).join("")).toBe("");
    }
  });

  it("compensates for the margins that a closed part contains", () => {
    const root = text(2);
    const [part, after] = parts(root);
    const closed = (): number => Number(part?.classList.contains("nbstream-closed"));
    setTop(part?.firstElementChild, () => 100 + 10 * closed() + 20 * em(part, "marginTop"));
    setTop(
      after?.firstElementChild,
      () => 200 + 30 * closed() + 20 * (em(part, "marginTop") + em(part, "marginBottom")),
    );
    const offscreen = new OffscreenParts(root);
    offscreen.update();
    offscreen.update();
    expect([states(root), em(part, "marginTop"), em(part, "marginBottom")]).toEqual([["closed resting", ""], -0.5, -1]);
  });

  it.each([
    ["closed", "the text below", ""],
    ["closed", "its first block", ""],
    ["resting", "the text below", "closed"],
    ["resting", "its first block", "closed"],
  ])("does not make a part %s if that would move %s", (state, which, left) => {
    const root = text(3);
    const [part, after] = parts(root);
    const moved = which === "the text below" ? after : part;
    setTop(moved?.firstElementChild, () => (part?.classList.contains(`nbstream-${state}`) ? 14 : 0));
    const offscreen = new OffscreenParts(root);
    offscreen.update();
    offscreen.update();
    expect(states(root)).toEqual([left, "closed", ""]);
    if (left === "") expect([part?.style.marginTop, part?.style.marginBottom]).toEqual(["", ""]);
  });

  it("starts again with a text that was replaced", () => {
    const root = text(5);
    const offscreen = new OffscreenParts(root);
    for (let times = 0; times < 4; times += 1) offscreen.update();
    const [first, ...others] = parts(root);
    if (first) first.style.marginBottom = "-3em";
    for (const part of others) part.remove();
    root.append(partOf(document.createElement("p")));
    offscreen.update();
    expect([states(root), em(first, "marginBottom")]).toEqual([["closed", ""], 0]);
  });
});
