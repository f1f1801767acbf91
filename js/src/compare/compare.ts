/** `nbstream.Compare`: replies side by side, their figures, the blind choice, and word differences. */

import { type InstrumentSession, type InstrumentView, instrument } from "../instruments/instrument";
import { _, applyStyles, element, focusInPlace, localize, show, write } from "../shared";
import style from "./compare.css?inline";
import type { CompareChoice, CompareColumn, CompareDifferences, CompareFigure, CompareOwn } from "./protocol";

type Session = InstrumentSession<CompareOwn>;

/** A column in the page, and how to take it away. */
interface Shown {
  readonly root: HTMLElement;
  readonly name: HTMLElement;
  readonly chosen: HTMLElement;
  readonly note: HTMLElement;
  readonly figures: HTMLElement;
  readonly widen: HTMLButtonElement;
  drawn: string;
  remove(): void;
}

export class CompareView implements InstrumentView {
  readonly #session: Session;
  readonly #removal = new AbortController();
  readonly #root = localize(element("div", "nbstream nbstream-frame nbstream-compare"));
  readonly #status = element("span", "nbstream-compare-state");
  readonly #stop = element("button", "nbstream-compare-button", _("Stop all"));
  readonly #columns = element("div", "nbstream-columns");
  readonly #choice = element("div", "nbstream-choice-of-answer");
  readonly #question = element("span", "nbstream-question-of-choice", _("Which answer is better?"));
  readonly #choices = element("div", "nbstream-compare-buttons");
  readonly #verdict = element("div", "nbstream-verdict");
  readonly #notes = element("div", "nbstream-compare-notes");
  readonly #between = element("div", "nbstream-between");
  readonly #first = element("select", "nbstream-compare-select");
  readonly #second = element("select", "nbstream-compare-select");
  readonly #toggle = element("button", "nbstream-compare-button", _("Show differences"));
  readonly #differences = element("div", "nbstream-differences");
  readonly #shown = new Map<string, Shown>();
  #drawn: CompareDifferences | null = null;
  #wasLive = false;
  #isAsked = false;
  #isChoosing = false;

