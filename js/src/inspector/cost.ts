/** The tab Cost: the sum written out. */

import { _, element } from "../shared";
import { type Panel, type Source, scrollable, table, writeNotes } from "./panel";
import type { CostAnswer } from "./protocol";

export class CostPanel implements Panel {
  readonly element = element("div", "nbstream-in-cost");
  readonly #source: Source;

  constructor(source: Source) {
    this.#source = source;
  }

  async refresh(): Promise<void> {
    const step = this.#source.step;
    const answer = await this.#source.ask<CostAnswer>({ type: "cost", step });
    if (answer === undefined || step !== this.#source.step) return;
    const parts: HTMLElement[] = [];
    if (answer.rows.length > 0) {
      const sum = table([_("tokens"), _("number"), _("price"), _("cost")], answer.rows);
      const last = document.createElement("tr");
      const name = element("th", "", _("together"));
      name.scope = "row";
      const total = element("td", "", answer.total);
      last.append(name, document.createElement("td"), document.createElement("td"), total);
      sum.createTFoot().append(last);
      parts.push(scrollable(sum, _("The cost")));
    } else if (answer.total !== "") parts.push(element("p", "nbstream-in-total", answer.total));
    const notes = element("div", "");
    writeNotes(notes, answer.notes);
    parts.push(notes);
    if (answer.steps.length > 0) {
      const list = element("ul", "nbstream-in-list");
      list.append(...answer.steps.map((line) => element("li", "", line)));
      parts.push(list);
    }
    this.element.replaceChildren(...parts);
  }
}
