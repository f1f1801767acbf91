/**
 * A growing document in the DOM. After each frame the page shows what a full rendering would show.
 *
 * Written nodes never change again. What may still change (the tail, a group that is replaced) is
 * patched into the existing nodes, so that a selection in it is kept. The HTML is inserted as it
 * is: the kernel escapes raw HTML, and could send other code anyway. The page's own additions are
 * made before HTML is inserted, so that old and new nodes have both. Blocks are collected in parts,
 * and only the last part is written to, so that the cost of a frame does not grow with the text.
 */

import { isControl } from "./controls";
import { element, parsed } from "./elements";
import { apply, type OperationTarget, replacesNodes } from "./operations";
import type { Op } from "./protocol";
import { keepSelection } from "./selection";

const PART = "nbstream-part";

/** The characters that the kernel escapes in text. */
const ESCAPES: Readonly<Record<string, string>> = { "&": "&amp;", "<": "&lt;", ">": "&gt;" };

interface OpenGroup {
  /** The element that contains the group's content. */
  readonly element: Element;
  /** The last node before the group in the outer group. */
  readonly before: ChildNode | null;
}

export class LiveDocument implements OperationTarget {
  tail = "";
  readonly #root: Element;
  readonly #decorate: (content: DocumentFragment) => void;
  readonly #partSize: number;
  #groups: OpenGroup[];
  /**
   * Nodes in the DOM that are not written yet, and are reused by the next HTML: those of inner
   * groups before those of outer ones, each in document order.
   */
  #provisional: ChildNode[] = [];

  /** `decorate` makes the page's additions to new HTML; a part with `partSize` elements is full. */
  constructor(root: Element, decorate: (content: DocumentFragment) => void = () => {}, partSize = 24) {
    this.#root = root;
    this.#decorate = decorate;
    this.#partSize = partSize;
    this.#groups = [{ element: this.#newPart(), before: null }];
  }

  get isEmpty(): boolean {
    return !this.#root.firstChild?.hasChildNodes();
  }

