/**
 * Generated, do not edit.
 *
 * What the page of a picture of usage has, and what it asks.
 *
 * The picture is drawn by the kernel, as wide as the page has room, when the page asks for it: pages
 * of different widths have different ones. It is asked for again when the version has changed, and
 * while somebody can see it.
 */

/** The own state. */
export interface UsageOwn {
  /** Grows when the picture has changed. */
  version: number;
  span: string;
  /** What can be chosen, each with its label. */
  spans: [string, string][];
  /** The only model that is counted; empty for all. */
  model: string;
  /** The models that can be chosen. */
  models: string[];
}

/** One bar or dot. */
export interface UsageMark {
  /** Where it begins and ends along the axis of its area, in pixels of the picture. */
  start: number;
  end: number;
  title: string;
  /** For each figure the kind of tokens, whose colour it has, or ""; its name; its value. */
  rows: [string, string, string][];
}

/** A part of the picture whose marks can be pointed at. */
export interface UsageArea {
  name: string;
  axis: "x" | "y";
  /** Left, top, width and height, in pixels of the picture. */
  box: [number, number, number, number];
  marks: UsageMark[];
}

/** The answer to `picture`. */
export interface UsagePicture {
  version: number;
  svg: string;
  width: number;
  height: number;
  areas: UsageArea[];
}

/** The answer to `tables`: the numbers of the picture as HTML. */
export interface UsageTables {
  version: number;
  html: string;
}

/** Ask for the picture. */
export interface UsageAskPicture {
  type: "picture";
  /** In pixels. */
  width: number;
  /** Which view of the page asks, as ids in a page must differ. */
  view: number;
}

/** Ask for the numbers as tables. */
export interface UsageAskTables {
  type: "tables";
}

/** Choose what is shown. */
export interface UsageChoose {
  type: "choose";
  span?: string;
  model?: string;
}

export type UsagePageMessage = UsageAskPicture | UsageAskTables | UsageChoose;
