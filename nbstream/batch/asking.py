"""From prompts and options to a job."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence, Sized
from contextlib import nullcontext
from dataclasses import replace
from itertools import chain
from typing import TYPE_CHECKING, Any

from nbstream.batch import latest
from nbstream.batch.job import Job
from nbstream.batch.lines import key_of
from nbstream.batch.places import Elsewhere, Here
from nbstream.batch.prepared import Prepared
from nbstream.batch.stores import AnswerFile, temporary
from nbstream.client import settings
from nbstream.client.start import RequestMaker, limits
from nbstream.client.tool_options import allowed, given_tools
from nbstream.exchange.start import following
from nbstream.language import _
from nbstream.model.exceptions import RequestError
from nbstream.model.hidden_text import hidden_in

if TYPE_CHECKING:
    from collections.abc import Callable
    from concurrent.futures import Executor
    from contextlib import AbstractContextManager
    from os import PathLike

    from nbstream.batch.places import Place
    from nbstream.batch.replies import Replies
    from nbstream.client.options import Options
    from nbstream.client.sources.api import ApiSource

CONCURRENCY = 8

#: Options that belong to one cell, or take the place of the prompts.
_NOT_FOR_MANY = ("messages", "above", "error")
_NONE_YET = object()


class Prompts:
    """The prompts of a job, and how a request is made of each.

    Args:
        items: the prompts: texts, or lists of messages.
        options: the options of every request.

    Raises:
        RequestError: if the items are no list of prompts, or an option is not valid.
    """

    def __init__(self, items: Iterable[Any], options: Options) -> None:
        self.items = checked_items(items)
        self.options = options
        if given := [f"`{name}=`" for name in _NOT_FOR_MANY if options.get(name)]:
            raise RequestError(_("{given} cannot be used for many prompts.", given=" and ".join(given)))
        _check_tools(options)
        #: It has the warnings on the options, and their errors, before anything is sent.
        self._maker = RequestMaker(options)
        self.example = self._maker.source("A prompt.")

    @property
    def total(self) -> int | None:
        """How many there are; None if that is not known."""
        return len(self.items) if isinstance(self.items, Sized) else None

    @property
    def index(self) -> Any:
        """The index of a pandas series; None for any other prompts."""
        return index_of(self.items)

    def prepare(self, item: Any) -> Prepared:
        """Return the request for one item.

        Raises:
            RequestError: if there is none.
        """
        if _are_messages(item):
            return self.prepared(None, {"messages": item})
        return self.prepared(item)

    def prepared(self, prompt: str | None, changes: Options | None = None) -> Prepared:
        """Return a prompt with its request, whose options are changed by `changes`."""
        source = self._maker.source(prompt, changes, warns=False)
        return Prepared(prompt, source, following(source, self.options))


def checked_items(items: Any) -> Iterable[Any]:
    """Return `items` if they are many.

    Raises:
        RequestError: if they are one text, or a value whose items are no prompts.
    """
    if isinstance(items, str | bytes):
        raise RequestError(_("The prompts are one text: give a list of texts. nbstream.ask takes a single prompt."))
    if isinstance(items, Mapping) or (hasattr(items, "columns") and hasattr(items, "dtypes")):
        what = "dict" if isinstance(items, Mapping) else "frame"
        raise RequestError(
            _(
                "The prompts are a {what}: name its texts, such as {what}['text'], or make a list of prompts of it. "
                "In a cell, %%deepseek --each makes a prompt of each row.",
                what=what,
            )
        )
    if not isinstance(items, Iterable):
        raise RequestError(_("The prompts must be a list or another iterable, not {kind}.", kind=type(items).__name__))
    return items


def index_of(items: Any) -> Any:
    """Return the index of a pandas series; None for anything else, such as a list."""
    index = getattr(items, "index", None) if hasattr(items, "to_frame") else None
    return None if callable(index) else index


def job_of(
    prompts: Prompts,
    *,
    concurrency: Any = CONCURRENCY,
    save: str | PathLike[str] | None = None,
    executor: Executor | None = None,
    in_user_code: Callable[[], AbstractContextManager[object]] = nullcontext,
) -> tuple[Job, Callable[[], Replies]]:
    """Return a job that has not begun, and a function to call at its end: it returns the replies.

    Args:
        prompts: the prompts.
        concurrency: the most requests at once.
        save: the file for the answers.
        executor: where the requests run; the default is this process.
        in_user_code: as for `Job`.

    Raises:
        RequestError: if an argument is not valid. Nothing was sent then.
    """
    if isinstance(concurrency, bool) or not isinstance(concurrency, int) or concurrency < 1:
        raise RequestError(
            _("`concurrency=` is {concurrency!r}: it must be a whole number of at least 1.", concurrency=concurrency)
        )
    place = _place(executor, prompts.example)
    iterator = iter(prompts.items)
    with in_user_code():
        first = next(iterator, _NONE_YET)
    key = _first_key(prompts, first)
    saved = AnswerFile(save) if save is not None else None
    earlier = latest.take(key) if saved is None and key is not None else None
    job = Job(
        iterator if first is _NONE_YET else chain([first], iterator),
        prompts.prepare,
        place,
        concurrency=concurrency,
        retries=settings.current().retries,
        temporary=earlier or temporary(),
        saved=saved,
        total=prompts.total,
        in_user_code=in_user_code,
    )
    job.replies.index = prompts.index
    job.replies.structure = prompts.example.request.structure
    latest.remember(job.replies)

    def end() -> Replies:
        if saved is None and key is not None and not job.is_whole:
            latest.keep(key, job.temporary)
        return job.replies

    return job, end


def _check_tools(options: Options) -> None:
    """Refuse tools that need somebody to ask.

    Raises:
        RequestError: if there is one.
    """
    names = [tool.name for tool in given_tools(options) if tool.consent == "ask" and tool.name not in allowed(options)]
    if names:
        raise RequestError(
            _(
                "{names} would ask before each call, and for many prompts there is nobody to ask: name it in "
                '`allow=`, or make it a tool with consent="never". Nothing was sent.',
                names=", ".join(names),
            )
        )


def _first_key(prompts: Prompts, first: Any) -> int | None:
    if first is _NONE_YET:
        return None
    try:
        return key_of(prompts.prepare(first).source.request)
    except RequestError:
        # It is the failure of this prompt.
        return key_of(prompts.example.request)


def _place(executor: Executor | None, example: ApiSource) -> Place:
    # A job repeats requests itself.
    once, currency = replace(limits(), retries=0), settings.current().currency
    if executor is None:
        return Here(once, currency)
    if not callable(getattr(executor, "submit", None)):
        raise RequestError(
            _(
                "`executor=` is a {kind}: it must be an executor, such as ThreadPoolExecutor(), "
                "ProcessPoolExecutor(), or the get_executor() of a Dask client.",
                kind=type(executor).__name__,
            )
        )
    if "tools" in example.request.parameters:
        raise RequestError(_("`tools=` run in this process: leave out `executor=`."))
    place = Elsewhere(executor, once, currency)
    endpoint = example.endpoint
    if not place.is_here and endpoint.recorder is not None:
        raise RequestError(
            _(
                "Requests on the workers of an executor are not recorded in {name}: leave out `executor=`, or name a "
                "ThreadPoolExecutor. Nothing was sent.",
                name=endpoint.recorder.name,
            )
        )
    if not place.is_here and example.request.caching is not None:
        raise RequestError(
            _(
                "Replies of the workers of an executor are not kept in the cache: leave out `executor=`, or give "
                "`cache=False`. Nothing was sent."
            )
        )
    has_key_in_url = len(endpoint.secrets) > (endpoint.api_key is not None)
    if not place.is_here and (endpoint.key_origin == "argument" or has_key_in_url):
        what = _("The key in `base_url=`") if has_key_in_url else "`api_key=`"
        raise RequestError(
            _(
                "{what} is not sent to workers of an executor, so nothing was sent. Set {key_variable} in their "
                "environment.",
                what=what,
                key_variable=endpoint.key_variable,
            )
        )
    if not place.is_here and any(hidden_in(example.request.parameters)):
        raise RequestError(_("The key in `extra_body=` is not sent to workers of an executor, so nothing was sent."))
    return place


def _are_messages(item: Any) -> bool:
    is_list = isinstance(item, Sequence) and not isinstance(item, str | bytes)
    return is_list and bool(item) and all(isinstance(each, Mapping) for each in item)
