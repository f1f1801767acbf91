/** A recorded reply, as the documentation's build puts it into a page. */

import { _ } from "../language";
import type { Keyframe, Meta, Patch } from "../protocol";
import { duration } from "../seconds";
import { applyPatch } from "../state";

/** What `docs/extension/player.py` writes. */
export interface Recording {
  /** The state before the first frame. */
  keyframe: Keyframe;
  /** Each frame, and when it came, in seconds. Their numbers follow that of the keyframe. */
  frames: [at: number, frame: Omit<Patch, "seq">][];
}

/** The patches of a recording, with their numbers. */
export function patchesOf({ keyframe, frames }: Recording): { at: number; patch: Patch }[] {
  return frames.map(([at, frame], index) => ({ at, patch: { ...frame, seq: keyframe.seq + index + 1 } }));
}

/** The state after the last frame. */
export function lastStateOf(recording: Recording): Keyframe {
  const state = structuredClone(recording.keyframe);
  for (const { patch } of patchesOf(recording)) applyPatch(state, patch);
  return state;
}

/** What is shown around a reply that its reader stopped after so many seconds: as the kernel has it. */
export function stoppedMeta(before: Meta, last: Meta, seconds: number): Meta {
  const time = duration(seconds) || _("less than a second");
  const footer = [_("Stopped after {duration}", { duration: time }), ...last.footer.slice(0, 1), _("a recording")];
  const isThinking = before.status === "reasoning";
  const thought = isThinking ? _("Thought for {duration}", { duration: time }) : before.thought;
  return { ...last, status: "cancelled", thought, notes: [], alert: "", footer, answer_tokens: null, actions: [] };
}
