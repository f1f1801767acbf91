import { afterEach, describe, expect, it, vi } from "vitest";
import { DRAFT_DELAY, PATIENCE } from "../../src/chat_panel/chat_session";
import { shortened } from "../../src/chat_panel/long_text";
import { DRAFT, press, rowOf, settle, show, type } from "./stand_ins";

afterEach(() => document.body.replaceChildren());

describe("a row", () => {
  it("offers what the kernel allows, by buttons with names", () => {
    const { root, change } = show({ rows: [rowOf({ actions: ["retry", "hide"] })] });
    const names = (): (string | null)[] =>
      [...root.querySelectorAll<HTMLElement>(".nbstream-row-tools button")]
        .filter(({ hidden }) => !hidden)
        .map((each) => each.textContent);
    expect(names()).toEqual(["Retry", "Copy", "Hide"]);
    change({ rows: [rowOf({ hidden: true, actions: ["show"] })] });
    expect(names()).toEqual(["Copy", "Show"]);
    change({ rows: [rowOf({ kind: "unsent", reply: "", actions: ["send", "edit", "dismiss"] })] });
    expect(names()).toEqual(["Send again", "Dismiss"]);
  });

  it.each([
    ["Retry this prompt", { type: "retry" }],
    ["Continue this reply", { type: "continue" }],
    ["Hide this turn: it is not sent any more", { type: "hide", hidden: true }],
    ["Show this turn: it is sent again", { type: "hide", hidden: false }],
    ["Send again", { type: "send_unsent" }],
    ["Dismiss this prompt", { type: "dismiss" }],
  ])("sends its message: %s", (name, message) => {
    const { button, instrument } = show({
      rows: [rowOf({ actions: ["retry", "continue", "hide", "show", "send", "dismiss"] })],
    });
    button(name)?.click();
    expect(instrument.sent).toEqual([{ ...message, row: "row-1" }]);
  });

  it("changes the version by click and by the arrows", () => {
    const { button, instrument, root } = show({ rows: [rowOf({ version: 2, versions: 3 })] });
    expect(root.querySelector(".nbstream-place")?.textContent).toBe("2/3");
    button("Previous version")?.click();
    press(button("Previous version") as Element, "ArrowRight");
    expect(document.activeElement).toBe(button("Next version"));
    expect(instrument.sent).toEqual([
      { type: "version", row: "row-1", version: 1 },
      { type: "version", row: "row-1", version: 3 },
    ]);
  });

  it("shows another version's reply in the place of the first", () => {
    const { change, instrument } = show({ rows: [rowOf({ reply: "one", versions: 2 })] });
    change({ rows: [rowOf({ reply: "two", version: 2, versions: 2 })] });
    expect(instrument.shown).toEqual(["two"]);
  });

  it("edits the prompt in its place: Enter asks, Escape leaves it", async () => {
    const { button, instrument, root } = show({ rows: [rowOf({ prompt: "old" })] });
    const field = (): HTMLTextAreaElement => root.querySelector(".nbstream-edit textarea") as HTMLTextAreaElement;
    button("Edit prompt")?.click();
    await settle();
    expect(document.activeElement).toBe(field());
    type(field(), " and new");
    expect(press(field(), "Escape")).toBe(true);
    expect(field()).toBeNull();
    expect(document.activeElement).toBe(button("Edit prompt"));
    button("Edit prompt")?.click();
    await settle();
    expect(field().value).toBe("old");
    type(field(), "er");
    press(field(), "Enter");
    expect(instrument.sent.at(-1)).toEqual({ type: "edit", row: "row-1", part: "prompt", text: "older" });
  });

  it("edits the answer, in which Enter breaks the line", async () => {
    const { button, instrument, root } = show({ rows: [rowOf()] });
    instrument.answer = ({ part }) => ({ text: `the ${part}` });
    button("Edit answer")?.click();
    await settle();
    const field = root.querySelector(".nbstream-edit textarea") as HTMLTextAreaElement;
    expect(field.value).toBe("the answer");
    expect(press(field, "Enter")).toBe(false);
    press(field, "Enter", { ctrlKey: true });
    expect(instrument.sent.at(-1)).toEqual({ type: "edit", row: "row-1", part: "answer", text: "the answer" });
  });

  it("has the open editor again after a reload, and after a refusal of the kernel", async () => {
    const editing = { row: "row-1", part: "answer" as const, text: "my own" };
    const draft = { ...DRAFT, page: "the page before", editing };
    const { instrument, root, button, change } = show({ rows: [rowOf()], draft });
    const form = (): HTMLTextAreaElement | null => root.querySelector(".nbstream-edit textarea");
    expect(form()?.value).toBe("my own");
    type(form() as HTMLTextAreaElement, "!");
    button("Save")?.click();
    await settle();
    expect(form()).toBeNull();
    // The kernel has the text before it is asked to use it.
    expect(instrument.sent).toEqual([
      { type: "draft", text: "", seen: 1 },
      { type: "edit", row: "row-1", part: "answer", text: "my own!" },
    ]);
    const refused = { ...editing, text: "my own!" };
    change({ draft: { ...DRAFT, number: 4, put_editing: 4, editing: refused } });
    expect(form()?.value).toBe("my own!");
  });

  it("keeps the text of its editor when the kernel ends", async () => {
    const { instrument, root, field, session, view, button } = show({ rows: [rowOf()] });
    button("Edit prompt")?.click();
    await settle();
    type(root.querySelector(".nbstream-edit textarea") as HTMLTextAreaElement, " And more.");
    instrument.isLost = true;
    session.onChange();
    view.updateNow();
    expect(root.querySelector(".nbstream-edit")).toBeNull();
    expect(field.value).toContain("And more.");
  });

  it("copies what the kernel says, and inserts it as a cell", async () => {
    const written = vi.fn(async () => {});
    vi.stubGlobal("navigator", { clipboard: { writeText: written } });
    const { button, instrument } = show({ rows: [rowOf()] });
    instrument.answer = ({ part }) => ({ text: `the ${part}` });
    button("Copy the answer")?.click();
    await settle();
    expect(written).toHaveBeenCalledWith("the answer");
    button("As cell: insert this turn below")?.click();
    await settle();
    expect(instrument.inserted).toEqual(["the cell"]);
    expect(instrument.said).toEqual(["Copied", "Inserted below"]);
    vi.unstubAllGlobals();
  });

  it("keeps its element and its open editor while others come and go", async () => {
    const { button, change, root } = show({ rows: [rowOf({ key: "a" }), rowOf({ key: "b", number: 2 })] });
    const [, second] = root.querySelectorAll(".nbstream-row");
    button("Edit prompt")?.click();
    await settle();
    const field = root.querySelector(".nbstream-edit textarea");
    change({ rows: [rowOf({ key: "c" }), rowOf({ key: "a", number: 2 }), rowOf({ key: "b", number: 3 })], count: 3 });
    expect([...root.querySelectorAll(".nbstream-rows > *")].map((each) => each.getAttribute("aria-label"))).toEqual([
      "Turn 1",
      "Turn 2",
      "Turn 3",
    ]);
    expect(root.querySelectorAll(".nbstream-row")[2]).toBe(second);
    expect(document.activeElement).toBe(field);
  });

  it("shows hostile text as text, in every place", () => {
    const evil = '<img src=x onerror="window.hit=1"><script>window.hit=1</script>&lt;b&gt;';
    const { root } = show({
      chat: evil,
      system: evil,
      rows: [rowOf({ prompt: evil, attached: [evil], notes: [evil], problem: evil })],
      queued: { id: evil, prompt: evil, held: evil },
      suggestions: [evil],
      templates: [
        {
          name: evil,
          parts: [
            { text: evil, blank: "" },
            { text: "", blank: evil },
          ],
        },
      ],
      draft: { ...DRAFT, text: evil, template: evil, blanks: { [evil]: evil } },
      choices: {
        model: evil,
        default_model: evil,
        models: [{ value: evil, note: evil }],
        thinking: "auto",
        effort: evil,
        efforts: [evil],
      },
      context: { tokens: 1, window: null, about: true, text: evil },
      cost: evil,
      cost_note: evil,
      remark: evil,
    });
    expect(root.querySelector("img, script, b")).toBeNull();
    const places =
      ".nbstream-prompt-text, .nbstream-marks, .nbstream-problem, .nbstream-queue, .nbstream-gauge, .nbstream-remark";
    for (const place of root.querySelectorAll(places)) {
      if (place.closest("[hidden]") === null) expect(place.textContent).toContain("<img src=x");
    }
  });
});

