import { afterEach, describe, expect, it, vi } from "vitest";
import { typesetInSlices, typesetterOf } from "../src/formula_slices";

const MARKED = ".mathjax_process";

afterEach(() => {
  document.body.replaceChildren();
});

function reply(formulas: number): HTMLElement {
  const root = document.createElement("div");
  root.innerHTML = Array.from(
    { length: formulas },
    (_, at) =>
      `<p><span class="nbstream-math mathjax_process tex2jax_process" data-at="${at}">\\(x_{${at}}\\)</span></p>`,
  ).join("");
  document.body.append(root);
  return root;
}

/** A stand-in for MathJax: it replaces the TeX of the marked formulas. */
class MathJax {
  readonly slices: number[][] = [];

  typeset(root: HTMLElement): Promise<void> {
    const found = [...root.querySelectorAll<HTMLElement>(MARKED)].filter((each) => each.textContent?.includes("\\("));
    for (const each of found) each.textContent = "typeset";
    this.slices.push(found.map((each) => Number(each.dataset.at)));
    return Promise.resolve();
  }
}

/** As JupyterLab: typeset what is marked in the output that has just been added. */
function added(root: HTMLElement, mathJax = new MathJax()): MathJax {
  typesetInSlices(root, mathJax);
  void mathJax.typeset(root);
  return mathJax;
}

describe("the formulas of a long reply", () => {
  it("are all typeset, each once, in several tasks", async () => {
    const root = reply(100);
    const { slices } = added(root);
    expect(slices.flat().length).toBeLessThan(50);
    await vi.waitFor(() => expect(slices.flat().length).toBe(100));
    expect(new Set(slices.flat()).size).toBe(100);
    expect(Math.max(...slices.map((each) => each.length))).toBeLessThan(50);
    expect(root.querySelectorAll(MARKED).length).toBe(100);
  });

  it("are typeset first where the reader is", () => {
    const root = reply(100);
    for (const formula of root.querySelectorAll<HTMLElement>(MARKED)) {
      const top = 40 * (Number(formula.dataset.at) - 70);
      formula.getBoundingClientRect = () => new DOMRect(0, top, 10, 10);
    }
    const { slices } = added(root);
    expect(slices[0]).toContain(70);
    expect(slices[0]).not.toContain(0);
  });

  it("are left to JupyterLab if the output was taken out of the page", async () => {
    const root = reply(100);
    const { slices } = added(root);
    root.remove();
    await vi.waitFor(() => expect(root.querySelectorAll(MARKED).length).toBe(100));
    expect(slices.length).toBe(1);
  });

  it("are typeset at once if they are few", () => {
    const { slices } = added(reply(10));
    expect(slices).toEqual([[0, 1, 2, 3, 4, 5, 6, 7, 8, 9]]);
  });
});

it("finds the typesetter of the page, if it has one", () => {
  const latexTypesetter = new MathJax();
  expect(typesetterOf({ widget_manager: { rendermime: { latexTypesetter } } })).toBe(latexTypesetter);
  expect(typesetterOf({ widget_manager: { rendermime: { latexTypesetter: null } } })).toBeUndefined();
  expect(typesetterOf({})).toBeUndefined();
});
