/**
 * The documentation's players: each shows a reply that was recorded when the site was built, with
 * the code of the notebook's page. It has a shadow tree, where the site's styles do not reach, and
 * the static reply below it stays for readers without script.
 */

import * as callsModule from "../calls";
import { element } from "../elements";
import { _, marked } from "../language";
import { calls } from "../later";
import type { ClickAnswer, Keyframe, PageMessage } from "../protocol";
import { type ReplyPort, ReplySession } from "../reply_session";
import { applyStyles } from "../styles";
import { Playback } from "./playback";
import playerStyle from "./player.css?inline";
import { lastStateOf, patchesOf, type Recording, stoppedMeta } from "./recording";
import { type Performer, Stage } from "./stage";

const PLAYER = ".nbstream-player";
const PAGE = "documentation";
const PLAY = marked("Play again");
const SKIP = marked("Skip to the end");
/** Milliseconds after which a reply ends when its reader has pressed Stop, as with a real server. */
const STOPPING = 30;

calls.provide(callsModule);

class Player implements Performer, ReplyPort {
  readonly pageId = PAGE;
  readonly isLost = false;
  readonly canInsertCells = false;
  readonly host: HTMLElement;
  readonly #stage: Stage;
  readonly #recording: Recording;
  readonly #last: Keyframe;
  readonly #place = element("div", "");
  readonly #button = element("button", "nbstream-again", _(PLAY));
  #session: ReplySession | undefined;
  #playback: Playback | undefined;

  constructor(host: HTMLElement, stage: Stage, notebookStyle: string) {
    this.host = host;
    this.#stage = stage;
    this.#recording = JSON.parse(host.querySelector("script")?.textContent ?? "");
    this.#last = lastStateOf(this.#recording);
    const shadow = host.attachShadow({ mode: "open" });
    const link = element("link", "", "", { rel: "stylesheet", href: notebookStyle });
    shadow.append(link, this.#place, this.#button);
    applyStyles(this.#button, { player: playerStyle });
    this.#button.addEventListener("click", () => (this.isPlaying ? this.#end() : this.play()));
    addEventListener("beforeprint", () => this.#end());
    for (const event of ["load", "error"]) link.addEventListener(event, () => this.#begin(), { once: true });
  }

  /** The style is there, so heights are right. */
  #begin(): void {
    this.#show(this.#last);
    if (!matchMedia("(prefers-reduced-motion: reduce)").matches) this.#stage.add(this);
  }

  get isPlaying(): boolean {
    return this.#playback !== undefined;
  }

  ready(): void {
    // What stands below must not move while the reply grows. The reasoning may just be closing.
    for (const animation of this.#place.getAnimations({ subtree: true })) animation.finish();
    this.#place.style.minHeight = `${this.#place.getBoundingClientRect().height}px`;
    this.#session?.close();
    this.#place.replaceChildren();
  }

  play(): void {
    this.ready();
    this.#button.textContent = _(SKIP);
    const session = this.#show(this.#recording.keyframe);
    this.#playback = new Playback(
      patchesOf(this.#recording),
      (patch) => session.apply(patch),
      () => this.#close(),
    );
    this.#stage.began(this);
  }

  onDraw(root: HTMLElement): void {
    // What scrolls can be scrolled by keys.
    if (!this.isPlaying) for (const code of root.querySelectorAll("pre")) code.tabIndex = 0;
  }

  load(): Promise<never> {
    throw new Error("the player has all modules");
  }

  send({ type }: PageMessage, onReply?: (answer: ClickAnswer) => void): void {
    onReply?.({ known: true, decider: PAGE });
    if (type === "cancel") setTimeout(() => this.#stop(), STOPPING);
    // The recording goes on as it was decided then.
    else if (type === "decide") this.#playback?.hurry();
  }

  replyTimeout(): number {
    return Number.POSITIVE_INFINITY;
  }

  interrupt(): undefined {}

  #show(state: Keyframe): ReplySession {
    this.#session?.close();
    this.#place.replaceChildren();
    this.#session = new ReplySession(state, this);
    this.#session.mount(this.#place);
    return this.#session;
  }

  /** End the reply where it is. */
  #stop(): void {
    const [session, playback] = [this.#session, this.#playback];
    if (session === undefined || playback === undefined) return;
    const { seq, meta } = session.state;
    session.apply({ seq: seq + 1, meta: stoppedMeta(meta, this.#last.meta, playback.elapsed) });
    this.#close();
  }

  /** Show the whole reply. */
  #end(): void {
    if (!this.isPlaying && this.#place.hasChildNodes()) return;
    this.#show(this.#last);
    this.#close();
  }

  #close(): void {
    this.#playback?.stop();
    this.#playback = undefined;
    this.#button.textContent = _(PLAY);
    this.#place.style.minHeight = "";
    this.#stage.ended(this);
  }
}

/** The style of a notebook's outputs, beside this script. */
const NOTEBOOK_STYLE = "notebook.css";

function start(script: HTMLOrSVGScriptElement | null): void {
  const style = script instanceof HTMLScriptElement ? new URL(NOTEBOOK_STYLE, script.src).href : "";
  const stage = new Stage();
  for (const host of document.querySelectorAll<HTMLElement>(PLAYER)) new Player(host, stage, style);
}

start(document.currentScript);
