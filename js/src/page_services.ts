/**
 * What all replies of one page share: the settled replies' buttons, known notebooks and images, and
 * the status for screen readers. Each widget loads this module again, so the first instance is kept
 * with the page.
 */

import { type Page, repeat } from "./again";
import { addCodeButtons, addFooterButtons, type ControlServices, handleClicks, removeButtons } from "./controls";
import { copyFormulas } from "./copied_formulas";
import { element, targetOf } from "./elements";
import { type Typesetter, typesetInSlices } from "./formula_slices";
import { Handover } from "./handover";
import { Images } from "./images";
import { _, localize } from "./language";
import { type NotebookContext, Notebooks } from "./notebook";
import type { Action } from "./protocol";
import { isAbove, keepPositionBelow } from "./scroll";
import { applyStyles } from "./styles";

/** Modules share an instance only if they are of the same version. */
const KEY = Symbol.for("nbstream.page.4");

const NOTICE_MILLISECONDS = 20_000;
const SETTLED = "nbstream-settled";
const AREA = ".jp-OutputArea";
/** All turns of a chat in one output, which has no answer to copy and no run to repeat. */
const CONVERSATION = ".nbstream-chat";
/** What stays in the file of a widget; hidden while its view is there. */
const TRANSCRIPT = ".nbstream-transcript";
/** Parts of a widget that change often, and hold no settled reply: their changes need no scan. */
const OWN = "[data-nbstream-own]";
const SCAN_MILLISECONDS = 500;
/** How long after the end of a reply every change of the page is scanned at once, so that its settled
 * output is never painted without its buttons. */
const EAGER_MILLISECONDS = 2000;

export class PageServices implements ControlServices, Page {
  readonly notebooks = new Notebooks();
  readonly images = new Images();
  readonly #settled = document.getElementsByClassName(SETTLED);
  readonly #status = element("div", "nbstream-status", "", { role: "status" });
  /** The sentences that are shown. */
  readonly #notices = new Set<string>();
  /** Views that are not in a notebook yet. */
  readonly #unplaced = new Map<Element, NotebookContext>();
  #timer: ReturnType<typeof setTimeout> | undefined;
  #scannedAt = Number.NEGATIVE_INFINITY;
  #eagerUntil = Number.NEGATIVE_INFINITY;
  /** Runs that the kernel does not have any more. */
  readonly #gone = new Set<string>();
  /** By output area: the replies that have ended and whose settled output is not there yet. */
  readonly #handovers = new Map<Element, Handover>();
  /** All outputs of a page have the same one. */
  #typesetter: Typesetter | undefined;

  /** The page's instance; created with the first reply. */
  static get(): PageServices {
    const globals = globalThis as unknown as Record<symbol, PageServices | undefined>;
    globals[KEY] ??= new PageServices();
    return globals[KEY];
  }

