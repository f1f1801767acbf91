/**
 * One growing document in the DOM, drawn from the same operations as `state.apply`, so that the page always shows what a
 * full rendering would. What is written is never touched again; what may still change (the tail, a group that is done
 * again) is patched into the nodes that already stand there, so that a selection in it survives. The HTML is put in as it
 * comes: the kernel renders it without raw HTML, and a kernel that could send more could also send another module. What
 * the page adds to it is added before it is put in, so that like is compared with like. The blocks stand in parts, of which
 * only the last one is ever written to, so that what a frame costs does not grow with the text. This module must not know
 * the widget, its state or its looks.
 */

import { isControl } from "./controls";
import type { Op } from "./protocol";
import { holdSelection } from "./selection";
import { coloured } from "./state";

const PART = "nbstream-part";

/** What the kernel escapes in text. */
const ESCAPED: Readonly<Record<string, string>> = { "&": "&amp;", "<": "&lt;", ">": "&gt;" };

interface OpenGroup {
  /** Where the group's content goes. */
  readonly at: Node;
  /** The last node in the group around it before it began. */
  readonly before: ChildNode | null;
}

export class LiveDocument {
  readonly #root: Element;
  readonly #equip: (content: DocumentFragment) => void;
  readonly #partSize: number;
  #groups: OpenGroup[];
  #tail = "";
  /** Nodes that stand in the DOM and are not written yet: inner groups' before outer groups', each in document order. */
  #loose: ChildNode[] = [];

  /** `equip` adds to HTML what the page has and the kernel does not write; a part with `partSize` elements is full. */
  constructor(root: Element, equip: (content: DocumentFragment) => void = () => {}, partSize = 24) {
    this.#root = root;
    this.#equip = equip;
    this.#partSize = partSize;
    this.#groups = [{ at: this.#newPart(), before: null }];
  }

  /** Whether nothing is written. */
  get isEmpty(): boolean {
    return !this.#root.firstChild?.hasChildNodes();
  }

  /** Draw one frame. */
  draw(ops: readonly Op[]): void {
    if (ops.some(([name]) => name === "redo" || name === "colour")) holdSelection(this.#root, () => this.#draw(ops));
    else this.#draw(ops);
  }

  #draw(ops: readonly Op[]): void {
    for (const op of ops) {
      switch (op[0]) {
        case "add":
          this.#write(this.#tail.slice(0, op[2] ?? 0) + op[1]);
          break;
        case "open":
          this.#open(op[1], op[2]);
          break;
        case "close":
          this.#close();
          break;
        case "colour":
          this.#colour(op[1]);
          break;
        case "redo":
          this.#loosen();
          this.#write(op[1]);
          break;
        case "tail":
          this.#tail = this.#tail.slice(0, op[1]) + op[2];
          break;
        case "reset":
          this.#reset();
          this.#write(op[1]);
          break;
      }
    }
    const tail = this.#nodesOf(this.#tail).map((node) => this.#next(node));
    for (const node of this.#loose) node.remove();
    this.#loose = tail;
  }

  #nodesOf(html: string): ChildNode[] {
    if (html === "") return [];
    const template = document.createElement("template");
    template.innerHTML = html;
    this.#equip(template.content);
    return [...template.content.childNodes];
  }

