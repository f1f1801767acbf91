"""The marks in a prompt that stand for values: `{{ name }}`."""

from __future__ import annotations

import re

from nbstream.language import marked

#: `{{{{ … }}}}` stands for `{{ … }}`, and `{{ name }}` for the value. Of three braces, the outer
#: ones are text.
BRACES = re.compile(r"\{\{\{\{(?P<literal>[^\n]*?)\}\}\}\}|\{\{(?!\{)(?P<name>[^\n]*?)\}\}|(?P<open>\{\{(?!\{))")
#: What is wrong with the group `open`.
UNCLOSED = marked(
    "a {{ in the prompt has no }} in its line, so nothing was sent. Write {{{{ … }}}} for braces that are text."
)
#: The same where nothing was to be sent.
UNCLOSED_IN_TEMPLATE = marked("a {{ in the prompt has no }} in its line. Write {{{{ … }}}} for braces that are text.")
