import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { DRAFT_DELAY, PATIENCE } from "../../src/chat_panel/chat_session";
import { DRAFT, FakeInstrument, press, rowOf, settle, show, type } from "./stand_ins";

beforeEach(() => vi.useFakeTimers());
afterEach(() => {
  vi.useRealTimers();
  document.body.replaceChildren();
});

describe("the field", () => {
  it("sends by Enter, and breaks the line by Shift+Enter", async () => {
    const { field, instrument } = show();
    type(field, "one");
    expect(press(field, "Enter", { shiftKey: true })).toBe(false);
    expect(press(field, "Enter", { altKey: true })).toBe(false);
    expect(instrument.sent).toEqual([]);
    type(field, "\ntwo");
    expect(press(field, "Enter")).toBe(true);
    await settle();
    expect(instrument.sent.at(-1)).toEqual({ type: "send", text: "one\ntwo" });
    expect(field.value).toBe("");
  });

  it.each([
    ["isComposing is set", { isComposing: true }],
    ["the code is 229, as in Safari after the composition", { keyCode: 229 }],
  ])("never sends by an Enter of an input method: %s", (_, more) => {
    const { field, instrument } = show();
    type(field, "にほんご");
    press(field, "Enter", more);
    field.dispatchEvent(new CompositionEvent("compositionstart"));
    press(field, "Enter");
    expect(instrument.sent).toEqual([]);
    field.dispatchEvent(new CompositionEvent("compositionend"));
    press(field, "Enter");
    expect(instrument.types).toContain("draft");
  });

  it("sends once while Enter is held down, and nothing that is only space", async () => {
    const { field, instrument } = show();
    type(field, " \n");
    press(field, "Enter");
    expect(instrument.sent).toEqual([]);
    type(field, "x");
    press(field, "Enter");
    press(field, "Enter", { repeat: true });
    await settle();
    expect(instrument.types.filter((each) => each === "send")).toHaveLength(1);
  });

  it("shows earlier prompts by the arrows, from an empty field only", () => {
    const rows = [rowOf({ key: "a", prompt: "first" }), rowOf({ key: "b", number: 2, prompt: "second\nline" })];
    const { field } = show({ rows });
    type(field, "own");
    expect(press(field, "ArrowUp")).toBe(false);
    field.value = "";
    type(field, "");
    expect(press(field, "ArrowDown")).toBe(false);
    const seen = ["ArrowUp", "ArrowUp", "ArrowUp", "ArrowDown", "ArrowDown"].map((key) => {
      press(field, key);
      return field.value;
    });
    expect(seen).toEqual(["second\nline", "first", "first", "second\nline", ""]);
    press(field, "ArrowUp");
    type(field, "!");
    expect(press(field, "ArrowUp")).toBe(false);
    press(field, "ArrowUp");
    field.setSelectionRange(0, 0);
    expect(press(field, "ArrowUp")).toBe(false);
  });

  it("stops the reply by Escape and keeps the text; without a reply the notebook gets the key", () => {
    const { field, instrument, change } = show();
    type(field, "kept");
    expect(press(field, "Escape")).toBe(false);
    change({ rows: [rowOf({ arriving: true })], arriving: ["row-1"] });
    expect(press(field, "Escape")).toBe(true);
    expect(instrument.types).toContain("stop");
    expect(field.value).toBe("kept");
  });
});

