/**
 * Copies formulas as TeX. What stands for a formula on the page are boxes of MathJax or MathML, of
 * which a copy would be one sign a line.
 */

import { isControl } from "./controls";
import { element } from "./elements";
import type { Notebooks } from "./notebook";
import { FORMULA } from "./selection";

const ROOT = ".nbstream-settled, .nbstream-live";

/** Handle the copying of selections that have formulas of replies in them. */
export function copyFormulas(notebooks: Notebooks): void {
  window.addEventListener(
    "copy",
    (event) => {
      const copied = copiedFrom(notebooks);
      if (copied === undefined || event.clipboardData === null) return;
      // biome-ignore lint/performance/useDomNodeTextContent: lines and tabs, as a copy has them
      event.clipboardData.setData("text/plain", copied.innerText);
      event.clipboardData.setData("text/html", copied.innerHTML);
      event.preventDefault();
      event.stopImmediatePropagation();
      copied.remove();
    },
    { capture: true },
  );
}

/** What is selected, in an element of the page; undefined if there is no formula in it. */
function copiedFrom(notebooks: Notebooks): HTMLElement | undefined {
  const selection = getSelection();
  if (selection === null || selection.isCollapsed) return undefined;
  const range = selection.getRangeAt(0).cloneRange();
  const formulas = [...document.querySelectorAll(ROOT)]
    .filter((root) => range.intersectsNode(root))
    .flatMap((root) => texIn(root, notebooks))
    .filter(([formula]) => range.intersectsNode(formula));
  const [first, last] = [formulas[0]?.[0], formulas.at(-1)?.[0]];
  if (first === undefined || last === undefined) return undefined;
  // A formula is copied as a whole.
  if (first.contains(range.startContainer)) range.setStartBefore(first);
  if (last.contains(range.endContainer)) range.setEndAfter(last);
  const copied = element("div", "jp-RenderedHTMLCommon");
  copied.append(range.cloneContents());
  outermost(copied).forEach((formula, at) => {
    formula.replaceWith(formulas[at]?.[1] ?? "");
  });
  for (const element of copied.querySelectorAll("*")) if (isControl(element)) element.remove();
  // Drawn but transparent: `innerText` is the text as it is drawn.
  copied.style.cssText = "position:fixed;top:0;opacity:0";
  document.body.append(copied);
  return copied;
}

/** The formulas in a reply, with their TeX, or with their signs where it is not known. */
function texIn(root: Element, notebooks: Notebooks): [Element, string][] {
  const formulas = outermost(root);
  const tex = root.matches(".nbstream-settled") ? notebooks.formulasAt(root) : [];
  const typeset = formulas.filter((formula) => formula.matches(".nbstream-math"));
  return formulas.map((formula) => {
    const signs = (formula.textContent ?? "").replace(/\s+/g, " ").trim();
    const known = tex.length === typeset.length ? tex[typeset.indexOf(formula)] : undefined;
    return [formula, known ?? signs];
  });
}

function outermost(root: Element): Element[] {
  return [...root.querySelectorAll(FORMULA)].filter((formula) => !formula.parentElement?.closest(FORMULA));
}
