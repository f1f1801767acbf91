/** A text of a user, of which only the beginning is shown at first if it is long. */

import { _, element, focusInPlace } from "../shared";
import { button } from "./buttons";

const SHOWN_CHARACTERS = 2000;
const SHOWN_LINES = 14;

export class LongText {
  readonly element = element("div", "nbstream-prompt");
  readonly #text = element("div", "nbstream-prompt-text", "", { dir: "auto" });
  readonly #more = button("nbstream-quiet nbstream-more", _("Show all"), () => void this.#showAll());
  readonly #load: () => Promise<string | undefined>;
  #drawn: string | undefined;
  #leftOut = 0;
  #version = "";

  /** `load` brings the whole text if a part of it was left out. */
  constructor(load: () => Promise<string | undefined>) {
    this.#load = load;
    this.element.append(this.#text, this.#more);
  }

  /** `version` names what it is the beginning of: texts that begin alike may go on differently. */
  draw(text: string, leftOut: number, version: string): void {
    if (text === this.#drawn && leftOut === this.#leftOut && version === this.#version) return;
    this.#drawn = text;
    this.#leftOut = leftOut;
    this.#version = version;
    const short = shortened(text, leftOut > 0);
    this.#text.textContent = short;
    this.#more.hidden = short === text;
  }

  async #showAll(): Promise<void> {
    const version = this.#version;
    const text = this.#leftOut > 0 ? await this.#load() : this.#drawn;
    if (text === undefined || version !== this.#version) return;
    this.#text.textContent = text;
    this.#more.hidden = true;
    // The focus was on the button, which is gone.
    this.#text.tabIndex = -1;
    focusInPlace(this.#text);
  }
}

/** The beginning of a long text, with a mark at its end; `isCut` if it has an end that is not here. */
export function shortened(text: string, isCut = false): string {
  let end = 0;
  for (let line = 0; line < SHOWN_LINES && end < text.length; line += 1) {
    const next = text.indexOf("\n", end);
    end = next < 0 ? text.length : next + 1;
  }
  end = Math.min(end, SHOWN_CHARACTERS);
  if (end >= text.length && !isCut) return text;
  // Not within a pair of surrogates.
  if (/[\ud800-\udbff]/.test(text.charAt(end - 1))) end -= 1;
  return `${text.slice(0, end).trimEnd()} …`;
}
