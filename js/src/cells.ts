/**
 * Answers the kernel's question for the cells above the one that runs. The widget is never
 * displayed: its model, which the page makes as soon as the kernel opens it, is the question.
 */

import type { AnyWidget } from "@anywidget/types";
import { kernelOf, MIN_REPLY_TIMEOUT, sendControl } from "./channel";
import { answerIn, contextOf, type NotebookCellModel, type Output } from "./notebook";
import type { CellContent, CellOutput, CellsAnswer } from "./protocol";

/** The kernel shortens what it takes of a longer text anyway. */
const LONGEST_TEXT = 65_536;
/** Beyond so many characters, texts of outputs further up are left out. */
const MOST_CHARACTERS = 4_000_000;

interface Traits {
  run_id: string;
  /** The id of the cell above which others are asked for. */
  cell_id: string;
  /** Whether this cell itself is asked for, and no other. */
  itself: boolean;
  /** The most cells to send: those next to it. */
  most: number;
}

/** The file's form of an output. */
interface SavedOutput extends Output {
  output_type?: string;
  text?: unknown;
  traceback?: unknown;
}

/** The cell `id`; undefined if the page does not know it. */
export function cellItself(
  model: { widget_manager?: unknown },
  id: string,
): Pick<CellsAnswer, "above" | "cells"> | undefined {
  const cells = contextOf(model)?.model?.cells;
  for (let index = 0; index < (cells?.length ?? 0); index += 1) {
    const cell = cells?.get(index);
    if (cell?.id !== id) continue;
    const source = cell.sharedModel?.getSource?.() ?? "";
    return { above: 1, cells: [contentOf(cell, index + 1, source, { left: MOST_CHARACTERS })] };
  }
  return undefined;
}

/**
 * The cells above the cell `id`, without empty ones; undefined if the page does not know its
 * notebook.
 */
export function cellsAbove(
  model: { widget_manager?: unknown },
  id: string,
  most: number,
): Pick<CellsAnswer, "above" | "cells"> | undefined {
  const cells = contextOf(model)?.model?.cells;
  const count = cells?.length ?? 0;
  let asking = 0;
  while (asking < count && cells?.get(asking)?.id !== id) asking += 1;
  if (asking === count) return undefined;
  let above = 0;
  const found: CellContent[] = [];
  const budget = { left: MOST_CHARACTERS };
  // The nearest first, as the texts of the others may be left out.
  for (let index = asking - 1; index >= 0; index -= 1) {
    const cell = cells?.get(index);
    const source = cell?.sharedModel?.getSource?.() ?? "";
    if (cell === undefined || source.trim() === "") continue;
    above += 1;
    if (found.length < most) found.unshift(contentOf(cell, index + 1, source, budget));
  }
  return { above, cells: found };
}

function contentOf(cell: NotebookCellModel, place: number, source: string, budget: { left: number }): CellContent {
  const outputs: CellOutput[] = [];
  for (let index = 0; index < (cell.outputs?.length ?? 0); index += 1) {
    const output = cell.outputs?.get(index);
    if (output !== undefined) outputs.push(outputOf((output.toJSON?.() ?? output) as SavedOutput, budget));
  }
  const number = typeof cell.executionCount === "number" ? cell.executionCount : null;
  const edited = cell.isDirty === true && number !== null;
  return { id: cell.id ?? "", kind: cell.type ?? "code", place, source, number, edited, outputs };
}

function outputOf(output: SavedOutput, budget: { left: number }): CellOutput {
  const kind = output.output_type ?? "display_data";
  const texts = new Map<string, string>();
  if (kind === "stream") texts.set("text/plain", joined(output.text));
  else if (kind === "error") texts.set("text/plain", joined(output.traceback, "\n"));
  else {
    for (const [type, value] of Object.entries(output.data ?? {})) {
      if (type.startsWith("text/") && type !== "text/html") texts.set(type, joined(value));
    }
  }
  const sent: CellOutput = { kind, data: {}, left_out: 0, types: Object.keys(output.data ?? {}) };
  for (const [type, text] of texts) {
    const limit = Math.min(LONGEST_TEXT, budget.left);
    const kept = cut(text, limit);
    sent.data[type] = kept;
    sent.left_out += text.length - kept.length;
    budget.left -= kept.length;
  }
  const answer = kind === "stream" || kind === "error" ? undefined : answerIn(output);
  return answer === undefined ? sent : { ...sent, answer: cut(answer, LONGEST_TEXT) };
}

/** The beginning and the end of a text. */
function cut(text: string, limit: number): string {
  if (text.length <= limit) return text;
  const half = Math.floor(limit / 2);
  return half === 0 ? "" : text.slice(0, half) + text.slice(-half);
}

function joined(value: unknown, separator = ""): string {
  if (Array.isArray(value)) return value.join(separator);
  return typeof value === "string" ? value : "";
}

export default (): AnyWidget<Traits> => ({
  initialize: ({ model }) => {
    const kernel = kernelOf(model);
    const run_id = model.get("run_id");
    let found: ReturnType<typeof cellsAbove>;
    try {
      const page = model as { widget_manager?: unknown };
      const id = model.get("cell_id");
      found = model.get("itself") ? cellItself(page, id) : cellsAbove(page, id, model.get("most"));
    } catch {
      // The notebook has another structure, or is being closed.
    }
    const answer: CellsAnswer = {
      type: "cells",
      client: kernel?.clientId ?? "",
      ...(found ?? { above: 0, cells: null }),
    };
    let isAnswered = false;
    const sendComm = (): void => {
      if (!isAnswered) model.send(answer);
    };
    // A comm message in the middle of a cell changes where ipykernel 7 shows what threads write, so
    // it goes only where there is no control channel, or one that does not reply.
    const isSent = sendControl(kernel, run_id, answer, () => {
      isAnswered = true;
    });
    if (!isSent) sendComm();
    const timer = setTimeout(sendComm, MIN_REPLY_TIMEOUT);
    return () => clearTimeout(timer);
  },
});
