import { beforeEach, describe, expect, it } from "vitest";
import { LiveDocument } from "../src/document";
import { opsOf } from "../src/operations";
import type { DocumentState, Op } from "../src/protocol";
import { applyOps } from "../src/state";
import { emptyDocument, fixtures, htmlOf, parsed, written } from "./fixtures";

let root: HTMLElement;
let live: LiveDocument;
let state: DocumentState;

beforeEach(() => {
  root = document.createElement("div");
  document.body.replaceChildren(root);
  live = new LiveDocument(root);
  state = emptyDocument();
});

/** Draw one frame and check that the page shows what a full rendering would. */
function draw(...ops: Op[]): void {
  applyOps(state, ops);
  live.draw(ops);
  expect(written(root)).toBe(parsed(htmlOf(state)));
}

function find(selector: string): Element {
  const found = root.querySelector(selector);
  if (found === null) throw new Error(`nothing is ${selector} in ${written(root)}`);
  return found;
}

function textOf(selector: string): Text {
  const text = find(selector).firstChild;
  if (!(text instanceof Text)) throw new Error(`${selector} begins with no text`);
  return text;
}

describe.each(fixtures)("$name", ({ frames }) => {
  it("equals the whole HTML after each frame", () => {
    for (const { ops, html } of frames) {
      draw(...ops);
      expect(written(root)).toBe(parsed(html));
    }
  });

  it("is the same when a hidden page draws all frames at once", () => {
    draw(...frames.flatMap(({ ops }) => ops));
  });

  it("is the same for a view that is built at any frame", () => {
    for (const { ops, html } of frames) {
      applyOps(state, ops);
      const late = document.createElement("div");
      new LiveDocument(late).draw(opsOf(state));
      expect(written(late)).toBe(parsed(html));
    }
  });
});

describe("live equals full", () => {
  const pieces = [
    "<p>one <em>two</em></p>\n",
    "<p>one</p>\n",
    "text &amp; more ",
    "<ul>\n<li>a</li>\n<li><p>b 😀</p></li>\n</ul>\n",
    "<hr>",
    '<h2 dir="auto">Title</h2>\n',
    '<pre><code class="language-py">x = 1\n</code></pre>\n',
    "<blockquote>\n<p>quoted</p>\n</blockquote>\n",
    "",
  ];
  const groups: [string, string][] = [
    ["<ul>\n", "</ul>\n"],
    ["<p>before</p>\n<blockquote>\n", "</blockquote>\n"],
    ['<pre><code class="language-py">', "</code></pre>\n"],
    ["<div><section>text <span>", "</span></section></div>"],
    ["<section><h3>a</h3><div>", "</div></section>"],
    ["<p>no element stays open</p>", ""],
  ];

  // A linear congruential generator (Numerical Recipes): the same frames in every run.
  function randomness(seed: number): (below: number) => number {
    let value = seed;
    return (below) => {
      value = (Math.imul(value, 1664525) + 1013904223) >>> 0;
      return Math.floor((value / 2 ** 32) * below);
    };
  }

  it.each(Array.from({ length: 150 }, (_, seed) => seed))("for random frames %i", (seed) => {
    live = new LiveDocument(root, undefined, [2, 24][seed % 2]);
    root.firstElementChild?.remove();
    const random = randomness(seed);
    const piece = (): string => pieces[random(pieces.length)] ?? "";
    for (let frame = 0; frame < 25; frame += 1) {
      const ops: Op[] = [];
      let depth = state.groups.length;
      for (let count = random(4); count >= 0; count -= 1) {
        const kind = random(20);
        if (kind < 8) ops.push(["add", piece()]);
        else if (kind < 12 && depth < 4) {
          ops.push(["open", ...(groups[random(groups.length)] ?? ["", ""])]);
          depth += 1;
        } else if (kind < 15 && depth > 1) {
          ops.push(["close"]);
          depth -= 1;
        } else if (kind < 17 && depth > 1) {
          ops.push(["redo", piece()]);
          depth -= 1;
        } else if (kind === 17) {
          ops.push(["reset", piece() + piece()]);
          depth = 1;
        }
      }
      // A frame ends with a tail that is whole, whatever was in it before.
      if (random(4) > 0) ops.push(["tail", 0, piece()]);
      draw(...ops);
    }
  });
});

describe("written HTML", () => {
  it("never changes again", () => {
    draw(["add", "<p>first</p>"], ["tail", 0, "<p>sec</p>"]);
    const first = find("p");
    const records: MutationRecord[] = [];
    const observer = new MutationObserver((found) => records.push(...found));
    observer.observe(first, { attributes: true, childList: true, characterData: true, subtree: true });
    draw(["tail", 6, "ond</p>"]);
    draw(["add", "<p>second</p>"], ["open", "<ul>", "</ul>"], ["tail", 0, "<li>third</li>"]);
    draw(["close"], ["tail", 0, ""]);
    records.push(...observer.takeRecords());
    expect(find("p")).toBe(first);
    expect(records).toEqual([]);
  });
});

