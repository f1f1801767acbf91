import { afterEach, beforeEach, expect, test, vi } from "vitest";
import cells, { cellItself, cellsAbove } from "../src/cells";
import { MIN_REPLY_TIMEOUT } from "../src/channel";
import { FakeKernel } from "./fixtures";

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

interface FakeCell {
  id: string;
  type?: string;
  source: string;
  executionCount?: number | null;
  isDirty?: boolean;
  outputs?: object[];
}

/** A notebook's model as JupyterLab's; outputs in the file's form. */
function notebook(...list: FakeCell[]) {
  const models = list.map(({ source, outputs, ...cell }) => ({
    ...cell,
    sharedModel: { getSource: () => source },
    outputs: { length: outputs?.length ?? 0, get: (index: number) => ({ toJSON: () => outputs?.[index] }) },
  }));
  return { model: { cells: { length: models.length, get: (index: number) => models[index] } } };
}

function above(context: object, id: string, most = 500) {
  return cellsAbove({ widget_manager: { context } }, id, most);
}

test("the cells above are sent with their outputs, without empty ones", () => {
  const context = notebook(
    { id: "a", type: "markdown", source: "# Title" },
    { id: "b", type: "code", source: "  \n" },
    {
      id: "c",
      type: "code",
      source: "x",
      executionCount: 3,
      isDirty: true,
      outputs: [
        { output_type: "stream", name: "stdout", text: ["one\n", "two\n"] },
        { output_type: "execute_result", data: { "text/plain": ["4", "2"], "text/html": "<b>42</b>" }, metadata: {} },
        { output_type: "display_data", data: { "image/png": "AAAA", "text/plain": "<Figure>" }, metadata: {} },
        { output_type: "error", ename: "E", evalue: "e", traceback: ["first", "last"] },
      ],
    },
    { id: "d", type: "code", source: "the question" },
    { id: "e", type: "code", source: "below" },
  );
  expect(above(context, "d")).toEqual({
    above: 2,
    cells: [
      { id: "a", kind: "markdown", place: 1, source: "# Title", number: null, edited: false, outputs: [] },
      {
        id: "c",
        kind: "code",
        place: 3,
        source: "x",
        number: 3,
        edited: true,
        outputs: [
          { kind: "stream", data: { "text/plain": "one\ntwo\n" }, left_out: 0, types: [] },
          { kind: "execute_result", data: { "text/plain": "42" }, left_out: 0, types: ["text/plain", "text/html"] },
          { kind: "display_data", data: { "text/plain": "<Figure>" }, left_out: 0, types: ["image/png", "text/plain"] },
          { kind: "error", data: { "text/plain": "first\nlast" }, left_out: 0, types: [] },
        ],
      },
    ],
  });
  expect(above(context, "d", 1)).toMatchObject({ above: 2, cells: [{ place: 3 }] });
  expect(above(context, "a")).toEqual({ above: 0, cells: [] });
});

test("a settled reply is sent as its answer", () => {
  const text = "--- Answer ---\n\nYes.\n";
  const data = { "text/plain": text, "text/html": "<div>…</div>" };
  const metadata = { nbstream: { answer: [16, 20], in: "text/plain" } };
  const context = notebook(
    { id: "a", source: "%%deepseek", outputs: [{ output_type: "display_data", data, metadata }] },
    { id: "b", source: "x" },
  );
  expect(above(context, "b")?.cells?.[0]?.outputs[0]?.answer).toBe("Yes.");
});

test("of a long output the beginning and the end are sent", () => {
  const text = `begin${"x".repeat(200_000)}end`;
  const context = notebook(
    { id: "a", source: "x", outputs: [{ output_type: "stream", text }] },
    { id: "b", source: "y" },
  );
  const output = above(context, "b")?.cells?.[0]?.outputs[0];
  const sent = output?.data["text/plain"] ?? "";
  expect(sent.startsWith("begin")).toBe(true);
  expect(sent.endsWith("end")).toBe(true);
  expect(sent.length).toBeLessThan(70_000);
  expect(sent.length + (output?.left_out ?? 0)).toBe(text.length);
});

test("a page that does not know the notebook or the cell says so", () => {
  expect(above(notebook({ id: "a", source: "x" }), "other")).toBeUndefined();
  expect(cellsAbove({}, "a", 5)).toBeUndefined();
  expect(above({}, "a")).toBeUndefined();
});

test("one cell can be asked for by itself", () => {
  const context = notebook({ id: "a", source: "x" }, { id: "b", source: "y", executionCount: 2 });
  const found = cellItself({ widget_manager: { context } }, "b");
  expect(found).toMatchObject({ above: 1, cells: [{ place: 2, source: "y", number: 2 }] });
  expect(cellItself({ widget_manager: { context } }, "other")).toBeUndefined();
});

function ask(kernel: FakeKernel | null) {
  const sent: object[] = [];
  const traits: Record<string, unknown> = { run_id: "run", cell_id: "b", most: 5, itself: false };
  const context = notebook({ id: "a", source: "x" }, { id: "b", source: "y" });
  const model = {
    get: (name: string) => traits[name],
    send: (message: object) => sent.push(message),
    widget_manager: { kernel, context },
  };
  const widget = cells() as { initialize(argument: object): () => void };
  return { sent, close: widget.initialize({ model }) };
}

test("it is answered on the control channel, and by comm only where that does not reply", () => {
  const kernel = new FakeKernel();
  kernel.delay = 20;
  const { sent } = ask(kernel);
  expect(kernel.controlled[0]?.content).toMatchObject({ type: "cells", run_id: "run", client: "client", above: 1 });
  vi.advanceTimersByTime(MIN_REPLY_TIMEOUT);
  expect(sent).toEqual([]);

  const silent = ask(new FakeKernel());
  expect(silent.sent).toEqual([]);
  vi.advanceTimersByTime(MIN_REPLY_TIMEOUT);
  expect(silent.sent).toMatchObject([{ type: "cells", client: "client" }]);

  const closed = ask(new FakeKernel());
  closed.close();
  vi.advanceTimersByTime(MIN_REPLY_TIMEOUT);
  expect(closed.sent).toEqual([]);
  expect(ask(null).sent).toMatchObject([{ type: "cells", client: "" }]);
});