  /** Draw one frame. */
  draw(ops: readonly Op[]): void {
    const draw = (): void => {
      apply(this, ops);
      const tail = this.#nodesOf(this.tail).map((node) => this.#append(node));
      for (const node of this.#provisional) node.remove();
      this.#provisional = tail;
    };
    if (replacesNodes(ops)) keepSelection(this.#root, draw);
    else draw();
  }

  write(html: string): void {
    for (const node of this.#nodesOf(html)) this.#append(node);
  }

  /**
   * Enters the last element of `start` once for each of the end tags, and in a table the group of
   * rows that the parser makes; the nodes around it are written.
   */
  openGroup(start: string, end: string): void {
    let nodes = this.#nodesOf(start + end);
    this.#startPartBefore(nodes.find((node) => node instanceof Element));
    let parent = this.#innermost;
    const next = this.#provisional[0];
    const before = next?.parentNode === parent ? next.previousSibling : parent.lastChild;
    let depth = end.split("</").length - 1;
    for (; depth > 0; depth -= 1) {
      const last = nodes.findLastIndex((node) => node instanceof Element);
      const element = nodes[last];
      if (!(element instanceof Element)) throw new Error("nbstream: a group has more end tags than elements");
      const content = [...element.childNodes];
      for (const node of nodes.slice(0, last)) this.#put(node, parent);
      const existing = this.#takeProvisional(element, parent);
      if (existing === undefined) this.#insert(element, parent);
      for (const node of nodes.slice(last + 1)) this.#put(node, parent);
      if (existing instanceof Element) {
        copyAttributes(existing, element);
        this.#provisional.unshift(...existing.childNodes);
      } else {
        element.replaceChildren();
      }
      parent = existing instanceof Element ? existing : element;
      nodes = content;
      if (parent instanceof HTMLTableElement) depth += 1;
    }
    for (const node of nodes) this.#put(node, parent);
    this.#groups.push({ element: parent, before });
  }

  /**
   * Also removes the provisional nodes in the group, because nothing can be written there any more.
   */
  closeGroup(): void {
    this.#groups.pop();
    const parent = this.#innermost;
    for (const node of this.#provisional) if (node.parentNode !== parent) node.remove();
    this.#provisional = this.#provisional.filter((node) => node.parentNode === parent);
  }

  /** Makes the nodes of the group provisional, so that the next HTML reuses them. */
  removeGroup(): void {
    const before = this.#groups.pop()?.before;
    const parent = this.#innermost;
    const nodes: ChildNode[] = [];
    let node = before === null || before === undefined ? parent.firstChild : before.nextSibling;
    for (; node !== null; node = node.nextSibling) nodes.push(node);
    this.#provisional = [...nodes, ...this.#provisional.filter((other) => !parent.contains(other))];
  }

  rewriteText(change: (html: string) => string): void {
    const group = this.#innermost;
    for (const node of this.#provisional) if (node.parentNode === group) node.remove();
    this.#provisional = this.#provisional.filter((node) => node.parentNode !== null);
    const text = (group.textContent ?? "").replace(/[&<>]/g, (character) => ESCAPES[character] ?? character);
    group.replaceChildren(...this.#nodesOf(change(text)));
  }

  clear(): void {
    const [first, ...others] = this.#root.children;
    for (const part of others) part.remove();
    this.#groups = [{ element: first ?? this.#newPart(), before: null }];
    this.#provisional = [...(first?.childNodes ?? [])];
    this.tail = "";
  }

  #nodesOf(html: string): ChildNode[] {
    if (html === "") return [];
    const content = parsed(html);
    this.#decorate(content);
    return [...content.childNodes];
  }

  /**
   * The element that contains the innermost group's content; for the outermost group, the last
   * part.
   */
  get #innermost(): Element {
    return this.#groups.at(-1)?.element ?? this.#root;
  }

  #newPart(): Element {
    const part = element("div", PART);
    this.#root.append(part);
    return part;
  }

  /** Start a new part if the last one is full and nothing in it can change any more. */
  #startPartBefore(node: ChildNode | undefined): void {
    if (this.#groups.length > 1 || this.#provisional.length > 0 || !(node instanceof Element)) return;
    const part = this.#innermost;
    // Notebooks give the first and the last heading in an element another margin.
    if (part.childElementCount < this.#partSize || isHeading(node) || isHeading(part.lastElementChild)) return;
    this.#groups = [{ element: this.#newPart(), before: null }];
  }

  #append(node: ChildNode): ChildNode {
    this.#startPartBefore(node);
    return this.#put(node, this.#innermost);
  }

  /**
   * Put `node` at the end of the written part of `parent`, or patch it into the provisional node
   * there.
   */
  #put(node: ChildNode, parent: Element): ChildNode {
    const existing = this.#takeProvisional(node, parent);
    if (existing === undefined) return this.#insert(node, parent);
    patch(existing, node);
    return existing;
  }

  /** The next provisional node, if it is in `parent` and of the same kind as `node`. */
  #takeProvisional(node: ChildNode, parent: Element): ChildNode | undefined {
    const next = this.#provisional[0];
    return next?.parentNode === parent && isSameKind(next, node) ? this.#provisional.shift() : undefined;
  }

  #insert(node: ChildNode, parent: Element): ChildNode {
    const next = this.#provisional[0];
    return parent.insertBefore(node, next?.parentNode === parent ? next : null);
  }
}

function isHeading(node: Element | null): boolean {
  return node !== null && /^H[1-6]$/.test(node.tagName);
}

function isSameKind(existing: Node, next: Node): boolean {
  return existing.nodeType === next.nodeType && existing.nodeName === next.nodeName;
}

/** Make `existing` equal to `next`, which is of the same kind, with as few changes as possible. */
function patch(existing: Node, next: Node): void {
  if (existing instanceof CharacterData && next instanceof CharacterData) {
    patchText(existing, next.data);
  } else if (existing instanceof Element && next instanceof Element && !(isControl(existing) && isControl(next))) {
    copyAttributes(existing, next);
    patchChildren(existing, next);
  }
}

function patchText(existing: CharacterData, data: string): void {
  let same = 0;
  while (same < existing.length && existing.data[same] === data[same]) same += 1;
  if (same < existing.length || same < data.length) {
    existing.replaceData(same, existing.length - same, data.slice(same));
  }
}

/** Make the children of `existing` equal to those of `next`, with as few changes as possible. */
export function patchChildren(existing: Element, next: ParentNode): void {
  let following = existing.firstChild;
  for (const node of [...next.childNodes]) {
    const child: ChildNode | null = following;
    following = child?.nextSibling ?? null;
    if (child === null) existing.append(node);
    else if (isSameKind(child, node)) patch(child, node);
    else child.replaceWith(node);
  }
  while (following !== null) {
    const child: ChildNode = following;
    following = child.nextSibling;
    child.remove();
  }
}

function copyAttributes(existing: Element, next: Element): void {
  for (const { name } of [...existing.attributes]) {
    // The reader opened it.
    if (name === "open" && existing instanceof HTMLDetailsElement) continue;
    if (!next.hasAttribute(name)) existing.removeAttribute(name);
  }
  for (const { name, value } of next.attributes) {
    if (existing.getAttribute(name) !== value) existing.setAttribute(name, value);
  }
}
