/** Buttons of the panel. */

import { element } from "../shared";

const FEEDBACK_MILLISECONDS = 1500;

export function button(name: string, text: string, onClick: () => void, label = ""): HTMLButtonElement {
  const created = element("button", name, text, label === "" ? {} : { "aria-label": label });
  created.addEventListener("click", () => {
    if (created.ariaDisabled !== "true") onClick();
  });
  return created;
}

/** Let `button` do nothing; `disabled` would move the focus out of the panel. */
export function disable(button: HTMLButtonElement, isDisabled: boolean): void {
  const value = String(isDisabled);
  if (button.getAttribute("aria-disabled") !== value) button.setAttribute("aria-disabled", value);
}

/** Show for a moment what came of a click. */
export function feedback(button: HTMLButtonElement, text: string): void {
  const [label, name] = [button.textContent, button.getAttribute("aria-label")];
  if (button.dataset.feedback !== undefined) return;
  button.dataset.feedback = text;
  button.textContent = text;
  button.setAttribute("aria-label", text);
  setTimeout(() => {
    delete button.dataset.feedback;
    button.textContent = label;
    if (name === null) button.removeAttribute("aria-label");
    else button.setAttribute("aria-label", name);
  }, FEEDBACK_MILLISECONDS);
}
