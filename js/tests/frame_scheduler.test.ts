import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { FrameScheduler } from "../src/frame_scheduler";

/** Wait for the message that follows a paint, which no fake timer delivers. */
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

describe("FrameScheduler", () => {
  let frames: number;
  let frameTime: number;
  let scheduler: FrameScheduler;

  beforeEach(() => {
    vi.useFakeTimers({
      toFake: ["requestAnimationFrame", "cancelAnimationFrame", "setTimeout", "clearTimeout", "performance"],
    });
    frames = 0;
    frameTime = 0;
    scheduler = new FrameScheduler(() => {
      frames += 1;
      if (frameTime > 0) vi.advanceTimersByTime(frameTime);
    });
  });

  afterEach(() => {
    scheduler.dispose();
    vi.useRealTimers();
  });

  it("draws once for each paint, and at once while that is cheap", async () => {
    for (let frame = 1; frame <= 5; frame += 1) {
      scheduler.request();
      scheduler.request();
      vi.advanceTimersByTime(0);
      expect(frames).toBe(frame);
      vi.advanceTimersToNextFrame();
      await painted();
    }
  });

  it("draws in the next animation frame if the last frame is not painted yet", async () => {
    scheduler.request();
    vi.advanceTimersByTime(0);
    scheduler.request();
    vi.advanceTimersByTime(1);
    expect(frames).toBe(1);
    vi.advanceTimersToNextFrame();
    expect(frames).toBe(2);
    // That frame is drawn, but not painted yet.
    scheduler.request();
    vi.advanceTimersByTime(1);
    expect(frames).toBe(2);
    await painted();
    vi.advanceTimersToNextFrame();
    expect(frames).toBe(3);
  });

  it("leaves views to the next animation frame if others have drawn for long in this one", async () => {
    const drawn: number[] = [];
    let now = 0;
    const clock = vi.spyOn(performance, "now").mockImplementation(() => now);
    const others = [1, 2, 3].map(
      (number) =>
        new FrameScheduler(() => {
          drawn.push(number);
          now += 8;
        }),
    );
    const request = (): void => {
      for (const each of others) each.request(true);
      vi.advanceTimersByTime(0);
    };
    request();
    drawn.length = 0;
    // None of them is painted yet, so they draw in animation frames.
    request();
    vi.advanceTimersToNextFrame();
    expect(drawn).toEqual([1, 2]);
    vi.advanceTimersToNextFrame();
    expect(drawn).toEqual([1, 2, 3]);
    for (const each of others) each.dispose();
    clock.mockRestore();
  });

  it("draws nothing in a hidden tab, and everything when the tab is shown", () => {
    const hidden = vi.spyOn(document, "hidden", "get").mockReturnValue(true);
    const requests = vi.spyOn(globalThis, "requestAnimationFrame").mockReturnValue(1);
    scheduler.request();
    vi.advanceTimersByTime(5_000);
    scheduler.request();
    vi.advanceTimersByTime(5_000);
    expect(frames).toBe(0);
    hidden.mockReturnValue(false);
    requests.mock.calls.at(-1)?.[0](0);
    expect(frames).toBe(1);
    vi.restoreAllMocks();
  });

  it("pauses for longer than an expensive frame took", async () => {
    frameTime = 40;
    scheduler.request();
    vi.advanceTimersToNextFrame();
    await painted();
    frameTime = 0;
    scheduler.request();
    vi.advanceTimersByTime(20);
    expect(frames).toBe(1);
    vi.advanceTimersByTime(60);
    expect(frames).toBe(2);
  });

  it("draws rarely while invisible, and at once when it becomes visible", async () => {
    scheduler.request();
    vi.advanceTimersToNextFrame();
    await painted();
    scheduler.setVisible(false);
    scheduler.request();
    vi.advanceTimersByTime(150);
    expect(frames).toBe(1);
    scheduler.setVisible(true);
    vi.advanceTimersToNextFrame();
    expect(frames).toBe(2);
    await painted();
    scheduler.setVisible(false);
    scheduler.request();
    vi.advanceTimersByTime(300);
    expect(frames).toBe(3);
  });

  it("does not delay an urgent request", async () => {
    scheduler.request();
    vi.advanceTimersToNextFrame();
    await painted();
    scheduler.setVisible(false);
    scheduler.request();
    scheduler.request(true);
    vi.advanceTimersToNextFrame();
    expect(frames).toBe(2);
    vi.advanceTimersByTime(1_000);
    expect(frames).toBe(2);
  });

  it("never pauses for long", async () => {
    frameTime = 5_000;
    scheduler.request();
    vi.advanceTimersToNextFrame();
    await painted();
    scheduler.request();
    vi.advanceTimersByTime(50);
    expect(frames).toBe(2);
  });

  it("draws nothing after dispose", () => {
    scheduler.request();
    scheduler.dispose();
    vi.advanceTimersByTime(1_000);
    expect(frames).toBe(0);
  });
});
