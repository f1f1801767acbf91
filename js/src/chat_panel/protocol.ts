/**
 * Generated, do not edit.
 *
 * The state of a chat panel, and the messages of its pages.
 *
 * `js/src/chat_panel/protocol.ts` is generated from `nbstream/widgets/chat_panel/protocol.py`: after a
 * change, run `python js/generate_protocol.py`.
 *
 * All state is the kernel's: a page draws `ChatState`, and sends what its user does. Every text here
 * is plain text, of users and of models, and never HTML. The replies are reply views of the
 * instrument, under the keys that the rows name.
 */

/**
 * What a user can do with a row at present. A page offers nothing else. `edit_answer` changes the
 * answer without a request; `send` sends an unsent prompt; `edit` of an unsent prompt puts it into
 * the input field.
 */
export type RowAction = "stop" | "retry" | "continue" | "edit" | "edit_answer" | "hide" | "show" | "cell" | "send" | "dismiss";

/** Who asked a turn: a panel, a cell of the notebook, or Python code without a cell. */
export type Origin = "panel" | "cell" | "code";

/**
 * A text of a row that a page may ask for: the whole prompt, the answer as the model wrote it, the
 * reasoning, or the source of a cell that asks the same.
 */
export type RowText = "prompt" | "answer" | "reasoning" | "cell";

export type Thinking = "auto" | "on" | "off";

/** A turn of the chat; or, below the turns, a prompt that could not be sent. */
export interface ChatRow {
  /** Names the row as long as the kernel lives; another version of a turn has the same key. */
  key: string;
  kind: "turn" | "unsent";
  /** The turn's place in the chat, counted from 1; 0 for a prompt that could not be sent. */
  number: number;
  origin: Origin;
  /** The prompt as it was written; of a long one the beginning. */
  prompt: string;
  /** How many characters of it are left out; `RowText` brings all. */
  prompt_left_out: number;
  /** What was put into the prompt: "df (pandas DataFrame, 5 of 10,000 rows)". */
  attached: string[];
  /**
   * The key of the reply in the replies of the instrument; empty for an unsent prompt. Another
   * version has another key.
   */
  reply: string;
  /** Whether the reply is still arriving. */
  arriving: boolean;
  /** Which version of the turn is shown, counted from 1, and how many there are. */
  version: number;
  versions: number;
  /** The turn is not sent any more with those after it; it is shown dimmed. */
  hidden: boolean;
  /** The user changed the prompt or the answer. */
  edited: boolean;
  /** It answered an earlier version of a turn before it. */
  outdated: boolean;
  /** Why the prompt could not be sent and what to do; empty for a turn. */
  problem: string;
  /** Remarks on the request, each a sentence, to be shown quietly. */
  notes: string[];
  actions: RowAction[];
}

/** The prompt that is sent when the reply ends. */
export interface Queued {
  id: string;
  prompt: string;
  /**
   * Why it is not sent by itself any more, as the reply was stopped or failed: then it waits for
   * `send_queued` or `unqueue`. Empty while it waits for the end of the reply.
   */
  held: string;
}

/** A text of a row that is being changed in a form. */
export interface Editing {
  row: string;
  part: "prompt" | "answer";
  text: string;
}

/**
 * What is typed and not sent, so that a page that is reloaded has it again.
 *
 * A page takes a draft whose number it has not seen and whose page is another one, or "" for the
 * kernel: an unsent or queued prompt was taken back, or an edit was refused.
 */
export interface Draft {
  number: number;
  page: string;
  /**
   * The numbers with which the kernel has changed the input field, and the text of a row: a page
   * takes what it has not seen.
   */
  put_text: number;
  put_editing: number;
  /** False for a long one, of which nothing is here; `written` brings it. */
  is_whole: boolean;
  text: string;
  /** The template that is being filled in; empty without one. Then `text` does not count. */
  template: string;
  /** The texts of its blanks, by their names. */
  blanks: Record<string, string>;
  editing: Editing | null;
}

/** A piece of a template: a text, or a blank with a name. */
export interface TemplatePart {
  text: string;
  /** The name of the blank; empty for a text. Blanks of one name are one field. */
  blank: string;
}

/** A prompt with blanks that become fields. */
export interface Template {
  name: string;
  parts: TemplatePart[];
}

/** A model to choose. */
export interface ModelChoice {
  /** What a page sends: flash, pro, an id, or an endpoint and an id as in `ollama/qwen3:8b`. */
  value: string;
  /** Beside it: the id that is sent, or whose server it is; may be empty. */
  note: string;
}

