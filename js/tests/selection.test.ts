import { beforeEach, describe, expect, it } from "vitest";
import { SavedSelection } from "../src/selection";

const MATH = "<math><msup><mi>x</mi><mn>2</mn></msup></math>";
const WORDS = (inline: string, block: string): string =>
  `<p>One ${inline} two.</p>\n${block}\n<p>Last <em>words</em> ${inline}</p>`;
const LIVE = WORDS(MATH, `<div class="nbstream-math">${MATH}</div>`);
const SETTLED = WORDS(
  '<span class="nbstream-math">\\(x^2\\)</span>',
  '<div class="nbstream-math">\\[\\frac{1}{2} = y\\]</div>',
);

function show(html: string): HTMLElement {
  document.body.innerHTML = `<main>${html}</main><footer>4 s</footer>`;
  return document.body.querySelector("main") as HTMLElement;
}

/** The text node in `root` that contains `text`, and where it begins there. */
function at(root: Element, text: string): [Text, number] {
  const texts = document.createTreeWalker(root, NodeFilter.SHOW_TEXT);
  while (texts.nextNode()) {
    const { data } = texts.currentNode as Text;
    if (data.includes(text)) return [texts.currentNode as Text, data.indexOf(text)];
  }
  throw new Error(`no text ${text}`);
}

/** What is selected after the live view was replaced. */
function settle(live: Element): string | undefined {
  const saved = SavedSelection.in(live);
  saved?.restore(show(SETTLED));
  return saved && getSelection()?.toString();
}

beforeEach(() => getSelection()?.removeAllRanges());

describe("a selection in the settled output", () => {
  it("is the one in the live view, with formulas before and in it", () => {
    const live = show(LIVE);
    getSelection()?.setBaseAndExtent(...at(live, "wo."), ...at(live, "ds"));
    expect(settle(live)).toBe("wo.\n\\[\\frac{1}{2} = y\\]\nLast wor");
  });

  it("has whole formulas at its ends, and its own direction", () => {
    const live = show(LIVE);
    const [first, , last] = live.querySelectorAll("mn");
    getSelection()?.setBaseAndExtent(last?.firstChild as Node, 1, first?.firstChild as Node, 0);
    expect(settle(live)).toBe("\\(x^2\\) two.\n\\[\\frac{1}{2} = y\\]\nLast words \\(x^2\\)");
    const { anchorNode, anchorOffset, focusNode } = getSelection() as Selection;
    // Beside a formula, not in it: a typesetter replaces what is in it.
    expect([anchorNode?.nodeName, anchorOffset, focusNode?.nodeName]).toEqual(["P", 4, "#text"]);
  });

  it("may end at the beginning of what follows, as that of a whole paragraph does", () => {
    const live = show(LIVE);
    getSelection()?.setBaseAndExtent(...at(live, "words"), document.querySelector("footer") as Node, 0);
    expect(settle(live)).toBe("words \\(x^2\\)");
  });

  it("is left alone if it reaches further, or if the text differs", () => {
    const live = show(LIVE);
    getSelection()?.setBaseAndExtent(...at(live, "words"), document.querySelector("footer")?.firstChild as Node, 2);
    expect(SavedSelection.in(live)).toBeUndefined();
    getSelection()?.setBaseAndExtent(...at(live, "words"), ...at(live, "ds"));
    const saved = SavedSelection.in(live);
    saved?.restore(show(SETTLED.replace("words", "text")));
    expect(getSelection()?.toString()).toBe("");
  });
});
