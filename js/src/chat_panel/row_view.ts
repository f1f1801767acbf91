/** One row of the transcript: a prompt, its reply, and what can be done about them. */

import { _, copy, element, show, write } from "../shared";
import { button, disable, feedback } from "./buttons";
import { EditForm } from "./edit_form";
import { LongText } from "./long_text";
import type { Panel } from "./panel";
import type { ChatRow, RowAction } from "./protocol";

export class RowView {
  readonly element = element("article", "nbstream-row");
  readonly #panel: Panel;
  readonly #ask = element("div", "nbstream-ask");
  readonly #prompt: LongText;
  readonly #editButton = button(
    "nbstream-quiet nbstream-tool",
    _("Edit"),
    () => void this.#edit("prompt"),
    _("Edit prompt"),
  );
  readonly #older = button("nbstream-quiet", "‹", () => this.#step(-1), _("Previous version"));
  readonly #place = element("span", "nbstream-place");
  readonly #newer = button("nbstream-quiet", "›", () => this.#step(1), _("Next version"));
  readonly #versions = element("span", "nbstream-versions");
  readonly #marks = element("div", "nbstream-marks");
  readonly #problem = element("div", "nbstream-problem");
  readonly #reply = element("div", "nbstream-reply");
  readonly #tools = element("div", "nbstream-row-tools");
  /** Made with the reply, as most rows of a long chat are never seen. */
  #buttons: readonly (readonly [HTMLButtonElement, (row: ChatRow) => boolean])[] = [];
  #row: ChatRow;
  #mounted: { key: string; remove: () => void } | undefined;
  #isFilled = false;
  #form: EditForm | undefined;

  constructor(row: ChatRow, panel: Panel) {
    this.#row = row;
    this.#panel = panel;
    this.#prompt = new LongText(() => panel.textOf(this.#row, "prompt"));
    this.#versions.setAttribute("role", "group");
    this.#versions.append(this.#older, this.#place, this.#newer);
    const side = element("div", "nbstream-side");
    side.append(this.#editButton, this.#versions);
    this.#ask.append(this.#prompt.element, side);
    this.element.append(this.#ask, this.#marks, this.#problem, this.#reply, this.#tools);
  }

  get row(): ChatRow {
    return this.#row;
  }

  get isFilled(): boolean {
    return this.#isFilled;
  }

  /** Draw the reply and the tools as well, which take longer than all else. */
  fill(): void {
    if (this.#isFilled) return;
    this.#isFilled = true;
    this.#buttons = this.#makeButtons();
    this.#tools.append(...this.#buttons.map(([each]) => each));
    this.#drawTools();
    this.#mount();
  }

  draw(row: ChatRow): void {
    this.#row = row;
    const { isLost, isLive, writing } = this.#panel;
    const label = row.kind === "unsent" ? _("Not sent") : _("Turn {number}", { number: row.number ?? "" });
    if (this.element.getAttribute("aria-label") !== label) this.element.setAttribute("aria-label", label);
    this.element.toggleAttribute("data-hidden", row.hidden);
    this.element.toggleAttribute("data-arriving", row.arriving);
    this.#prompt.draw(row.prompt, row.prompt_left_out, row.reply);
    this.#editButton.hidden = isLost || !row.actions.includes("edit");
    this.#versions.hidden = row.versions < 2;
    this.#versions.setAttribute(
      "aria-label",
      _("Version {version} of {versions}", { version: row.version, versions: row.versions }),
    );
    write(this.#place, `${row.version}/${row.versions}`);
    disable(this.#older, row.version <= 1 || isLive);
    disable(this.#newer, row.version >= row.versions || isLive);
    this.#older.hidden = isLost;
    this.#newer.hidden = isLost;
    show(this.#marks, marksOf(row).join(" · "));
    show(this.#problem, row.problem);
    this.#drawTools();
    const { editing } = writing;
    if (editing?.row === row.key && !isLost) this.#showForm(editing.part, editing.text);
    else this.#hideForm();
    if (this.#isFilled) this.#mount();
  }

  remove(): void {
    this.#hideForm();
    this.#mounted?.remove();
    this.element.remove();
  }

  #drawTools(): void {
    for (const [each, isOffered] of this.#buttons) each.hidden = !isOffered(this.#row);
    this.#tools.hidden = this.#row.arriving || this.#buttons.every(([each]) => each.hidden);
  }

  #makeButtons(): [HTMLButtonElement, (row: ChatRow) => boolean][] {
    const post = (action: RowAction, more = {}): void => this.#post(action, more);
    const offers = (action: RowAction) => (row: ChatRow) => !this.#panel.isLost && row.actions.includes(action);
    const tool = (text: string, label: string, onClick: (self: HTMLButtonElement) => void): HTMLButtonElement => {
      const created: HTMLButtonElement = button("nbstream-quiet nbstream-tool", text, () => onClick(created), label);
      return created;
    };
    return [
      [tool(_("Send again"), _("Send again"), () => post("send")), offers("send")],
      [tool(_("Continue"), _("Continue this reply"), () => post("continue")), offers("continue")],
      [tool(_("Retry"), _("Retry this prompt"), () => post("retry")), offers("retry")],
      [
        tool(_("Copy"), _("Copy the answer"), (self) => void this.#copy(self)),
        ({ kind, arriving }) => kind === "turn" && !arriving && !this.#panel.isLost,
      ],
      [tool(_("Edit answer"), _("Edit answer"), () => void this.#edit("answer")), offers("edit_answer")],
      [
        tool(_("As cell"), _("As cell: insert this turn below"), (self) => void this.#insert(self)),
        (row) => this.#panel.canInsertCells && offers("cell")(row),
      ],
      [
        tool(_("Hide"), _("Hide this turn: it is not sent any more"), () => post("hide", { hidden: true })),
        offers("hide"),
      ],
      [tool(_("Show"), _("Show this turn: it is sent again"), () => post("hide", { hidden: false })), offers("show")],
      [tool(_("Dismiss"), _("Dismiss this prompt"), () => post("dismiss")), offers("dismiss")],
    ];
  }

  #post(action: RowAction, more: object): void {
    const type = action === "send" ? "send_unsent" : action;
    this.#panel.post({ type: type as "retry", row: this.#row.key, ...more });
  }

  #mount(): void {
    const { reply } = this.#row;
    if (this.#mounted?.key === reply) return;
    this.#mounted?.remove();
    this.#mounted = reply === "" ? undefined : { key: reply, remove: this.#panel.mountReply(reply, this.#reply) };
  }

  #step(step: -1 | 1): void {
    this.#panel.post({ type: "version", row: this.#row.key, version: this.#row.version + step });
  }

  async #copy(self: HTMLButtonElement): Promise<void> {
    const text = await this.#panel.textOf(this.#row, "answer");
    this.#tell(self, text !== undefined && (await copy(text)) ? _("Copied") : _("Could not copy"));
  }

  async #insert(self: HTMLButtonElement): Promise<void> {
    const source = await this.#panel.textOf(this.#row, "cell");
    const isDone = source !== undefined && this.#panel.insertCell(this.element, source);
    this.#tell(self, isDone ? _("Inserted below") : _("Could not insert"));
  }

  #tell(self: HTMLButtonElement, text: string): void {
    feedback(self, text);
    this.#panel.announce(text);
  }

  async #edit(part: "prompt" | "answer"): Promise<void> {
    const { key, kind, prompt, prompt_left_out } = this.#row;
    if (kind === "unsent") {
      this.#panel.post({ type: "edit", row: key });
      return;
    }
    const isWhole = part === "prompt" && prompt_left_out === 0;
    const text = isWhole ? prompt : await this.#panel.textOf(this.#row, part);
    if (text === undefined) return;
    this.#panel.writing.editing = { row: key, part, text };
    this.#panel.onWriting(this);
    this.#showForm(part, text);
    this.#form?.focus();
  }

  #showForm(part: "prompt" | "answer", text: string): void {
    if (this.#form?.part === part) {
      this.#form.text = text;
      return;
    }
    this.#hideForm();
    const finish = (): void => {
      this.#panel.writing.editing = null;
      this.#panel.onWriting(this);
      this.#hideForm();
    };
    this.#form = new EditForm(part, text, {
      onInput: (edited) => {
        this.#panel.writing.editing = { row: this.#row.key, part, text: edited };
        this.#panel.onWriting(this);
      },
      submit: (edited) => {
        finish();
        this.#panel.post({ type: "edit", row: this.#row.key, part, text: edited });
      },
      cancel: () => {
        finish();
        this.#editButton.focus();
      },
    });
    const replaced = part === "prompt" ? this.#ask : this.#reply;
    replaced.hidden = true;
    replaced.after(this.#form.element);
  }

  #hideForm(): void {
    if (this.#form === undefined) return;
    this.#form.remove();
    this.#form = undefined;
    this.#ask.hidden = false;
    this.#reply.hidden = false;
  }
}

/** What a reader should know of a turn. */
function marksOf(row: ChatRow): string[] {
  const marks: [string, boolean][] = [
    [_("hidden: not sent any more"), row.hidden],
    [_("edited"), row.edited],
    [_("answered an earlier version"), row.outdated],
    [_("asked by a cell"), row.origin === "cell"],
    [_("asked by code"), row.origin === "code"],
  ];
  return [...marks.filter(([, holds]) => holds).map(([text]) => text), ...row.attached, ...row.notes];
}
