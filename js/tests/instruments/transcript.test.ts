import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { TranscriptKeeper } from "../../src/instruments/transcript";

const RULE = "<style>rule</style></div>";
const html = (text: string, rule = RULE): string => `<div class="nbstream-transcript-run">${text}${rule}`;
const output = (text: string): { data: Record<string, unknown> } => ({ data: { "text/html": text } });

/** A notebook with these outputs in its second cell. */
function notebook(outputs: object[]) {
  const list = {
    get length() {
      return outputs.length;
    },
    get: (index: number) => outputs[index],
    set: vi.fn((index: number, value: object) => {
      outputs[index] = value;
    }),
  };
  const cells = { length: 2, get: (cell: number) => (cell === 0 ? { type: "markdown" } : { outputs: list }) };
  const keeper = new TranscriptKeeper({ widget_manager: { context: { model: { cells } } } }, "run");
  const texts = (): unknown[] => outputs.map((each) => (each as ReturnType<typeof output>).data["text/html"]);
  return { keeper, list, texts };
}

beforeEach(() => {
  vi.useFakeTimers();
});

afterEach(() => {
  vi.useRealTimers();
});

it("puts the newest transcript where the notebook has an older one, and nowhere else", () => {
  const other = html("old", "<style>other</style></div>");
  const { keeper, texts } = notebook([output("x"), output(html("old")), output(other)]);
  keeper.onOutput(output(html("new")));
  keeper.onOutput(output(html("newest")));
  keeper.onOutput(output("<p>of somebody else</p>"));
  vi.runAllTimers();
  expect(texts()).toEqual(["x", html("newest"), other]);
});

it("leaves alone what the notebook has updated itself", () => {
  const { keeper, list } = notebook([output(html("new"))]);
  keeper.onOutput(output(html("new")));
  vi.runAllTimers();
  expect(list.set).not.toHaveBeenCalled();
});

it("tells how long the transcripts are that are there", () => {
  const lines = { data: { "text/html": [html("a\n", ""), RULE] } };
  expect(notebook([output("x"), lines]).keeper.lengths()).toEqual([html("a\n").length]);
  expect(new TranscriptKeeper({}, "run").lengths()).toEqual([]);
});
