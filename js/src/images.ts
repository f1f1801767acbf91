/**
 * Images that are loaded only when the reader clicks on their placeholder, which html.py writes.
 */

import { element } from "./elements";
import { _ } from "./language";

export const IMAGE = "a.nbstream-image";

const DESCRIPTION = "nbstream-alt";

/**
 * The images that the reader asked for in this page, by address, to show them wherever they are
 * drawn again.
 */
export class Images {
  readonly #requested = new Map<string, "shown" | "failed">();

  /** Show the requested images among the placeholders in `root`. */
  restore(root: ParentNode): void {
    if (this.#requested.size === 0) return;
    for (const link of root.querySelectorAll<HTMLAnchorElement>(IMAGE)) {
      const state = this.#requested.get(link.href);
      if (state === "shown") load(link);
      else if (state === "failed") showFailure(link);
    }
  }

  /** Handle a click on `link`; return false if it should open the link instead. */
  click(link: HTMLAnchorElement, event: MouseEvent): boolean {
    if (event.button !== 0 || event.ctrlKey || event.metaKey || event.shiftKey || event.altKey) return false;
    if (link.querySelector("img") !== null) return false;
    this.#requested.set(link.href, "shown");
    load(link);
    return true;
  }

  /** Report in `link` that its image could not be loaded; a click tries again. */
  fail(link: HTMLAnchorElement): void {
    this.#requested.set(link.href, "failed");
    showFailure(link);
  }
}

function load(link: HTMLAnchorElement): void {
  if (link.querySelector("img") !== null) return;
  const description = descriptionOf(link);
  const image = document.createElement("img");
  image.dataset.description = description;
  image.alt = description || _("Image from {host}", { host: link.hostname });
  image.referrerPolicy = "no-referrer";
  image.style.maxWidth = "100%";
  // Last, because it starts the request.
  image.src = link.href;
  link.replaceChildren(image);
}

function showFailure(link: HTMLAnchorElement): void {
  const description = element("span", DESCRIPTION, descriptionOf(link));
  link.replaceChildren(_("Image from {host} could not be loaded", { host: link.hostname }));
  if (description.textContent !== "") link.append(": ", description);
}

function descriptionOf(link: HTMLAnchorElement): string {
  const image = link.querySelector("img");
  return image?.dataset.description ?? link.querySelector(`.${DESCRIPTION}`)?.textContent ?? "";
}
