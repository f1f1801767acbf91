"""`%%deepseek`: from a cell to a request.

Prompts are literal. A mistake in the cell is one clear line, not a traceback.
"""

from __future__ import annotations

import json
import shlex
import sys
import warnings
from dataclasses import replace
from functools import partial
from keyword import iskeyword
from typing import TYPE_CHECKING, Any, TypeVar

from IPython.core.error import UsageError
from IPython.core.magic import Magics, line_cell_magic, magics_class, no_var_expand
from IPython.core.magic_arguments import magic_arguments

from nbstream.chat import names
from nbstream.client import settings, tapes
from nbstream.client.cache import choice
from nbstream.client.options import NAMES
from nbstream.client.redaction import without_keys
from nbstream.exchange.start import stream
from nbstream.jupyter import cell_ids, commands, display, first_lines, rerun, session_history
from nbstream.jupyter.commands import explanations
from nbstream.jupyter.commands.command import Context, Line
from nbstream.jupyter.completion import matcher
from nbstream.jupyter.magic_options import arguments
from nbstream.jupyter.out_variable import OutVariable
from nbstream.jupyter.value_words import with_quoted_values
from nbstream.language import _, marked, option_errors
from nbstream.model.exceptions import NbstreamWarning, RequestError
from nbstream.model.presentation import presentation_of
from nbstream.output.audience import name_options
from nbstream.widgets import front_ends

if TYPE_CHECKING:
    from argparse import Namespace
    from collections.abc import Callable, Mapping

    from IPython.core.interactiveshell import InteractiveShell

    from nbstream.client.options import Options
    from nbstream.client.recorder import Recorder
    from nbstream.client.run import Run
    from nbstream.model.presentation import Audience
    from nbstream.model.reply import Reply

_T = TypeVar("_T")
_NAME = "deepseek"
_HELP = ("help", "-h", "--help")

_WHERE_TEXT_GOES = marked(
    "The prompt goes on the lines below; an option's text with blanks or an apostrophe goes into double quotes: "
    '-s "You\'re terse".'
)
_EMPTY = marked("The prompt is empty. Write it on the lines below %%deepseek.")
_MISPLACED = marked(
    "%%deepseek must be the first line of its cell: delete the comment above it, or move it into the prompt."
)


