import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from "vitest";
import { PageServices } from "../src/page_services";
import { FakeNotebook, notebookPanel } from "./fixtures";

const SETTLED =
  '<div class="nbstream nbstream-settled"><div class="nbstream-thought"><details><summary>Thought</summary></details></div>' +
  '<div class="nbstream-answer"><div class="nbstream-code"><pre><code>x</code></pre></div></div>' +
  '<div><div class="nbstream-footer">deepseek</div></div></div>';
const OUTPUT = { data: { "text/markdown": "x" }, metadata: { nbstream: { answer: [0, 1] } } };

let page: PageServices;
let notebook: FakeNotebook;
let panel: ReturnType<typeof notebookPanel>;

// All tests share the page and its clock.
beforeAll(() => {
  vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout", "performance"] });
});

afterAll(() => {
  vi.useRealTimers();
});

beforeEach(() => {
  document.body.replaceChildren();
  page = PageServices.get();
  notebook = new FakeNotebook();
  notebook.outputs.set("0:0", OUTPUT);
  panel = notebookPanel(0);
  document.body.append(panel.element);
});

afterEach(async () => {
  document.body.replaceChildren();
  await vi.advanceTimersByTimeAsync(5000);
});

/** Let observers run, and then let `milliseconds` pass. */
async function pass(milliseconds: number): Promise<void> {
  await vi.advanceTimersByTimeAsync(0);
  await vi.advanceTimersByTimeAsync(milliseconds);
}

function buttonNames(): (string | null)[] {
  return [...document.querySelectorAll(".nbstream-tools button")].map((each) => each.getAttribute("aria-label"));
}

it("has one instance for all replies of a page", () => {
  expect(PageServices.get()).toBe(page);
});

describe("a settled reply", () => {
  it("gets none in a transcript that is hidden, until it is shown", async () => {
    panel.output.innerHTML = `<div class="nbstream-transcript">${SETTLED}</div>`;
    const transcript = panel.output.firstElementChild as HTMLElement;
    transcript.checkVisibility = () => !transcript.hidden;
    transcript.hidden = true;
    await pass(1000);
    expect(buttonNames()).toEqual([]);
    transcript.hidden = false;
    panel.output.append(document.createElement("p"));
    await pass(1000);
    expect(buttonNames()).toEqual(["Copy code"]);
  });

  it("has no answer of its own as a turn of a conversation", async () => {
    panel.output.innerHTML = `<div class="nbstream-chat">${SETTLED}</div>`;
    page.addView(panel.output, notebook);
    await pass(1000);
    expect(buttonNames()).toEqual(["Copy code", "Insert as cell"]);
  });

  it("soon gets the buttons that work in its place", async () => {
    panel.output.innerHTML = SETTLED;
    await pass(1000);
    expect(buttonNames()).toEqual(["Copy code"]);
    page.addView(panel.output, notebook);
    await pass(1000);
    expect(buttonNames()).toEqual(["Copy code", "Insert as cell", "Copy answer"]);
  });

  it("gets no button for cells in a read-only notebook", async () => {
    notebook.model.readOnly = true;
    page.addView(panel.output, notebook);
    panel.output.innerHTML = SETTLED;
    await pass(1000);
    expect(buttonNames()).toEqual(["Copy code", "Copy answer"]);
  });

  it("gets its buttons when it is attached again", async () => {
    page.addView(panel.output, notebook);
    panel.output.innerHTML = SETTLED;
    const cell = panel.output.closest(".jp-Cell");
    cell?.remove();
    await pass(1000);
    panel.element.append(cell as Element);
    await pass(1000);
    expect(buttonNames().length).toBe(3);
  });

  it("gets its buttons at once after a live reply, and its reasoning is as open as the reader left it", async () => {
    const view = document.createElement("div");
    panel.output.append(view);
    page.addView(view, notebook);
    await pass(1000);
    page.prepareHandover(view, true);
    view.remove();
    page.removeView(view);
    await pass(0);
    panel.output.innerHTML = SETTLED;
    await pass(0);
    expect(buttonNames().length).toBe(3);
    expect(document.querySelector("details")?.open).toBe(true);
  });

  it("is not opened if it is another reply", async () => {
    const view = document.createElement("div");
    panel.output.append(view);
    page.prepareHandover(view, true);
    view.remove();
    page.removeView(view);
    document.body.insertAdjacentHTML("beforeend", SETTLED);
    await pass(1000);
    expect(document.querySelector("details")?.open).toBe(false);
  });
});

it("does not scan for what a widget writes into a part of its own", async () => {
  panel.output.innerHTML = `${SETTLED}<div data-nbstream-own></div>`;
  await pass(3000);
  const scans = vi.spyOn(page.notebooks, "canInsertCells");
  panel.output.lastElementChild?.append(document.createElement("p"));
  await pass(1000);
  expect(scans).not.toHaveBeenCalled();
  panel.output.append(document.createElement("p"));
  await pass(1000);
  expect(scans).toHaveBeenCalled();
});

it("scans at most twice a second while the page changes all the time", async () => {
  await pass(3000);
  const scans = vi.spyOn(page.notebooks, "canInsertCells");
  panel.output.innerHTML = SETTLED;
  for (let frame = 0; frame < 60; frame += 1) {
    panel.output.append(document.createElement("p"));
    await pass(33);
  }
  expect(scans.mock.calls.length).toBeLessThanOrEqual(5);
  expect(scans.mock.calls.length).toBeGreaterThanOrEqual(3);
});

describe("a key", () => {
  function isKeptFromNotebook(selector: string, key: string, options: KeyboardEventInit = {}): boolean {
    document.body.innerHTML =
      '<div class="nbstream"><details><summary>a</summary></details><button>b</button><p><a href="#">c</a></p>' +
      '<div class="nbstream-thoughts"></div><textarea></textarea><div role="region" tabindex="0"><pre></pre></div>' +
      '</div><button class="other">d</button>';
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

  it.each<[string, string, KeyboardEventInit?]>([
    [".nbstream button", "Enter"],
    [".nbstream button", " "],
    ["summary", "Enter"],
    ["a", "Enter"],
    [".nbstream-thoughts", "ArrowDown"],
    ["[role=region]", "ArrowRight"],
    ["pre", "ArrowUp"],
    ["textarea", "Enter"],
    ["textarea", "d"],
    ["textarea", "Enter", { ctrlKey: true }],
    ["textarea", "Enter", { shiftKey: true }],
  ])("of %s is kept from the notebook: %s %o", (selector, key, options = {}) => {
    expect(isKeptFromNotebook(selector, key, options)).toBe(true);
  });

  it.each([
    [".nbstream button", "j", {}],
    [".nbstream button", "Enter", { ctrlKey: true }],
    [".nbstream p", "Enter", {}],
    [".other", "Enter", {}],
    ["textarea", "Escape", {}],
    ["textarea", "Tab", {}],
    ["textarea", "s", { ctrlKey: true }],
  ])("reaches the notebook from %s: %s %o", (selector, key, options) => {
    expect(isKeptFromNotebook(selector, key, options)).toBe(false);
  });
});
