import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { type Page, repeat } from "../src/again";
import { MAX_REPLY_TIMEOUT } from "../src/channel";
import { Notebooks } from "../src/notebook";
import type { ClickAnswer } from "../src/protocol";
import { FakeNotebook, notebookPanel } from "./fixtures";

/**
 * A kernel whose control channel gives these answers in turn, the last one again and again; none:
 * silence.
 */
class AnsweringKernel {
  readonly clicks: { type: string; run_id: string; action: string }[] = [];
  constructor(readonly answers: ClickAnswer[]) {}

  sendControlMessage(message: { content: AnsweringKernel["clicks"][number] }): {
    onReply?: (reply: object) => void;
    done: Promise<unknown>;
  } {
    this.clicks.push(message.content);
    const content = this.answers[Math.min(this.clicks.length, this.answers.length) - 1];
    const future: { onReply?: (reply: object) => void; done: Promise<unknown> } = { done: Promise.resolve() };
    if (content !== undefined) setTimeout(() => future.onReply?.({ content }), 5);
    return future;
  }
}

const OUTPUT = {
  data: { "text/html": "x" },
  metadata: { nbstream: { again: { run: "r", can: ["retry", "continue"] } } },
};

let page: Page;
let notices: string[];
let gone: string[];
let root: HTMLElement;
let notebook: FakeNotebook;

beforeEach(() => {
  vi.useFakeTimers();
  notices = [];
  gone = [];
  page = {
    notebooks: new Notebooks(),
    notify: (text) => void notices.push(text),
    onGone: (run) => void gone.push(run),
  };
  notebook = new FakeNotebook();
  notebook.outputs.set("0:0", OUTPUT);
  const panel = notebookPanel(0);
  document.body.replaceChildren(panel.element);
  panel.output.innerHTML = '<div class="nbstream nbstream-settled"></div>';
  root = panel.output.querySelector(".nbstream-settled") as HTMLElement;
  page.notebooks.register(root, notebook);
});

afterEach(() => vi.useRealTimers());

function use(...answers: ClickAnswer[]): AnsweringKernel {
  const kernel = new AnsweringKernel(answers);
  Object.assign(notebook, { sessionContext: { session: { kernel } } });
  return kernel;
}

async function click(): Promise<boolean> {
  const result = repeat(page, root, "continue");
  await vi.advanceTimersByTimeAsync(MAX_REPLY_TIMEOUT + 100_000);
  return result;
}

it("knows what can be done, in the order of the buttons, where the kernel is within reach", () => {
  expect(page.notebooks.repeatable(root)).toBeUndefined();
  const kernel = use({ known: true });
  expect(page.notebooks.repeatable(root)).toEqual({ kernel, run: "r", actions: ["continue", "retry"] });
  notebook.outputs.set("0:0", { ...OUTPUT, trusted: false } as typeof OUTPUT);
  expect(page.notebooks.repeatable(root)).toBeUndefined();
});

it("asks until it learns which run is in the place of the reply", async () => {
  const kernel = use({ known: true, next: null }, { known: true, next: null }, { known: true, next: "s" });
  setTimeout(() => root.remove(), 400);
  expect(await click()).toBe(true);
  expect(kernel.clicks.length).toBe(3);
  expect(new Set(kernel.clicks.map(({ type, run_id, action }) => `${type} ${run_id} ${action}`))).toEqual(
    new Set(["again r continue"]),
  );
  expect(notices).toEqual([]);
});

it("puts the view into the notebook if no update came, as on a page that was reloaded", async () => {
  use({ known: true, next: "s" });
  const set: unknown[] = [];
  vi.spyOn(page.notebooks, "showWidget").mockImplementation((_, id) => void set.push(id));
  expect(await click()).toBe(true);
  expect(set).toEqual(["s"]);
});

it.each([
  ["with an answer", [{ known: true, next: "s" }]],
  ["without an answer", []],
])("keeps the focus in the notebook if the update comes first, %s", async (_, answers) => {
  use(...answers);
  const cell = root.closest(".jp-Cell") as HTMLElement;
  cell.tabIndex = 0;
  root.append(document.createElement("button"));
  root.querySelector("button")?.focus();
  setTimeout(() => root.remove(), 1);
  expect(await click()).toBe(true);
  expect(document.activeElement).toBe(cell);
  expect(notices).toEqual([]);
  expect(root.closest<HTMLElement>(".jp-OutputArea")?.style.minHeight ?? "").toBe("");
});

it("leaves the focus where the reader put it meanwhile, and at a button that does nothing", async () => {
  use({ known: false });
  const [button, other] = [document.createElement("button"), document.createElement("input")];
  (root.closest(".jp-Cell") as HTMLElement).tabIndex = 0;
  root.append(button);
  document.body.append(other);
  button.focus();
  expect(await click()).toBe(false);
  expect(document.activeElement).toBe(button);
  use({ known: true, next: "s" });
  setTimeout(() => other.focus(), 1);
  setTimeout(() => root.remove(), 2);
  expect(await click()).toBe(true);
  expect(document.activeElement).toBe(other);
});

it.each([
  [[{ known: false }], /run the cell again/, ["r"]],
  [[{ known: true, notice: "The reply is complete." }], /complete/, []],
  [[], /not answered/, []],
])("says what is not possible: %j", async (answers, said, lost) => {
  use(...(answers as ClickAnswer[]));
  expect(await click()).toBe(false);
  expect(notices.length).toBe(1);
  expect(notices[0]).toMatch(said);
  expect(gone).toEqual(lost);
});
