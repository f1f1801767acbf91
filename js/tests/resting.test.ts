import { describe, expect, it } from "vitest";
import { Resting } from "../src/resting";

/** A text of parts with one block each, which stand where they are said to: jsdom lays nothing out. */
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

/** What was done to each part: closed, resting or nothing. */
function states(root: HTMLElement): string[] {
  return parts(root).map((part) => part.className.replace("nbstream-closed", "closed").replace("nbstream-", ""));
}

function parts(root: HTMLElement): HTMLElement[] {
  return [...root.children] as HTMLElement[];
}

function stand(block: Element | null | undefined, top: () => number): void {
  if (!block) throw new Error("no such block");
  block.getBoundingClientRect = () => new DOMRect(0, top(), 1, 1);
}

function em(part: HTMLElement | undefined, side: "marginTop" | "marginBottom"): number {
  return Number.parseFloat(part?.style[side] || "0");
}

describe("Resting", () => {
  it("closes all but the last part, one in a frame, and lays it down in the next one", () => {
    const root = text(3);
    const rest = new Resting(root);
    const seen = [0, 1, 2, 3].map(() => {
      rest.layDown();
      return states(root);
    });
    expect(seen).toEqual([
      ["closed", "", ""],
      ["closed resting", "closed", ""],
      ["closed resting", "closed resting", ""],
      ["closed resting", "closed resting", ""],
    ]);
    root.append(partOf(document.createElement("p")));
    rest.layDown();
    expect(states(root)).toEqual(["closed resting", "closed resting", "closed", ""]);
  });

  it("leaves a short text alone", () => {
    for (const count of [0, 1]) {
      const root = text(count);
      new Resting(root).layDown();
      expect(states(root).join("")).toBe("");
    }
  });

  it("takes back the margins that a closed part keeps inside", () => {
    const root = text(2);
    const [part, after] = parts(root);
    const closed = (): number => Number(part?.classList.contains("nbstream-closed"));
    stand(part?.firstElementChild, () => 100 + 10 * closed() + 20 * em(part, "marginTop"));
    stand(
      after?.firstElementChild,
      () => 200 + 30 * closed() + 20 * (em(part, "marginTop") + em(part, "marginBottom")),
    );
    const rest = new Resting(root);
    rest.layDown();
    rest.layDown();
    expect([states(root), em(part, "marginTop"), em(part, "marginBottom")]).toEqual([["closed resting", ""], -0.5, -1]);
  });

  it.each([
    ["closed", "what is below", ""],
    ["closed", "its first block", ""],
    ["resting", "what is below", "closed"],
    ["resting", "its first block", "closed"],
  ])("does not have a part %s that would move %s", (state, which, left) => {
    const root = text(3);
    const [part, after] = parts(root);
    const moved = which === "what is below" ? after : part;
    stand(moved?.firstElementChild, () => (part?.classList.contains(`nbstream-${state}`) ? 14 : 0));
    const rest = new Resting(root);
    rest.layDown();
    rest.layDown();
    expect(states(root)).toEqual([left, "closed", ""]);
    if (left === "") expect([part?.style.marginTop, part?.style.marginBottom]).toEqual(["", ""]);
  });

  it("begins anew with a text that was written anew", () => {
    const root = text(5);
    const rest = new Resting(root);
    for (let times = 0; times < 4; times += 1) rest.layDown();
    const [first, ...others] = parts(root);
    if (first) first.style.marginBottom = "-3em";
    for (const part of others) part.remove();
    root.append(partOf(document.createElement("p")));
    rest.layDown();
    expect([states(root), em(first, "marginBottom")]).toEqual([["closed", ""], 0]);
  });
});
