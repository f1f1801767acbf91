import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from "vitest";
import { Page } from "../src/page";
import { FakeNotebook, notebookPanel } from "./fixtures";

const SETTLED =
  '<div class="nbstream nbstream-settled"><details><summary>Thought</summary></details>' +
  '<div class="nbstream-answer"><div class="nbstream-code"><pre><code>x</code></pre></div></div>' +
  '<p class="nbstream-footer">deepseek</p></div>';
const OUTPUT = { data: { "text/markdown": "x" }, metadata: { nbstream: { answer: [0, 1] } } };

let page: Page;
let notebook: FakeNotebook;
let panel: ReturnType<typeof notebookPanel>;

// The page is one for all tests, and so is its clock.
beforeAll(() => {
  vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout", "performance"] });
});

afterAll(() => {
  vi.useRealTimers();
});

beforeEach(() => {
  document.body.replaceChildren();
  page = Page.get();
  notebook = new FakeNotebook();
  notebook.outputs.set("0:0", OUTPUT);
  panel = notebookPanel(0);
  document.body.append(panel.element);
});

afterEach(async () => {
  document.body.replaceChildren();
  await vi.advanceTimersByTimeAsync(5000);
});

/** Let observers see what happened, and then let `milliseconds` pass. */
async function pass(milliseconds: number): Promise<void> {
  await vi.advanceTimersByTimeAsync(0);
  await vi.advanceTimersByTimeAsync(milliseconds);
}

function names(): (string | null)[] {
  return [...document.querySelectorAll(".nbstream-tools button")].map((each) => each.getAttribute("aria-label"));
}

it("is one for all replies of a page", () => {
  expect(Page.get()).toBe(page);
});

describe("a settled reply", () => {
  it("gets the buttons that work where it stands, soon", async () => {
    panel.output.innerHTML = SETTLED;
    await pass(1000);
    expect(names()).toEqual(["Copy code"]);
    page.arrive(panel.output, notebook);
    await pass(1000);
    expect(names()).toEqual(["Copy code", "Insert as cell", "Copy answer"]);
  });

  it("gets none for cells in a notebook that must not be written to", async () => {
    notebook.model.readOnly = true;
    page.arrive(panel.output, notebook);
    panel.output.innerHTML = SETTLED;
    await pass(1000);
    expect(names()).toEqual(["Copy code", "Copy answer"]);
  });

  it("gets them when it is put back", async () => {
    page.arrive(panel.output, notebook);
    panel.output.innerHTML = SETTLED;
    const cell = panel.output.closest(".jp-Cell");
    cell?.remove();
    await pass(1000);
    panel.element.append(cell as Element);
    await pass(1000);
    expect(names().length).toBe(3);
  });

  it("gets them at once where a live one has ended, and is opened as the reader had it", async () => {
    const view = document.createElement("div");
    panel.output.append(view);
    page.arrive(view, notebook);
    await pass(1000);
    page.end(view, true);
    view.remove();
    page.leave(view);
    await pass(0);
    panel.output.innerHTML = SETTLED;
    await pass(0);
    expect(names().length).toBe(3);
    expect(document.querySelector("details")?.open).toBe(true);
  });

  it("is not opened when it is another one", async () => {
    const view = document.createElement("div");
    panel.output.append(view);
    page.end(view, true);
    view.remove();
    page.leave(view);
    document.body.insertAdjacentHTML("beforeend", SETTLED);
    await pass(1000);
    expect(document.querySelector("details")?.open).toBe(false);
  });
});

it("looks at most twice a second while the page changes all the time", async () => {
  await pass(3000);
  const scans = vi.spyOn(page.notebooks, "takesCells");
  panel.output.innerHTML = SETTLED;
  for (let frame = 0; frame < 60; frame += 1) {
    panel.output.append(document.createElement("p"));
    await pass(33);
  }
  expect(scans.mock.calls.length).toBeLessThanOrEqual(5);
  expect(scans.mock.calls.length).toBeGreaterThanOrEqual(3);
});

describe("a key", () => {
  function taken(selector: string, key: string, options: KeyboardEventInit = {}): boolean {
    document.body.innerHTML =
      '<div class="nbstream"><details><summary>a</summary></details><button>b</button><p><a href="#">c</a></p>' +
      '<div class="nbstream-thoughts"></div></div><button class="other">d</button>';
    let reached = false;
    document.addEventListener(
      "keydown",
      () => {
        reached = true;
      },
      { once: true, capture: true },
    );
    document.querySelector(selector)?.dispatchEvent(new KeyboardEvent("keydown", { key, bubbles: true, ...options }));
    return !reached;
  }

  it.each([
    [".nbstream button", "Enter"],
    [".nbstream button", " "],
    ["summary", "Enter"],
    ["a", "Enter"],
    [".nbstream-thoughts", "ArrowDown"],
  ])("of %s is kept from the notebook: %s", (selector, key) => {
    expect(taken(selector, key)).toBe(true);
  });

  it.each([
    [".nbstream button", "j", {}],
    [".nbstream button", "Enter", { ctrlKey: true }],
    [".nbstream p", "Enter", {}],
    [".other", "Enter", {}],
  ])("is the notebook's in %s: %s %o", (selector, key, options) => {
    expect(taken(selector, key, options)).toBe(false);
  });
});
