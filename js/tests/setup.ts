/** The modules that a page loads when it needs them, which the stub would bring. */

import * as calls from "../src/calls";
import { calls as later } from "../src/later";

later.provide(calls);
