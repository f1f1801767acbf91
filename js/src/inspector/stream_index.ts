/** The lines of a stream as the page knows them: times, kinds, sizes, and how the texts grew. */

import type { StreamAnswer } from "./protocol";

const TICKS = 10_000;
/** So much of a text fills the box several times; the browser lays out all of it at each moment. */
const LONGEST_SHOWN = 2_000;

interface Epoch {
  line: number;
  reasoning: string;
  answer: string;
  base: readonly [number, number];
}

export class StreamIndex {
  /** Seconds since the first request of the step, for each line. */
  readonly times: number[] = [];
  readonly sizes: number[] = [];
  kinds = "";
  gaps: readonly (readonly [number, number])[] = [];
  note = "";
  /** Whether the kernel has more lines than these. */
  more = true;
  readonly #epochs: Epoch[] = [];
  /** UTF-16 units of both texts after each line, within its epoch. */
  readonly #reasoning: number[] = [];
  readonly #answer: number[] = [];
  #ticks = 0;

  get length(): number {
    return this.times.length;
  }

  /** The time of the last line. */
  get end(): number {
    return this.times[this.length - 1] ?? 0;
  }

  /** Add an answer of the kernel; return how many lines it added. */
  add(answer: StreamAnswer): number {
    this.note = answer.note;
    this.more = answer.more || answer.first + answer.times.length < answer.total;
    if (answer.first !== this.length) return 0;
    for (const text of answer.texts) {
      const epoch = this.#epochs[text.epoch];
      if (epoch === undefined) {
        const { line, reasoning, answer: said, base } = text;
        this.#epochs[text.epoch] = { line, reasoning, answer: said, base };
      } else {
        epoch.reasoning += text.reasoning;
        epoch.answer += text.answer;
      }
    }
    const begun = new Map(this.#epochs.flatMap((each) => (each === undefined ? [] : [[each.line, each.base]])));
    answer.times.forEach((ticks, place) => {
      const line = this.length;
      this.#ticks += ticks;
      this.times.push(this.#ticks / TICKS);
      this.sizes.push(answer.sizes[place] ?? 0);
      const [reasoning, said] = begun.get(line) ?? [this.#reasoning[line - 1] ?? 0, this.#answer[line - 1] ?? 0];
      this.#reasoning.push(reasoning + (answer.grown[2 * place] ?? 0));
      this.#answer.push(said + (answer.grown[2 * place + 1] ?? 0));
    });
    this.kinds += answer.kinds;
    if (answer.gaps.length > 0 || !this.more) this.gaps = answer.gaps;
    return answer.times.length;
  }

  /** The ends of both texts after line number `line`. */
  textsAt(line: number): { reasoning: string; answer: string } {
    let epoch: Epoch | undefined;
    for (const each of this.#epochs) if (each !== undefined && each.line <= line) epoch = each;
    if (epoch === undefined) return { reasoning: "", answer: "" };
    return {
      reasoning: tail(epoch.reasoning, this.#reasoning[line] ?? 0),
      answer: tail(epoch.answer, this.#answer[line] ?? 0),
    };
  }

  /** The last line that had arrived at a time; -1 if none had. */
  lineAt(seconds: number): number {
    let [low, high] = [0, this.length];
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((this.times[middle] ?? 0) <= seconds) low = middle + 1;
      else high = middle;
    }
    return low - 1;
  }

  /** How long before a line nothing had arrived. */
  gapBefore(line: number): number {
    return (this.times[line] ?? 0) - (this.times[line - 1] ?? 0);
  }
}

function tail(text: string, length: number): string {
  let start = Math.max(0, length - LONGEST_SHOWN);
  // Not within a character of two units.
  if (start > 0 && /[\udc00-\udfff]/.test(text[start] ?? "")) start += 1;
  return (start > 0 ? "…" : "") + text.slice(start, length);
}
