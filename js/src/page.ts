/**
 * What all replies of one page share, whichever of them loaded this module first: settled replies get their buttons from
 * here. Every widget loads the module anew, so the one that came first is kept with the page. This module must not know
 * live replies.
 */

import { equipAnswer, equipCode, listen, type Surroundings, strip } from "./controls";
import { Handover } from "./handover";
import { Images } from "./images";
import { type NotebookContext, Notebooks } from "./notebook";
import { holdBelow, isAbove } from "./scroll";

/** Two modules share a page only if they are of one version. */
const KEY = Symbol.for("nbstream.page.1");

const SETTLED = "nbstream-settled";
const AREA = ".jp-OutputArea";
const TICK_MILLISECONDS = 500;
/** Once a live reply has ended, what takes its place is looked for at once, and so is never drawn without its buttons. */
const EAGER_MILLISECONDS = 2000;

export class Page implements Surroundings {
  readonly notebooks = new Notebooks();
  readonly images = new Images();
  readonly #settled = document.getElementsByClassName(SETTLED);
  readonly #status = document.createElement("div");
  /** Views that do not stand in a notebook yet. */
  readonly #unplaced = new Map<Element, NotebookContext>();
  #timer: ReturnType<typeof setTimeout> | undefined;
  #scanned = Number.NEGATIVE_INFINITY;
  #eagerUntil = Number.NEGATIVE_INFINITY;
  readonly #handovers = new Map<Element, Handover>();

  /** The page's own; made with the first reply. */
  static get(): Page {
    const shelf = globalThis as unknown as Record<symbol, Page | undefined>;
    shelf[KEY] ??= new Page();
    return shelf[KEY];
  }

  constructor() {
    this.#status.setAttribute("role", "status");
    this.#status.style.cssText =
      "position:fixed;top:0;width:1px;height:1px;overflow:hidden;clip-path:inset(50%);white-space:nowrap";
    document.body.append(this.#status);
    window.addEventListener("keydown", keepFromNotebook, { capture: true });
    new MutationObserver(() => this.#onMutation()).observe(document.body, { childList: true, subtree: true });
    this.#schedule();
  }

  say(words: string): void {
    // The same words again are said again only if they changed in between.
    this.#status.textContent = "";
    setTimeout(() => {
      this.#status.textContent = words;
    }, 50);
  }

  /** A live reply is shown in `element`, which may not stand in its notebook yet. */
  arrive(element: Element, context: NotebookContext | undefined): void {
    if (context === undefined) return;
    this.#unplaced.set(element, context);
    this.#schedule();
  }

  /**
   * The reply in `element` has ended, and settled output is about to take its place: note where everything stands, and how
   * its reader put the reasoning. To be called again when it has been drawn.
   */
  end(element: Element, isOpen: boolean | undefined): void {
    const area = element.closest(AREA);
    if (area === null) return;
    this.#handovers.set(area, new Handover(area, isOpen));
    this.#eagerUntil = performance.now() + EAGER_MILLISECONDS;
  }

  /** The view in `element` has gone. */
  leave(element: Element): void {
    this.#unplaced.delete(element);
    this.#schedule();
  }

  #onMutation(): void {
    if (performance.now() < this.#eagerUntil) this.#scan();
    else this.#schedule();
  }

  #schedule(): void {
    this.#timer ??= setTimeout(
      () => {
        // Where there is no idle callback (Safari), a timer does.
        if (typeof requestIdleCallback === "function") {
          requestIdleCallback(() => this.#scan(), { timeout: TICK_MILLISECONDS });
        } else this.#scan();
      },
      Math.max(0, this.#scanned + TICK_MILLISECONDS - performance.now()),
    );
  }

  #scan(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#scanned = performance.now();
    for (const [element, context] of this.#unplaced) {
      if (this.notebooks.learn(element, context)) this.#unplaced.delete(element);
    }
    for (const root of this.#settled) if (root instanceof HTMLElement) this.#equip(root);
    if (this.#scanned >= this.#eagerUntil) this.#handovers.clear();
  }

  /** Give a settled reply the buttons that work where it stands; another notebook's kernel may make more of them work. */
  #equip(root: HTMLElement): void {
    const takesCells = this.notebooks.takesCells(root);
    const hasAnswer = this.notebooks.answerAt(root) !== undefined;
    const mark = ["code", takesCells && "cell", hasAnswer && "answer"].filter(Boolean).join(" ");
    const before = root.dataset.nbstream;
    if (before === mark) return;
    root.dataset.nbstream = mark;
    const area = root.closest(AREA);
    const handover = before === undefined && area !== null ? this.#handovers.get(area) : undefined;
    if (before === undefined) {
      listen(root, this);
      this.images.restore(root);
    }
    const change = (): void => {
      strip(root);
      equipCode(root, takesCells);
      if (hasAnswer) equipAnswer(root);
    };
    if (handover !== undefined) {
      change();
      this.#handovers.delete(handover.area);
      handover.finish(root);
    } else if (isAbove(root)) holdBelow(root, change);
    else change();
  }
}

/**
 * A notebook in command mode takes keys from whatever has the focus: Enter edits the cell, arrows go to the next one. On
 * what answers to a key itself it must not.
 */
function keepFromNotebook(event: KeyboardEvent): void {
  if (event.ctrlKey || event.metaKey || event.altKey || !(event.target instanceof Element)) return;
  const keys = KEYS.find(([selector]) => (event.target as Element).matches(selector))?.[1];
  if (keys?.includes(event.key)) event.stopPropagation();
}

const KEYS: readonly [string, readonly string[]][] = [
  [".nbstream :is(button, summary)", ["Enter", " "]],
  [".nbstream a", ["Enter"]],
  [".nbstream-thoughts", ["ArrowUp", "ArrowDown", "PageUp", "PageDown", "Home", "End", " "]],
];
