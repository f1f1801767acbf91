/**
 * The buttons in a reply: what is put in for them, and what a click on them does. They are real buttons, made by the page:
 * a file holds none, because there they would be dead. This module must not know when a reply is drawn.
 */

import { copy } from "./clipboard";
import { IMAGE, type Images } from "./images";
import type { Notebooks } from "./notebook";

const CODE = ".nbstream-code";
const TOOLS = "nbstream-tools";
const FEEDBACK_MILLISECONDS = 1500;

/** What the buttons work with, shared by all replies of a page. */
export interface Surroundings {
  readonly notebooks: Notebooks;
  readonly images: Images;
  /** Say something to a reader who does not see the button. */
  say(words: string): void;
}

type Action = "code" | "cell" | "answer";

const WORDS: Record<Action, { text: string; name: string; done: string; failed: string }> = {
  code: { text: "Copy", name: "Copy code", done: "Copied", failed: "Could not copy" },
  cell: { text: "Insert as cell", name: "Insert as cell", done: "Inserted below", failed: "Could not insert" },
  answer: { text: "Copy answer", name: "Copy answer", done: "Copied", failed: "Could not copy" },
};

/** Whether `node` was put in here: then what the kernel writes has no part in it. */
export function isControl(node: Node): boolean {
  return node instanceof Element && node.classList.contains(TOOLS);
}

/** Give each block of code in `root` its buttons, if it has none yet. */
export function equipCode(root: ParentNode, takesCells: boolean): void {
  for (const block of root.querySelectorAll(CODE)) {
    const code = block.querySelector(":scope > pre");
    if (code === null || [...block.children].some(isControl)) continue;
    code.before(toolbar(takesCells ? ["code", "cell"] : ["code"]));
  }
}

/** Give a settled reply its button for the answer. */
export function equipAnswer(root: Element): void {
  const footer = root.querySelector(".nbstream-footer") ?? root;
  footer.append(toolbar(["answer"]));
}

/** Take all buttons out of `root`. */
export function strip(root: ParentNode): void {
  for (const tools of root.querySelectorAll(`.${TOOLS}`)) tools.remove();
}

/** What takes as much place as the button for the answer will. */
export function placeholder(): HTMLElement {
  const tools = toolbar(["answer"]);
  tools.inert = true;
  tools.style.visibility = "hidden";
  return tools;
}

/** Let the buttons and images in `root` be clicked, until `signal` says otherwise. */
export function listen(root: Element, around: Surroundings, signal?: AbortSignal): void {
  const options = signal === undefined ? {} : { signal };
  root.addEventListener(
    "click",
    (event) => {
      if (!(event instanceof MouseEvent) || !(event.target instanceof Element)) return;
      const button = event.target.closest<HTMLButtonElement>(`.${TOOLS} button`);
      const link = event.target.closest<HTMLAnchorElement>(IMAGE);
      if (button !== null) void act(button, around);
      else if (link !== null && around.images.click(link, event)) event.preventDefault();
    },
    options,
  );
  // An image's error does not bubble.
  root.addEventListener(
    "error",
    (event) => {
      const link = event.target instanceof HTMLImageElement ? event.target.closest<HTMLAnchorElement>(IMAGE) : null;
      if (link !== null) around.images.fail(link);
    },
    { ...options, capture: true },
  );
}

function toolbar(actions: readonly Action[]): HTMLElement {
  const tools = document.createElement("span");
  tools.className = TOOLS;
  for (const action of actions) {
    const button = document.createElement("button");
    button.type = "button";
    button.name = action;
    reset(button, action);
    tools.append(button);
  }
  return tools;
}

async function act(button: HTMLButtonElement, around: Surroundings): Promise<void> {
  const action = button.name as Action;
  const words = WORDS[action];
  const isDone = await carryOut(action, button, around);
  const said = isDone ? words.done : words.failed;
  button.textContent = said;
  button.setAttribute("aria-label", said);
  around.say(said);
  setTimeout(() => {
    if (button.textContent === said) reset(button, action);
  }, FEEDBACK_MILLISECONDS);
}

async function carryOut(action: Action, button: Element, { notebooks }: Surroundings): Promise<boolean> {
  if (action === "answer") {
    const answer = notebooks.answerAt(button);
    return answer !== undefined && copy(answer);
  }
  // Without the last line's end: pasted into a terminal, it would run the code.
  const code = button.closest(CODE)?.querySelector(":scope > pre")?.textContent?.replace(/\n$/, "") ?? "";
  return action === "code" ? copy(code) : notebooks.insertCell(button, code);
}

function reset(button: HTMLButtonElement, action: Action): void {
  button.textContent = WORDS[action].text;
  button.setAttribute("aria-label", WORDS[action].name);
}
