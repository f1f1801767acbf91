import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { addCodeButtons, addFooterButtons, type ControlServices, handleClicks } from "../src/controls";
import { LiveDocument } from "../src/document";
import { Images } from "../src/images";
import type { NotebookContext } from "../src/notebook";
import { Notebooks } from "../src/notebook";
import { FakeNotebook, notebookPanel } from "./fixtures";

const BLOCK = '<div class="nbstream-code highlight"><pre><code>x = 1\n</code></pre></div>';
const NAMED =
  '<div class="nbstream-code highlight"><span class="nbstream-language">py</span><pre><code>y</code></pre></div>';
const IMAGE =
  '<a class="nbstream-image" href="https://a.example/cat.png">Image from a.example not loaded: <span class="nbstream-alt">a cat</span></a>';

let root: HTMLElement;
let services: ControlServices & { readonly announced: string[] };
let copied: string[];

beforeEach(() => {
  vi.useFakeTimers();
  copied = [];
  vi.stubGlobal("navigator", { clipboard: { writeText: async (text: string) => void copied.push(text) } });
  const announced: string[] = [];
  const announce = (text: string): void => void announced.push(text);
  services = { notebooks: new Notebooks(), images: new Images(), announced, announce, repeat: async () => false };
  root = document.createElement("div");
  document.body.replaceChildren(root);
});

afterEach(() => {
  vi.useRealTimers();
  vi.unstubAllGlobals();
});

