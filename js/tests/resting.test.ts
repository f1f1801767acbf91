import { describe, expect, it } from "vitest";
import { Resting } from "../src/resting";

/** A text of paragraphs, whose places are as given: jsdom lays nothing out. */
function text(count: number): HTMLElement {
  const root = document.createElement("div");
  for (let number = 0; number < count; number += 1) root.append(document.createElement("p"));
  return root;
}

function resting(root: HTMLElement): boolean[] {
  return [...root.children].map((block) => block.classList.contains("nbstream-resting"));
}

describe("Resting", () => {
  it("lays down all but the last two blocks, and goes on where it was", () => {
    const root = text(4);
    const rest = new Resting(root);
    rest.layDown();
    expect(resting(root)).toEqual([true, true, false, false]);
    root.append(document.createElement("p"));
    rest.layDown();
    expect(resting(root)).toEqual([true, true, true, false, false]);
  });

  it("leaves a short text alone", () => {
    for (const count of [0, 1, 2]) {
      const root = text(count);
      new Resting(root).layDown();
      expect(resting(root)).not.toContain(true);
    }
  });

  it("does not let a block rest that would move what is below it", () => {
    const root = text(4);
    const [first, second] = root.children as unknown as HTMLElement[];
    if (first === undefined || second === undefined) throw new Error("no blocks");
    second.getBoundingClientRect = () => new DOMRect(0, first.classList.contains("nbstream-resting") ? 14 : 0, 1, 1);
    new Resting(root).layDown();
    expect(resting(root)).toEqual([false, true, false, false]);
  });

  it("does a little at a time, and begins anew with a text that was written anew", () => {
    const root = text(20);
    const rest = new Resting(root);
    rest.layDown();
    expect(resting(root).filter(Boolean)).toHaveLength(8);
    root.replaceChildren(...text(3).children);
    rest.layDown();
    expect(resting(root)).toEqual([true, false, false]);
  });
});
