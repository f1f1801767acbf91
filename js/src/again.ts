/**
 * *Continue* and *Retry* of a settled reply: asks the kernel to go on with the reply, or to ask
 * anew, in the same output. The kernel then updates the output; a page that was reloaded gets no
 * updates, so it puts the live view into its notebook itself.
 */

import { type Kernel, MAX_REPLY_TIMEOUT, sendControl } from "./channel";
import { focusInPlace } from "./elements";
import { _, marked } from "./language";
import type { Notebooks } from "./notebook";
import type { Action, ClickAnswer } from "./protocol";

/** Milliseconds between two questions which run has taken the reply's place. */
const PAUSE = 150;
/** So many questions are asked: starting takes the kernel some tenths of a second. */
const MOST_QUESTIONS = 60;
/** Milliseconds that the front end has for the kernel's update, and then for drawing the view. */
const UPDATE_WAIT = 600;
const DRAW_WAIT = 1500;

const GONE = marked("The kernel does not have this reply any more: run the cell again.");
const SLOW = marked("The kernel has not answered; it may be busy. Try again, or run the cell again.");
const AREA = ".jp-OutputArea";

/** What a click needs of its page. */
export interface Page {
  readonly notebooks: Notebooks;
  /** Show a sentence for a while. */
  notify(text: string): void;
  /** The kernel does not have the run any more. */
  onGone(run: string): void;
}

/** Go on with the settled reply around `element`; return whether another view takes its place. */
export async function repeat(page: Page, element: Element, action: Action): Promise<boolean> {
  const root = element.closest<HTMLElement>(".nbstream-settled");
  const found = root === null ? undefined : page.notebooks.repeatable(root);
  if (root === null || found === undefined) return false;
  const place = new Place(root);
  for (let asked = 0; asked < MOST_QUESTIONS; asked += 1) {
    const answer = await ask(found.kernel, found.run, action);
    // The kernel's update comes by another channel than its answer, and may come before it.
    place.keepFocus();
    if (answer === undefined && !root.isConnected) return place.release(true);
    if (answer === undefined || answer.known !== true) {
      page.notify(_(answer === undefined ? SLOW : GONE));
      if (answer !== undefined) page.onGone(found.run);
      return place.release(false);
    }
    if (answer.notice !== undefined) {
      page.notify(answer.notice);
      return place.release(false);
    }
    place.yieldFocus();
    if (typeof answer.next === "string") {
      await replaced(page.notebooks, root, answer.next);
      return place.release(true);
    }
    await wait(PAUSE);
  }
  page.notify(_(SLOW));
  return place.release(false);
}

function ask(kernel: Kernel, run: string, action: Action): Promise<ClickAnswer | undefined> {
  return new Promise((resolve) => {
    setTimeout(() => resolve(undefined), MAX_REPLY_TIMEOUT);
    const isSent = sendControl(kernel, run, { type: "again", action }, ({ content }) => resolve(content));
    if (!isSent) resolve(undefined);
  });
}

/**
 * The place of a reply while another view takes it: the cells below keep their position, and the
 * focus stays in the notebook.
 */
class Place {
  readonly #root: HTMLElement;
  readonly #area: HTMLElement | null;
  /** What gets the focus, if the reply had it. */
  readonly #cell: HTMLElement | null | undefined;

  constructor(root: HTMLElement) {
    this.#root = root;
    this.#area = root.closest<HTMLElement>(AREA);
    if (this.#area !== null) this.#area.style.minHeight = `${this.#area.offsetHeight}px`;
    if (root.contains(document.activeElement)) this.#cell = root.parentElement?.closest<HTMLElement>("[tabindex]");
  }

  /** Give the focus to the cell if it was lost with the reply. */
  keepFocus(): void {
    if (document.activeElement === document.body) focusInPlace(this.#cell);
  }

  /** Give the focus to the cell, because the reply will go at any moment. */
  yieldFocus(): void {
    if (this.#root.contains(document.activeElement)) focusInPlace(this.#cell);
  }

  /** Let the cells below move again, at once if nothing takes the place; return `isTaken`. */
  release(isTaken: boolean): boolean {
    setTimeout(() => this.#area?.style.removeProperty("min-height"), isTaken ? DRAW_WAIT : 0);
    return isTaken;
  }
}

/** Wait until the view of the run `id` is in the place of `root`, or put it there. */
async function replaced(notebooks: Notebooks, root: HTMLElement, id: string): Promise<void> {
  for (let waited = 0; root.isConnected && waited < UPDATE_WAIT; waited += PAUSE) await wait(PAUSE);
  if (root.isConnected) notebooks.showWidget(root, id);
}

function wait(milliseconds: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, milliseconds));
}