describe("a long prompt", () => {
  it("shows its beginning, and all of it on demand", async () => {
    const prompt = Array.from({ length: 100 }, (_, line) => `line ${line}`).join("\n");
    const { button, root } = show({ rows: [rowOf({ prompt })] });
    const text = root.querySelector(".nbstream-prompt-text");
    expect(text?.textContent).toBe(shortened(prompt));
    button("Show all")?.click();
    await settle();
    expect(text?.textContent).toBe(prompt);
    expect(button("Show all")).toBeUndefined();
  });

  it("is asked for if the kernel left a part out", async () => {
    const { button, instrument, root } = show({ rows: [rowOf({ prompt: "short", prompt_left_out: 9 })] });
    instrument.answer = () => ({ text: "short and whole" });
    button("Show all")?.click();
    await settle();
    expect(instrument.sent).toEqual([{ type: "text", row: "row-1", part: "prompt" }]);
    expect(root.querySelector(".nbstream-prompt-text")?.textContent).toBe("short and whole");
  });

  it("is not that of another version which begins alike", async () => {
    const row = rowOf({ prompt: "short", prompt_left_out: 9, reply: "v1" });
    const { button, change, instrument, root } = show({ rows: [row] });
    const text = root.querySelector(".nbstream-prompt-text");
    instrument.answer = () => ({ text: "short and whole" });
    button("Show all")?.click();
    await settle();
    change({ rows: [{ ...row, reply: "v2" }] });
    expect(text?.textContent).toBe("short …");
    // What comes for a version that is not shown any more is not for this one.
    instrument.answer = undefined;
    button("Show all")?.click();
    change({ rows: [{ ...row, reply: "v3" }] });
    instrument.free({ text: "short and second" });
    await settle();
    expect(text?.textContent).toBe("short …");
    expect(button("Show all")).toBeDefined();
  });

  it("is not cut within a character", () => {
    expect(shortened("x".repeat(1999) + "🚀".repeat(9))).toBe(`${"x".repeat(1999)} …`);
  });
});

