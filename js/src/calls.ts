/**
 * The tool calls of a reply: their cards, and the question whether one may run. It is a module of
 * its own, which a page loads with the first call.
 */

export { Cards } from "./cards";
export { Decisions } from "./decisions";
