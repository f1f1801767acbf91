/**
 * The cards of the present step's tool calls. The kernel makes their HTML; the page counts the
 * seconds of a tool that runs, and asks whether a call may run.
 */

import style from "./calls.css?inline";
import type { Decision, Decisions } from "./decisions";
import type { Card, Keyframe } from "./protocol";
import { QuestionView } from "./question";
import {
  _,
  applyStyles,
  duration,
  element,
  focusInPlace,
  keepSelection,
  parsed,
  patchChildren,
  show,
  untilNextSecond,
} from "./shared";

/** What the cards need of their reply. */
export interface CardsController {
  readonly state: Keyframe;
  readonly isLive: boolean;
  /** What was decided about a call, and how far that is. */
  decisionOf(key: string): ReturnType<Decisions["of"]>;
  decide(card: Card, decision: Decision): void;
  /** Seconds since the run began. */
  clock(): number;
}

export class Cards {
  readonly #element: HTMLElement;
  readonly #controller: CardsController;
  readonly #decorate: (content: DocumentFragment) => void;
  readonly #views = new Map<string, CardView>();
  #ticker: ReturnType<typeof setTimeout> | undefined;

  /** They will stand in `parent`; `decorate` makes the page's additions to new HTML. */
  constructor(parent: HTMLElement, controller: CardsController, decorate: (content: DocumentFragment) => void) {
    applyStyles(parent, { calls: style });
    this.#element = parent;
    this.#controller = controller;
    this.#decorate = decorate;
  }

  /** `isStopping`: the user has pressed Stop, so that nothing can be decided any more. */
  draw(isStopping: boolean): void {
    const { state, isLive } = this.#controller;
    const keys = new Set(state.cards.map(({ key }) => key));
    for (const [key, view] of this.#views) {
      if (keys.has(key)) continue;
      view.remove();
      this.#views.delete(key);
    }
    for (const card of state.cards) {
      let view = this.#views.get(card.key);
      if (view === undefined) {
        view = new CardView(card, this.#decorate, (drawn, decision) => this.#controller.decide(drawn, decision));
        this.#views.set(card.key, view);
        this.#element.append(view.element);
      }
      view.draw(card, isLive, this.#controller.decisionOf(card.key), isStopping);
    }
    this.#count();
  }

  remove(): void {
    clearTimeout(this.#ticker);
    for (const view of this.#views.values()) view.remove();
  }

  /** Write how long each tool has run, and again when the next second has passed. */
  #count(): void {
    clearTimeout(this.#ticker);
    const { state, isLive } = this.#controller;
    const clock = this.#controller.clock();
    let next = Number.POSITIVE_INFINITY;
    for (const { key, began } of state.cards) {
      const seconds = began === null || !isLive ? undefined : Math.max(0, clock - began);
      this.#views.get(key)?.count(seconds);
      if (seconds !== undefined) next = Math.min(next, untilNextSecond(seconds));
    }
    if (next < Number.POSITIVE_INFINITY) this.#ticker = setTimeout(() => this.#count(), next);
  }
}

const PARTS = ["head", "arguments", "results"] as const;

class CardView {
  readonly element: HTMLElement;
  readonly #decorate: (content: DocumentFragment) => void;
  readonly #onDecision: (card: Card, decision: Decision) => void;
  readonly #slots = PARTS.map((name) => [name, element("div", "nbstream-slot")] as const);
  readonly #drawn: Partial<Record<(typeof PARTS)[number], string>> = {};
  readonly #seconds = element("span", "nbstream-seconds");
  /** What the user sees, and decides about. */
  #card: Card;
  #question: QuestionView | undefined;

  constructor(
    card: Card,
    decorate: (content: DocumentFragment) => void,
    onDecision: (card: Card, decision: Decision) => void,
  ) {
    this.#card = card;
    this.#decorate = decorate;
    this.#onDecision = onDecision;
    this.element = parsed(card.root).firstElementChild as HTMLElement;
    // The focus comes here when a question is gone.
    this.element.tabIndex = -1;
    this.element.setAttribute("role", "group");
    this.element.append(...this.#slots.map(([, slot]) => slot));
  }

  draw(card: Card, isLive: boolean, decided: ReturnType<Decisions["of"]>, isStopping: boolean): void {
    this.#card = card;
    this.element.dataset.state = card.state;
    this.element.setAttribute("aria-label", _("Tool call {name}", { name: card.name }));
    for (const [name, slot] of this.#slots) this.#drawSlot(name, slot, card[name]);
    const question = isLive ? card.question : null;
    if (question === null) this.#removeQuestion();
    else if (this.#question === undefined) {
      this.#question = new QuestionView(question, (decision) => {
        focusInPlace(this.element);
        this.#onDecision(this.#card, decision);
      });
      this.element.append(this.#question.element);
    }
    this.#question?.draw(decided, isStopping);
  }

  count(seconds: number | undefined): void {
    const text = duration(seconds);
    show(this.#seconds, text === "" ? "" : ` · ${text}`);
    const state = this.element.querySelector(".nbstream-card-state");
    if (state !== null && this.#seconds.previousElementSibling !== state) state.after(this.#seconds);
  }

  remove(): void {
    this.#removeQuestion();
    this.element.remove();
  }

  #drawSlot(name: (typeof PARTS)[number], slot: HTMLElement, html: string): void {
    if (this.#drawn[name] === html) return;
    this.#drawn[name] = html;
    const content = parsed(html);
    this.#decorate(content);
    this.#seconds.remove();
    keepSelection(slot, () => patchChildren(slot, content));
  }

  #removeQuestion(): void {
    const question = this.#question;
    if (question === undefined) return;
    this.#question = undefined;
    // The focus must not go to what a key would act on.
    if (question.element.contains(document.activeElement)) focusInPlace(this.element);
    question.remove();
  }
}