describe("the transcript", () => {
  it("asks for the turns outside its window", () => {
    const rows = Array.from({ length: 20 }, (_, index) => rowOf({ key: `${index}`, number: 101 + index }));
    const { button, change, instrument, root } = show({ rows, first: 100, count: 500 });
    button("100 earlier turns")?.click();
    // The first is on its way.
    button("380 later turns")?.click();
    expect(instrument.sent).toEqual([{ type: "window", first: 90 }]);
    change({ first: 90 });
    button("390 later turns")?.click();
    expect(instrument.sent.at(-1)).toEqual({ type: "window", first: 100 });
    root.querySelector<HTMLElement>(".nbstream-to-end")?.click();
    button("390 later turns")?.click();
    expect(instrument.sent.at(-1)).toEqual({ type: "window", first: -1 });
  });

  it("goes to the last turns, although prompts that were not sent stand below", () => {
    const rows = Array.from({ length: 4 }, (_, index) => rowOf({ key: `${index}`, number: 1 + index }));
    const unsent = Array.from({ length: 3 }, (_, index) => rowOf({ key: `u${index}`, number: 0, kind: "unsent" }));
    const { instrument, root } = show({ rows: [...rows, ...unsent], first: 0, count: 6 });
    const toEnd = root.querySelector<HTMLElement>(".nbstream-to-end");
    expect(toEnd?.hidden).toBe(false);
    toEnd?.click();
    expect(instrument.sent).toEqual([{ type: "window", first: -1 }]);
  });

  it("goes to the end when something is sent", async () => {
    const { field, instrument } = show({ rows: [rowOf()], first: 3, count: 500 });
    type(field, "x");
    press(field, "Enter");
    await settle();
    expect(instrument.types).toContain("window");
  });
});

