import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { FIRST_ASK, Settling } from "../src/settling";

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

function settling() {
  const page = { isLate: true, asked: 0 };
  const watched = new Settling({
    isLate: () => page.isLate,
    ask: () => {
      page.asked += 1;
    },
  });
  return { page, watched };
}

test("it asks while the view stands, less and less often", () => {
  const { page, watched } = settling();
  watched.begin();
  watched.begin();
  vi.advanceTimersByTime(FIRST_ASK - 1);
  expect(page.asked).toBe(0);
  vi.advanceTimersByTime(1);
  expect(page.asked).toBe(1);
  vi.advanceTimersByTime(2 * FIRST_ASK);
  expect(page.asked).toBe(2);
  vi.advanceTimersByTime(600_000);
  expect(page.asked).toBeLessThan(20);
  page.isLate = false;
  const before = page.asked;
  vi.advanceTimersByTime(600_000);
  expect(page.asked).toBe(before);
  expect(vi.getTimerCount()).toBe(0);
});

test("it does not ask where the output came in time, and begins again for another view", () => {
  const { page, watched } = settling();
  watched.begin();
  page.isLate = false;
  vi.advanceTimersByTime(60_000);
  expect(page.asked).toBe(0);
  watched.begin();
  expect(vi.getTimerCount()).toBe(0);
  page.isLate = true;
  watched.begin();
  vi.advanceTimersByTime(FIRST_ASK);
  expect(page.asked).toBe(1);
  watched.end();
  vi.advanceTimersByTime(60_000);
  expect(page.asked).toBe(1);
});