/** What the next request is asked with. Each empty value leaves the chat its default. */
export interface Choices {
  /** The chosen model; empty for the default. A page also takes an id that is not in the list. */
  model: string;
  /** What an empty model stands for. */
  default_model: string;
  models: ModelChoice[];
  thinking: Thinking;
  /** low, high or max; empty for the default. */
  effort: string;
  efforts: string[];
}

/** How full the model's context is: the tokens of the last request and its reply. */
export interface Gauge {
  tokens: number;
  /** The most tokens that the model takes; null if that is not known. */
  window: number | null;
  /**
   * Whether the tokens are an estimate, as the server did not count them or the turns were
   * changed since.
   */
  about: boolean;
  /** "about 1,203 of 128,000 tokens". */
  text: string;
}

/** Why something does not go on, though nothing is wrong. */
export interface Waiting {
  /** The row that waits. */
  row: string;
  /** "Kernel busy: the tool runs when it is free." Stop ends the waiting. */
  text: string;
}

/** The `own` state of a chat panel. */
export interface ChatState {
  /** The chat's name. */
  chat: string;
  /** The system prompt; empty without one. */
  system: string;
  /** A window of the turns, in their order, and after them the prompts that could not be sent. */
  rows: ChatRow[];
  /** How many turns stand before the window, and how many there are in all. */
  first: number;
  count: number;
  /**
   * The keys of the rows whose replies are arriving, also outside the window: then Send is Stop,
   * and what is sent is queued.
   */
  arriving: string[];
  /** Whether they are being stopped. */
  stopping: boolean;
  queued: Queued | null;
  draft: Draft;
  choices: Choices;
  /** Null before the first request. */
  context: Gauge | null;
  /** What the replies of the chat cost: "at least $0.0023 for 12 replies"; may be empty. */
  cost: string;
  /** What is in that sum and what is not, for a tooltip. */
  cost_note: string;
  waiting: Waiting | null;
  /**
   * Whether a cell keeps the kernel busy. Sending works all the same where the page has the
   * control channel.
   */
  kernel_busy: boolean;
  suggestions: string[];
  templates: Template[];
  /** The last remark that belongs to no row, such as what was undone; may be empty. */
  remark: string;
  can_undo: boolean;
}

/**
 * From a page to the kernel, besides the page and the number that each message has.
 *
 * The user sends a prompt (`send`), which is queued while a reply arrives; stops what arrives
 * (`stop`: all, or the row); takes the queued prompt back into the input field (`unqueue`) or
 * sends a held one (`send_queued`); asks a turn again (`retry`), goes on with a reply that is not
 * whole (`continue`), gives a turn another prompt or answer (`edit`: a new version, and a prompt
 * is asked), selects a version (`version`: what follows is what followed it), hides a turn or
 * shows it (`hide`), sends an unsent prompt again (`send_unsent`), puts it into the input field
 * (`edit` without `text`) or drops it (`dismiss`), takes back the last change (`undo`); chooses an
 * option (`choose`); types (`draft`); scrolls to other turns (`window`); or opens the list of
 * models (`models`). The page needs a text of a row (`text`), or a long draft (`written`).
 */
export interface ChatMessage {
  type: "send" | "stop" | "unqueue" | "send_queued" | "retry" | "continue" | "edit" | "version" | "hide" | "send_unsent" | "dismiss" | "undo" | "choose" | "draft" | "window" | "text" | "models" | "written";
  /** The key of the row. */
  row?: string;
  /**
   * With `send`, `edit` and `draft`: the text; with `unqueue`: what the input field holds, to be
   * put after the text that comes back.
   */
  text?: string;
  /**
   * With `send` and `draft`: the name of a template, and the texts of its blanks by their names;
   * `text` does not count then.
   */
  template?: string;
  blanks?: Record<string, string>;
  /**
   * With `draft`: the text of a row that is being changed, and the number of the last draft that
   * the page has seen.
   */
  editing?: Editing;
  seen?: number;
  /** With `unqueue` and `send_queued`: the id of the queued prompt. */
  queued?: string;
  /** With `edit` (prompt or answer) and `text`. */
  part?: RowText;
  /** With `version`: which one, counted from 1. */
  version?: number;
  /** With `hide`. */
  hidden?: boolean;
  /** With `choose`: model, thinking or effort, and its new value. */
  option?: "model" | "thinking" | "effort";
  value?: string;
  /** With `window`: the first turn to show, counted from 0; -1 stays with the last. */
  first?: number;
}

/** The kernel's answer to a message of a page, as of every instrument. */
export interface ChatAnswer {
  /** To `text`: the text. */
  text?: string;
  /** To `written`: the whole draft. */
  draft?: Draft;
  /**
   * To any other message: why nothing was done, as a sentence. What was sent by `send` and cannot
   * be asked is not a problem here: it becomes an unsent row.
   */
  problem?: string;
}
