import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { equipAnswer, equipCode, listen, type Surroundings } from "../src/controls";
import { LiveDocument } from "../src/document";
import { Images } from "../src/images";
import { Notebooks } from "../src/notebook";
import { FakeNotebook, notebookPanel } from "./fixtures";

const BLOCK = '<div class="nbstream-code highlight"><pre><code>x = 1\n</code></pre></div>';
const NAMED =
  '<div class="nbstream-code highlight"><span class="nbstream-language">py</span><pre><code>y</code></pre></div>';
const IMAGE = '<a class="nbstream-image" href="https://a.example/cat.png">Image from a.example not loaded: a cat</a>';

let root: HTMLElement;
let around: Surroundings & { readonly said: string[] };
let written: string[];

beforeEach(() => {
  vi.useFakeTimers();
  written = [];
  vi.stubGlobal("navigator", { clipboard: { writeText: async (text: string) => void written.push(text) } });
  const said: string[] = [];
  around = { notebooks: new Notebooks(), images: new Images(), said, say: (words) => void said.push(words) };
  root = document.createElement("div");
  document.body.replaceChildren(root);
});

afterEach(() => {
  vi.useRealTimers();
  vi.unstubAllGlobals();
});

function button(name: string): HTMLButtonElement {
  const found = root.querySelector<HTMLButtonElement>(`button[aria-label="${name}"]`);
  if (found === null) throw new Error(`no button is called ${name} in ${root.innerHTML}`);
  return found;
}

function names(): (string | null)[] {
  return [...root.querySelectorAll("button")].map((each) => each.getAttribute("aria-label"));
}

async function click(name: string): Promise<HTMLButtonElement> {
  const clicked = button(name);
  clicked.click();
  await vi.advanceTimersByTimeAsync(0);
  return clicked;
}

describe("a block of code", () => {
  it("has its buttons before the code and after the language, once", () => {
    root.innerHTML = NAMED;
    equipCode(root, true);
    equipCode(root, true);
    expect(names()).toEqual(["Copy code", "Insert as cell"]);
    expect([...(root.firstElementChild?.children ?? [])].map((each) => each.className || each.tagName)).toEqual([
      "nbstream-language",
      "nbstream-tools",
      "PRE",
    ]);
  });

  it("has none for cells where there are no cells", () => {
    root.innerHTML = BLOCK;
    equipCode(root, false);
    expect(names()).toEqual(["Copy code"]);
  });

  it("is copied without its last line's end, and says so for a moment", async () => {
    root.innerHTML = BLOCK;
    equipCode(root, false);
    listen(root, around);
    const copy = await click("Copy code");
    expect(written).toEqual(["x = 1"]);
    expect([copy.textContent, copy.getAttribute("aria-label"), around.said]).toEqual(["Copied", "Copied", ["Copied"]]);
    vi.advanceTimersByTime(2000);
    expect([copy.textContent, copy.getAttribute("aria-label")]).toEqual(["Copy", "Copy code"]);
  });

  it("is copied by way of a selection where there is no clipboard, and else says that it is not", async () => {
    vi.stubGlobal("navigator", {});
    const selected: (string | undefined)[] = [];
    let works = true;
    document.execCommand = () => {
      selected.push(getSelection()?.toString());
      return works;
    };
    root.innerHTML = BLOCK;
    equipCode(root, false);
    listen(root, around);
    button("Copy code").focus();
    await click("Copy code");
    expect(selected).toEqual(["x = 1"]);
    expect([document.activeElement, document.body.lastElementChild]).toEqual([button("Copied"), root]);
    vi.advanceTimersByTime(2000);
    works = false;
    expect((await click("Copy code")).textContent).toBe("Could not copy");
  });

  it("is inserted below its own cell", async () => {
    const notebook = new FakeNotebook();
    const panel = notebookPanel(3);
    document.body.replaceChildren(panel.element);
    panel.output.append(root);
    around.notebooks.learn(root, notebook);
    root.innerHTML = BLOCK;
    equipCode(root, around.notebooks.takesCells(root));
    listen(root, around);
    await click("Insert as cell");
    expect(notebook.inserted).toEqual([[4, { cell_type: "code", source: "x = 1", metadata: {} }]]);
    expect(around.said).toEqual(["Inserted below"]);
  });

  it("says that it could not be inserted when its cell has gone", async () => {
    root.innerHTML = BLOCK;
    equipCode(root, true);
    listen(root, around);
    expect((await click("Insert as cell")).textContent).toBe("Could not insert");
  });
});

