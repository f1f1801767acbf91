/**
 * The buttons in a reply, and what a click on them does. The page adds them: in a file they would
 * not work, so it has none.
 */

import { copy } from "./clipboard";
import { element } from "./elements";
import { IMAGE, type Images } from "./images";
import { _, localize, marked } from "./language";
import type { Notebooks } from "./notebook";
import type { Action } from "./protocol";

const CODE = ".nbstream-code";
const TOOLS = "nbstream-tools";
const FEEDBACK_MILLISECONDS = 1500;

/** What the buttons work with. */
export interface ControlServices {
  readonly notebooks: Notebooks;
  readonly images: Images;
  /**
   * Do something about the settled reply around `element`; whether another view takes its place.
   */
  repeat(element: Element, action: Action): Promise<boolean>;
  /** Tell a user of a screen reader. */
  announce(text: string): void;
}

type Button = "code" | "cell" | "answer" | Action;

const COPIED = marked("Copied");
const NOT_COPIED = marked("Could not copy");
const COPY_ANSWER = marked("Copy answer");
const INSERT = marked("Insert as cell");
/** What it says, its name for screen readers, and what became of a click. */
const LABELS: Record<Button, { text: string; name: string; done: string; failed: string }> = {
  code: { text: marked("Copy"), name: marked("Copy code"), done: COPIED, failed: NOT_COPIED },
  cell: { text: INSERT, name: INSERT, done: marked("Inserted below"), failed: marked("Could not insert") },
  answer: { text: COPY_ANSWER, name: COPY_ANSWER, done: COPIED, failed: NOT_COPIED },
  continue: { text: marked("Continue"), name: marked("Continue this reply"), done: marked("Continuing…"), failed: "" },
  retry: { text: marked("Retry"), name: marked("Retry this prompt"), done: marked("Asking…"), failed: "" },
};

/** Whether `node` was added by this module, and so is not part of what the kernel writes. */
export function isControl(node: Node): boolean {
  return node instanceof Element && node.classList.contains(TOOLS);
}

/** Add buttons to each block of code in `root` that has none yet. */
export function addCodeButtons(root: ParentNode, canInsertCells: boolean): void {
  for (const block of root.querySelectorAll(CODE)) {
    const code = block.querySelector(":scope > pre");
    if (code === null || [...block.children].some(isControl)) continue;
    code.before(toolbar(canInsertCells ? ["code", "cell"] : ["code"]));
  }
}

/**
 * Add buttons below a settled reply: what can be done about it, and the one that copies the answer.
 */
export function addFooterButtons(root: Element, actions: readonly Action[], hasAnswer: boolean): void {
  const footer = root.querySelector(".nbstream-footer") ?? root;
  const buttons: Button[] = [...actions, ...(hasAnswer ? ["answer" as const] : [])];
  if (buttons.length > 0) footer.append(toolbar(buttons));
}

export function removeButtons(root: ParentNode): void {
  for (const tools of root.querySelectorAll(`.${TOOLS}`)) tools.remove();
}

/** An invisible element as large as the buttons below a settled reply. */
export function footerButtonsPlaceholder(actions: readonly Action[]): HTMLElement {
  const tools = toolbar([...actions, "answer"]);
  tools.inert = true;
  tools.style.visibility = "hidden";
  return tools;
}

/** Handle clicks on the buttons and images in `root`, until `signal` is aborted. */
export function handleClicks(root: Element, services: ControlServices, signal?: AbortSignal): void {
  const options = signal === undefined ? {} : { signal };
  root.addEventListener(
    "click",
    (event) => {
      if (!(event instanceof MouseEvent) || !(event.target instanceof Element)) return;
      const button = event.target.closest<HTMLButtonElement>(`.${TOOLS} button`);
      const link = event.target.closest<HTMLAnchorElement>(IMAGE);
      if (button !== null) void run(button, services);
      else if (link !== null && services.images.click(link, event)) event.preventDefault();
    },
    options,
  );
  // The error event of an image does not bubble.
  root.addEventListener(
    "error",
    (event) => {
      const link = event.target instanceof HTMLImageElement ? event.target.closest<HTMLAnchorElement>(IMAGE) : null;
      if (link !== null) services.images.fail(link);
    },
    { ...options, capture: true },
  );
}

function toolbar(actions: readonly Button[]): HTMLElement {
  const tools = localize(element("span", TOOLS));
  for (const action of actions) {
    const button = element("button", "");
    button.name = action;
    resetLabel(button, action);
    tools.append(button);
  }
  return tools;
}

async function run(button: HTMLButtonElement, services: ControlServices): Promise<void> {
  const action = button.name as Button;
  if (action === "continue" || action === "retry") {
    if (button.ariaDisabled !== "true") await repeat(button, action, services);
    return;
  }
  const { done, failed } = LABELS[action];
  const feedback = _((await perform(action, button, services)) ? done : failed);
  button.textContent = feedback;
  button.setAttribute("aria-label", feedback);
  services.announce(feedback);
  setTimeout(() => {
    if (button.textContent === feedback) resetLabel(button, action);
  }, FEEDBACK_MILLISECONDS);
}

/** Let the kernel go on with a reply, or ask anew; until then its buttons do nothing more. */
async function repeat(button: HTMLButtonElement, action: Action, services: ControlServices): Promise<void> {
  const buttons = [...(button.parentElement?.querySelectorAll<HTMLButtonElement>("button") ?? [])].filter(
    ({ name }) => name === "continue" || name === "retry",
  );
  // `disabled` would move the focus out of the output.
  for (const each of buttons) each.setAttribute("aria-disabled", "true");
  const asking = _(LABELS[action].done);
  button.textContent = asking;
  services.announce(asking);
  if (await services.repeat(button, action)) return;
  for (const each of buttons) each.removeAttribute("aria-disabled");
  resetLabel(button, action);
}

async function perform(action: Button, button: Element, { notebooks }: ControlServices): Promise<boolean> {
  if (action === "answer") {
    const answer = notebooks.answerAt(button);
    return answer !== undefined && copy(answer);
  }
  // Without the newline at the end: pasted into a terminal, it would run the code.
  const code = button.closest(CODE)?.querySelector(":scope > pre")?.textContent?.replace(/\n$/, "") ?? "";
  return action === "code" ? copy(code) : notebooks.insertCell(button, code);
}

function resetLabel(button: HTMLButtonElement, action: Button): void {
  button.textContent = _(LABELS[action].text);
  button.setAttribute("aria-label", _(LABELS[action].name));
}
