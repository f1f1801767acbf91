/**
 * Generated, do not edit.
 *
 * The own state of a comparison in its page, and the messages of that page.
 */

/** One figure of a column, in words. */
export interface CompareFigure {
  label: string;
  text: string;
  /** Whether it is clearly the best of all columns. */
  best: boolean;
}

/** One column, from left to right. */
export interface CompareColumn {
  /** The key of its reply. */
  key: string;
  name: string;
  /** What is said below its name, in place of a reply or beside it; may be empty. */
  note: string;
  figures: CompareFigure[];
  /** Whether its reply goes on or has not begun. */
  live: boolean;
  /** Whether it was chosen in a blind comparison. */
  chosen: boolean;
}

/** One button of the blind choice. */
export interface CompareChoice {
  value: string;
  label: string;
  /** The key of the keyboard, which is a letter. */
  key: string;
}

/** The word differences of two answers. */
export interface CompareDifferences {
  /** The keys of the columns. */
  first: string;
  second: string;
  /** Their names. */
  names: string[];
  summary: string;
  /** For each passage 0 if both have it, 1 or 2 if only the first or the second has it; its text. */
  pieces: [number, string][];
}

/** The own state of a comparison. */
export interface CompareOwn {
  columns: CompareColumn[];
  /** How far it is, in words. */
  state: string;
  /** What is the same in all columns, and what is to be known of the figures. */
  notes: string[];
  /** Whether a column goes on. */
  live: boolean;
  /** Whether names and figures are hidden. */
  hidden: boolean;
  /** What can be chosen now; empty without a blind choice, before all have ended, and after it. */
  choices: CompareChoice[];
  /** What was chosen, in words. */
  verdict: string;
  /** Whether at least two answers can be compared in their words. */
  comparable: boolean;
  /** The differences that are shown; None if none are. */
  differences: CompareDifferences | null;
}

/** Stop all columns. */
export interface CompareStop {
  type: "stop";
}

/** Choose in a blind comparison. */
export interface CompareChoose {
  type: "choose";
  choice: string;
}

/** Show the differences of two columns by their keys; without keys, show none. */
export interface CompareShow {
  type: "differences";
  first?: string;
  second?: string;
}

export type ComparePageMessage = CompareStop | CompareChoose | CompareShow;
