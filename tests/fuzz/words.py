# ruff: noqa: RUF001  (texts of many scripts)
"""The words that fuzz inputs are made of: Markdown, TeX, parts of chunks, odd values.

A byte of an input chooses a word, so that a change of one byte changes one word. Add new words only
at the end: the inputs in `tests/data/fuzz` refer to words by their position.
"""

from __future__ import annotations

MARKDOWN_WORDS = (
    *("word", " ", "\n", "\n\n", "x", "1", "漢字", "👩‍🚀", "é"),
    *("é", "אב", "\t", "  ", "    ", "\r", "\r\n", "\0", "\x1b[2J"),
    *("- ", "* ", "+ ", "-", "1. ", "2) ", "10. ", "- a\n"),
    *("- b\n", "1. one\n", "[ ] ", "[x] ", "> ", ">", "# ", "##", "#"),
    *("```", "```py\n", "\n```\n", "~~~", "~~~\n", "```html\n", "`", "``"),
    *("*", "**", "***", "_", "__", "~~", "\\", "\\\n"),
    *("---", "===", "--", "***\n", "| a | b |\n", "|---|:-:|\n"),
    *("|-|-|", "| 1 | 2 |\n", "a | b\n", "|", "\\|", "-|-\n"),
    *("[", "](", ")", "]", "](http://x.org)", "[a](http://x.y)"),
    *("![", "![i](http://x.y/z)", "<http://a.b>", "!", "(", '"t"'),
    *("$", "$$", "$$\n", "$5", "x_y", "\\(", "\\)", "\\["),
    *("\\]", "\\frac{a}{b}", "^2", "{", "}", "&amp;", "&#27;", "&", ";"),
    *("[^1]", "[^1]: ", "[a]: http://x.y\n", "[a]", "[^n]", "[^n]: "),
    *(":", "'title'\n", "]:", "<b>", "<", "<!--", "</b>"),
    *("javascript:a", "mailto:a@b", "http://x.org", "\u202e", "\u2028", "\x0b", "\ufeff", "\u0301", "=", "+", "~", "."),
    # Long enough that a paragraph is parsed in pieces.
    *("word " * 420, "a line\n" * 41, "x" * 2100, "*a " * 300, "| c | d |\n" * 5, "- item\n" * 3),
    *("<sub>", "</sub>", "<br>", "<kbd>", "</kbd>", "https://a.b/c", "，", "「", "2*3", "x**2", "__init__", "**x**"),
)

#: The words that blocks are made of: two random words of all rarely form a block.
FREQUENT_WORDS = (
    *(
        "\n",
        "\n",
        "\n\n",
        " ",
        "x",
        "word",
        "- a\n",
        "- ",
        "1. one\n",
        "1. ",
        "> ",
        "    ",
        "  ",
        "```\n",
        "# ",
        "-",
        "\n",
    ),
    *(
        "| a | b |\n",
        "|-|-|\n",
        "| c |\n",
        "*",
        "**",
        "`",
        "[",
        "](http://x.y)",
        "$",
        "$$",
        "\\",
        "---\n",
        "x\n",
        "x\n\n",
        "]",
    ),
)

FORMULA_WORDS = (
    *("a", "x", "1", "2.5", "+", "-", "=", " ", "\n", "^", "_", "{"),
    *("}", "[", "]", "(", ")", "|", "&", r"\\", "'", "''", "%", "#"),
    *(r"\frac", r"\sqrt", r"\sqrt[3]", r"\binom", r"\left"),
    *(r"\right", r"\middle", r"\big", r"\Bigg", r"\over", r"\choose"),
    *(r"\begin{pmatrix}", r"\end{pmatrix}", r"\begin{cases}", r"\end{cases}", r"\begin{array}{c|c}", r"\end{array}"),
    *(r"\begin{aligned}", r"\end{aligned}", r"\begin{", r"\end{"),
    *(r"\begin{align*}", r"\end{align*}", r"\substack", r"\hline"),
    *(r"\text", r"\text{a $x$}", r"\mathrm", r"\mathbb", r"\mathbf", r"\mathcal", r"\operatorname", r"\operatorname*"),
    *(r"\sum", r"\int", r"\lim", r"\limits", r"\nolimits", r"\sin", r"\alpha", r"\infty", r"\to", r"\mapsto", r"\dots"),
    *(r"\hat", r"\vec", r"\overline", r"\underbrace", r"\overset"),
    *(r"\xrightarrow", r"\stackrel", r"\not", r"\cancel", r"\boxed"),
    *(r"\displaystyle", r"\quad", r"\,", r"\!", r"\hspace{1em}"),
    *(r"\tag{1}", r"\label{a}", r"\color{red}", r"\textcolor", r"\rm"),
    *(r"\href", r"\class{a}", r"\unicode", r"\def", "\\", r"\{"),
    *(r"\}", r"\|", r"\langle", r"\rangle", r"\bmod", r"\pmod"),
    *("é", "中", "\u0338", "<b>", "&#x3c;", "\0", "\x1b", "\ue000"),
    *("\uf8ff", "\U0001d465", "~", '"', "@", "/", ",", ":", "!"),
)

