/** `nbstream.Inspector`: what a reply is made of, in six tabs, of which one asks at a time. */

import { type InstrumentSession, instrument } from "../instruments/instrument";
import { _, applyStyles, element, localize, marked, write } from "../shared";
import { CostPanel } from "./cost";
import { MessagesPanel } from "./messages";
import { button, type Panel, type Source } from "./panel";
import type { InspectorState, KeepAnswer, Question, Tab } from "./protocol";
import { RequestPanel } from "./request";
import { StreamPanel } from "./stream";
import style from "./style.css?inline";
import { TimePanel } from "./time";
import { TokensPanel } from "./tokens";

/** While the reply arrives, a tab asks for what is new so many milliseconds after the last time. */
const PAUSE = 250;

const TABS: readonly (readonly [Tab, string, new (source: Source) => Panel])[] = [
  ["messages", marked("Messages"), MessagesPanel],
  ["request", marked("Request"), RequestPanel],
  ["stream", marked("Stream"), StreamPanel],
  ["time", marked("Time"), TimePanel],
  ["cost", marked("Cost"), CostPanel],
  ["tokens", marked("Tokens"), TokensPanel],
];

let inspectors = 0;

export class InspectorView implements Source {
  readonly #session: InstrumentSession<InspectorState>;
  readonly #title = element("span", "nbstream-in-title");
  readonly #steps = element("select", "nbstream-in-steps");
  readonly #keep: HTMLButtonElement;
  readonly #tabs = new Map<Tab, HTMLButtonElement>();
  readonly #body = element("div", "nbstream-in-body");
  readonly #panels = new Map<Tab, Panel>();
  readonly #seen: IntersectionObserver | undefined;
  readonly #closing = new AbortController();
  #tab: Tab;
  #chosenStep: number | undefined;
  #isInSight = true;
  /** Whether there is more to ask for than what is being asked for. */
  #isStale = false;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #isAsking = false;

  constructor(session: InstrumentSession<InspectorState>, parent: HTMLElement) {
    this.#session = session;
    this.#tab = session.own.tab;
    applyStyles(parent, { inspector: style });
    const name = `nbstream-inspector-${++inspectors}`;
    const root = localize(element("section", "nbstream nbstream-frame nbstream-in"));
    root.setAttribute("aria-label", _("Inspector"));
    const head = element("div", "nbstream-in-headline");
    this.#steps.setAttribute("aria-label", _("Request"));
    this.#steps.addEventListener("change", () => {
      this.#chosenStep = Number(this.#steps.value);
      this.#refreshSoon();
    });
    this.#keep = button("nbstream-in-quiet", "", () => this.#toggleKept());
    this.#keep.dataset.kernel = "";
    head.append(this.#title, this.#steps, this.#keep);
    const tabs = element("div", "nbstream-in-tabs");
    tabs.setAttribute("role", "tablist");
    tabs.setAttribute("aria-label", _("What the reply is made of"));
    for (const [tab, label] of TABS) {
      const created = button("nbstream-in-tab", _(label), () => this.#open(tab));
      created.id = `${name}-${tab}`;
      created.setAttribute("role", "tab");
      created.setAttribute("aria-controls", `${name}-body`);
      this.#tabs.set(tab, created);
      tabs.append(created);
    }
    tabs.addEventListener("keydown", (event) => this.#onKey(event));
    this.#body.id = `${name}-body`;
    this.#body.setAttribute("role", "tabpanel");
    root.append(head, tabs, this.#body);
    parent.append(root);
    document.addEventListener("visibilitychange", () => this.#refreshSoon(), { signal: this.#closing.signal });
    if (typeof IntersectionObserver !== "undefined") {
      this.#seen = new IntersectionObserver((entries) => {
        this.#isInSight = entries[entries.length - 1]?.isIntersecting ?? true;
        if (this.#isInSight) this.#refreshSoon();
      });
      this.#seen.observe(root);
    }
    this.#open(this.#tab);
    this.update();
  }

  get own(): InspectorState {
    return this.#session.own;
  }

  get step(): number {
    const last = this.own.steps.length - 1;
    return Math.min(this.#chosenStep ?? last, last);
  }

  get isWatched(): boolean {
    return this.#isInSight && !document.hidden && !this.#closing.signal.aborted;
  }

  async ask<T>(question: Question): Promise<T | undefined> {
    return (await this.#session.send({ ...question })) as T | undefined;
  }

  update(): void {
    const { own } = this;
    write(this.#title, own.live ? `${own.title} · ${_("live")}` : own.title);
    const known = [...this.#steps.options].map((option) => option.text);
    if (known.join("\n") !== own.steps.join("\n")) {
      this.#steps.replaceChildren(...own.steps.map((label, index) => new Option(label, String(index))));
    }
    this.#steps.value = String(this.step);
    this.#steps.hidden = own.steps.length < 2;
    write(this.#keep, own.kept ? _("Kept in the notebook · Remove") : _("Keep in notebook"));
    this.#keep.setAttribute("aria-pressed", String(own.kept));
    this.#keep.hidden = !own.can_keep || this.#session.isLost;
    this.#refreshSoon();
  }

  remove(): void {
    this.#closing.abort();
    this.#seen?.disconnect();
    clearTimeout(this.#timer);
    for (const panel of this.#panels.values()) panel.remove?.();
  }

  #open(tab: Tab): void {
    this.#tab = tab;
    for (const [each, tabButton] of this.#tabs) {
      tabButton.setAttribute("aria-selected", String(each === tab));
      tabButton.tabIndex = each === tab ? 0 : -1;
    }
    const id = this.#tabs.get(tab)?.id;
    if (id !== undefined) this.#body.setAttribute("aria-labelledby", id);
    let panel = this.#panels.get(tab);
    if (panel === undefined) {
      const made = TABS.find(([each]) => each === tab)?.[2];
      if (made === undefined) return;
      panel = new made(this);
      this.#panels.set(tab, panel);
    }
    this.#body.replaceChildren(panel.element);
    panel.opened?.();
    void this.#refresh();
  }

  #refreshSoon(): void {
    this.#timer ??= setTimeout(() => void this.#refresh(), this.own.live ? PAUSE : 0);
  }

  /** Let the open tab ask for what is new, if somebody can see it. */
  async #refresh(): Promise<void> {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    if (!this.isWatched) return;
    // The kernel may be busy for long.
    this.#isStale = this.#isAsking;
    if (this.#isAsking) return;
    this.#isAsking = true;
    try {
      await this.#panels.get(this.#tab)?.refresh();
    } finally {
      this.#isAsking = false;
      if (this.#isStale) this.#refreshSoon();
    }
  }

  #toggleKept(): void {
    void this.ask<KeepAnswer>({ type: "keep", kept: !this.own.kept });
  }

  #onKey(event: KeyboardEvent): void {
    const place = TABS.findIndex(([tab]) => tab === this.#tab);
    const moves: Record<string, number> = {
      ArrowRight: place + 1,
      ArrowLeft: place - 1,
      Home: 0,
      End: TABS.length - 1,
    };
    const target = moves[event.key];
    if (target === undefined || event.ctrlKey || event.metaKey || event.altKey) return;
    event.preventDefault();
    event.stopPropagation();
    const tab = TABS[(target + TABS.length) % TABS.length]?.[0];
    if (tab === undefined) return;
    this.#open(tab);
    this.#tabs.get(tab)?.focus();
  }
}

export default instrument<InspectorState>((session, parent) => new InspectorView(session, parent));
