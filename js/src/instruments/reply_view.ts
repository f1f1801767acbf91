/** `nbstream.ReplyView`: one reply as a widget; and its parts, which are drawn from the same session. */

import type { AnyModel, AnyWidget } from "@anywidget/types";
import type { Part } from "../view";
import { type Draw, type InstrumentSession, instrument } from "./instrument";

const KEY = "reply";

/** The sessions of the views in this page, by id, and who waits for one. */
const sessions = new Map<string, InstrumentSession>();
const waiting = new Map<string, Set<() => void>>();

const drawing =
  (parts?: ReadonlySet<Part>): Draw<Record<string, unknown>> =>
  (session, element) => ({ isReply: true, update() {}, remove: session.show(KEY, element, parts) });

function register(id: string, session: InstrumentSession): () => void {
  sessions.set(id, session);
  for (const tell of waiting.get(id) ?? []) tell();
  waiting.delete(id);
  return () => {
    // Two notebooks of a page may show one view.
    if (sessions.get(id) === session) sessions.delete(id);
  };
}

/** A part of the view `of`, which may come later. */
function mountPart(of: string, part: Part, element: HTMLElement): () => void {
  let remove = (): void => {};
  const mount = (): void => {
    remove = sessions.get(of)?.mount(element, drawing(new Set([part]))) ?? remove;
  };
  if (sessions.has(of)) mount();
  else waiting.set(of, (waiting.get(of) ?? new Set()).add(mount));
  return () => {
    waiting.get(of)?.delete(mount);
    remove();
  };
}

const view = instrument(drawing(), register);

export default (): AnyWidget => {
  const whole = view() as Record<"initialize" | "render", (props: object) => () => void>;
  const partOf = (model: AnyModel): Part | undefined => model.get("part");
  return {
    initialize: (props) => (partOf(props.model as AnyModel) === undefined ? whole.initialize(props) : undefined),
    render: ({ model, el, ...props }) => {
      const part = partOf(model as AnyModel);
      if (part === undefined) return whole.render({ model, el, ...props });
      return mountPart((model as AnyModel).get("of"), part, el);
    },
  };
};
