/**
 * The notebook around an output, where the front end lets a page reach it (JupyterLab, Notebook 7): what its model says of
 * an output, and a new cell below it. Nothing of it is promised to widgets, so nothing is taken for granted. This module
 * must not know replies or buttons.
 */

/** What is used of JupyterLab's `DocumentRegistry.IContext<INotebookModel>`. */
export interface NotebookContext {
  model?: {
    readOnly?: boolean;
    cells?: { length?: number; get(index: number): { outputs?: Outputs } | undefined };
    sharedModel?: { insertCell?(index: number, cell: object): unknown };
  };
}

interface Outputs {
  length?: number;
  get(index: number): Output;
  set?(index: number, output: object): void;
}

interface Output {
  data?: Record<string, unknown>;
  metadata?: Record<string, unknown>;
}

const PANEL = ".jp-NotebookPanel";
const VIEW = "application/vnd.jupyter.widget-view+json";

/** The notebooks that can be reached, by the element that each is shown in. */
export class Notebooks {
  readonly #contexts = new WeakMap<Element, NotebookContext>();

  /** Learn that the notebook around `element` is `context`; false while the element stands in none. */
  learn(element: Element, context: NotebookContext): boolean {
    const panel = element.closest(PANEL);
    if (panel === null) return false;
    this.#contexts.set(panel, context);
    return true;
  }

  /** Whether a cell can be put below the one that `element` is in. */
  takesCells(element: Element): boolean {
    return cellIndex(element) !== undefined && takesCells(this.#around(element));
  }

  /** Put a code cell below the one that `element` is in. */
  insertCell(element: Element, source: string): boolean {
    const context = this.#around(element);
    const index = cellIndex(element);
    if (index === undefined || !takesCells(context)) return false;
    try {
      context?.model?.sharedModel?.insertCell?.(index + 1, { cell_type: "code", source, metadata: {} });
      return true;
    } catch {
      return false;
    }
  }

  /** The answer in the output that `element` is part of, in the Markdown that its kernel wrote. */
  answerAt(element: Element): string | undefined {
    const index = cellIndex(element);
    const child = element.closest(".jp-OutputArea-child");
    if (index === undefined || child === null) return undefined;
    const siblings = [...(child.parentElement?.children ?? [])].filter((each) =>
      each.classList.contains("jp-OutputArea-child"),
    );
    try {
      return answerIn(this.#around(element)?.model?.cells?.get(index)?.outputs?.get(siblings.indexOf(child)));
    } catch {
      // Fewer cells or outputs than the page shows: it is being changed.
      return undefined;
    }
  }

  #around(element: Element): NotebookContext | undefined {
    const panel = element.closest(PANEL);
    return panel === null ? undefined : this.#contexts.get(panel);
  }
}

/** The context of a widget's manager; undefined in front ends that have none. */
export function contextOf(model: { widget_manager?: unknown }): NotebookContext | undefined {
  const manager = model.widget_manager as { context?: NotebookContext | null } | null | undefined;
  return manager?.context ?? undefined;
}

/** Put `bundle` in the place of every output that shows the widget `id`; false if there is none, or it cannot be done. */
export function replaceViews(
  context: NotebookContext | undefined,
  id: string,
  bundle: { data: object; metadata: object },
): boolean {
  let isFound = false;
  try {
    const cells = context?.model?.cells;
    for (let index = 0; index < (cells?.length ?? 0); index += 1) {
      const outputs = cells?.get(index)?.outputs;
      for (let place = 0; place < (outputs?.length ?? 0); place += 1) {
        const view = outputs?.get(place).data?.[VIEW] as { model_id?: unknown } | undefined;
        if (view?.model_id !== id || outputs?.set === undefined) continue;
        outputs.set(place, { output_type: "display_data", ...bundle });
        isFound = true;
      }
    }
  } catch {
    // The notebook is being closed, or is not what it was: the view stays, and shows the whole reply.
  }
  return isFound;
}

/** Whether cells can be put into a notebook. */
export function takesCells(context: NotebookContext | undefined): boolean {
  return typeof context?.model?.sharedModel?.insertCell === "function" && context.model.readOnly !== true;
}

function cellIndex(element: Element): number | undefined {
  const index = element.closest<HTMLElement>(".jp-Cell[data-windowed-list-index]")?.dataset.windowedListIndex;
  return index === undefined ? undefined : Number(index);
}

/** The offsets count UTF-16 code units, as strings do here. */
function answerIn(output: Output | undefined): string | undefined {
  const lines = output?.data?.["text/markdown"];
  const markdown = Array.isArray(lines) ? lines.join("") : lines;
  const range = (output?.metadata?.nbstream as { answer?: unknown } | undefined)?.answer;
  if (typeof markdown !== "string" || !Array.isArray(range)) return undefined;
  const [start, end] = range;
  return typeof start === "number" && typeof end === "number" ? markdown.slice(start, end) : undefined;
}
