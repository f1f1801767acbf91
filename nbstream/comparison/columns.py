"""The columns of a comparison: their requests, made before any of them is sent."""

from __future__ import annotations

import warnings
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from nbstream.chat.own_keys import OF_ALL_COLUMNS, with_own
from nbstream.client.notes import warn
from nbstream.client.options import checked
from nbstream.client.sources.choice import source_for
from nbstream.client.start import source_of, start_run
from nbstream.client.tool_options import given_tools
from nbstream.comparison.naming import names_of
from nbstream.exchange.start import following
from nbstream.language import _
from nbstream.model.exceptions import NbstreamWarning, RequestError
from nbstream.model.reply import Reply

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from nbstream.client.options import Options
    from nbstream.client.run import Run
    from nbstream.client.sources.api import ApiSource
    from nbstream.comparison.specs import Spec


@dataclass(eq=False, slots=True)
class Column:
    """One column: a request, and its reply once it was sent.

    Attributes:
        spec: what was asked for.
        options: the options of its request.
        source: its request.
        name: what tells it from the others.
        run: its reply; None until it is its turn.
        is_cancelled: whether it was stopped, maybe before its turn.
    """

    spec: Spec
    options: Options = field(repr=False)
    source: ApiSource = field(repr=False)
    name: str = ""
    run: Run | None = None
    is_cancelled: bool = False

    @property
    def reply(self) -> Reply:
        """The reply so far."""
        if self.run is not None:
            return self.run.reply
        return Reply("cancelled" if self.is_cancelled else "pending", request=self.source.request)

    @property
    def has_ended(self) -> bool:
        """Whether nothing comes any more."""
        return self.run.done if self.run is not None else self.is_cancelled

    @property
    def is_waiting(self) -> bool:
        """Whether its request was not sent yet, and will be."""
        return self.run is None and not self.is_cancelled

    def cancel(self) -> None:
        """Stop it; what arrived is kept."""
        self.is_cancelled = True
        if self.run is not None:
            self.run.cancel()

    def start(self) -> Run:
        """Send the request.

        Calls of tools are shown and not run. Each column would run them once more, and what the
        tools of one column change would be the world of the next, so that the columns could not be
        compared. `nbstream.resume` carries on the one that the user chooses.
        """
        then = None if "tools" in self.source.request.parameters else following(self.source, self.options)
        self.run = run = start_run(self.source, then)
        if self.is_cancelled:
            # In between, by another thread, which found nothing to stop.
            run.cancel()
        return run


def prepared(specs: Sequence[Spec], common: Mapping[str, Any]) -> tuple[list[Column], str]:
    """Return the columns, and what is the same in all of them, in words.

    Args:
        specs: the specs of the columns.
        common: the options of all columns.

    Raises:
        RequestError: if a request is not valid; nothing was sent then.
    """
    columns = []
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always", NbstreamWarning)
        for at, spec in enumerate(specs, 1):
            try:
                columns.append(_prepared(spec, common))
            except RequestError as error:
                raise RequestError(_("Column {at}: {error}", at=at, error=error)) from None
    _give_samples(columns)
    for sentence in dict.fromkeys(str(each.message) for each in caught):
        warn(sentence)
    names, same = names_of([(each.spec, each.source.request) for each in columns])
    for column, name in zip(columns, names, strict=True):
        column.name = name
    return columns, same


def _give_samples(columns: Sequence[Column]) -> None:
    """Give columns with the same request replies of their own in the cache."""
    asked: list[tuple[str, dict[str, Any]]] = []
    for column in columns:
        source, request = column.source, column.source.request
        if request.caching is not None:
            number = asked.count(same := (request.url, request.body()))
            asked.append(same)
            if number:
                caching = replace(request.caching, sample=request.caching.sample + number)
                column.source = source_for(source.endpoint, replace(request, caching=caching), source.earlier)


def _prepared(spec: Spec, common: Mapping[str, Any]) -> Column:
    given: dict[str, Any] = dict(spec.options)
    shared = {name: given[name] for name in common if name in given}
    # A key of all columns goes to its own server only.
    chosen, note = with_own(shared, spec.own, OF_ALL_COLUMNS)
    if note:
        warn(note)
    own: dict[str, Any] = {name: value for name, value in given.items() if name not in shared} | chosen
    # With messages and a prompt, they are joined already.
    own |= {name: given[name] for name in ("messages",) if name in given}
    options = checked(own, "Compare")
    if spec.chat is not None:
        source, options = spec.chat.question(str(spec.prompt), options)
    else:
        source = source_of(spec.prompt, options)
    if tools := given_tools(options):
        from nbstream.exchange import known_tools  # noqa: PLC0415  (only where it is used)

        known_tools.remembered(tools)
    return Column(spec, options, source)