JSON_KEYS = (
    *("content", "reasoning_content", "reasoning", "reasoning_details", "tool_calls", "index", "function", "arguments"),
    *("name", "id", "text", "summary", "role", "choices"),
    *("delta", "message", "finish_reason", "usage", "error", "code"),
    *("type", "detail", "loc", "msg", "status", "model", "system_fingerprint", "object", "prompt_tokens"),
    *("completion_tokens", "total_tokens", "prompt_cache_hit_tokens", "prompt_cache_miss_tokens", "cached_tokens"),
    *("prompt_tokens_details", "completion_tokens_details", "reasoning_tokens", "", "x"),
)

MESSAGE_KEYS = (
    *(
        "text",
        "thinking",
        "signature",
        "partial_json",
        "citation",
        "citations",
        "data",
        "content",
        "input",
        "id",
        "name",
    ),
    *("type", "index", "stop_reason", "stop_sequence", "usage", "input_tokens", "output_tokens", "error", "message"),
    *("cache_read_input_tokens", "cache_creation_input_tokens", "server_tool_use", "tool_use_id", "", "x"),
)
BLOCK_TYPES = ("text", "thinking", "redacted_thinking", "tool_use", "server_tool_use", "web_search_tool_result", "x")
DELTA_TYPES = ("text_delta", "thinking_delta", "signature_delta", "input_json_delta", "citations_delta", "x")

JSON_LEAVES = (
    *("null", "true", "false", "0", "1", "-1"),
    *("2.5", "1e999", "-0.0", "NaN", "9007199254740993", "9" * 400, "9" * 4300),
    *('""', '"a"', '" "', '"\\n"', '"<think>"', '"</think>"'),
    *('"<thi"', '"nk>"', '"stop"', '"length"', '"error"', '"unknown"'),
    *('"\\ud83c"', '"\\udf89"', '"\\u0000"', '"\\u202e"'),
    *('"é日本🎉"', '"\\u2028"', '"call_1"', '"{\\"a\\":"', '"```py\\n"'),
    *("[]", "{}", "[[]]"),
    *("[" * 60 + "]" * 60, '{"a":' * 60 + "1" + "}" * 60, "[" * 960 + "]" * 960, '{"a":' * 960 + "1" + "}" * 960),
    *('"deepseek-chat"', '"deepseek-v4-flash"', '"6e6273747265616d2073696d756c61746f72"'),
    *('"$x$ **b** [l](http://x.y)"', '"   "', '"500"', '"٣"'),
)

#: Byte strings that atheris inserts into its inputs.
DICTIONARY = (
    *("data: ", "data:", "event: error", "event: ", ": keep-alive"),
    *("[DONE]", "\n\n", "\r\n", "\r", "id: 1", "retry: 1"),
    *('{"choices":[{"delta":{"content":"a"}}]}', '"finish_reason":"stop"'),
    *('"usage":{"prompt_tokens":1}', '{"error":"no"}'),
    *('"choices"', '"delta"', '"content"', '"reasoning_content"'),
    *('"tool_calls"', '"\\ud83c"', "\\udf89", "<think>", "</think>"),
    *(
        "<html>",
        "<title>",
        "\ufeff",
        'data: {"choices":[{"delta":{"content":"a"}}]}\n\n',
        'data: {"error":"no"}\r\n\r\n',
    ),
    *(
        'data: {"choices":[{"delta":{"reasoning":"\\ud83c"}}]}\r\r',
        'data: {"choices":[{"finish_reason":"stop"}]}\r\n\r\n',
    ),
    *('data: {"choices":[{"delta":{"content":"\\udf89<think>"}}],"usage":{"prompt_tokens":1}}\n\n', "data: [DONE]\n\n"),
    *("data: é🎉\r\ndata: 日\r\n\r\n", ": keep-alive\r\n\r\n"),
)
