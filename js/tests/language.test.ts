import ts from "typescript";
import { afterEach, describe, expect, it } from "vitest";
// @ts-expect-error: a script of the build, without types
import { isMark, languages, sentences, sources, translations, words } from "../language.mjs";
import { _, localize, pageLanguage, plural } from "../src/language";

const KEY = Symbol.for("nbstream.words");
const page = globalThis as unknown as Record<symbol, unknown>;

afterEach(() => {
  delete page[KEY];
  document.documentElement.lang = "";
});

describe("a sentence", () => {
  it("is the English one, with its values, where there is no other", () => {
    expect(_("Chat {name}", { name: "{other} $&" })).toBe("Chat {other} $&");
    expect(_("braces { … } stay")).toBe("braces { … } stay");
    expect(plural("{n:,} line", "{n:,} lines", 1)).toBe("1 line");
    expect(plural("{n:,} line", "{n:,} lines", 1234)).toBe("1,234 lines");
    expect(localize(document.createElement("div")).lang).toBe("");
  });

  it("is in the language whose words the stub has loaded", () => {
    page[KEY] = { "": "zh-CN", "Chat {name}": "对话 {name}", "{n:,} line": "{n:,} 行" };
    expect(_("Chat {name}", { name: "a" })).toBe("对话 a");
    expect(plural("{n:,} line", "{n:,} lines", 1234)).toBe("1,234 行");
    expect(_("not translated")).toBe("not translated");
    expect(localize(document.createElement("div")).lang).toBe("zh-CN");
  });

  it("may be asked for in the language of the page, which the kernel is told", () => {
    expect(pageLanguage()).toEqual({});
    document.documentElement.lang = "zh-CN";
    expect(pageLanguage()).toEqual({ language: "zh-CN" });
  });
});

/** The functions whose argument of this number is read by a person. */
const SHOWN: Record<string, number> = {
  element: 2,
  show: 1,
  write: 1,
  button: 1,
  tool: 0,
  Option: 0,
  announce: 0,
  notify: 0,
};
const PROPERTIES = new Set(["textContent", "title", "placeholder", "ariaLabel", "alt"]);
const ATTRIBUTES = new Set(["aria-label", "title", "placeholder", "aria-valuetext", "aria-roledescription"]);
/** Names and keys, and what only a developer of pages reads. */
const ALLOWED =
  /^(nbstream[\w -]*|JSON|Python|cURL|Node|Arrow\w+|Page(Up|Down)|Home|End|Enter|Escape|Tab|Shift|Segmenter)$|^jp-|^nbstream: |nbstream's code|^the player has all modules$/;

const hasWords = (text: string): boolean => /\p{L}{2}/u.test(text.replace(/\{\w+(:,)?\}/g, ""));

/** What of a file's texts a person would read, and is not marked for translation. */
function unmarked(source: ts.SourceFile): string[] {
  const found: string[] = [];
  const check = (node: ts.Node | undefined): void => {
    if (node === undefined) return;
    if (ts.isConditionalExpression(node)) [node.whenTrue, node.whenFalse].forEach(check);
    else if (ts.isBinaryExpression(node)) [node.left, node.right].forEach(check);
    else if (ts.isTemplateExpression(node)) {
      const texts = [node.head.text, ...node.templateSpans.map(({ literal }) => literal.text)];
      if (texts.some(hasWords)) found.push(node.getText());
    } else if (ts.isStringLiteralLike(node) && hasWords(node.text) && !ALLOWED.test(node.text)) found.push(node.text);
  };
  const visit = (node: ts.Node): void => {
    if (isMark(node)) {
      for (const each of (node as ts.CallExpression).arguments)
        if (!ts.isStringLiteral(each)) ts.forEachChild(each, visit);
      return;
    }
    if (ts.isCallExpression(node) || ts.isNewExpression(node)) {
      const name = node.expression.getText().split(".").at(-1) as string;
      const shown = SHOWN[name];
      if (shown !== undefined) check(node.arguments?.[shown]);
      const [first, second] = node.arguments ?? [];
      if (name === "button") check(node.arguments?.[3]);
      if (first !== undefined && ts.isStringLiteral(first) && ATTRIBUTES.has(first.text)) check(second);
      if (name === "append" || name === "replaceChildren" || name === "createTextNode") node.arguments?.forEach(check);
    }
    if (ts.isPropertyAssignment(node) && ATTRIBUTES.has(node.name.getText().replaceAll('"', "")))
      check(node.initializer);
    if (
      ts.isBinaryExpression(node) &&
      ts.isPropertyAccessExpression(node.left) &&
      PROPERTIES.has(node.left.name.text)
    ) {
      check(node.right);
    }
    // A sentence, wherever it stands.
    if (
      ts.isStringLiteralLike(node) &&
      !ts.isImportDeclaration(node.parent) &&
      /^\p{Lu}\p{Ll}+[ …]|\p{L}{2} \p{L}+ \p{L}{2,}/u.test(node.text)
    ) {
      const isClass = /^(nbstream|jp)-/.test(node.text) || /[.#[:>]nbstream|\.jp-/.test(node.text);
      if (!isClass) check(node);
    }
    ts.forEachChild(node, visit);
  };
  visit(source);
  return found.map((text) => `${source.fileName}: ${text}`);
}

const parsed = (code: string): ts.SourceFile => ts.createSourceFile("a.ts", code, ts.ScriptTarget.ES2022, true);

describe("the page's code", () => {
  it("shows no text that is not marked for translation", () => {
    expect(sources().flatMap(unmarked)).toEqual([]);
  });

  it.each([
    'element("div", "nbstream-a", "word")',
    'element("div", "a", `$' + "{n} words`)",
    'box.setAttribute("aria-label", isOpen ? "Close" : _("Open"))',
    'element("div", "a", "", { "aria-label": "Close" })',
    'menu.title = "why"',
    'const LOST = "The kernel went away.";',
    'list.append("least: ", each)',
    'button("a", _("Send"), run, "Send it")',
  ])("would be found out: %s", (code) => {
    expect(unmarked(parsed(code))).not.toEqual([]);
  });
});

describe.each(languages() as string[])("the catalogue %s", (name) => {
  const translated = translations(name) as Record<string, string>;

  it("has every sentence of the page", () => {
    expect(sentences().filter((sentence: string) => translated[sentence] === undefined)).toEqual([]);
  });

  it("has the same values in each translation", () => {
    const values = (text: string): string =>
      [...text.matchAll(/\{\w+(:,)?\}/g)]
        .map(([each]) => each)
        .sort()
        .join();
    const wrong = sentences().filter((each: string) => values(each) !== values(translated[each] ?? ""));
    expect(wrong).toEqual([]);
  });

  it("gives the page its own sentences, and the tag of the language", () => {
    expect(Object.keys(words(name)).sort()).toEqual(["", ...sentences()].sort());
    expect(words(name)[""]).toMatch(/^[a-z]+(-[A-Z]+)?$/);
  });
});