function button(name: string): HTMLButtonElement {
  const found = root.querySelector<HTMLButtonElement>(`button[aria-label="${name}"]`);
  if (found === null) throw new Error(`there is no button ${name} in ${root.innerHTML}`);
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

describe("what a reply is made of", () => {
  const made = { model: "flash" };

  function kept(output: object, readOnly = false): object {
    const notebook = new FakeNotebook();
    notebook.outputs.set("0:0", output);
    notebook.model.readOnly = readOnly;
    const panel = notebookPanel(0);
    document.body.replaceChildren(panel.element);
    panel.output.append(root);
    services.notebooks.register(root, notebook);
    services.notebooks.keepProvenance(root);
    services.notebooks.keepProvenance(root);
    return notebook.metadata;
  }

  it("is copied once into the metadata of its cell", () => {
    expect(kept({ metadata: { nbstream: { provenance: made } } })).toEqual({ "0": [["nbstream", made]] });
  });

  it("stays where nobody asked for it, where others made the file, and where it cannot be changed", () => {
    expect(kept({ metadata: { nbstream: { answer: [0, 1] } } })).toEqual({});
    expect(kept({ metadata: { nbstream: { provenance: made } }, trusted: false })).toEqual({});
    expect(kept({ metadata: { nbstream: { provenance: made } } }, true)).toEqual({});
  });
});

describe("a block of code", () => {
  it("has its buttons before the code and after the language, once", () => {
    root.innerHTML = NAMED;
    addCodeButtons(root, true);
    addCodeButtons(root, true);
    expect(names()).toEqual(["Copy code", "Insert as cell"]);
    expect([...(root.firstElementChild?.children ?? [])].map((each) => each.className || each.tagName)).toEqual([
      "nbstream-language",
      "nbstream-tools",
      "PRE",
    ]);
  });

  it("has no button for cells where none can be inserted", () => {
    root.innerHTML = BLOCK;
    addCodeButtons(root, false);
    expect(names()).toEqual(["Copy code"]);
  });

  it("is copied without the last newline, and its button says so for a moment", async () => {
    root.innerHTML = BLOCK;
    addCodeButtons(root, false);
    handleClicks(root, services);
    const copy = await click("Copy code");
    expect(copied).toEqual(["x = 1"]);
    expect([copy.textContent, copy.getAttribute("aria-label"), services.announced]).toEqual([
      "Copied",
      "Copied",
      ["Copied"],
    ]);
    vi.advanceTimersByTime(2000);
    expect([copy.textContent, copy.getAttribute("aria-label")]).toEqual(["Copy", "Copy code"]);
  });

  it("is copied from a selection where there is no clipboard, and its button says if that fails", async () => {
    vi.stubGlobal("navigator", {});
    const selected: (string | undefined)[] = [];
    let works = true;
    document.execCommand = () => {
      selected.push(getSelection()?.toString());
      return works;
    };
    root.innerHTML = BLOCK;
    addCodeButtons(root, false);
    handleClicks(root, services);
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
    services.notebooks.register(root, notebook);
    root.innerHTML = BLOCK;
    addCodeButtons(root, services.notebooks.canInsertCells(root));
    handleClicks(root, services);
    await click("Insert as cell");
    expect(notebook.inserted).toEqual([[4, { cell_type: "code", source: "x = 1", metadata: {} }]]);
    expect(services.announced).toEqual(["Inserted below"]);
  });

  it("says that it could not be inserted when its cell was removed", async () => {
    root.innerHTML = BLOCK;
    addCodeButtons(root, true);
    handleClicks(root, services);
    expect((await click("Insert as cell")).textContent).toBe("Could not insert");
  });
});

describe("buttons in a document that grows", () => {
  let live: LiveDocument;

  beforeEach(() => {
    live = new LiveDocument(root, (content) => {
      addCodeButtons(content, true);
      services.images.restore(content);
    });
    handleClicks(root, services);
  });

  it("are in a group as in a tail, and stay when the tail is patched and the group is replaced", async () => {
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

  it("keep a selection in the code when the code gets its colours", () => {
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
  it.each([
    ["offsets in the Markdown, in a file of an older version", { answer: [6, 17] }],
    ["offsets in the text that is named", { answer: [5, 16], in: "text/plain" }],
    ["the answer itself", { answer: "*It* is 😀." }],
  ])("is copied from the output that the model has at that moment: %s", async (_, nbstream) => {
    const notebook = new FakeNotebook();
    const panel = notebookPanel(1);
    document.body.replaceChildren(panel.element);
    panel.output.append(root);
    services.notebooks.register(root, notebook);
    const answer = {
      data: {
        "text/markdown": ["> 🚀\n", "\n", "*It* is 😀.\n", "\n", "end"],
        "text/plain": ["1 s\n", "\n", "*It* is 😀.\n", "\n", "end"],
      },
      metadata: { nbstream },
    };
    notebook.outputs.set("1:0", answer);
    root.innerHTML = '<p class="nbstream-footer">deepseek</p>';
    addFooterButtons(root, [], true);
    handleClicks(root, services);
    await click("Copy answer");
    expect(copied).toEqual(["*It* is 😀."]);
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
      services.notebooks.register(root, notebook);
      notebook.outputs.set("1:0", output);
    }
    expect(services.notebooks.answerAt(root)).toBeUndefined();
  });
});

describe("the answer of an output that is shown elsewhere", () => {
  const [MINE, OTHER] = ["nbstream-0123456789", "nbstream-aaaaabbbbb"];

  function output(name: string, answer: string): object {
    const html = `<div class="nbstream nbstream-settled ${name} mathjax_ignore">`;
    return { data: { "text/html": html, "text/plain": "" }, metadata: { nbstream: { answer } } };
  }

  /** A notebook whose second cell has `outputs`, and where a place in its first cell is. */
  function open(...outputs: object[]): Element {
    const area = { length: outputs.length, get: (index: number) => outputs[index] };
    const cells = { length: 2, get: (index: number) => ({ outputs: index === 1 ? area : undefined }) };
    const panel = notebookPanel(1);
    document.body.replaceChildren(panel.element);
    services.notebooks.register(panel.output, { model: { cells } } as NotebookContext);
    return panel.output;
  }

  function shown(name: string, parent: Element): Element {
    const element = document.createElement("div");
    element.className = `nbstream nbstream-settled ${name} mathjax_ignore`;
    parent.append(element);
    return element;
  }

  it("is found by its name, in a linked view as well", () => {
    open({ metadata: {} }, output(OTHER, "other"), output(MINE, "mine"));
    expect(services.notebooks.answerAt(shown(MINE, document.body))).toBe("mine");
    expect(services.notebooks.answerAt(shown("nbstream-fffffeeeee", document.body))).toBeUndefined();
  });

  it("is not that of another output in its place, as within an Output widget", () => {
    const place = open(output(OTHER, "other"));
    const element = shown(MINE, place);
    expect(services.notebooks.answerAt(element)).toBeUndefined();
    services.notebooks.receive(output(MINE, "mine"));
    services.notebooks.receive({ data: { "text/html": "<p>a table</p>" } });
    expect(services.notebooks.answerAt(element)).toBe("mine");
  });

  it("comes with its formulas", () => {
    const html = `<div class="${MINE}"><p><span class="nbstream-math">\\(a &lt; b\\)</span></p></div>`;
    services.notebooks.receive({ data: { "text/html": [html] } });
    expect(services.notebooks.formulasAt(shown(MINE, document.body))).toEqual(["\\(a < b\\)"]);
  });
});

describe("an image", () => {
  let link: HTMLAnchorElement;

  beforeEach(() => {
    root.innerHTML = IMAGE;
    link = root.querySelector("a") as HTMLAnchorElement;
    handleClicks(root, services);
  });

  function press(options: MouseEventInit = {}): boolean {
    return link.dispatchEvent(new MouseEvent("click", { bubbles: true, cancelable: true, ...options }));
  }

  it("is loaded by a click, which does not open the link", () => {
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

  it("is shown wherever it is drawn again, and no other image is", () => {
    press();
    const template = document.createElement("template");
    template.innerHTML = IMAGE + IMAGE.replace("cat.png", "dog.png");
    services.images.restore(template.content);
    expect([...template.content.querySelectorAll("a")].map((each) => each.querySelector("img")?.alt)).toEqual([
      "a cat",
      undefined,
    ]);
  });

  it("says that it could not be loaded, also where it is drawn again, and a click tries again", () => {
    press();
    link.querySelector("img")?.dispatchEvent(new Event("error"));
    expect(link.textContent).toBe("Image from a.example could not be loaded: a cat");
    root.innerHTML = IMAGE;
    services.images.restore(root);
    link = root.querySelector("a") as HTMLAnchorElement;
    expect(link.textContent).toBe("Image from a.example could not be loaded: a cat");
    press();
    expect(link.querySelector("img")?.alt).toBe("a cat");
  });

  it("without a description is named by its host", () => {
    link.textContent = "Image from a.example not loaded";
    press();
    expect(link.querySelector("img")?.alt).toBe("Image from a.example");
    link.querySelector("img")?.dispatchEvent(new Event("error"));
    expect(link.textContent).toBe("Image from a.example could not be loaded");
  });
});

describe("Continue and Retry", () => {
  it("stand before Copy answer, and ask once until the kernel has refused", async () => {
    const asked: string[] = [];
    const refused: { refuse?: () => void } = {};
    const waiting = new Promise<boolean>((resolve) => {
      refused.refuse = () => resolve(false);
    });
    const repeat = async (_: Element, action: string): Promise<boolean> => {
      asked.push(action);
      return waiting;
    };
    root.innerHTML = '<div class="nbstream-footer">deepseek</div>';
    addFooterButtons(root, ["continue", "retry"], true);
    handleClicks(root, { ...services, repeat });
    expect(names()).toEqual(["Continue this reply", "Retry this prompt", "Copy answer"]);
    await click("Continue this reply");
    await click("Continue this reply");
    await click("Retry this prompt");
    expect(asked).toEqual(["continue"]);
    expect(button("Continue this reply").textContent).toBe("Continuing…");
    refused.refuse?.();
    await vi.advanceTimersByTimeAsync(0);
    expect(button("Continue this reply").textContent).toBe("Continue");
    expect(button("Retry this prompt").getAttribute("aria-disabled")).toBeNull();
  });
});
