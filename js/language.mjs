// The page's sentences for people: which there are in `src`, and their translations, which are in
// the catalogues of `nbstream/language` together with those of Python.
import { readdirSync, readFileSync } from "node:fs";
import { basename, join } from "node:path";
import ts from "typescript";

const ROOT = import.meta.dirname;
export const CATALOGUES = join(ROOT, "../nbstream/language");
/** The functions whose first argument is a sentence; see `src/language.ts`. */
const FUNCTIONS = ["_", "marked", "plural"];

/** Return the parsed files of the page's code, without the generated ones. */
export function sources() {
  return readdirSync(join(ROOT, "src"), { recursive: true })
    .filter((name) => name.endsWith(".ts") && basename(name) !== "protocol.ts")
    .sort()
    .map((name) => {
      const text = readFileSync(join(ROOT, "src", name), "utf-8");
      return ts.createSourceFile(name, text, ts.ScriptTarget.ES2022, true);
    });
}

/** Return whether a node calls one of the functions that take a sentence. */
export function isMark(node) {
  return ts.isCallExpression(node) && ts.isIdentifier(node.expression) && FUNCTIONS.includes(node.expression.text);
}

/** Return the sentences of the page's code; of a plural form the first one. */
export function sentences() {
  const found = new Set();
  const visit = (node) => {
    if (isMark(node) && ts.isStringLiteral(node.arguments[0])) found.add(node.arguments[0].text);
    ts.forEachChild(node, visit);
  };
  for (const source of sources()) visit(source);
  return [...found].sort();
}

/** Return the translations of a catalogue, such as `zh_CN`, by the English sentence. */
export function translations(name) {
  const entries = {};
  let [id, said, keyword] = ["", "", ""];
  const keep = () => {
    if (id !== "" && said !== "") entries[id] = said;
    [id, said] = ["", ""];
  };
  for (const line of readFileSync(join(CATALOGUES, `${name}.po`), "utf-8").split("\n")) {
    const found = /^(?:(msgid_plural|msgid|msgstr(?:\[0\])?) )?(".*")$/.exec(line);
    if (found === null) continue;
    keyword = found[1] ?? keyword;
    const text = JSON.parse(found[2]);
    if (found[1] === "msgid") keep();
    if (keyword === "msgid") id += text;
    else if (keyword !== "msgid_plural") said += text;
  }
  keep();
  return entries;
}

/** Return the languages that there are, as the names of their catalogues: `zh_CN`. */
export function languages() {
  return readdirSync(CATALOGUES).flatMap((name) => (name.endsWith(".po") ? [basename(name, ".po")] : []));
}

/** Return the words of the page in a language, as `src/language.ts` takes them. */
export function words(name) {
  const translated = translations(name);
  const known = sentences().filter((sentence) => translated[sentence] !== undefined);
  return {
    "": name.replace("_", "-"),
    ...Object.fromEntries(known.map((sentence) => [sentence, translated[sentence]])),
  };
}
