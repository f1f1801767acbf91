"""What a command of `%deepseek` is."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from nbstream.client.options import Options
    from nbstream.client.run import Run
    from nbstream.model.presentation import Presentation
    from nbstream.model.reply import Reply

#: A usage that ends with this takes any number of words.
ANY_NUMBER = "…]"


class Line(NamedTuple):
    """The options of the magic on the line of a command.

    Attributes:
        options: those of the request.
        presentation: how the reply is shown.
        is_background: whether the cell does not wait for it.
        keep: puts a reply into the variable of `-o`, if there is one.
        noted: starts a run, and writes the notes on its options.
    """

    options: Options
    presentation: Presentation
    is_background: bool
    keep: Callable[[Reply], None]
    noted: Callable[[Callable[[], Run]], Run]


class Context(NamedTuple):
    """What a command works with.

    Attributes:
        shell: the IPython shell.
        presentation: how replies are shown.
        ask: asks as the cell magic does; takes the options as on its first line, and a prompt.
        parse: reads options of the magic; raises `UsageError` if there is no such option.
    """

    shell: Any
    presentation: Presentation
    ask: Callable[[str, str], None]
    parse: Callable[[str], Line]


class Command(NamedTuple):
    """One command of `%deepseek`.

    Attributes:
        usage: its name, and a pair of brackets for each word that may follow.
        summary: what it does, for the help.
        function: the module of this package and the function that carries it out. The module is
            imported when the command is first used.
        any_words: whether the function checks the words by itself; no message repeats them then.
    """

    usage: str
    summary: str
    function: str
    any_words: bool = False

    @property
    def name(self) -> str:
        """The command's first word."""
        return self.usage.split()[0]

    @property
    def most_words(self) -> float:
        """How many words may follow the name."""
        return float("inf") if self.any_words or self.usage.endswith(ANY_NUMBER) else self.usage.count("[")

    @property
    def carry_out(self) -> Callable[[Sequence[str], Context], Any]:
        """The function, which takes the words that follow the name; it may return a value."""
        module, _, name = self.function.partition(".")
        found: Callable[[Sequence[str], Context], Any] = getattr(import_module(f"{__package__}.{module}"), name)
        return found
