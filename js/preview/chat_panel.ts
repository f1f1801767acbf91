/**
 * All states of a chat's panel, light and dark: the real module, with a stand-in for the kernel.
 */

import keyframes from "../../tests/data/keyframes.json";
import * as calls from "../src/calls";
import chatPanel from "../src/chat_panel/chat_panel";
import { calls as later } from "../src/later";
import { PANELS, type PanelExample } from "./chat_states";

later.provide(calls);

type Handler = (value?: unknown) => void;

/** A model as anywidget has it. Its kernel answers every message, or none. */
function modelOf({ state, isDeaf = false }: PanelExample): { model: object; end(): void } {
  const replies = state.rows
    .filter(({ reply }) => reply !== "")
    .map(({ reply }) => [reply, { run: reply, state: keyframes[reply as keyof typeof keyframes] }]);
  const keyframe = { seq: 1, own: state, replies: Object.fromEntries(replies) };
  const handlers = new Map<string, Handler>();
  const ended: ((sender: unknown, status: string) => void)[] = [];
  const model = {
    get: (trait: string) => (trait === "keyframe" ? keyframe : "preview"),
    on: (name: string, handler: Handler) => handlers.set(name, handler),
    off() {},
    send(message: object) {
      if (!isDeaf) setTimeout(() => handlers.get("msg:custom")?.({ ...message, type: "answer", answer: {} }));
    },
    widget_manager: {
      kernel: { statusChanged: { connect: (slot: (typeof ended)[number]) => ended.push(slot), disconnect() {} } },
    },
  };
  const end = (): void => {
    for (const slot of ended) slot(undefined, "dead");
  };
  return { model, end };
}

for (const column of document.querySelectorAll(".page")) {
  for (const [name, example] of Object.entries(PANELS)) {
    const title = document.createElement("h2");
    title.textContent = name;
    const el = document.createElement("div");
    el.dataset.state = name;
    column.append(title, el);
    const { model, end } = modelOf(example);
    const widget = chatPanel() as unknown as Record<"initialize" | "render", (props: object) => unknown>;
    widget.initialize({ model });
    widget.render({ model, el });
    const field = el.querySelector<HTMLTextAreaElement>(".nbstream-prompt-field");
    if (field !== null && example.typed !== undefined) {
      field.value = example.typed;
      field.dispatchEvent(new Event("input"));
    }
    for (const selector of example.clicked ?? []) el.querySelector<HTMLElement>(selector)?.click();
    if (example.isLost) end();
  }
}