describe("a template", () => {
  const template = {
    name: "Review",
    parts: [
      { text: "Review ", blank: "" },
      { text: "", blank: "function" },
      { text: " for ", blank: "" },
      { text: "", blank: "goal" },
      { text: ". Again: ", blank: "" },
      { text: "", blank: "function" },
    ],
  };
  const fields = (root: Element): HTMLTextAreaElement[] => [
    ...root.querySelectorAll<HTMLTextAreaElement>(".nbstream-blank textarea"),
  ];

  it("has one labelled field for each blank, and sends what fills them", async () => {
    const { button, instrument, root, field } = show({ templates: [template] });
    button("Review…")?.click();
    expect(field.hidden).toBe(true);
    const [first, second] = fields(root);
    expect(fields(root).map((each) => each.getAttribute("aria-label"))).toEqual(["function", "goal"]);
    expect(document.activeElement).toBe(first);
    type(first as HTMLTextAreaElement, "f()");
    press(first as Element, "Enter");
    expect(document.activeElement).toBe(second);
    type(second as HTMLTextAreaElement, "speed");
    expect(root.querySelector(".nbstream-template-text")?.textContent).toBe("Review f() for speed. Again: f()");
    press(second as Element, "Enter");
    await settle();
    const blanks = { function: "f()", goal: "speed" };
    expect(instrument.sent.at(-1)).toEqual({ type: "send", template: "Review", blanks });
    expect(root.querySelector(".nbstream-template")).toBeNull();
    expect(field.hidden).toBe(false);
  });

  it("becomes free text, after what was in the field", () => {
    const { button, field, root } = show({ templates: [template] });
    type(field, "before");
    button("Review…")?.click();
    type(fields(root)[0] as HTMLTextAreaElement, "f()");
    button("Write freely")?.click();
    expect(field.value).toBe("before\n\nReview f() for …. Again: f()");
    expect(document.activeElement).toBe(field);
  });

  it("has what was filled in again when it is cancelled, as the kernel is busy", async () => {
    vi.useFakeTimers();
    const { button, instrument, root } = show({ templates: [template] });
    instrument.answer = undefined;
    button("Review…")?.click();
    for (const [index, text] of ["f()", "speed"].entries()) type(fields(root)[index] as HTMLTextAreaElement, text);
    press(fields(root)[1] as Element, "Enter");
    vi.advanceTimersByTime(PATIENCE);
    button("Cancel")?.click();
    expect(fields(root).map(({ value }) => value)).toEqual(["f()", "speed"]);
    vi.advanceTimersByTime(DRAFT_DELAY);
    vi.useRealTimers();
    const blanks = { function: "f()", goal: "speed" };
    expect(instrument.sent.at(-1)).toMatchObject({ type: "draft", text: "", template: "Review", blanks });
    instrument.free();
    await settle();
    expect(instrument.types).not.toContain("send");
  });

  it("is closed by Escape and keeps what was filled in", () => {
    const { button, field, root } = show({ templates: [template] });
    button("Review…")?.click();
    type(fields(root)[0] as HTMLTextAreaElement, "f()");
    press(fields(root)[0] as Element, "Escape");
    expect(document.activeElement).toBe(field);
    button("Review…")?.click();
    expect(fields(root)[0]?.value).toBe("f()");
  });
});

describe("the menus and the gauge", () => {
  const menu = (root: Element, name: string): HTMLSelectElement =>
    root.querySelector(`select[aria-label=${name}]`) as HTMLSelectElement;
  const choose = (each: HTMLSelectElement, value: string): void => {
    each.value = value;
    each.dispatchEvent(new Event("change"));
  };

  it("send what was chosen", () => {
    const { instrument, root } = show();
    choose(menu(root, "Model"), "pro");
    choose(menu(root, "Thinking"), "off");
    choose(menu(root, "Effort"), "max");
    expect(instrument.sent).toEqual([
      { type: "choose", option: "model", value: "pro" },
      { type: "choose", option: "thinking", value: "off" },
      { type: "choose", option: "effort", value: "max" },
    ]);
  });

  it("ask for the models of the servers when the menu is used, and not when the focus passes it", () => {
    const { instrument, root } = show();
    const model = menu(root, "Model");
    model.focus();
    press(model, "Tab");
    expect(instrument.sent).toEqual([]);
    press(model, "ArrowDown");
    model.dispatchEvent(new Event("pointerdown", { bubbles: true }));
    expect(instrument.sent).toEqual([{ type: "models" }]);
  });

  it("take a model that is not in the list", () => {
    const { instrument, root } = show();
    const options = [...menu(root, "Model").options];
    choose(menu(root, "Model"), options.at(-1)?.value ?? "");
    const other = root.querySelector(".nbstream-other") as HTMLInputElement;
    expect(document.activeElement).toBe(other);
    other.value = " ollama/llama4 ";
    press(other, "Enter");
    expect(instrument.sent.filter(({ type }) => type === "choose")).toEqual([
      { type: "choose", option: "model", value: "ollama/llama4" },
    ]);
    expect(other.hidden).toBe(true);
  });

  it("say in words how full the context is", () => {
    const { root, change } = show();
    const text = (): string | null | undefined => root.querySelector(".nbstream-gauge")?.textContent;
    expect(text()).toBe("2,623 of 128,000 tokens (2%)$0.0023 for 3 replies");
    change({ context: { tokens: 120_000, window: 128_000, about: true, text: "about 120,000 of 128,000 tokens" } });
    expect(root.querySelector(".nbstream-gauge")?.hasAttribute("data-full")).toBe(true);
    change({ context: { tokens: 12, window: null, about: false, text: "12 tokens" }, cost: "" });
    expect(text()).toBe("12 tokens");
  });
});
