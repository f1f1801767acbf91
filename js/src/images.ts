/**
 * Images that load when their reader clicks on the words in their place, and never before. This module must not know where
 * the words stand.
 */

export const IMAGE = "a.nbstream-image";

const NOT_LOADED = " not loaded";
const FAILED = " could not be loaded";

/** The images that were asked for in this page, by address: each is shown again wherever it is drawn anew. */
export class Images {
  readonly #asked = new Map<string, "shown" | "failed">();

  /** Show what was asked for before among the links in `root`. */
  restore(root: ParentNode): void {
    if (this.#asked.size === 0) return;
    for (const link of root.querySelectorAll<HTMLAnchorElement>(IMAGE)) {
      const state = this.#asked.get(link.href);
      if (state === "shown") draw(link);
      else if (state === "failed") explain(link);
    }
  }

  /** Take a click on `link`; false if it should open the link instead: the image is there already, or it was no plain click. */
  click(link: HTMLAnchorElement, event: MouseEvent): boolean {
    if (event.button !== 0 || event.ctrlKey || event.metaKey || event.shiftKey || event.altKey) return false;
    if (link.querySelector("img") !== null) return false;
    this.#asked.set(link.href, "shown");
    draw(link);
    return true;
  }

  /** Say in words that the image of `link` could not be loaded; a click tries again. */
  fail(link: HTMLAnchorElement): void {
    this.#asked.set(link.href, "failed");
    explain(link);
  }
}

function draw(link: HTMLAnchorElement): void {
  if (link.querySelector("img") !== null) return;
  const { host, alt } = wordsOf(link);
  const image = document.createElement("img");
  image.alt = alt || `Image from ${host}`;
  image.referrerPolicy = "no-referrer";
  image.style.maxWidth = "100%";
  // Last, because from here on it is fetched.
  image.src = link.href;
  link.replaceChildren(image);
}

function explain(link: HTMLAnchorElement): void {
  const { host, alt } = wordsOf(link);
  link.textContent = `Image from ${host}${FAILED}${alt === "" ? "" : `: ${alt}`}`;
}

/** The host of an image, and what is said to be on it. */
function wordsOf(link: HTMLAnchorElement): { host: string; alt: string } {
  const host = link.hostname;
  const image = link.querySelector("img");
  if (image !== null) return { host, alt: image.alt === `Image from ${host}` ? "" : image.alt };
  const words = link.textContent ?? "";
  const mark = [NOT_LOADED, FAILED].find((each) => words.includes(`${each}: `));
  return { host, alt: mark === undefined ? "" : words.slice(words.indexOf(`${mark}: `) + mark.length + 2) };
}
