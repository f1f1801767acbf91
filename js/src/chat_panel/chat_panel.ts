/** `nbstream.ChatPanel`: the page module of a chat's panel. */

import { type InstrumentSession, instrument } from "../instruments/instrument";
import { applyStyles } from "../shared";
import { ChatSession } from "./chat_session";
import { PanelView } from "./panel_view";
import type { ChatState } from "./protocol";
import style from "./style.css?inline";

/** What is written in a panel belongs to all its views. */
const sessions = new WeakMap<InstrumentSession<ChatState>, ChatSession>();

export default instrument<ChatState>((instrument, element) => {
  applyStyles(element, { chat_panel: style });
  const session = sessions.get(instrument) ?? new ChatSession(instrument);
  sessions.set(instrument, session);
  const view = new PanelView(element, session);
  session.add(view);
  return {
    update: ({ own }) => {
      if (own.size > 0) session.onChange();
    },
    showLost: () => session.onChange(),
    remove() {
      session.delete(view);
      view.remove();
    },
  };
});
