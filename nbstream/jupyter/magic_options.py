"""The options of `%%deepseek`: names, values and help."""

from __future__ import annotations

from typing import Any

from IPython.core.magic_arguments import argument

from nbstream.language import marked
from nbstream.model.presentation import OPTIONS


def _with_line_ends(text: str) -> str:
    r"""Return a text with line ends for each `\n` at its end: an option has one line only."""
    kept = text
    while kept.endswith("\\n"):
        kept = kept.removesuffix("\\n")
    return kept + "\n" * ((len(text) - len(kept)) // 2)


#: In the order of the help.
_ARGUMENTS = (
    argument(
        "-m",
        "--model",
        help=marked("flash (the default), pro, an alias, any id, or an endpoint and an id: ollama/qwen3."),
    ),
    argument("--think", dest="thinking", action="store_const", const=True, help=marked("Let the model reason first.")),
    argument("--no-think", dest="thinking", action="store_const", const=False, help=marked("Answer at once.")),
    argument("--effort", help=marked("How much to reason: low, high (the server's default) or max.")),
    argument("-s", "--system", help=marked("The system prompt.")),
    argument(
        "-c", "--chat", metavar="NAME", help=marked("Continue this chat: send the turns before it. off: no chat.")
    ),
    argument("-t", "--temperature", type=float, help=marked("How freely tokens are drawn; no effect while thinking.")),
    argument("--top-p", type=float, help=marked("The share of probability that tokens are drawn from.")),
    argument("--max-tokens", type=int, help=marked("The most tokens to spend on the reply, reasoning included.")),
    argument(
        "--stop", action="append", metavar="TEXT", help=marked("End the answer at this text; may be given again.")
    ),
    argument(
        "--logprobs",
        nargs="?",
        type=int,
        const=5,
        metavar="N",
        help=marked("Ask how probable each token was, with the N (5) likeliest ones in its place: `reply.logprobs`."),
    ),
    argument(
        "-v",
        "--value",
        dest="value_names",
        action="append",
        metavar="NAME",
        help=marked("Attach a variable, such as df, x.shape or d['key'][0]; may be given again."),
    ),
    argument(
        "--file",
        dest="files",
        action="append",
        metavar="PATH",
        help=marked("Attach a file: text, or a picture; may be given again."),
    ),
    argument("--fill", action="store_true", help=marked("Replace {{ name }} in the prompt by the variable's value.")),
    argument(
        "--above",
        nargs="?",
        type=int,
        const=True,
        metavar="N",
        help=marked("Send the cells above with the prompt, with their text outputs: all of them, or the nearest N."),
    ),
    argument(
        "--error",
        action="store_const",
        const=True,
        help=marked("Send the last exception and its cell with the prompt, which may be empty then."),
    ),
    argument(
        "--prefix",
        metavar="TEXT",
        type=_with_line_ends,
        help=marked(
            "Begin the answer with this text; the model goes on, without thinking. \\n at its end is a line end."
        ),
    ),
    argument(
        "--json", action="store_const", const=True, help=marked("Ask for JSON; `reply.data` is the object or list.")
    ),
    argument(
        "--schema",
        metavar="TEXT",
        help=marked(
            "Ask for JSON with these fields: 'name, age int, bio: one sentence', or [...] around them for a list."
        ),
    ),
    argument(
        "--as",
        dest="type_name",
        metavar="TYPE",
        help=marked(
            "Ask for a value of a Python type: a class of this notebook, or list[Person]; `reply.data` is the value."
        ),
    ),
    argument(
        "--tries", type=int, metavar="N", help=marked("Ask at most N times until the JSON fits; the default is 2.")
    ),
    argument(
        "--each",
        metavar="ROWS",
        help=marked(
            "Ask once for each row of this frame or list; {{ name }} in the prompt is the row's value of a column."
        ),
    ),
    argument(
        "--save", metavar="FILE", help=marked("With --each: write each answer to this file, and ask only the others.")
    ),
    argument(
        "--concurrency", type=int, metavar="N", help=marked("The most requests at once: with --each, 8 by default.")
    ),
    argument(
        "--compare",
        action="append",
        metavar="WHAT",
        help=marked(
            "Ask several models side by side, as flash,pro; or with several values, as effort=low,max. May be given "
            "again."
        ),
    ),
    argument(
        "--blind", action="store_true", help=marked("With --compare: hide the names until you have chosen an answer.")
    ),
    argument(
        "-T",
        "--tool",
        dest="tool_names",
        action="append",
        metavar="NAME",
        help=marked("Let the model call this function; you are asked before each call. May be given again."),
    ),
    argument(
        "--allow", action="append", metavar="NAME", help=marked("Run this tool without asking; may be given again.")
    ),
    argument("--max-steps", type=int, metavar="N", help=marked("Requests in which the model may call tools (8).")),
    argument(
        "--tool-choice", metavar="CHOICE", help=marked("auto, none, required, or the tool that the model must call.")
    ),
    argument(
        "-o", "--out", metavar="VAR", help=marked("Put the reply into this variable, also after a stop or a failure.")
    ),
    argument(
        "--base-url",
        help=marked("A server's base URL or an endpoint's name; the default is DEEPSEEK_BASE_URL, or DeepSeek."),
    ),
    argument(
        "--cache",
        nargs="?",
        const=True,
        metavar="FOLDER",
        help=marked(
            "Keep the reply, if it is complete, in a file beside the notebook, or in FOLDER; the same request is "
            "answered by it later, at no cost."
        ),
    ),
    argument("--no-cache", dest="cache", action="store_const", const=False, help=marked("Do not use the cache.")),
    argument(
        "--fresh", action="store_const", const=True, help=marked("With --cache: ask anew, and replace what is kept.")
    ),
    argument(
        "--sample",
        type=int,
        metavar="N",
        help=marked("With --cache: the Nth of several replies to the same request (1)."),
    ),
    argument("--record", metavar="FILE", help=marked("Add the responses to this recording, with their times.")),
    argument("--replay", metavar="FILE", help=marked("Take the responses from this recording; nothing is sent.")),
    argument(
        "--speed",
        metavar="N",
        help=marked("With --replay: how fast, such as 4, or max without any wait; 1 by default."),
    ),
    *(argument(f"--{each.name}", choices=each.values, help=each.description) for each in reversed(OPTIONS)),
    argument("--dry-run", action="store_true", help=marked("Send nothing: show the request, its tokens and its cost.")),
    argument(
        "--meta",
        nargs="?",
        const="facts",
        choices=("facts", "prompt"),
        help=marked(
            "Put model, parameters, tokens and cost into the cell's metadata; --meta=prompt puts the prompt, too."
        ),
    ),
    argument(
        "--inspect", action="store_true", help=marked("Show below the reply what it is made of: nbstream.Inspector.")
    ),
    argument(
        "--background", action="store_true", help=marked("Do not wait: the next cell runs while the reply arrives.")
    ),
    argument(
        "--raw-body", metavar="JSON", help=marked("An object of further fields for the request; they replace others.")
    ),
)


def arguments(magic: Any) -> Any:
    """Give the magic all its options."""
    for each in reversed(_ARGUMENTS):
        magic = each(magic)
    return magic
