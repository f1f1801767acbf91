/**
 * Keeps the static output beside a view as the kernel has it. JupyterLab updates the outputs of cells
 * that the page itself has run; after a reload it takes no notice of an update, and the file would
 * keep what there was before.
 */

import type { Output, Outputs } from "../notebook";
import { attempt, contextOf, htmlOf, outputsOf } from "../shared";

/** Milliseconds after which the front end has updated the output itself, where it does. */
const DELAY = 2000;

export class TranscriptKeeper {
  readonly #model: { widget_manager?: unknown };
  readonly #name: string;
  /** What the kernel has sent, by the rule at its end: a transcript below a layout has another one. */
  readonly #newest = new Map<string, Output>();
  #timer: ReturnType<typeof setTimeout> | undefined;

  constructor(model: { widget_manager?: unknown }, run_id: string) {
    this.#model = model;
    this.#name = `nbstream-transcript-${run_id}`;
  }

  /** The kernel has sent an output. */
  onOutput(output: Output): void {
    const html = htmlOf(output);
    if (!html.includes(this.#name)) return;
    this.#newest.set(ruleOf(html), output);
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.#write(), DELAY);
  }

  /** How long the transcripts in the notebook are, in UTF-16 code units. */
  lengths(): number[] {
    const found: number[] = [];
    this.#visit((html) => found.push(html.length));
    return found;
  }

  close(): void {
    clearTimeout(this.#timer);
  }

  #write(): void {
    this.#visit((html, outputs, index) => {
      const newest = this.#newest.get(ruleOf(html));
      if (newest === undefined || htmlOf(newest) === html) return;
      const { data, metadata } = newest;
      outputs.set?.(index, { output_type: "display_data", data, metadata });
    });
    this.#newest.clear();
  }

  #visit(visit: (html: string, outputs: Outputs, index: number) => void): void {
    const context = contextOf(this.#model);
    if (context?.model?.readOnly === true) return;
    // It throws if the notebook is being closed, or has another structure.
    attempt(() => {
      for (const { output, outputs, index } of outputsOf(context)) {
        const html = htmlOf(output);
        if (html.includes(this.#name)) visit(html, outputs, index);
      }
    });
  }
}

function ruleOf(html: string): string {
  return html.slice(html.lastIndexOf("<style>"));
}
