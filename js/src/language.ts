/**
 * What people read in the page, in their language. The English sentence is the key of its
 * translation, as in Python; the translations are in `nbstream/language/`, and `build.mjs` makes a
 * module of those that the page has. The stub loads it before the widget's module if it is needed.
 */

/** By the English sentence. The empty one is the language's own tag, as in `zh-CN`. */
type Words = Readonly<Record<string, string>>;
type Values = Readonly<Record<string, string | number>>;

/** Where the stub puts them, for all modules of the page; nothing is there in English. */
const KEY = Symbol.for("nbstream.words");

const words = (): Words | undefined => (globalThis as unknown as Record<symbol, Words | undefined>)[KEY];

/** Mark a sentence for the translations; `_` translates it when it is shown. */
export function marked(sentence: string): string {
  return sentence;
}

/** A sentence in the reader's language. `{name}` in it is a value, and `{name:,}` a number in figures. */
export function _(sentence: string, values: Values = {}): string {
  return filled(words()?.[sentence] ?? sentence, values);
}

/** The form of a sentence that fits a number, which is `n` in it. */
export function plural(one: string, many: string, n: number, values: Values = {}): string {
  return filled(words()?.[one] ?? (n === 1 ? one : many), { n, ...values });
}

/** Say the language of the labels in `root`: fonts and the voice of a screen reader follow it. */
export function localize<E extends HTMLElement>(root: E): E {
  const tag = words()?.[""];
  if (tag !== undefined) root.lang = tag;
  return root;
}

/** What tells the kernel the language of the page, which is the user's unless they have set another. */
export function pageLanguage(): { language?: string } {
  const { lang } = document.documentElement;
  return lang === "" ? {} : { language: lang };
}

function filled(sentence: string, values: Values): string {
  return sentence.replace(/\{(\w+)(:,)?\}/g, (all, name: string, isInFigures?: string) => {
    const value = values[name] ?? all;
    return isInFigures ? value.toLocaleString(words()?.[""] ?? "en") : String(value);
  });
}
