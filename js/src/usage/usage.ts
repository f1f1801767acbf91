/** `nbstream.usage()`: a picture that the kernel draws, what is pointed at in it, and its choices. */

import { type InstrumentSession, instrument } from "../instruments/instrument";
import { _, applyStyles, element, localize, parsed, write } from "../shared";
import { MarkArea, type Place } from "./marks";
import type { UsageOwn, UsagePageMessage, UsagePicture, UsageTables } from "./protocol";
import style from "./usage.css?inline";

type Session = InstrumentSession<UsageOwn>;

/** In pixels, where the page is not laid out. */
const USUAL_WIDTH = 760;
/** So many milliseconds after the last change of its width, a picture is asked for. */
const REST = 100;
/** And at least so long after the last one. */
const PAUSE = 250;

let views = 0;

export class UsageView {
  readonly #session: Session;
  readonly #view = ++views;
  readonly #root = localize(
    element("section", "nbstream nbstream-frame nbstream-usage", "", { "aria-label": _("Usage") }),
  );
  readonly #spans = element("div", "nbstream-usage-spans", "", { role: "group", "aria-label": _("Time") });
  readonly #models = element("select", "nbstream-usage-models", "", { "aria-label": _("Model") });
  readonly #numbers = element("button", "nbstream-usage-button", _("Show the numbers"), { "aria-expanded": "false" });
  readonly #figure = element("div", "nbstream-usage-figure");
  readonly #picture = element("div", "nbstream-usage-picture");
  readonly #tip = element("div", "nbstream-usage-tip", "", { "aria-hidden": "true" });
  readonly #tables = element("div", "nbstream-usage-tables");
  readonly #areas = new Map<string, MarkArea>();
  readonly #removal = new AbortController();
  readonly #observers: { disconnect(): void }[] = [];
  #isInSight = true;
  #isAsking = false;
  /** The version and the width of the picture that is shown. */
  #drawn = { version: -1, width: 0 };
  #tablesVersion = -1;
  #timer: ReturnType<typeof setTimeout> | undefined;

  constructor(session: Session, parent: HTMLElement) {
    this.#session = session;
    applyStyles(parent, { usage: style });
    const bar = element("div", "nbstream-usage-bar");
    bar.dataset.kernel = "";
    this.#models.addEventListener("change", () => this.#send({ type: "choose", model: this.#models.value }));
    this.#numbers.addEventListener("click", () => this.#toggleNumbers());
    bar.append(this.#spans, this.#models, this.#numbers);
    this.#tip.hidden = this.#tables.hidden = true;
    this.#figure.append(this.#picture, this.#tip);
    this.#root.append(bar, this.#figure, this.#tables);
    parent.append(this.#root);
    this.#watch();
    this.update();
  }

  update(): void {
    const { own } = this.#session;
    this.#drawSpans(own);
    this.#drawModels(own);
    this.#refreshSoon(0);
  }

  remove(): void {
    this.#removal.abort();
    clearTimeout(this.#timer);
    for (const each of this.#observers) each.disconnect();
    for (const each of this.#areas.values()) each.remove();
    this.#root.remove();
  }

  #watch(): void {
    const { signal } = this.#removal;
    document.addEventListener("visibilitychange", () => this.#refreshSoon(0), { signal });
    if (typeof ResizeObserver !== "undefined") {
      const resized = new ResizeObserver(() => this.#refreshSoon(this.#drawn.width === 0 ? 0 : REST));
      resized.observe(this.#figure);
      this.#observers.push(resized);
    }
    if (typeof IntersectionObserver !== "undefined") {
      const seen = new IntersectionObserver((entries) => {
        this.#isInSight = entries[entries.length - 1]?.isIntersecting ?? true;
        this.#refreshSoon(0);
      });
      seen.observe(this.#root);
      this.#observers.push(seen);
    }
  }

  #drawSpans({ span, spans }: UsageOwn): void {
    const drawn = JSON.stringify(spans);
    if (this.#spans.dataset.drawn !== drawn) {
      this.#spans.dataset.drawn = drawn;
      this.#spans.replaceChildren(
        ...spans.map(([value, label]) => {
          const created = element("button", "nbstream-usage-span", label);
          created.dataset.span = value;
          created.addEventListener("click", () => this.#send({ type: "choose", span: value }));
          return created;
        }),
      );
    }
    for (const each of this.#spans.querySelectorAll("button")) {
      each.setAttribute("aria-pressed", String(each.dataset.span === span));
    }
  }

  #drawModels({ model, models }: UsageOwn): void {
    const names = models.includes(model) || model === "" ? models : [model, ...models];
    const drawn = names.join("\n");
    if (this.#models.dataset.drawn !== drawn || this.#models.options.length === 0) {
      this.#models.dataset.drawn = drawn;
      this.#models.replaceChildren(new Option(_("All models"), ""), ...names.map((name) => new Option(name, name)));
    }
    this.#models.value = model;
    this.#models.hidden = names.length < 2 && model === "";
  }

  #send(message: UsagePageMessage): void {
    void this.#session.send({ ...message });
  }

  get #width(): number {
    return Math.floor(this.#figure.clientWidth) || USUAL_WIDTH;
  }

  get #isStale(): boolean {
    return this.#drawn.version !== this.#session.own.version || this.#drawn.width !== this.#width;
  }

  #refreshSoon(delay: number): void {
    if (this.#isAsking || this.#removal.signal.aborted || this.#session.isLost) return;
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => void this.#refresh(), delay);
  }

  /** Ask for the picture if somebody can see it and it is another one. */
  async #refresh(): Promise<void> {
    if (!this.#isInSight || document.hidden || !this.#isStale || this.#isAsking) return;
    this.#isAsking = true;
    const width = this.#width;
    const question: UsagePageMessage = { type: "picture", width, view: this.#view };
    const answer = (await this.#session.send({ ...question })) as UsagePicture | undefined;
    if (answer?.svg !== undefined && !this.#removal.signal.aborted) this.#draw(answer, width);
    if (!this.#tables.hidden && this.#tablesVersion !== this.#drawn.version) await this.#fillTables();
    this.#isAsking = false;
    if (answer !== undefined && this.#isStale) this.#refreshSoon(PAUSE);
  }

  #draw({ version, svg, width, height, areas }: UsagePicture, asked: number): void {
    this.#drawn = { version, width: asked };
    this.#picture.replaceChildren(parsed(svg));
    const names = areas.map(({ name }) => name);
    for (const [name, area] of this.#areas) {
      if (names.includes(name)) continue;
      area.remove();
      this.#areas.delete(name);
    }
    for (const each of areas) {
      const area = this.#areas.get(each.name) ?? this.#addArea(each.name);
      area.place(each, width, height);
    }
  }

  #addArea(name: string): MarkArea {
    const area = new MarkArea((place) => this.#point(place));
    this.#areas.set(name, area);
    this.#figure.insertBefore(area.element, this.#tip);
    return area;
  }

  /** Show what is known of a mark beside it. */
  #point(place: Place | undefined): void {
    this.#tip.hidden = place === undefined;
    if (place === undefined) return;
    const list = element("dl", "nbstream-usage-rows");
    for (const [kind, name, value] of place.mark.rows) {
      const sign = element("dt", "", name);
      if (kind !== "") sign.prepend(element("span", `nbstream-usage-sign nbu-fill-${kind}`));
      list.append(sign, element("dd", "", value));
    }
    this.#tip.replaceChildren(element("strong", "", place.mark.title), list);
    const { clientWidth, clientHeight } = this.#figure;
    const { offsetWidth, offsetHeight } = this.#tip;
    const right = place.right + 8;
    const left = right + offsetWidth <= clientWidth ? right : Math.max(0, place.left - 8 - offsetWidth);
    this.#tip.style.left = `${left}px`;
    this.#tip.style.top = `${Math.max(0, Math.min(place.top, clientHeight - offsetHeight))}px`;
  }

  #toggleNumbers(): void {
    const isOpen = this.#tables.hidden;
    this.#tables.hidden = !isOpen;
    this.#numbers.setAttribute("aria-expanded", String(isOpen));
    write(this.#numbers, isOpen ? _("Hide the numbers") : _("Show the numbers"));
    if (isOpen) void this.#fillTables();
  }

  async #fillTables(): Promise<void> {
    const answer = (await this.#session.send({ type: "tables" })) as UsageTables | undefined;
    if (answer?.html === undefined || this.#removal.signal.aborted) return;
    this.#tablesVersion = answer.version;
    this.#tables.replaceChildren(parsed(answer.html));
    for (const table of this.#tables.querySelectorAll("table")) {
      const box = element("div", "nbstream-usage-scroll", "", { tabindex: "0", role: "region" });
      box.setAttribute("aria-label", table.previousElementSibling?.textContent || _("Numbers"));
      table.replaceWith(box);
      box.append(table);
    }
  }
}

export default instrument<UsageOwn>((session, parent) => new UsageView(session, parent));