describe("parts", () => {
  function parts(): number[] {
    return [...root.children].map((part) => part.childElementCount);
  }

  it("are written to one after the other", () => {
    for (let count = 0; count < 60; count += 1) draw(["add", `<p>${count}</p>\n`], ["tail", 0, "<p>t</p>"]);
    expect(parts()).toEqual([24, 24, 13]);
    // A reset with the same blocks: existing nodes stay where they are.
    const first = find("p");
    draw(["reset", "<p>x</p>\n".repeat(50)]);
    expect(parts()).toEqual([24, 24, 2]);
    expect(find("p")).toBe(first);
  });

  it("neither begin nor end with a heading, which would look different there", () => {
    draw(["add", "<p>a</p>".repeat(23)]);
    draw(["add", "<h2>a</h2>"], ["add", "<p>b</p>"], ["add", "<h3>c</h3>"], ["add", "<h4>d</h4>"]);
    expect(parts()).toEqual([27]);
    draw(["open", "<ul>", "</ul>"]);
    expect(parts()).toEqual([28]);
    draw(["add", "<li>e</li>"], ["close"], ["open", "<ul>", "</ul>"]);
    expect(parts()).toEqual([28, 1]);
  });

  it("are not finished while something in them may change", () => {
    draw(["add", "<p>a</p>".repeat(24)], ["open", "<ol>", "</ol>"], ["add", "<li>b</li>".repeat(30)]);
    draw(["redo", "<ol><li>B</li></ol>"], ["tail", 0, "<p>c</p>"]);
    expect(parts()).toEqual([24, 2]);
    draw(["tail", 0, "<p>c</p><p>d</p>"]);
    draw(["add", "<p>c</p>"], ["tail", 0, "<p>d</p>"]);
    expect(parts()).toEqual([24, 3]);
  });
});

describe("the tail", () => {
  it("keeps its nodes while it grows", () => {
    draw(["tail", 0, "<p>Do it</p>"]);
    const paragraph = find("p");
    const text = textOf("p");
    draw(["tail", 8, " in four</p>"]);
    draw(["tail", 0, "<p>Do it in <strong>four</strong></p>"]);
    expect(find("p")).toBe(paragraph);
    expect(textOf("p")).toBe(text);
    expect(text.data).toBe("Do it in ");
  });

  it("keeps a selection while it grows and when it is written", () => {
    draw(["tail", 0, "<p>Do it in four</p>"]);
    const selection = getSelection();
    selection?.setBaseAndExtent(textOf("p"), 3, textOf("p"), 8);
    draw(["tail", 0, "<p>Do it in four steps,</p>"]);
    draw(["add", "<p>Do it in four steps, each of which</p>\n"], ["tail", 0, "<p>Then</p>"]);
    draw(["tail", 0, ""], ["add", "<p>Then that</p>\n"]);
    expect(selection?.toString()).toBe("it in");
  });

  it("keeps the nodes of a list that becomes a group", () => {
    draw(["tail", 0, "<ul>\n<li>one</li>\n<li>tw</li>\n</ul>"]);
    const list = find("ul");
    const [one, two] = root.querySelectorAll("li");
    draw(["open", "<ul>\n", "</ul>"], ["add", "<li>one</li>\n"], ["tail", 0, "<li>two</li>\n"]);
    expect(find("ul")).toBe(list);
    expect([...root.querySelectorAll("li")]).toEqual([one, two]);
  });

  it("changes attributes instead of elements", () => {
    draw(["tail", 0, '<p class="a" dir="auto">x</p>']);
    const paragraph = find("p");
    draw(["tail", 0, '<p class="b">x</p>']);
    expect(find("p")).toBe(paragraph);
    expect(paragraph.outerHTML).toBe('<p class="b">x</p>');
  });
});

describe("a group that is replaced", () => {
  it("is the only one that changes", () => {
    draw(["add", "<p>before</p>"], ["open", "<pre><code>", "</code></pre>"], ["add", "x = 1\n"], ["add", "y = 2\n"]);
    const before = find("p");
    draw(["redo", '<pre><code><span class="n">x</span> = 1\ny = 2\n</code></pre>'], ["tail", 0, "<p>after</p>"]);
    expect(find("p")).toBe(before);
    expect(root.querySelectorAll("pre").length).toBe(1);
  });
});

describe("colours", () => {
  it("are added to the existing text, without the tail", () => {
    draw(["open", '<div><span>python</span><pre><code class="language-py">', "</code></pre></div>"]);
    draw(["add", "if a\u00a0&lt; '😀&amp;amp;':\n"], ["tail", 0, "    pa"]);
    const box = find("div");
    draw(["colour", "k.2 8s1.13"], ["tail", 0, "<p>after</p>"]);
    expect(find("div")).toBe(box);
    expect(find("code").innerHTML).toBe(
      '<span class="k">if</span> a&nbsp;&lt; <span class="s1">\'😀&amp;amp;\'</span>:\n',
    );
  });

  it("leave a selection where it is", () => {
    draw(["open", "<pre><code>", "</code></pre>"], ["add", "def f\n"]);
    getSelection()?.setBaseAndExtent(textOf("code"), 1, textOf("code"), 5);
    draw(["colour", "k.3 1nf.1"]);
    expect(getSelection()?.toString()).toBe("ef f");
  });
});

describe("a reset", () => {
  it("keeps every node that stays as it was", () => {
    draw(["add", "<p>see [a]</p>"], ["add", "<p>second</p>"], ["tail", 0, "<p>third</p>"]);
    const [, second, third] = root.querySelectorAll("p");
    draw(["reset", '<p>see <a href="#a">a</a></p><p>second</p><p>third</p>']);
    const [, sameSecond, sameThird] = root.querySelectorAll("p");
    expect(sameSecond).toBe(second);
    expect(sameThird).toBe(third);
  });
});
