"""One call of a tool: from the arguments' text to what came of it."""

from __future__ import annotations

import builtins
import contextlib
import os
import sys
import time
import types
import warnings
from collections.abc import AsyncIterator
from dataclasses import replace
from inspect import isawaitable, iscoroutinefunction
from typing import TYPE_CHECKING, Any, NoReturn

from nbstream.model.hidden_text import MARK
from nbstream.model.printable import one_line
from nbstream.model.tool_result import ToolOutcome
from nbstream.tools import capture as captures
from nbstream.tools.arguments import Arguments, read_arguments
from nbstream.tools.async_loop import dropped, listed_async, wait_for
from nbstream.tools.capture import Capture
from nbstream.tools.exception_text import exception_line, exception_text, user_frames, without_frames
from nbstream.tools.figures import OpenFigures, figure_of
from nbstream.tools.interruption import Interruption
from nbstream.tools.result import MOST_ITEMS, Prepared, error_result, is_lazy, listed, result_of
from nbstream.tools.streams import routing

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from nbstream.tools.tool import Tool

_INTERRUPTED = "Interrupted by the user: the tool did not finish."
_UNKNOWN = "The tool raised an exception that cannot be described."
_EXITED = "The tool tried to end the session, which goes on."


def run_call(
    tool: Tool,
    arguments: str | Arguments,
    on_output: Callable[[Capture], object] = lambda _: None,
    *,
    secrets: Iterable[str] = (),
) -> ToolOutcome:
    """Run a tool on the calling thread, and return what came of it. Consent is the caller's part.

    On the main thread, ■ breaks off the tool, and nothing else; the caller ends the reply if the
    outcome is `interrupted`. The working directory, the filters of warnings and the streams are put
    back.

    Args:
        tool: the tool.
        arguments: the arguments as JSON text, or as they were read of it.
        on_output: is told whenever the tool prints or displays something, with a capture whose
            `printed` and `shown` are all of it so far. It may be called on any thread and very
            often; ■ is held off on the calling thread meanwhile, and what it prints is not
            captured. What it raises is ignored.
        secrets: texts that nobody may read, such as the key of the request. Secrets of the
            environment are kept from the model as well, and may be printed.

    Returns:
        What came of it. No exception of the tool gets out, `SystemExit` included.
    """
    if isinstance(arguments, str):
        arguments = read_arguments(tool.shape, arguments)
    if arguments.problem:
        return ToolOutcome("invalid", arguments.problem, error=arguments.reason)
    began = time.monotonic()
    known = sorted(filter(None, secrets), key=len, reverse=True)

    def clean(text: str) -> str:
        for secret in known:
            text = text.replace(secret, MARK)
        return text

    with Interruption() as interruption:
        capture = Capture(on_output, interruption, clean)
        with _restored(), routing.captured(capture):
            outcome = _Running(capture, interruption, tuple(known)).run(tool, arguments)
    return replace(
        outcome,
        traceback=clean(outcome.traceback),
        printed=capture.printed,
        shown=(*capture.shown, *outcome.shown),
        not_shown=capture.not_shown,
        seconds=time.monotonic() - began,
        interrupted=interruption.pressed,
    )


