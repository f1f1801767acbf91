/** All states of a chat's panel, light and dark, without a kernel. */

import keyframes from "../../tests/data/keyframes.json";
import type { Model } from "../src/channel";
import { ChatSession, type Instrument } from "../src/chat_panel/chat_session";
import { PanelView } from "../src/chat_panel/panel_view";
import { questions } from "../src/later";
import type { Keyframe } from "../src/protocol";
import * as question from "../src/question";
import reply from "../src/reply";
import { PANELS, type PanelExample } from "./chat_states";

questions.provide(question);

const REPLIES = keyframes as unknown as Record<string, Keyframe>;

/** An instrument whose kernel answers everything, or nothing. */
function instrumentOf({ state, isLost = false, isDeaf = false }: PanelExample): Instrument {
  return {
    own: structuredClone(state),
    pageId: "preview",
    isLost,
    canInsertCells: true,
    services: { notebooks: { insertCell: () => true }, announce() {} },
    send: () => (isDeaf ? new Promise(() => {}) : Promise.resolve({ text: "text" })),
    show(key, parent) {
      const traits: Record<string, unknown> = { run_id: "preview", keyframe: REPLIES[key] };
      const model = {
        get: (trait: string) => traits[trait],
        on() {},
        off() {},
        send() {},
      } as unknown as Model<Keyframe>;
      const widget = reply() as unknown as Record<"initialize" | "render", (props: object) => unknown>;
      widget.initialize({ model });
      return widget.render({ model, el: parent }) as () => void;
    },
  };
}

for (const column of document.querySelectorAll(".page")) {
  for (const [name, example] of Object.entries(PANELS)) {
    const title = document.createElement("h2");
    title.textContent = name;
    const el = document.createElement("div");
    el.dataset.state = name;
    column.append(title, el);
    const session = new ChatSession(instrumentOf(example));
    if (example.typed !== undefined) session.writing.text = example.typed;
    const view = new PanelView(el, session);
    session.add(view);
    for (const selector of example.clicked ?? []) el.querySelector<HTMLElement>(selector)?.click();
  }
}
