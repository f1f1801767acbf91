/**
 * What the modules of other widgets take from the reply's module at run time, instead of bundling
 * it again. They import everything that is listed here from this file.
 */

export { Channel, kernelOf, MIN_REPLY_TIMEOUT } from "./channel";
export { copy } from "./clipboard";
export { addCodeButtons, handleClicks } from "./controls";
export { LiveDocument, patchChildren } from "./document";
export { duration, element, parsed, show, targetOf, write } from "./elements";
export { FrameScheduler } from "./frame_scheduler";
export { _, localize, marked, pageLanguage, plural } from "./language";
export { canInsertCells, contextOf } from "./notebook";
export { opsOf } from "./operations";
export { PageServices } from "./page_services";
export { BY_INPUT } from "./protocol";
export { ReplySession } from "./reply_session";
export { Resync } from "./resync";
export { EndPin, isAbove, keepPositionBelow, scrollBy, scrollerOf } from "./scroll";
export { keepSelection, SavedSelection } from "./selection";
export { applyPatch, hasEnded } from "./state";
export { isStopping } from "./stop";
export { applyStyle } from "./styles";
export { announcement, View } from "./view";