class _Running:
    """One call that runs."""

    def __init__(self, capture: Capture, interruption: Interruption, secrets: tuple[str, ...]) -> None:
        self._capture = capture
        self._interruption = interruption
        self._secrets = secrets
        self._figures = OpenFigures()

    def run(self, tool: Tool, arguments: Arguments) -> ToolOutcome:
        """Run the function, and describe what it returned or raised."""
        value: Any = None
        try:
            try:
                # To make a coroutine runs nothing yet, and ■ must not lose it.
                with contextlib.nullcontext() if iscoroutinefunction(tool.function) else self._users_code():
                    value = tool.function(**arguments.bound)
                value = self._awaited(value)
                with self._users_code():
                    return self._returned(value)
            except KeyboardInterrupt:
                raise
            except BaseException as error:  # noqa: BLE001  (no exception of a tool ends the session)
                self._interruption.forbid()
                with self._users_code():
                    return self._raised(error)
        except KeyboardInterrupt:
            self._interruption.forbid()
            self._interruption.pressed = True
            dropped(value)
            return ToolOutcome("interrupted", _INTERRUPTED)
        except BaseException:  # noqa: BLE001  (the class of an exception is the tool's own code)
            return ToolOutcome("failed", _UNKNOWN, error=_UNKNOWN)

    @contextlib.contextmanager
    def _users_code(self) -> Iterator[None]:
        with self._capture.running(), self._interruption.allowed(), _ends_child(self._capture):
            yield

    def _awaited(self, value: Any) -> Any:
        """Return the value of an awaitable, and the items of a generator."""
        with self._capture.running():
            if isawaitable(value):
                value = wait_for(value, self._interruption)
            if isinstance(value, AsyncIterator):
                return listed(iter(wait_for(listed_async(value, MOST_ITEMS), self._interruption)))
        if is_lazy(value):
            with self._users_code():
                return listed(value)
        return value

    def _returned(self, value: Any) -> ToolOutcome:
        self._show_figures(value)
        result = result_of(value, self._secrets)
        if isinstance(value, Prepared) and value.is_error:
            error = one_line(result.content.split("\n", 1)[0])
            return ToolOutcome("failed", result.content, result.left_out, error=error, shown=result.shown)
        return ToolOutcome("done", result.content, result.left_out, shown=result.shown)

    def _raised(self, error: BaseException) -> ToolOutcome:
        text = exception_text(error)
        if isinstance(error, SystemExit):
            text = f"{text}\n{_EXITED}"
        result = error_result(text, self._secrets)
        line = one_line(error_result(exception_line(error), self._secrets).content)
        frames = user_frames(error)
        without_frames(error)
        self._show_figures(None)
        return ToolOutcome("failed", result.content, result.left_out, error=line, traceback=frames)

    def _show_figures(self, value: Any) -> None:
        """Show the figures that the call has left open, except those that it returns."""
        returned = [value, *value] if isinstance(value, list | tuple) and len(value) <= MOST_ITEMS else [value]
        known = {id(figure_of(each)) for each in returned}
        for figure in self._figures.new():
            if id(figure) not in known:
                for shown in result_of(figure).shown:
                    self._capture.show(captures.displayed(shown))


@contextlib.contextmanager
def _ends_child(capture: Capture) -> Iterator[None]:
    """If the tool forks, end the child as soon as it comes back here: the session is its parent's.

    Raises:
        BaseException: whatever is raised in the context, in the parent.
    """
    try:
        yield
    except BaseException as error:
        if capture.is_in_child:
            _exit(error)
        raise
    if capture.is_in_child:
        os._exit(0)


def _exit(error: BaseException) -> NoReturn:
    code = error.code if isinstance(error, SystemExit) else 1
    os._exit(code if isinstance(code, int) else int(code is not None))


@contextlib.contextmanager
def _restored() -> Iterator[None]:
    """Put back what a tool may change of the process, whatever happens."""
    try:
        folder = os.getcwd()  # noqa: PTH109  (a path object would do no more)
    except OSError:
        folder = ""
    stdin, asks = sys.stdin, builtins.input
    if isinstance(asks, types.BuiltinFunctionType):
        # It writes its prompt to stdout, where nobody would see it.
        builtins.input = _asking(asks)
    try:
        with warnings.catch_warnings():
            yield
    finally:
        sys.stdin, builtins.input = stdin, asks
        if folder:
            with contextlib.suppress(OSError):
                os.chdir(folder)


def _asking(asks: Callable[..., str]) -> Callable[..., str]:
    def asking(prompt: object = "", /) -> str:
        with captures.uncaptured():
            return asks(prompt)

    return asking
