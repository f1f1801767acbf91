/**
 * What the modules of other widgets take from the reply's module at run time, instead of bundling
 * it again. They import everything that is listed here from this file; what none of them needs is
 * not listed, as each name costs some bytes.
 */

export { Channel, MIN_REPLY_TIMEOUT } from "./channel";
export { copy } from "./clipboard";
export { element, show, targetOf, write } from "./elements";
export { canInsertCells, contextOf } from "./notebook";
export { PageServices } from "./page_services";
export { BY_INPUT } from "./protocol";
export { ReplySession } from "./reply_session";
export { EndPin } from "./scroll";
export { applyStyle } from "./styles";