  constructor() {
    document.body.append(this.#status);
    applyStyles(this.#status);
    window.addEventListener("keydown", keepFromNotebook, { capture: true });
    copyFormulas(this.notebooks);
    new MutationObserver((records) => {
      if (records.some(({ target }) => !isOwn(target))) this.#onMutation();
    }).observe(document.body, { childList: true, subtree: true });
    this.#schedule();
  }

  announce(text: string): void {
    // The same text is announced again only if it changed in between.
    this.#status.textContent = "";
    localize(this.#status);
    setTimeout(() => {
      this.#status.textContent = text;
    }, 50);
  }

  /**
   * Show a sentence that belongs to no cell, until the user closes it or some seconds have passed. A
   * message of the kernel comes twice, and is shown once.
   */
  notify(text: string): void {
    if (this.#notices.has(text)) return;
    this.#notices.add(text);
    const remove = (): void => {
      this.#notices.delete(text);
      notice.remove();
    };
    const notice = localize(element("div", "nbstream nbstream-notice", `${text} `, { role: "status" }));
    const close = element("button", "", _("Close"));
    close.addEventListener("click", remove);
    notice.append(close);
    document.body.append(notice);
    setTimeout(remove, NOTICE_MILLISECONDS);
  }

  repeat(element: Element, action: Action): Promise<boolean> {
    return repeat(this, element, action);
  }

  onGone(run: string): void {
    this.#gone.add(run);
    this.#schedule();
  }

  /** A view was added in `element`, which may not be in its notebook yet. */
  addView(element: Element, context: NotebookContext | undefined): void {
    if (context === undefined) return;
    this.#unplaced.set(element, context);
    this.#schedule();
  }

  /** The view in `element` was removed. */
  removeView(element: Element): void {
    this.#unplaced.delete(element);
    this.#schedule();
  }

  /**
   * The reply in `element` has ended and its settled output will replace it: save what that takes
   * over. Call it again after the view has been drawn. `isOpen` is the reader's choice for the
   * reasoning, and `typesetter` typesets the settled output's formulas.
   */
  prepareHandover(element: Element, isOpen: boolean | undefined, typesetter?: Typesetter): void {
    const area = element.closest(AREA);
    if (area === null) return;
    this.#handovers.set(area, new Handover(area, isOpen));
    this.#typesetter = typesetter ?? this.#typesetter;
    this.#eagerUntil = performance.now() + EAGER_MILLISECONDS;
  }

  #onMutation(): void {
    if (performance.now() < this.#eagerUntil) this.#scan();
    else this.#schedule();
  }

  #schedule(): void {
    this.#timer ??= setTimeout(
      () => {
        // Safari has no idle callback.
        if (typeof requestIdleCallback === "function") {
          requestIdleCallback(() => this.#scan(), { timeout: SCAN_MILLISECONDS });
        } else this.#scan();
      },
      Math.max(0, this.#scannedAt + SCAN_MILLISECONDS - performance.now()),
    );
  }

  #scan(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#scannedAt = performance.now();
    for (const [element, context] of this.#unplaced) {
      if (this.notebooks.register(element, context)) this.#unplaced.delete(element);
    }
    const transcripts = [...document.querySelectorAll(TRANSCRIPT)];
    // A long one is many replies, and comes anew with each of them.
    const hidden = new Set<Element | null>(transcripts.filter((each) => each.checkVisibility?.() === false));
    for (const root of this.#settled) {
      if (hidden.size > 0 && hidden.has(root.closest(TRANSCRIPT))) continue;
      if (root instanceof HTMLElement) this.#updateButtons(root);
    }
    if (this.#scannedAt >= this.#eagerUntil) this.#handovers.clear();
  }

  /**
   * Give a settled reply the buttons that work in its place; a notebook's context may make more
   * work.
   */
  #updateButtons(root: HTMLElement): void {
    const canInsertCells = this.notebooks.canInsertCells(root);
    const isTurn = root.closest(CONVERSATION) !== null;
    const hasAnswer = !isTurn && this.notebooks.answerAt(root) !== undefined;
    const repeatable = isTurn ? undefined : this.notebooks.repeatable(root);
    const actions = repeatable === undefined || this.#gone.has(repeatable.run) ? [] : repeatable.actions;
    const buttons = ["code", canInsertCells && "cell", ...actions, hasAnswer && "answer"].filter(Boolean).join(" ");
    const isNew = root.dataset.nbstream === undefined;
    if (root.dataset.nbstream === buttons) return;
    root.dataset.nbstream = buttons;
    const area = root.closest(AREA);
    const handover = isNew && area !== null ? this.#handovers.get(area) : undefined;
    if (isNew) {
      localize(root);
      handleClicks(root, this);
      this.images.restore(root);
      this.notebooks.keepProvenance(root);
    }
    const change = (): void => {
      removeButtons(root);
      addCodeButtons(root, canInsertCells);
      addFooterButtons(root, actions, hasAnswer);
    };
    if (handover !== undefined) {
      change();
      this.#handovers.delete(handover.area);
      handover.finish(root);
      if (this.#typesetter !== undefined) typesetInSlices(root, this.#typesetter);
    } else if (isAbove(root)) keepPositionBelow(root, change);
    else change();
  }
}

function isOwn(target: Node): boolean {
  return (target as Partial<Element>).closest?.(OWN) != null;
}

/**
 * A notebook in command mode handles keys wherever the focus is: Enter edits the cell, an arrow
 * selects the next one. It must not do so for elements that handle the key themselves.
 */
function keepFromNotebook(event: KeyboardEvent): void {
  const target = targetOf(event);
  if (!(target instanceof Element)) return;
  const hasModifier = event.ctrlKey || event.metaKey || event.altKey;
  if (target.matches(FIELD) && (hasModifier ? event.key === "Enter" : !LEAVING.has(event.key))) {
    event.stopPropagation();
  }
  if (hasModifier) return;
  const keys = KEYS.find(([selector]) => target.matches(selector))?.[1];
  if (keys?.includes(event.key)) event.stopPropagation();
}

/** In a field every key writes, except those that leave it. */
const FIELD = ".nbstream :is(textarea, input, select)";
const LEAVING = new Set(["Escape", "Tab"]);
const KEYS: readonly [string, readonly string[]][] = [
  [".nbstream :is(button, summary)", ["Enter", " "]],
  [".nbstream a", ["Enter"]],
  // What scrolls.
  [
    ".nbstream :is(.nbstream-thoughts, .nbstream-table, [role=log], [role=region], pre)",
    ["ArrowUp", "ArrowDown", "ArrowLeft", "ArrowRight", "PageUp", "PageDown", "Home", "End", " "],
  ],
];
