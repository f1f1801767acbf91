/** All states of a live reply, light and dark: the real module with a model that has no kernel. */

import keyframes from "../../tests/data/keyframes.json";
import * as calls from "../src/calls";
import type { Model } from "../src/channel";
import { calls as later } from "../src/later";
import type { Keyframe } from "../src/protocol";
import reply from "../src/reply";

later.provide(calls);

/** The states that Python makes from events, by name (tests/browser/states.py). */
const STATES = keyframes as unknown as Record<string, Keyframe>;

/** States that follow after a click: the state before it, and the selector of the button. */
const CLICKED: Record<string, [state: string, selector: string]> = {
  "stop failed": ["answering", ".nbstream-stop"],
  "settled, reasoning opened": ["settled", ".nbstream-disclosure"],
};

async function show(column: Element, name: string, keyframe: Keyframe): Promise<HTMLElement> {
  const title = document.createElement("h2");
  title.textContent = name;
  const el = document.createElement("div");
  el.dataset.state = name;
  column.append(title, el);
  const traits: Record<string, unknown> = { run_id: "preview", keyframe };
  const model = { get: (trait: string) => traits[trait], on() {}, off() {}, send() {} } as unknown as Model<Keyframe>;
  const widget = reply() as unknown as Record<"initialize" | "render", (props: object) => unknown>;
  await widget.initialize({ model });
  await widget.render({ model, el });
  return el;
}

for (const column of document.querySelectorAll(".page")) {
  for (const [name, keyframe] of Object.entries(STATES)) await show(column, name, keyframe);
  for (const [name, [state, selector]] of Object.entries(CLICKED)) {
    const keyframe = STATES[state];
    if (keyframe === undefined) throw new Error(`there is no state ${state}`);
    const view = await show(column, name, keyframe);
    view.querySelector<HTMLElement>(selector)?.click();
  }
}
