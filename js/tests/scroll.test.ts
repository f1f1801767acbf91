import { beforeEach, describe, expect, it } from "vitest";
import { EndPin, isAbove, keepPositionBelow } from "../src/scroll";
import { place, scroller } from "./fixtures";

/**
 * A box with a layout, which jsdom does not have: `height` is its content's, of which 100 can be
 * seen.
 */
class Box {
  readonly element = document.createElement("div");
  height = 300;
  #top = 0;

  constructor() {
    Object.defineProperties(this.element, {
      clientHeight: { get: () => 100 },
      scrollHeight: { get: () => this.height },
      scrollTop: {
        get: () => this.#top,
        set: (top: number) => {
          this.#top = Math.max(0, Math.min(top, this.height - 100));
        },
      },
    });
  }

  get top(): number {
    return this.#top;
  }

  scrollTo(top: number): void {
    this.element.scrollTop = top;
    this.element.dispatchEvent(new Event("scroll"));
  }
}

describe("EndPin", () => {
  let box: Box;
  let pin: EndPin;

  beforeEach(() => {
    box = new Box();
    pin = new EndPin(box.element, new AbortController().signal);
    pin.follow();
  });

  function grow(by: number): void {
    box.height += by;
    pin.follow();
  }

  it("shows the end while the box grows", () => {
    grow(50);
    expect(box.top).toBe(250);
  });

  it("marks the box while something is above its visible part", () => {
    expect(box.element.hasAttribute("data-scrolled")).toBe(true);
    box.scrollTo(0);
    expect(box.element.hasAttribute("data-scrolled")).toBe(false);
  });

  it("stays where the reader scrolled up to", () => {
    box.scrollTo(120);
    grow(50);
    expect(box.top).toBe(120);
  });

  it("does not take a reader back whose scrolling and the growing text meet", () => {
    pin.release();
    box.element.scrollTop = 190;
    grow(50);
    expect(box.top).toBe(190);
    pin.pin();
    expect(box.top).toBe(250);
  });

  it("follows again once the reader is within a pixel of the end", () => {
    box.scrollTo(120);
    grow(50);
    box.scrollTo(249);
    grow(50);
    expect(box.top).toBe(300);
  });

  it("detects that the reader scrolled before the event arrives", () => {
    box.element.scrollTop = 120;
    pin.update();
    grow(50);
    expect(box.top).toBe(120);
    box.element.scrollTop = 249;
    pin.update();
    grow(50);
    expect(box.top).toBe(300);
  });

  it("does not follow after scrolling down a little", () => {
    box.scrollTo(120);
    box.scrollTo(160);
    grow(50);
    expect(box.top).toBe(160);
  });

  it("goes on following when the box shrank, which scrolled it", () => {
    box.height = 250;
    box.scrollTo(140);
    grow(50);
    expect(box.top).toBe(200);
  });
});

describe("a panel that closes", () => {
  let around: HTMLElement;
  let panel: HTMLElement;

  beforeEach(() => {
    around = scroller();
    panel = document.createElement("div");
    around.append(panel);
    document.body.replaceChildren(around);
  });

  it("is above the screen when no part of it is visible in its scroller", () => {
    place(panel, () => ({ top: 0, bottom: 49 }));
    expect(isAbove(panel)).toBe(true);
    place(panel, () => ({ top: 0, bottom: 51 }));
    expect(isAbove(panel)).toBe(false);
  });

  it("does not move the text below it", () => {
    let height = 80;
    place(panel, () => ({ top: -100, bottom: -100 + height }));
    around.scrollTop = 400;
    keepPositionBelow(panel, () => {
      height = 0;
    });
    expect(around.scrollTop).toBe(320);
  });

  it("does not scroll for a cell that has no height out of sight, whatever grows in it", () => {
    const cell = document.createElement("div");
    cell.className = "jp-Cell";
    panel.replaceWith(cell);
    cell.append(panel);
    let bottom = -100;
    place(cell, () => ({ top: -50, bottom: -50 }));
    place(panel, () => ({ top: -200, bottom }));
    around.scrollTop = 400;
    keepPositionBelow(panel, () => {
      bottom += 100;
    });
    expect(around.scrollTop).toBe(400);
  });

  it("loses no fraction of a pixel to a box that scrolls by whole ones", () => {
    let bottom = -100;
    let top = 400;
    place(panel, () => ({ top: -200, bottom }));
    Object.defineProperty(around, "scrollTop", {
      get: () => top,
      set: (value: number) => {
        top = Math.floor(value);
      },
    });
    for (let times = 0; times < 10; times += 1) {
      keepPositionBelow(panel, () => {
        bottom += 20.4;
      });
    }
    expect(top).toBeGreaterThanOrEqual(603);
    expect(top).toBeLessThanOrEqual(604);
  });

  it("does not scroll if the text did not move, or the browser kept its position", () => {
    place(panel, () => ({ top: -100, bottom: -20 }));
    around.scrollTop = 400;
    keepPositionBelow(panel, () => {});
    expect(around.scrollTop).toBe(400);
  });
});