@magics_class
class DeepSeekMagics(settings.Settings, Magics):
    """The magic; its configuration is the settings of every request of this kernel."""

    @no_var_expand
    @magic_arguments()
    @arguments
    @line_cell_magic
    def deepseek(self, line: str, cell: str | None = None) -> Any:
        """Ask a model; its reasoning and answer stream into the cell.

        The cell's text is the prompt, taken literally: nothing in it is expanded. Afterwards the
        reply is in `nbstream.last`, whatever ended it, and in the variable given with -o. Stop ends
        the cell normally; ■ (interrupting the kernel) keeps what arrived and ends the cell with a
        KeyboardInterrupt.

        `%deepseek help` lists the commands and options.
        """
        if (cell is None and not line.strip()) or line.strip() in _HELP:
            sys.stdout.write(explanations.whole(self.deepseek.parser))
            return None
        if line.strip() == first_lines.MISPLACED:
            raise UsageError(_(_MISPLACED))
        try:
            if cell is None:
                presentation = presentation_of(self, {}, self._audience)
                return commands.run(line, Context(self.shell, presentation, self._ask, self._line))
            self._ask(line, cell.removesuffix("\n"))
        except RequestError as error:
            raise UsageError(name_options(str(error), self._audience)) from None
        return None

    @property
    def _audience(self) -> Audience:
        return "cell" if getattr(self.shell, "kernel", None) else "terminal"

    def _ask(self, options: str, prompt: str) -> None:
        arguments = self._parse(options)
        tape = tapes.tapes_of(arguments.record, arguments.replay, arguments.speed)
        with tapes.for_one(tape):
            try:
                self._run(arguments, prompt, tape.recorder)
            finally:
                _flush(tape.recorder)

    def _parse(self, line: str) -> Namespace:
        try:
            # IPython's own splitting leaves the quotes on, which JSON and system prompts cannot
            # use.
            words = shlex.split(with_quoted_values(line))
        except ValueError:
            said = without_keys(f"%%{_NAME} {line}", line.split())
            raise UsageError(
                _("{said}: a quote has no end. {where_text_goes}", said=said, where_text_goes=_(_WHERE_TEXT_GOES))
            ) from None
        try:
            return self._read(words)
        except UsageError as error:
            raise UsageError(without_keys(option_errors.said(str(error)), words)) from None

    def _read(self, words: list[str]) -> Namespace:
        arguments: Namespace
        arguments, unknown = self.deepseek.parser.parse_known_args(words)
        if options := [word for word in unknown if word.startswith("-")]:
            raise UsageError(
                _(
                    "%%{name} has no option {options}. %{name} help lists the options.",
                    name=_NAME,
                    options=" ".join(options),
                )
            )
        if unknown:
            raise UsageError(
                _(
                    "%%{name}: {unknown} is not an option. {where_text_goes}",
                    name=_NAME,
                    unknown=" ".join(unknown),
                    where_text_goes=_(_WHERE_TEXT_GOES),
                )
            )
        if arguments.out is not None and (not arguments.out.isidentifier() or iskeyword(arguments.out)):
            raise UsageError(_("-o {out}: a variable's name is a Python identifier.", out=arguments.out))
        return arguments

    def _run(self, arguments: Namespace, prompt: str, recorder: Recorder | None) -> None:
        if not prompt.strip() and not arguments.error:
            raise RequestError(_(_EMPTY))
        line = self._with_options(arguments)
        options = line.options
        variables = self.shell.user_ns if self.shell is not None else {}
        if arguments.value_names or arguments.tool_names:
            from nbstream.prompt.names import value_of  # noqa: PLC0415  (only where it is used)

            options["values"] = {name: value_of(name, variables) for name in arguments.value_names or ()}
            options["tools"] = [value_of(name, variables, "`tools=`") for name in arguments.tool_names or ()] or None
        options["fill"] = variables if arguments.fill else None
        if arguments.type_name is not None:
            options["schema"] = _type_named(arguments.type_name, variables, arguments.schema)
        if arguments.dry_run:
            from nbstream.jupyter.dry_run import show_dry_run  # noqa: PLC0415  (only where it is used)

            self._noted(lambda: show_dry_run(prompt, arguments, options, variables, self._audience))
            return
        if arguments.compare is not None or arguments.blind:
            if arguments.meta:
                raise RequestError(_("--meta is for one reply, and --compare asks for several: leave one out."))
            from nbstream.jupyter.comparing import ask_compared  # noqa: PLC0415  (only where it is used)

            ask_compared(prompt, arguments, options, variables, presentation=line.presentation, made=self._noted)
            return
        if {arguments.each, arguments.save, arguments.concurrency} != {None}:
            if arguments.inspect or arguments.meta:
                raise RequestError(
                    _("--inspect and --meta are for one reply, and --each asks for many: leave one out.")
                )
            from nbstream.jupyter.each import ask_each  # noqa: PLC0415  (only where it is used)

            ask_each(prompt, arguments, options, variables, audience=self._audience, made=self._noted)
            return
        ask = _asking(arguments.chat)

        def start() -> Run:
            run = line.noted(lambda: ask(prompt, **options))
            # Before the response begins, so that each of its bytes has its own time.
            run.receiver.trace.is_precise |= arguments.inspect
            line.keep(run.reply)
            return run

        def done(reply: Reply) -> None:
            line.keep(reply)
            # In the background it ends after its cell.
            _flush(recorder)

        watch = display.watch_in_background if line.is_background else display.watch
        inspects = partial(_show_inspector, reasoning=line.presentation.reasoning)
        watch(start, line.presentation, done, inspects if arguments.inspect else lambda _reply: None)

    def _line(self, line: str) -> Line:
        """Return the options on the line of a command that sends the same messages again."""
        arguments = self._parse(line)
        if {arguments.record, arguments.replay, arguments.speed} != {None}:
            raise RequestError(
                _("--record and --replay go on the first line of a %%deepseek cell, not with a command.")
            )
        if arguments.chat is not None or arguments.value_names or arguments.type_name:
            raise RequestError(_("-c, -v and --as cannot be changed: the same messages are sent again."))
        if arguments.inspect:
            raise RequestError(_("--inspect is an option of a cell: nbstream.Inspector(nbstream.last) shows a reply."))
        return self._with_options(arguments)

    def _with_options(self, arguments: Namespace) -> Line:
        options: Options = {name: value for name, value in vars(arguments).items() if name in NAMES}  # type: ignore[assignment]
        options["extra_body"] = _json_object(arguments.raw_body)
        place = session_history.running_place()
        variable = OutVariable(arguments.out, self.shell.user_ns) if arguments.out and self.shell else None

        def keep(reply: Reply) -> None:
            session_history.note_reply(place, reply)
            if variable is not None:
                variable.keep(reply)

        presentation = presentation_of(self, vars(arguments), self._audience)
        presentation = replace(presentation, provenance=arguments.meta or "")
        return Line(options, presentation, arguments.background, keep, self._noted)

    def _noted(self, start: Callable[[], _T]) -> _T:
        """Start a run or a job, and write the notes on its options."""
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always", NbstreamWarning)
            started = start()
        for warning in caught:
            sys.stderr.write(_("Note: {note}\n", note=name_options(str(warning.message), self._audience)))
        return started


