"""Requests to fill in the middle of a text: DeepSeek's "FIM Completion", below `/beta`.

Its fields are those of DeepSeek's documentation of November 2026. vLLM refuses a `suffix`,
llama.cpp's server takes it only at an address of its own.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from nbstream.client import settings
from nbstream.client.cache.choice import caching_of
from nbstream.client.continuation import remember
from nbstream.client.request_builder import build_request, speaks_deepseek
from nbstream.client.routing import route
from nbstream.client.sources.choice import source_for
from nbstream.language import _
from nbstream.model.exceptions import RequestError
from nbstream.model.request import FIM

if TYPE_CHECKING:
    from nbstream.client.options import Options
    from nbstream.client.sources.api import ApiSource

#: Options that only a conversation has, and those of thinking, which there is none of here.
_OF_CHATS = ("messages", "system", "prefix", "effort")


def filling_in(prefix: str, suffix: str, options: Options) -> ApiSource:
    """Return the source for the text between `prefix` and `suffix`.

    Raises:
        RequestError: if the server cannot fill in text, or an option has no place there.
    """
    for name, text in (("prefix", prefix), ("suffix", suffix)):
        if not isinstance(text, str):
            raise RequestError(_("The {name} must be text, not {kind}.", name=name, kind=type(text).__name__))
    if not prefix and not suffix:
        raise RequestError(_("The prefix is empty, and so is the suffix."))
    given = {name: value for name, value in options.items() if value is not None}
    if unfit := [f"`{name}=`" for name in _OF_CHATS if name in given]:
        raise RequestError(
            _("{unfit}: a text is filled in without a conversation, and without thinking.", unfit=" and ".join(unfit))
        )
    if given.get("thinking"):
        raise RequestError(_("`thinking=True`: a text is filled in without thinking."))
    caching = caching_of(options)
    named = (options.get("model"), options.get("base_url"), options.get("api_key"))
    endpoint, model = route(*named, without_key=caching is not None)
    if not (endpoint.facts.has_beta and speaks_deepseek(endpoint, model)):
        raise RequestError(
            _("{server} is not known to fill in text: DeepSeek does. Nothing was sent.", server=endpoint.server)
        )
    extra: dict[str, Any] = {
        "prompt": prefix,
        **({"suffix": suffix} if suffix else {}),
        **(options.get("extra_body") or {}),
    }
    plain: Options = {**options, "thinking": None, "extra_body": extra}
    if given.get("max_tokens") is None:
        plain["max_tokens"] = settings.current().max_tokens
    request = build_request(endpoint, model, (), plain)
    address = replace(endpoint.beta.address, call=FIM)
    return remember(source_for(endpoint.beta, replace(request, address=address, caching=caching)), endpoint)