describe("buttons in a document that grows", () => {
  let live: LiveDocument;

  beforeEach(() => {
    live = new LiveDocument(root, (content) => {
      equipCode(content, true);
      around.images.restore(content);
    });
    listen(root, around);
  });

  it("stand in a group as in a tail, and stay when the tail is patched and the group is done again", async () => {
    live.draw([["tail", 0, BLOCK]]);
    const copy = await click("Copy code");
    live.draw([
      ["open", '<div class="nbstream-code highlight"><pre><code>', "</code></pre></div>"],
      ["add", "x = 1\n"],
      ["tail", 0, "y"],
    ]);
    expect(root.querySelectorAll(".nbstream-tools").length).toBe(1);
    live.draw([
      ["tail", 0, ""],
      ["redo", BLOCK.replace("x = 1", '<span class="n">x</span> = 1')],
    ]);
    expect(root.querySelectorAll("button")[0]).toBe(copy);
    expect(copy.textContent).toBe("Copied");
    expect(root.querySelector("pre")?.innerHTML).toBe('<code><span class="n">x</span> = 1\n</code>');
  });

  it("leave a selection in the code where it is when the code gets its colours", () => {
    live.draw([
      ["open", '<div class="nbstream-code highlight"><pre><code>', "</code></pre></div>"],
      ["add", "x = 12\n"],
    ]);
    const text = root.querySelector("code")?.firstChild as Text;
    getSelection()?.setBaseAndExtent(text, 2, text, 6);
    live.draw([["redo", BLOCK.replace("x = 1", '<span class="n">x</span> = <span class="m">12</span>')]]);
    expect(getSelection()?.toString()).toBe("= 12");
  });
});

describe("the answer", () => {
  it("is copied from what its kernel wrote, as the model has it at that moment", async () => {
    const notebook = new FakeNotebook();
    const panel = notebookPanel(1);
    document.body.replaceChildren(panel.element);
    panel.output.append(root);
    around.notebooks.learn(root, notebook);
    const answer = {
      data: { "text/markdown": ["> 🚀\n", "\n", "*It* is 😀.\n", "\n", "end"] },
      metadata: { nbstream: { answer: [6, 17] } },
    };
    notebook.outputs.set("1:0", answer);
    root.innerHTML = '<p class="nbstream-footer">deepseek</p>';
    equipAnswer(root);
    listen(root, around);
    await click("Copy answer");
    expect(written).toEqual(["*It* is 😀."]);
    expect(button("Copied").closest(".nbstream-footer")).not.toBeNull();
  });

  it.each([
    ["the notebook is not known", undefined],
    ["the output says nothing of an answer", { data: { "text/markdown": "x" }, metadata: {} }],
    ["the output has no Markdown", { data: {}, metadata: { nbstream: { answer: [0, 1] } } }],
  ])("is out of reach where %s", (_, output) => {
    const notebook = new FakeNotebook();
    const panel = notebookPanel(1);
    document.body.replaceChildren(panel.element);
    panel.output.append(root);
    if (output !== undefined) {
      around.notebooks.learn(root, notebook);
      notebook.outputs.set("1:0", output);
    }
    expect(around.notebooks.answerAt(root)).toBeUndefined();
  });
});

describe("an image", () => {
  let link: HTMLAnchorElement;

  beforeEach(() => {
    root.innerHTML = IMAGE;
    link = root.querySelector("a") as HTMLAnchorElement;
    listen(root, around);
  });

  function press(options: MouseEventInit = {}): boolean {
    return link.dispatchEvent(new MouseEvent("click", { bubbles: true, cancelable: true, ...options }));
  }

  it("is put in its place by a click, and does not open", () => {
    expect(press()).toBe(false);
    const image = link.querySelector("img");
    expect([image?.src, image?.alt, image?.referrerPolicy, image?.style.maxWidth]).toEqual([
      "https://a.example/cat.png",
      "a cat",
      "no-referrer",
      "100%",
    ]);
    expect(press()).toBe(true); // a link again
  });

  it.each([{ ctrlKey: true }, { metaKey: true }, { shiftKey: true }, { button: 1 }])("is a link for %o", (options) => {
    expect(press(options)).toBe(true);
    expect(link.querySelector("img")).toBeNull();
  });

  it("is there again wherever it is drawn anew, and no other one is", () => {
    press();
    const template = document.createElement("template");
    template.innerHTML = IMAGE + IMAGE.replace("cat.png", "dog.png");
    around.images.restore(template.content);
    expect([...template.content.querySelectorAll("a")].map((each) => each.querySelector("img")?.alt)).toEqual([
      "a cat",
      undefined,
    ]);
  });

  it("says that it could not be loaded, also where it is drawn anew, and is tried again by a click", () => {
    press();
    link.querySelector("img")?.dispatchEvent(new Event("error"));
    expect(link.textContent).toBe("Image from a.example could not be loaded: a cat");
    root.innerHTML = IMAGE;
    around.images.restore(root);
    link = root.querySelector("a") as HTMLAnchorElement;
    expect(link.textContent).toBe("Image from a.example could not be loaded: a cat");
    press();
    expect(link.querySelector("img")?.alt).toBe("a cat");
  });

  it("without words is called by its host", () => {
    link.textContent = "Image from a.example not loaded";
    press();
    expect(link.querySelector("img")?.alt).toBe("Image from a.example");
    link.querySelector("img")?.dispatchEvent(new Event("error"));
    expect(link.textContent).toBe("Image from a.example could not be loaded");
  });
});