describe("sending", () => {
  it("makes Send to Stop at the click, and shows the prompt at once", () => {
    const { field, send, root, instrument } = show();
    instrument.answer = undefined;
    type(field, "hello");
    send.click();
    expect(send.textContent).toBe("Stop");
    expect(root.querySelector(".nbstream-coming:not([hidden])")?.textContent).toContain("hello");
    expect(field.value).toBe("");
  });

  it("asks only when the kernel has heard the draft, so that a prompt can be cancelled until then", async () => {
    const { field, instrument, button, root } = show();
    instrument.answer = undefined;
    type(field, "hello");
    press(field, "Enter");
    expect(root.querySelector<HTMLElement>(".nbstream-queue")?.hidden).toBe(true);
    vi.advanceTimersByTime(PATIENCE);
    expect(root.querySelector(".nbstream-queue")?.textContent).toContain("Kernel busy: sent when it is free");
    expect(instrument.said.join()).toContain("Kernel busy");
    type(field, "more");
    button("Cancel")?.click();
    expect(field.value).toBe("hello\n\nmore");
    instrument.free();
    await settle();
    expect(instrument.types).not.toContain("send");
    expect(root.querySelector<HTMLElement>(".nbstream-queue")?.hidden).toBe(true);
    press(field, "Enter");
    await settle();
    expect(instrument.sent.at(-1)).toEqual({ type: "send", text: "hello\n\nmore" });
  });

  it("does not ask a suggestion that was cancelled while the kernel was busy", async () => {
    const { button, field, instrument } = show({ suggestions: ["Suggested"] });
    instrument.answer = undefined;
    button("Suggested")?.click();
    vi.advanceTimersByTime(PATIENCE);
    button("Cancel")?.click();
    instrument.free();
    await settle();
    expect(instrument.types).not.toContain("send");
    expect(instrument.types).not.toContain("stop");
    expect(field.value).toBe("Suggested");
  });

  it("sends when the kernel is free again", async () => {
    const { field, instrument, send, change } = show();
    instrument.answer = undefined;
    type(field, "hello");
    press(field, "Enter");
    vi.advanceTimersByTime(PATIENCE);
    instrument.free();
    await settle();
    expect(instrument.types).toEqual(["draft", "send"]);
    expect(send.textContent).toBe("Send");
    change({ rows: [rowOf({ arriving: true })], arriving: ["row-1"] });
    expect(send.textContent).toBe("Stop");
  });

  it("stops once for several clicks", () => {
    const { send, instrument } = show({ rows: [rowOf({ arriving: true })], arriving: ["row-1"] });
    instrument.answer = undefined;
    send.click();
    expect(send.textContent).toBe("Stopping…");
    send.click();
    expect(instrument.types).toEqual(["stop"]);
  });

  it("queues one prompt while a reply arrives, and takes it back with what was typed since", async () => {
    const { field, instrument, change, button, root } = show({
      rows: [rowOf({ arriving: true })],
      arriving: ["row-1"],
    });
    type(field, "next");
    expect(button("Queue")).toBeDefined();
    press(field, "Enter");
    await settle();
    expect(instrument.sent.at(-1)).toEqual({ type: "send", text: "next" });
    change({ queued: { id: "7", prompt: "next", held: "" } });
    expect(root.querySelector(".nbstream-queue")?.textContent).toContain("next");
    type(field, "a third");
    expect(button("Queue")).toBeUndefined();
    press(field, "Enter");
    expect(field.value).toBe("a third");
    expect(root.textContent).toContain("One prompt waits already");
    button("Take back")?.click();
    expect(instrument.sent.at(-1)).toEqual({ type: "unqueue", queued: "7", text: "a third" });
    change({ queued: null, draft: { ...DRAFT, number: 2, put_text: 2, text: "next\n\na third" } });
    expect(field.value).toBe("next\n\na third");
  });

  it("says why the kernel did nothing", async () => {
    const { instrument, root, button } = show({ rows: [rowOf()] });
    instrument.answer = () => ({ problem: "This turn is still arriving." });
    button("Retry this prompt")?.click();
    await settle();
    expect(root.querySelector(".nbstream-remark")?.textContent).toContain("still arriving");
    expect(instrument.said).toEqual(["This turn is still arriving."]);
  });
});

