import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { FIRST_REQUEST, SettledOutputPoll } from "../src/settled_output";

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

function start() {
  const page = { isMissing: true, requests: 0 };
  const poll = new SettledOutputPoll({
    isMissing: () => page.isMissing,
    request: () => {
      page.requests += 1;
    },
  });
  return { page, poll };
}

test("it asks while the view is there, less and less often", () => {
  const { page, poll } = start();
  poll.start();
  poll.start();
  vi.advanceTimersByTime(FIRST_REQUEST - 1);
  expect(page.requests).toBe(0);
  vi.advanceTimersByTime(1);
  expect(page.requests).toBe(1);
  vi.advanceTimersByTime(2 * FIRST_REQUEST);
  expect(page.requests).toBe(2);
  vi.advanceTimersByTime(600_000);
  expect(page.requests).toBeLessThan(20);
  page.isMissing = false;
  const before = page.requests;
  vi.advanceTimersByTime(600_000);
  expect(page.requests).toBe(before);
  expect(vi.getTimerCount()).toBe(0);
});

test("it does not ask if the output came in time, and starts again for another view", () => {
  const { page, poll } = start();
  poll.start();
  page.isMissing = false;
  vi.advanceTimersByTime(60_000);
  expect(page.requests).toBe(0);
  poll.start();
  expect(vi.getTimerCount()).toBe(0);
  page.isMissing = true;
  poll.start();
  vi.advanceTimersByTime(FIRST_REQUEST);
  expect(page.requests).toBe(1);
  poll.dispose();
  vi.advanceTimersByTime(60_000);
  expect(page.requests).toBe(1);
});
