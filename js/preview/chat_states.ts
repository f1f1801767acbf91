/** States of a chat's panel: as the kernel sends them, and what the user had done. */

import type { ChatRow, ChatState, Draft } from "../src/chat_panel/protocol";

/** The keys of replies name states of `tests/data/keyframes.json`. */
export interface PanelExample {
  readonly state: ChatState;
  readonly isLost?: boolean;
  /** What is typed into the field, and the selectors that are clicked then. */
  readonly typed?: string;
  readonly clicked?: readonly string[];
  /** Whether the kernel answers no message. */
  readonly isDeaf?: boolean;
}

/** What is written in the panel: nothing. */
export const DRAFT: Draft = {
  number: 1,
  page: "",
  put_text: 0,
  put_editing: 0,
  is_whole: true,
  text: "",
  template: "",
  blanks: {},
  editing: null,
};

export function rowOf(fields: Partial<ChatRow> = {}): ChatRow {
  return {
    key: `row-${fields.number ?? 1}`,
    kind: "turn",
    number: 1,
    origin: "panel",
    prompt: "Plan a database migration without downtime.",
    prompt_left_out: 0,
    attached: [],
    reply: "settled",
    arriving: false,
    version: 1,
    versions: 1,
    hidden: false,
    edited: false,
    outdated: false,
    problem: "",
    notes: [],
    actions: ["retry", "edit", "edit_answer", "hide", "cell"],
    ...fields,
  };
}

export function chatOf(fields: Partial<ChatState> = {}): ChatState {
  const rows = fields.rows ?? [];
  return {
    chat: "plan",
    system: "",
    rows,
    first: 0,
    count: rows.filter(({ kind }) => kind === "turn").length,
    arriving: rows.filter(({ arriving }) => arriving).map(({ key }) => key),
    stopping: false,
    queued: null,
    draft: { ...DRAFT },
    choices: {
      model: "",
      default_model: "flash",
      models: [
        { value: "flash", note: "deepseek-flash" },
        { value: "pro", note: "deepseek-v4-pro" },
        { value: "ollama/qwen3:8b", note: "on this computer" },
      ],
      thinking: "auto",
      effort: "",
      efforts: ["low", "high", "max"],
    },
    context: { tokens: 2623, window: 128_000, about: false, text: "2,623 of 128,000 tokens" },
    cost: "$0.0023 for 3 replies",
    cost_note: "All replies that are in the chat.",
    waiting: null,
    kernel_busy: false,
    suggestions: [],
    templates: [],
    remark: "",
    can_undo: false,
    ...fields,
  };
}

const REVIEW = {
  name: "Review a function",
  parts: [
    { text: "Review the function ", blank: "" },
    { text: "", blank: "function" },
    { text: " for ", blank: "" },
    { text: "", blank: "what to look for" },
    { text: ", in at most five sentences.", blank: "" },
  ],
};
const LONG = Array.from({ length: 60 }, (_, line) => `line ${line + 1}: a log that somebody pasted`).join("\n");

export const PANELS: Record<string, PanelExample> = {
  "a new chat": {
    state: chatOf({
      context: null,
      cost: "",
      suggestions: ["Explain the last error", "What is in df, and what is missing in it?"],
      templates: [REVIEW],
    }),
  },
  "two turns": {
    state: chatOf({
      system: "You are a patient teacher of databases. Answer in short sentences.",
      rows: [
        rowOf({ prompt: "Which tables are written by three services?", reply: "steps", version: 2, versions: 3 }),
        rowOf({ number: 2, attached: ["orders (pandas DataFrame, 5 of 10,000 rows)"] }),
      ],
    }),
    typed: "And if the trigger fails?",
  },
  "answering, with a queued prompt": {
    state: chatOf({
      rows: [rowOf({ reply: "answering", arriving: true, actions: ["stop"] })],
      queued: { id: "q", prompt: "And how long does each step take for eight million rows?", held: "" },
    }),
    typed: "Then",
  },
  thinking: {
    state: chatOf({
      rows: [rowOf({ reply: "reasoning", arriving: true, actions: ["stop"], prompt: LONG })],
    }),
    typed: "Next one",
  },
  "a held prompt": {
    state: chatOf({
      rows: [rowOf({ reply: "stopped", actions: ["continue", "retry", "edit", "hide"] })],
      queued: { id: "q", prompt: "And how long does each step take?", held: "Not sent, as the reply was stopped" },
    }),
  },
  "the kernel is busy": {
    state: chatOf({ rows: [rowOf({})], kernel_busy: true }),
    typed: "Is there another way?",
    clicked: [".nbstream-send"],
    isDeaf: true,
  },
  "hidden, outdated, not sent": {
    state: chatOf({
      rows: [
        rowOf({ hidden: true, actions: ["show"] }),
        rowOf({ number: 2, prompt: "And then?", outdated: true, edited: true, origin: "cell", reply: "steps" }),
        rowOf({
          key: "unsent",
          kind: "unsent",
          number: 0,
          reply: "",
          prompt: "What does it cost?",
          problem: "There is no key for api.deepseek.com. Nothing was sent. Set DEEPSEEK_API_KEY and send again.",
          actions: ["send", "edit", "dismiss"],
        }),
      ],
      remark: "Turn 1 is hidden: it is not sent any more.",
      can_undo: true,
      context: { tokens: 117_400, window: 128_000, about: true, text: "about 117,400 of 128,000 tokens" },
      cost: "at least $0.0023 for 3 replies",
    }),
  },
  "editing a prompt": {
    state: chatOf({ rows: [rowOf({})] }),
    clicked: ["[aria-label='Edit prompt']"],
  },
  "a template": {
    state: chatOf({
      rows: [],
      templates: [REVIEW],
      draft: { ...DRAFT, template: REVIEW.name, blanks: { function: "total_cents()" } },
    }),
  },
  "right to left": {
    state: chatOf({
      rows: [rowOf({ prompt: "لماذا يقاوم الوسيط القيم المتطرفة؟", reply: "steps" })],
      queued: { id: "q", prompt: "وماذا عن المتوسط؟", held: "" },
    }),
    typed: "שלום, עוד שאלה",
  },
  "the kernel is gone": { state: chatOf({ rows: [rowOf({})] }), isLost: true, typed: "What I was about to ask" },
};
