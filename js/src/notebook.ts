/**
 * The notebook around an output, where the front end gives a page access to its model (JupyterLab,
 * Notebook 7). None of this is documented for widgets, so nothing is taken for granted.
 */

import { attempt } from "./attempt";
import type { Kernel } from "./channel";
import { parsed } from "./elements";
import type { Action } from "./protocol";

/** The used part of JupyterLab's `DocumentRegistry.IContext<INotebookModel>`. */
export interface NotebookContext {
  model?: {
    readOnly?: boolean;
    cells?: { length?: number; get(index: number): NotebookCellModel | undefined };
    sharedModel?: { insertCell?(index: number, cell: object): unknown };
  };
  sessionContext?: { session?: { kernel?: Kernel | null } | null };
}

/** The used part of JupyterLab's `ICellModel` and `ICodeCellModel`. */
export interface NotebookCellModel {
  id?: string;
  type?: string;
  sharedModel?: { getSource?(): string };
  executionCount?: number | null;
  /** Whether the code was changed since it was run. */
  isDirty?: boolean;
  outputs?: Outputs;
  getMetadata?(name: string): unknown;
  setMetadata?(name: string, value: unknown): void;
}

export interface Outputs {
  length?: number;
  get(index: number): Output;
  set?(index: number, output: object): void;
  toJSON?(): unknown;
}

/** The model of an `ipywidgets.Output` in JupyterLab and Notebook 7. */
interface OutputWidget {
  outputs?: Outputs;
  set(name: string, value: unknown, options: object): void;
  save_changes(): void;
}

/** An output of the message format, and the used part of JupyterLab's model of one. */
export interface Output {
  data?: Record<string, unknown>;
  metadata?: Record<string, unknown>;
  /** False in a file that somebody else made. */
  trusted?: boolean;
  /** Its form in the file. */
  toJSON?(): unknown;
}

/** A settled reply that the kernel can go on with, or ask anew. */
export interface Repeatable {
  readonly kernel: Kernel;
  readonly run: string;
  readonly actions: readonly Action[];
}

/** In the order of their buttons. */
const ACTIONS: readonly Action[] = ["continue", "retry"];
const PANEL = ".jp-NotebookPanel";
/** The class by which a settled output is found. */
const NAME = /\bnbstream-[0-9a-f]{10}\b/;
const VIEW = "application/vnd.jupyter.widget-view+json";

/** The known notebooks, by the element that shows each. */
export class Notebooks {
  readonly #contexts = new WeakMap<Element, NotebookContext>();
  readonly #every = new Set<WeakRef<NotebookContext>>();
  /** Outputs that came from the kernel, by name: those of consoles and of Output widgets, too. */
  readonly #received = new Map<string, Output>();