def _asking(chat: str | None) -> Callable[..., Run]:
    """Return the function that starts the run of a cell, which may continue a chat."""
    name = names.default if chat is None else "" if chat == names.OFF else names.checked_name(chat)
    if not name:
        return stream
    from nbstream.chat.conversation import Chat  # noqa: PLC0415  (only where it is used)

    return Chat(name).stream


# IPython's own text is reStructuredText: `%deepseek?` would begin with a stray `::`.
vars(DeepSeekMagics)["deepseek"].__doc__ = explanations.whole(vars(DeepSeekMagics)["deepseek"].parser)


def load(shell: InteractiveShell) -> None:
    """Register the magic with `shell` and put its settings in force."""
    magics = DeepSeekMagics(shell)
    shell.register_magics(magics)
    session_history.watch(shell)
    matcher.watch(shell, _NAME, magics.deepseek.parser)
    first_lines.watch(shell, _NAME)
    settings.use(magics)


def unload(shell: InteractiveShell) -> None:
    """Undo `load`."""
    first_lines.unwatch(shell)
    session_history.unwatch(shell)
    matcher.unwatch(shell)
    for kind in ("line", "cell"):
        shell.magics_manager.magics[kind].pop(_NAME, None)
    settings.use(None)


def _flush(recorder: Recorder | None) -> None:
    """Wait until all is recorded and in the cache, and tell what could not be."""
    for problem in (recorder.flush() if recorder is not None else "", choice.problems()):
        if problem:
            sys.stderr.write(_("Note: {note}\n", note=problem))


def _show_inspector(run: Run, reasoning: str) -> None:
    """Show what a run is made of, where a page draws widgets."""
    shows = front_ends.current().shows
    if shows == "text":
        sys.stderr.write(_("Note: --inspect needs a notebook's page. %deepseek request shows what was sent.\n"))
    if shows != "widget":
        return
    from IPython.display import display as show  # noqa: PLC0415  (only where it is used)

    from nbstream.widgets.inspector.inspector import Inspector  # noqa: PLC0415  (as above)

    inspector = Inspector(run, reasoning=reasoning)
    show(inspector)
    rerun.when_rerun(cell_ids.running(front_ends.running_kernel()), inspector.close)


def _type_named(text: str, variables: Mapping[str, Any], schema: str | None) -> Any:
    if schema is not None:
        raise RequestError(_("--schema and --as both say what the answer is: leave one out."))
    from nbstream.schemas.named_types import type_named  # noqa: PLC0415  (only where it is used)

    return type_named(text, variables)


def _json_object(text: str | None) -> dict[str, Any]:
    if text is None:
        return {}
    try:
        value = json.loads(text)
    except ValueError as error:
        raise UsageError(_("--raw-body is not JSON: {error}. Put it into single quotes.", error=error)) from None
    if not isinstance(value, dict):
        raise UsageError(_("--raw-body must be a JSON object, such as '{\"seed\": 1}'."))
    return value