  /** Where the innermost group's content goes; the outermost group is the last part. */
  get #at(): Node {
    return this.#groups.at(-1)?.at ?? this.#root;
  }

  #newPart(): Element {
    const part = document.createElement("div");
    part.className = PART;
    this.#root.append(part);
    return part;
  }

  #write(html: string): void {
    for (const node of this.#nodesOf(html)) this.#next(node);
  }

  /** Put `node` at the end of what is written, in a part that has room for it. */
  #next(node: ChildNode): ChildNode {
    this.#turnBefore(node);
    return this.#put(node);
  }

  /** Begin a new part if the last one is full, and nothing in it can still change. */
  #turnBefore(node: ChildNode | undefined): void {
    const at = this.#at;
    if (this.#groups.length > 1 || this.#loose.length > 0 || !(at instanceof Element) || !(node instanceof Element))
      return;
    // Notebooks give the first and the last heading of a box another margin.
    if (at.childElementCount < this.#partSize || isHeading(node) || isHeading(at.lastElementChild)) return;
    this.#groups = [{ at: this.#newPart(), before: null }];
  }

  #reset(): void {
    const [first, ...others] = this.#root.children;
    for (const part of others) part.remove();
    this.#groups = [{ at: first ?? this.#newPart(), before: null }];
    this.#loose = [...(first?.childNodes ?? [])];
    this.#tail = "";
  }

  /** Put `node` at the end of what is written in `at`, by way of the loose node that stands there if they are alike. */
  #put(node: ChildNode, at = this.#at): ChildNode {
    const standing = this.#take(node, at);
    if (standing === undefined) return this.#insert(node, at);
    patch(standing, node);
    return standing;
  }

  #take(node: ChildNode, at: Node): ChildNode | undefined {
    const loose = this.#loose[0];
    return loose?.parentNode === at && areAlike(loose, node) ? this.#loose.shift() : undefined;
  }

  #insert(node: ChildNode, at: Node): ChildNode {
    const loose = this.#loose[0];
    return at.insertBefore(node, loose?.parentNode === at ? loose : null);
  }

  /** Begin a group: the last element is entered once for each of the end tags; what stands around it is written. */
  #open(start: string, end: string): void {
    let nodes = this.#nodesOf(start + end);
    this.#turnBefore(nodes.find((node) => node instanceof Element));
    let at = this.#at;
    const loose = this.#loose[0];
    const before = loose?.parentNode === at ? loose.previousSibling : at.lastChild;
    for (let depth = end.split("</").length - 1; depth > 0; depth -= 1) {
      const last = nodes.findLastIndex((node) => node instanceof Element);
      const element = nodes[last];
      if (!(element instanceof Element)) throw new Error("nbstream: a group has more end tags than elements");
      const content = [...element.childNodes];
      for (const node of nodes.slice(0, last)) this.#put(node, at);
      const standing = this.#take(element, at);
      const entered = standing ?? this.#insert(element, at);
      for (const node of nodes.slice(last + 1)) this.#put(node, at);
      if (standing instanceof Element) {
        copyAttributes(standing, element);
        this.#loose.unshift(...standing.childNodes);
      } else {
        element.replaceChildren();
      }
      at = entered;
      nodes = content;
    }
    for (const node of nodes) this.#put(node, at);
    this.#groups.push({ at, before });
  }

  /** End the innermost group; what is loose in it cannot be written any more. */
  #close(): void {
    this.#groups.pop();
    const at = this.#at;
    for (const node of this.#loose) if (node.parentNode !== at) node.remove();
    this.#loose = this.#loose.filter((node) => node.parentNode === at);
  }

  /** Give the innermost group's text its colours, and end it. */
  #colour(colours: string): void {
    const at = this.#at;
    for (const node of this.#loose) if (node.parentNode === at) node.remove();
    const text = (at.textContent ?? "").replace(/[&<>]/g, (sign) => ESCAPED[sign] ?? sign);
    for (const node of [...at.childNodes]) node.remove();
    for (const node of this.#nodesOf(coloured(text, colours))) at.appendChild(node);
    this.#close();
  }

  /** End the innermost group and make all that it holds loose. */
  #loosen(): void {
    const before = this.#groups.pop()?.before;
    const at = this.#at;
    const nodes: ChildNode[] = [];
    let node = before === null || before === undefined ? at.firstChild : before.nextSibling;
    for (; node !== null; node = node.nextSibling) nodes.push(node);
    this.#loose = [...nodes, ...this.#loose.filter((other) => !at.contains(other))];
  }
}

function isHeading(node: Element | null): boolean {
  return node !== null && /^H[1-6]$/.test(node.tagName);
}

function areAlike(standing: Node, next: Node): boolean {
  return standing.nodeType === next.nodeType && standing.nodeName === next.nodeName;
}

/** Make `standing` equal to `next`, which is alike, and change no more than is needed. */
function patch(standing: Node, next: Node): void {
  if (standing instanceof CharacterData && next instanceof CharacterData) {
    patchText(standing, next.data);
  } else if (standing instanceof Element && next instanceof Element && !(isControl(standing) && isControl(next))) {
    copyAttributes(standing, next);
    patchChildren(standing, next);
  }
}

function patchText(standing: CharacterData, data: string): void {
  let same = 0;
  while (same < standing.length && standing.data[same] === data[same]) same += 1;
  if (same < standing.length || same < data.length) {
    standing.replaceData(same, standing.length - same, data.slice(same));
  }
}

function patchChildren(standing: Element, next: Element): void {
  let place = standing.firstChild;
  for (const node of [...next.childNodes]) {
    const here: ChildNode | null = place;
    place = here?.nextSibling ?? null;
    if (here === null) standing.append(node);
    else if (areAlike(here, node)) patch(here, node);
    else here.replaceWith(node);
  }
  while (place !== null) {
    const rest: ChildNode = place;
    place = rest.nextSibling;
    rest.remove();
  }
}

function copyAttributes(standing: Element, next: Element): void {
  for (const { name } of [...standing.attributes]) {
    if (!next.hasAttribute(name)) standing.removeAttribute(name);
  }
  for (const { name, value } of next.attributes) {
    if (standing.getAttribute(name) !== value) standing.setAttribute(name, value);
  }
}