  constructor(session: Session, parent: HTMLElement) {
    this.#session = session;
    applyStyles(parent, { compare: style });
    this.#build();
    parent.append(this.#root);
    this.#draw();
  }

  update(): void {
    this.#draw();
  }

  remove(): void {
    this.#removal.abort();
    for (const column of this.#shown.values()) column.remove();
    this.#root.remove();
  }

  #build(): void {
    const { signal } = this.#removal;
    const head = element("div", "nbstream-compare-head");
    head.append(this.#status, this.#stop);
    this.#status.setAttribute("role", "status");
    this.#stop.dataset.kernel = "";
    this.#stop.addEventListener("click", () => this.#stopAll(), { signal });
    this.#choice.setAttribute("role", "group");
    this.#choice.setAttribute("aria-label", _("Which answer is better?"));
    this.#choice.dataset.kernel = "";
    this.#choice.append(this.#question, this.#choices);
    this.#between.dataset.kernel = "";
    this.#first.setAttribute("aria-label", _("First answer"));
    this.#second.setAttribute("aria-label", _("Second answer"));
    for (const select of [this.#first, this.#second]) {
      select.addEventListener("change", () => this.#session.own.differences !== null && this.#ask(), { signal });
    }
    this.#toggle.addEventListener("click", () => this.#toggleDifferences(), { signal });
    this.#between.append(this.#first, element("span", "", _("and")), this.#second, this.#toggle);
    this.#verdict.tabIndex = -1;
    this.#root.append(head, this.#columns, this.#choice, this.#verdict, this.#notes, this.#between, this.#differences);
    // Before the notebook, whose command mode has letters of its own: A inserts a cell.
    window.addEventListener("keydown", (event) => this.#onKey(event), { capture: true, signal });
  }

  #onKey(event: KeyboardEvent): void {
    const { target } = event;
    if (event.ctrlKey || event.metaKey || event.altKey || !(target instanceof Element)) return;
    if (!this.#root.contains(target) || this.#session.isLost) return;
    if (target instanceof HTMLSelectElement) {
      // The list has all keys but those that leave it.
      if (event.key !== "Escape" && event.key !== "Tab") event.stopPropagation();
      return;
    }
    // A choice cannot be taken back, so a letter counts only where it was meant.
    if (!this.#choices.contains(target)) return;
    const choice = this.#session.own.choices.find(({ key }) => key === event.key.toUpperCase());
    if (choice === undefined) return;
    event.preventDefault();
    event.stopPropagation();
    if (!event.repeat) this.#choose(choice);
  }

  #draw(): void {
    const { own, isLost } = this.#session;
    this.#root.toggleAttribute("data-live", own.live && !isLost);
    this.#root.style.setProperty("--nbstream-count", String(own.columns.length));
    this.#drawColumns(own.columns);
    this.#stop.hidden = !own.live || isLost;
    if (this.#wasLive && !own.live) this.#stop.removeAttribute("aria-disabled");
    if (own.live && !this.#wasLive) write(this.#stop, _("Stop all"));
    this.#wasLive = own.live;
    write(this.#status, own.state);
    this.#drawChoices(own.choices);
    this.#drawVerdict(own.verdict);
    this.#drawNotes(own.notes);
    this.#drawBetween(own);
    this.#drawDifferences(own.differences);
  }

  #drawColumns(columns: readonly CompareColumn[]): void {
    for (const column of columns) {
      const shown = this.#shown.get(column.key) ?? this.#add(column.key);
      write(shown.name, column.name);
      shown.root.toggleAttribute("data-chosen", column.chosen);
      shown.chosen.hidden = !column.chosen;
      shown.root.setAttribute("aria-label", column.name);
      shown.widen.setAttribute("aria-label", _("Widen {name}", { name: column.name }));
      show(shown.note, column.note);
      const drawn = JSON.stringify(column.figures);
      if (shown.drawn === drawn) continue;
      shown.drawn = drawn;
      shown.figures.hidden = column.figures.length === 0;
      shown.figures.replaceChildren(...column.figures.map(figure));
    }
  }

  #add(key: string): Shown {
    const root = element("section", "nbstream-column");
    const head = element("div", "nbstream-column-head");
    const name = element("strong", "nbstream-column-name");
    const chosen = element("span", "nbstream-chosen", `✓ ${_("chosen")}`);
    const widen = element("button", "nbstream-widen", "");
    const note = element("div", "nbstream-column-note");
    const figures = element("div", "nbstream-figures");
    const place = element("div", "nbstream-column-reply");
    widen.setAttribute("aria-pressed", "false");
    widen.addEventListener("click", () => {
      const isWide = root.toggleAttribute("data-wide");
      widen.setAttribute("aria-pressed", String(isWide));
    });
    head.append(name, chosen, widen);
    root.append(head, figures, note, place);
    this.#columns.append(root);
    const hide = this.#session.show(key, place, undefined, true);
    const shown: Shown = { root, name, chosen, note, figures, widen, drawn: "", remove: hide };
    this.#shown.set(key, shown);
    return shown;
  }

  #stopAll(): void {
    if (this.#stop.ariaDisabled === "true") return;
    this.#stop.setAttribute("aria-disabled", "true");
    write(this.#stop, _("Stopping…"));
    void this.#session.send({ type: "stop" });
  }

  #drawChoices(choices: readonly CompareChoice[]): void {
    this.#choice.hidden = choices.length === 0;
    const drawn = choices.map(({ value }) => value).join();
    if (this.#choices.dataset.drawn === drawn) return;
    const hadFocus = this.#choices.contains(document.activeElement);
    this.#choices.dataset.drawn = drawn;
    this.#choices.replaceChildren(
      ...choices.map((choice) => {
        const each = element("button", "nbstream-compare-button", choice.label);
        each.setAttribute("aria-keyshortcuts", choice.key);
        each.title = _("Key {key}", { key: choice.key });
        each.addEventListener("click", () => this.#choose(choice));
        return each;
      }),
    );
    // The button that was pressed is gone.
    if (hadFocus) this.#isAsked = true;
  }

  #choose({ value }: CompareChoice): void {
    if (this.#isChoosing) return;
    this.#isAsked = this.#isChoosing = true;
    const buttons = [...this.#choices.querySelectorAll("button")];
    for (const each of buttons) each.setAttribute("aria-disabled", "true");
    void this.#session.send({ type: "choose", choice: value }).then(() => {
      // They are still there if the kernel did not take it.
      this.#isChoosing = false;
      for (const each of buttons) each.removeAttribute("aria-disabled");
    });
  }

  #drawVerdict(verdict: string): void {
    if (this.#verdict.textContent === verdict && !this.#verdict.hidden === (verdict !== "")) return;
    show(this.#verdict, verdict);
    if (verdict === "" || !this.#isAsked) return;
    this.#isAsked = false;
    focusInPlace(this.#verdict);
    this.#session.services.announce(verdict);
  }

  #drawNotes(lines: readonly string[]): void {
    this.#notes.hidden = lines.length === 0;
    const drawn = lines.join("\n");
    if (this.#notes.dataset.drawn === drawn) return;
    this.#notes.dataset.drawn = drawn;
    this.#notes.replaceChildren(...lines.map((line) => element("p", "nbstream-compare-note", line)));
  }

  #drawBetween({ columns, comparable, differences }: CompareOwn): void {
    this.#between.hidden = !comparable;
    const two = columns.length === 2;
    for (const [select, at] of [
      [this.#first, 0],
      [this.#second, 1],
    ] as const) {
      select.hidden = two;
      const drawn = columns.map(({ name }) => name).join("\n");
      if (select.dataset.drawn === drawn) continue;
      select.dataset.drawn = drawn;
      const before = select.value;
      select.replaceChildren(...columns.map(({ key, name }) => new Option(name, key)));
      select.value = before || (columns[at]?.key ?? "");
    }
    (this.#first.nextElementSibling as HTMLElement).hidden = two;
    const isOpen = differences !== null;
    this.#toggle.setAttribute("aria-expanded", String(isOpen));
    write(this.#toggle, isOpen ? _("Hide differences") : _("Show differences"));
  }

  #toggleDifferences(): void {
    if (this.#session.own.differences === null) this.#ask();
    else void this.#session.send({ type: "differences" });
  }

  #ask(): void {
    void this.#session.send({ type: "differences", first: this.#first.value, second: this.#second.value });
  }

  #drawDifferences(differences: CompareDifferences | null): void {
    if (this.#drawn === differences) return;
    this.#drawn = differences;
    this.#differences.hidden = differences === null;
    if (differences === null) {
      this.#differences.replaceChildren();
      return;
    }
    const { names, summary, pieces } = differences;
    const [one = "", other = ""] = names;
    if (pieces.length === 0) {
      this.#differences.replaceChildren(element("div", "nbstream-compare-note", summary));
      return;
    }
    const head = element("div", "nbstream-compare-note");
    const legend = [passage(1, _("only {name}", { name: one })), " · ", passage(2, _("only {name}", { name: other }))];
    head.append(summary, " · ", ...legend);
    const text = element("div", "nbstream-passages");
    text.setAttribute("role", "region");
    text.setAttribute("aria-label", _("Differences of {one} and {other}", { one, other }));
    text.tabIndex = 0;
    text.append(...pieces.map(([kind, words]) => passage(kind, words)));
    this.#differences.replaceChildren(head, text);
  }
}

function figure({ label, text, best }: CompareFigure): HTMLElement {
  const pair = element("span", "nbstream-figure");
  const value = element("span", "nbstream-value", text);
  if (best) {
    pair.dataset.best = "";
    value.append(element("span", "nbstream-unseen", ` (${_("best")})`));
  }
  pair.append(element("span", "nbstream-label-of-figure", label), " ", value);
  return pair;
}

function passage(kind: number, words: string): Node {
  if (kind === 0) return document.createTextNode(words);
  return element(kind === 1 ? "del" : "ins", "", words);
}

export default instrument<CompareOwn>((session, parent) => new CompareView(session, parent));
