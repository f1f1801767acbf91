import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { Stop, type StopPort } from "../src/stop";

const TIMEOUT = 300;

class FakePort implements StopPort {
  live = true;
  foreground = true;
  reachable = true;
  isRefused = false;
  cancels = 0;
  timeout = TIMEOUT;
  interrupts = 0;
  reply: () => void = () => {};
  readonly phases: string[] = [];
  stop: Stop | undefined;

  isLive = (): boolean => this.live;
  isForeground = (): boolean => this.foreground;

  cancel(onReply: () => void): void {
    this.cancels += 1;
    this.reply = onReply;
  }

  replyTimeout(): number {
    return this.timeout;
  }

  interrupt(): Promise<void> | undefined {
    if (!this.reachable) return undefined;
    this.interrupts += 1;
    return this.isRefused ? Promise.reject(new Error("refused")) : Promise.resolve();
  }

  onChange(): void {
    this.phases.push(this.stop?.phase ?? "");
  }
}

let port: FakePort;
let stop: Stop;

beforeEach(() => {
  vi.useFakeTimers();
  port = new FakePort();
  stop = new Stop(port);
  port.stop = stop;
});

afterEach(() => {
  vi.useRealTimers();
});

async function pass(milliseconds: number): Promise<void> {
  await vi.advanceTimersByTimeAsync(milliseconds);
}

it("asks once, however often it is pressed", async () => {
  void stop.request();
  void stop.request();
  await pass(TIMEOUT - 1);
  void stop.request();
  expect(port.cancels).toBe(1);
  expect(stop.phase).toBe("requested");
});

it("interrupts when nothing answers", async () => {
  void stop.request();
  await pass(TIMEOUT - 1);
  expect(port.interrupts).toBe(0);
  await pass(1);
  expect(port.interrupts).toBe(1);
  expect(stop.phase).toBe("interrupted");
});

it("never interrupts after an acknowledgement by comm", async () => {
  void stop.request();
  await pass(TIMEOUT - 1);
  stop.acknowledge();
  await pass(10 * TIMEOUT);
  expect(port.interrupts).toBe(0);
  expect(stop.phase).toBe("acknowledged");
});

it("never interrupts after a reply on the control channel", async () => {
  void stop.request();
  port.reply();
  await pass(10 * TIMEOUT);
  expect(port.interrupts).toBe(0);
  expect(stop.phase).toBe("acknowledged");
});

it("never interrupts after the end", async () => {
  void stop.request();
  await pass(TIMEOUT / 2);
  port.live = false;
  await pass(10 * TIMEOUT);
  expect(port.interrupts).toBe(0);
});

it("does nothing for a reply that has ended", async () => {
  port.live = false;
  void stop.request();
  await pass(10 * TIMEOUT);
  expect(port.cancels).toBe(0);
  expect(port.phases).toEqual([]);
});

it("never interrupts for a background reply, and reports that it failed", async () => {
  port.foreground = false;
  void stop.request();
  await pass(TIMEOUT);
  expect(port.interrupts).toBe(0);
  expect(stop.phase).toBe("failed");
});

it.each(["reachable", "isRefused"] as const)("reports that it failed when the interrupt fails (%s)", async (what) => {
  port[what] = !port[what];
  void stop.request();
  await pass(TIMEOUT);
  expect(stop.phase).toBe("failed");
});

it("can be tried again, and accepts a late acknowledgement", async () => {
  port.reachable = false;
  void stop.request();
  await pass(TIMEOUT);
  void stop.request();
  expect(port.cancels).toBe(2);
  await pass(TIMEOUT);
  stop.acknowledge();
  expect(port.phases).toEqual(["requested", "failed", "requested", "failed", "acknowledged"]);
});

it("before an interrupt, handles messages that arrived while the page was blocked", async () => {
  vi.useRealTimers();
  const due: (() => void)[] = [];
  vi.stubGlobal("setTimeout", (callback: () => void) => due.push(callback));
  void stop.request();
  // After the page was blocked, its timer runs first, and then the message that was waiting.
  due.shift()?.();
  await Promise.resolve();
  stop.acknowledge();
  for (let next = due.shift(); next !== undefined; next = due.shift()) {
    next();
    await Promise.resolve();
  }
  vi.unstubAllGlobals();
  expect(port.interrupts).toBe(0);
});