describe("the draft", () => {
  it("goes to the kernel when the typing pauses, and when the page is left", () => {
    const { field, instrument } = show();
    type(field, "a");
    type(field, "b");
    expect(instrument.sent).toEqual([]);
    vi.advanceTimersByTime(DRAFT_DELAY);
    expect(instrument.sent).toEqual([{ type: "draft", text: "ab", seen: 1 }]);
    type(field, "c");
    window.dispatchEvent(new Event("pagehide"));
    expect(instrument.sent.at(-1)).toEqual({ type: "draft", text: "abc", seen: 1 });
  });

  it("is there again after a reload, and what another page writes replaces no own text", () => {
    const draft = { ...DRAFT, number: 3, page: "the page before", text: "half a thou" };
    const { field, change } = show({ draft });
    expect(field.value).toBe("half a thou");
    change({ draft: { ...draft, number: 4, text: "elsewhere" } });
    expect(field.value).toBe("elsewhere");
    type(field, "!");
    change({ draft: { ...draft, number: 5, text: "and more" } });
    expect(field.value).toBe("elsewhere!");
    change({ draft: { ...draft, number: 6, page: "this page", text: "old" } });
    expect(field.value).toBe("elsewhere!");
  });

  it("is asked for if it is long and comes from another page", async () => {
    const whole = { ...DRAFT, number: 3, page: "another", text: "a long text" };
    const long = { ...whole, is_whole: false, text: "" };
    const instrument = new FakeInstrument();
    instrument.answer = ({ type }) => (type === "written" ? { draft: whole } : {});
    const { field, change } = show({}, instrument);
    change({ draft: { ...long, page: "this page", number: 2 } });
    change({ draft: long });
    await settle();
    expect(instrument.types).toEqual(["written"]);
    expect(field.value).toBe("a long text");
  });

  it("takes from the kernel what that has changed, and nothing else", () => {
    const { field, session, change } = show({ rows: [rowOf()] });
    type(field, "typed");
    const editing = { row: "row-1", part: "answer" as const, text: "refused" };
    change({ draft: { ...DRAFT, number: 2, put_editing: 2, text: "typ", editing } });
    expect([field.value, session.writing.editing]).toEqual(["typed", editing]);
    change({ draft: { ...DRAFT, number: 3, put_text: 3, put_editing: 2, text: "back\n\ntyped" } });
    expect([field.value, session.writing.editing]).toEqual(["back\n\ntyped", editing]);
  });

  it("does not come back after it was sent", async () => {
    const { field, instrument } = show();
    type(field, "hello");
    press(field, "Enter");
    await settle();
    vi.advanceTimersByTime(10 * DRAFT_DELAY);
    expect(instrument.types).toEqual(["draft", "send"]);
    expect(field.value).toBe("");
  });

  it("is kept where something else is sent", async () => {
    const { button, field, instrument } = show({ suggestions: ["Suggested"] });
    type(field, "half a thought");
    button("Suggested")?.click();
    await settle();
    // The kernel forgets the draft when something is sent.
    const draft = { type: "draft", text: "half a thought", seen: 1 };
    expect(instrument.sent).toEqual([draft, { type: "send", text: "Suggested" }, draft]);
    expect(field.value).toBe("half a thought");
  });

  it("is with the kernel before an unsent prompt comes into the field", async () => {
    const { button, field, instrument } = show({ rows: [rowOf({ kind: "unsent", number: 0, actions: ["edit"] })] });
    type(field, "half a thought");
    button("Edit prompt")?.click();
    await settle();
    expect(instrument.sent).toEqual([
      { type: "draft", text: "half a thought", seen: 1 },
      { type: "edit", row: "row-0" },
    ]);
  });

  it("is the same in a second view", async () => {
    const first = show();
    const { PanelView } = await import("../../src/chat_panel/panel_view");
    const parent = document.createElement("div");
    document.body.append(parent);
    first.session.add(new PanelView(parent, first.session));
    const second = parent.querySelector(".nbstream-prompt-field") as HTMLTextAreaElement;
    type(first.field, "both");
    expect(second.value).toBe("both");
    type(second, "!");
    expect(first.field.value).toBe("both!");
  });
});

describe("a kernel that is gone", () => {
  it("takes the controls, and leaves the transcript and the text", async () => {
    const instrument = new FakeInstrument();
    instrument.answer = undefined;
    const { field, session, view, root, button } = show({}, instrument);
    instrument.own.rows = [rowOf({ versions: 2 })];
    type(field, "on its way");
    press(field, "Enter");
    type(field, "typed since");
    instrument.isLost = true;
    session.onChange();
    view.updateNow();
    expect(field.value).toBe("on its way\n\ntyped since");
    expect(field.readOnly).toBe(true);
    expect(root.textContent).toContain("reply settled");
    expect(root.textContent).toContain("The kernel of this chat went away");
    const left = [...root.querySelectorAll("button, select")].filter((each) => each.closest("[hidden]") === null);
    const live = left.filter((each) => each.getAttribute("aria-disabled") !== "true");
    expect(live.map(({ textContent }) => textContent)).toEqual(["Copy the text"]);
    expect(button("Copy the text")).toBeDefined();
  });
});
