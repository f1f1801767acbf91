/** Counts of seconds: their words, and when the next one has passed. */

import { _ } from "./language";

/** A duration in the words of the settled output; empty for less than a second. */
export function duration(seconds: number | undefined): string {
  if (seconds === undefined || seconds < 1) return "";
  const whole = Math.floor(seconds);
  if (whole < 60) return _("{seconds} s", { seconds: whole });
  return _("{minutes} min {seconds} s", {
    minutes: Math.floor(whole / 60),
    seconds: String(whole % 60).padStart(2, "0"),
  });
}

/**
 * Milliseconds until a count of seconds goes on. Browsers cut off parts of a millisecond, so it is
 * rounded up: a timer that fires too early finds the same second, and fires again at once.
 */
export function untilNextSecond(seconds: number): number {
  return Math.ceil(1000 * (1 - (seconds % 1)));
}
