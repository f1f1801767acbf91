/** The modules that a page loads when it needs them, which the stub would bring. */

import { questions } from "../src/later";
import * as question from "../src/question";

questions.provide(question);
