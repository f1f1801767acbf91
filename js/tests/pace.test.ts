import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { Pace } from "../src/pace";

/** Let the page paint: the message that tells of it comes by no timer. */
function painted(): Promise<void> {
  return new Promise((resolve) => {
    const { port1, port2 } = new MessageChannel();
    port1.onmessage = () => {
      port1.close();
      resolve();
    };
    port2.postMessage(undefined);
  });
}

describe("Pace", () => {
  let drawings: number;
  let costs: number;
  let pace: Pace;

  beforeEach(() => {
    vi.useFakeTimers({
      toFake: ["requestAnimationFrame", "cancelAnimationFrame", "setTimeout", "clearTimeout", "performance"],
    });
    drawings = 0;
    costs = 0;
    pace = new Pace(() => {
      drawings += 1;
      if (costs > 0) vi.advanceTimersByTime(costs);
    });
  });

  afterEach(() => {
    pace.end();
    vi.useRealTimers();
  });

  it("draws once for each painting, and at once while that is cheap", async () => {
    for (let frame = 1; frame <= 5; frame += 1) {
      pace.ask();
      pace.ask();
      vi.advanceTimersByTime(0);
      expect(drawings).toBe(frame);
      vi.advanceTimersToNextFrame();
      await painted();
    }
  });

  it("draws in the next frame what comes before the last one was painted", async () => {
    pace.ask();
    vi.advanceTimersByTime(0);
    pace.ask();
    vi.advanceTimersByTime(1);
    expect(drawings).toBe(1);
    vi.advanceTimersToNextFrame();
    expect(drawings).toBe(2);
    // Drawn in that frame, and not painted yet.
    pace.ask();
    vi.advanceTimersByTime(1);
    expect(drawings).toBe(2);
    await painted();
    vi.advanceTimersToNextFrame();
    expect(drawings).toBe(3);
  });

  it("draws nothing in a hidden tab, and all of it when that is shown", () => {
    const hidden = vi.spyOn(document, "hidden", "get").mockReturnValue(true);
    const frames = vi.spyOn(globalThis, "requestAnimationFrame").mockReturnValue(1);
    pace.ask();
    vi.advanceTimersByTime(5_000);
    pace.ask();
    vi.advanceTimersByTime(5_000);
    expect(drawings).toBe(0);
    hidden.mockReturnValue(false);
    frames.mock.calls.at(-1)?.[0](0);
    expect(drawings).toBe(1);
    vi.restoreAllMocks();
  });

  it("leaves the page alone for longer than a dear frame took", async () => {
    costs = 40;
    pace.ask();
    vi.advanceTimersToNextFrame();
    await painted();
    costs = 0;
    pace.ask();
    vi.advanceTimersByTime(20);
    expect(drawings).toBe(1);
    vi.advanceTimersByTime(60);
    expect(drawings).toBe(2);
  });

  it("draws now and then what nobody sees, and at once when it comes into sight", async () => {
    pace.ask();
    vi.advanceTimersToNextFrame();
    await painted();
    pace.seen(false);
    pace.ask();
    vi.advanceTimersByTime(150);
    expect(drawings).toBe(1);
    pace.seen(true);
    vi.advanceTimersToNextFrame();
    expect(drawings).toBe(2);
    await painted();
    pace.seen(false);
    pace.ask();
    vi.advanceTimersByTime(300);
    expect(drawings).toBe(3);
  });

  it("does not let wait who has done something", async () => {
    pace.ask();
    vi.advanceTimersToNextFrame();
    await painted();
    pace.seen(false);
    pace.ask();
    pace.ask(true);
    vi.advanceTimersToNextFrame();
    expect(drawings).toBe(2);
    vi.advanceTimersByTime(1_000);
    expect(drawings).toBe(2);
  });

  it("never waits for long", async () => {
    costs = 5_000;
    pace.ask();
    vi.advanceTimersToNextFrame();
    await painted();
    pace.ask();
    vi.advanceTimersByTime(50);
    expect(drawings).toBe(2);
  });

  it("draws no more when it has ended", () => {
    pace.ask();
    pace.end();
    vi.advanceTimersByTime(1_000);
    expect(drawings).toBe(0);
  });
});