  /**
   * Register `context` for the notebook around `element`; false while the element is in no
   * notebook.
   */
  register(element: Element, context: NotebookContext): boolean {
    const panel = element.closest(PANEL);
    if (panel === null) return false;
    if (this.#contexts.get(panel) !== context) this.#every.add(new WeakRef(context));
    this.#contexts.set(panel, context);
    return true;
  }

  /** Remember a settled output that came from the kernel. */
  receive(output: Output): void {
    const name = NAME.exec(htmlOf(output))?.[0];
    if (name !== undefined) this.#received.set(name, output);
  }

  /** Whether a cell can be inserted below the one that contains `element`. */
  canInsertCells(element: Element): boolean {
    return cellIndex(element) !== undefined && canInsertCells(this.#contextOf(element));
  }

  /** Insert a code cell below the one that contains `element`. */
  insertCell(element: Element, source: string): boolean {
    const context = this.#contextOf(element);
    const index = cellIndex(element);
    if (index === undefined || !canInsertCells(context)) return false;
    const insert = (): boolean => {
      context?.model?.sharedModel?.insertCell?.(index + 1, { cell_type: "code", source, metadata: {} });
      return true;
    };
    return attempt(insert) ?? false;
  }

  /** The answer in the settled output around `element`, as the model wrote it. */
  answerAt(element: Element): string | undefined {
    return answerIn(this.#outputAt(element));
  }

  /**
   * What the kernel can do about the settled reply around `element`, and the reply's run; undefined
   * where the reply is whole, or the kernel out of reach.
   */
  repeatable(element: Element): Repeatable | undefined {
    const output = this.#outputAt(element);
    const kernel = this.#contextOf(element)?.sessionContext?.session?.kernel;
    if (output?.trusted === false || kernel?.sendControlMessage === undefined) return undefined;
    const { run, can } = (output?.metadata?.nbstream as { again?: { run?: unknown; can?: unknown } })?.again ?? {};
    if (typeof run !== "string" || !Array.isArray(can)) return undefined;
    const actions = ACTIONS.filter((action) => can.includes(action));
    return { kernel, run, actions };
  }

  /**
   * Copy what the settled reply `root` is made of into the metadata of its cell, if the output has
   * it, which `--meta` asks for. A cell that has the same is left as it is, so that opening a file
   * changes nothing.
   */
  keepProvenance(root: Element): void {
    const output = this.#placedAt(root);
    const found = (output?.metadata?.nbstream as { provenance?: unknown } | undefined)?.provenance;
    const context = this.#contextOf(root);
    if (found === undefined || output?.trusted === false || context?.model?.readOnly === true) return;
    // If it cannot be done, the output has it in any case.
    attempt(() => {
      const cell = context?.model?.cells?.get(cellIndex(root) ?? -1);
      if (JSON.stringify(cell?.getMetadata?.("nbstream")) === JSON.stringify(found)) return;
      cell?.setMetadata?.("nbstream", found);
    });
  }

  /** Show the widget `id` in place of the settled output `root`. */
  showWidget(root: Element, id: string): void {
    const found = this.#positionOf(root);
    const view = { [VIEW]: { version_major: 2, version_minor: 0, model_id: id }, "text/plain": "" };
    found?.outputs?.set?.(found.index, { output_type: "display_data", data: view, metadata: {} });
  }

  /** The formulas in the settled output `root`, as TeX between its delimiters. */
  formulasAt(root: Element): string[] {
    const content = parsed(htmlOf(this.#outputAt(root)));
    return [...content.querySelectorAll(".nbstream-math")].map((formula) => formula.textContent);
  }

  /** The output around `element`: the one in its place in a notebook, or else one of its name. */
  #outputAt(element: Element): Output | undefined {
    const name = NAME.exec(element.closest(".nbstream-settled")?.className ?? "")?.[0];
    const placed = this.#placedAt(element);
    if (placed !== undefined && (name === undefined || htmlOf(placed).includes(name))) return placed;
    return name === undefined ? undefined : (this.#received.get(name) ?? this.#find(name));
  }

  #placedAt(element: Element): Output | undefined {
    const found = this.#positionOf(element);
    // As in #positionOf.
    return attempt(() => found?.outputs?.get(found.index));
  }

  /** The outputs of the cell around `element`, and which of them contains it. */
  #positionOf(element: Element): { outputs: Outputs | undefined; index: number } | undefined {
    const index = cellIndex(element);
    const child = element.closest(".jp-OutputArea-child");
    if (index === undefined || child === null) return undefined;
    const siblings = [...(child.parentElement?.children ?? [])].filter((each) =>
      each.classList.contains("jp-OutputArea-child"),
    );
    // The model has fewer cells or outputs than the page shows while it is being changed.
    return attempt(() => {
      const outputs = this.#contextOf(element)?.model?.cells?.get(index)?.outputs;
      return { outputs, index: siblings.indexOf(child) };
    });
  }

  /** The output of this name in a known notebook: a view of it may be in another panel. */
  #find(name: string): Output | undefined {
    return attempt(() => {
      for (const context of this.#every) {
        for (const { output } of outputsOf(context.deref())) {
          if (output.metadata?.nbstream !== undefined && htmlOf(output).includes(name)) return output;
        }
      }
      return undefined;
    });
  }

  #contextOf(element: Element): NotebookContext | undefined {
    const panel = element.closest(PANEL);
    return panel === null ? undefined : this.#contexts.get(panel);
  }
}

/** The context of a widget's manager; undefined in front ends that have none. */
export function contextOf(model: { widget_manager?: unknown }): NotebookContext | undefined {
  const manager = model.widget_manager as { context?: NotebookContext | null } | null | undefined;
  return manager?.context ?? undefined;
}

/**
 * Replace every output that shows the widget `id` by `bundle`, in the notebook of `model` and in
 * the Output widgets `holders`, if there are any and it is possible.
 */
export async function replaceViews(
  model: { widget_manager?: unknown },
  id: string,
  holders: readonly string[],
  bundle: { data: object; metadata: object },
): Promise<void> {
  try {
    replaceIn(outputsOf(contextOf(model)), id, bundle);
    const manager = model.widget_manager as { get_model?(id: string): Promise<OutputWidget> } | null | undefined;
    for (const holder of holders) {
      const widget = await manager?.get_model?.(holder);
      if (!replaceIn(outputsIn(widget?.outputs), id, bundle)) continue;
      // As the widget itself does with each new output: so it is saved, and there after a reload.
      widget?.set("outputs", widget.outputs?.toJSON?.(), { newMessage: true });
      widget?.save_changes();
    }
  } catch {
    // The notebook is being closed, or has another structure: the view stays, and shows the whole
    // reply.
  }
}

function replaceIn(places: Iterable<OutputPlace>, id: string, bundle: object): boolean {
  let found = false;
  for (const { output, outputs, index } of places) {
    const view = output.data?.[VIEW] as { model_id?: unknown } | undefined;
    if (view?.model_id !== id) continue;
    outputs.set?.(index, { output_type: "display_data", ...bundle });
    found = true;
  }
  return found;
}

/** An output, the list that it is in, and its index there. */
export interface OutputPlace {
  readonly output: Output;
  readonly outputs: Outputs;
  readonly index: number;
}

/** The outputs of a notebook. */
export function* outputsOf(context: NotebookContext | undefined): Generator<OutputPlace> {
  const cells = context?.model?.cells;
  for (let cell = 0; cell < (cells?.length ?? 0); cell += 1) yield* outputsIn(cells?.get(cell)?.outputs);
}

function* outputsIn(outputs: Outputs | undefined): Generator<OutputPlace> {
  for (let index = 0; outputs !== undefined && index < (outputs.length ?? 0); index += 1) {
    yield { output: outputs.get(index), outputs, index };
  }
}

/** Whether cells can be inserted into a notebook. */
export function canInsertCells(context: NotebookContext | undefined): boolean {
  return typeof context?.model?.sharedModel?.insertCell === "function" && context.model.readOnly !== true;
}

function cellIndex(element: Element): number | undefined {
  const index = element.closest<HTMLElement>(".jp-Cell[data-windowed-list-index]")?.dataset.windowedListIndex;
  return index === undefined ? undefined : Number(index);
}

/**
 * The metadata has the answer, or its offsets in UTF-16 code units, as strings have here. Files of
 * older versions do not say in which text: there it is the Markdown.
 */
export function answerIn(output: Output | undefined): string | undefined {
  const found = output?.metadata?.nbstream as { answer?: unknown; in?: unknown } | undefined;
  if (typeof found?.answer === "string") return found.answer;
  const text = textOf(output, typeof found?.in === "string" ? found.in : "text/markdown");
  if (text === "" || !Array.isArray(found?.answer)) return undefined;
  const [start, end] = found.answer;
  return typeof start === "number" && typeof end === "number" ? text.slice(start, end) : undefined;
}

export function htmlOf(output: Output | undefined): string {
  return textOf(output, "text/html");
}

function textOf(output: Output | undefined, type: string): string {
  const lines = output?.data?.[type];
  const text = Array.isArray(lines) ? lines.join("") : lines;
  return typeof text === "string" ? text : "";
}
