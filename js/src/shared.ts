/**
 * What the modules of other widgets take from the reply's module at run time, instead of bundling
 * it again. They import everything that is listed here from this file.
 */

export { attempt } from "./attempt";
export { Channel, MIN_REPLY_TIMEOUT } from "./channel";
export { copy } from "./clipboard";
export { patchChildren } from "./document";
export { element, focusInPlace, newId, parsed, show, targetOf, write } from "./elements";
export { _, localize, marked, pageLanguage, plural } from "./language";
export { canInsertCells, contextOf, htmlOf, outputsOf } from "./notebook";
export { PageServices } from "./page_services";
export { BY_INPUT } from "./protocol";
export { ReplySession } from "./reply_session";
export { Resync } from "./resync";
export { EndPin, scrollBy, scrollerOf } from "./scroll";
export { duration, untilNextSecond } from "./seconds";
export { keepSelection } from "./selection";
export { hasEnded } from "./state";
export { isStopping } from "./stop";
export { applyStyles } from "./styles";
