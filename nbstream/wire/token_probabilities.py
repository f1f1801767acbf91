"""The field `logprobs` of a choice to tokens with their probabilities.

Servers differ in where they put the tokens of reasoning: DeepSeek sends them as `reasoning_content`
beside `content`, vLLM and SGLang as `content` on a chunk whose delta is reasoning, and SGLang on
the first chunk of a step, whatever it is (its pull request 28601). So the tokens of `content`
belong to the text that their chunk brought. Completions that are no chats have lists of another
form (`tokens`, `token_logprobs`, `top_logprobs`).
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from nbstream.model.events import Answer, Event, Reasoning, Refusal, Scored, ToolCallDelta, Warned
from nbstream.model.probabilities import Alternative, Token
from nbstream.model.warning import ReplyWarning
from nbstream.wire.surrogates import join_surrogates

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from nbstream.model.probabilities import Channel
    from nbstream.wire.other_fields import OtherFields

_FIELDS: dict[str, Channel] = {"reasoning_content": "reasoning", "reasoning": "reasoning", "refusal": "refusal"}
_LISTS = ("content", *_FIELDS)
_COMPLETION = frozenset({"tokens", "token_logprobs", "top_logprobs", "text_offset"})
_ENTRY = frozenset({"token", "logprob", "bytes", "top_logprobs", "id", "token_id", "rank"})
#: More alternatives of one token are not kept: no API gives more than 20.
_MOST_ALTERNATIVES = 128
#: So many tokens and alternatives are kept of a response, in about 400 MB. The longest reply of
#: DeepSeek has them with four alternatives each, one of 100,000 tokens with twenty.
MOST_KEPT = 2_000_000


class TokenProbabilities:
    """Reads the probabilities of one choice.

    Args:
        others: takes what is not read.
    """

    def __init__(self, others: OtherFields) -> None:
        self._others = others
        self._room = MOST_KEPT
        self._is_told = False
        #: The text that the last tokens were a part of.
        self._latest: Channel = "answer"
        #: Tokens that came before any text.
        self._held: list[Token] = []

    def feed(self, value: Any, at: float, brought: Sequence[Event], events: list[Event]) -> None:
        """Read the field of one chunk.

        Args:
            value: the field's value.
            at: seconds since the run began.
            brought: the events of the choice's text.
            events: get the new event.
        """
        if not isinstance(value, dict):
            self._others.keep("logprobs", value, at, events)
            return
        found: list[Token] = []
        unread = {name: each for name, each in value.items() if name not in _LISTS}
        for name, channel in _FIELDS.items():
            found += self._read(name, value.get(name), channel, unread)
        of_content = self._read("content", value.get("content"), "answer", unread)
        if not unread.keys().isdisjoint(_COMPLETION) and isinstance(unread.get("tokens"), list):
            of_content += _of_completion(unread)
            unread = {name: each for name, each in unread.items() if name not in _COMPLETION}
        # Before some are held back, as those take memory, too.
        found, of_content = self._kept(found, at, events), self._kept(of_content, at, events)
        found += self._placed(of_content, brought)
        for name, each in unread.items():
            self._others.keep(f"logprobs.{name}", each, at, events)
        if found:
            events.append(Scored(at, tuple(found)))

    def flush(self, at: float, events: list[Event]) -> None:
        """Give out the tokens that were held back."""
        if self._held:
            held, self._held = self._held, []
            events.append(Scored(at, tuple(_in(each, self._latest) for each in held)))

    def _read(self, name: str, entries: Any, channel: Channel, unread: dict[str, Any]) -> list[Token]:
        if not entries:
            return []
        if not isinstance(entries, list):
            unread[name] = entries
            return []
        tokens = []
        strange = []
        for entry in entries:
            token = _token(entry, channel)
            if token is None or not entry.keys() <= _ENTRY:
                strange.append(entry)
            if token is not None:
                tokens.append(token)
        if strange:
            unread[name] = strange
        return tokens

    def _placed(self, tokens: list[Token], brought: Sequence[Event]) -> list[Token]:
        """Return the tokens of `content`, each with the text that it is a part of."""
        texts: dict[Channel, int] = {}
        for event in brought:
            match event:
                case Reasoning():
                    texts["reasoning"] = texts.get("reasoning", 0) + len(event.text)
                case Answer():
                    texts["answer"] = texts.get("answer", 0) + len(event.text)
                case Refusal():
                    texts["refusal"] = texts.get("refusal", 0) + len(event.text)
                case ToolCallDelta():
                    texts.setdefault("call", 0)
        if not texts:
            # A chunk of markup, or one whose text is held back: it belongs to what comes next, or,
            # at the end, to what came last.
            self._held += tokens
            return []
        tokens, self._held = self._held + tokens, []
        placed = []
        channels = list(texts)
        for token in tokens:
            while len(channels) > 1 and texts[channels[0]] <= 0:
                del channels[0]
            texts[channels[0]] -= len(token.text)
            placed.append(_in(token, channels[0]))
        self._latest = channels[-1]
        return placed

    def _kept(self, tokens: list[Token], at: float, events: list[Event]) -> list[Token]:
        if not tokens:
            return tokens
        self._room -= sum(1 + len(each.alternatives) for each in tokens)
        if self._room >= 0:
            return tokens
        if not self._is_told:
            self._is_told = True
            events.append(Warned(at, ReplyWarning("not_kept", where="logprobs")))
        return []


def _in(token: Token, channel: Channel) -> Token:
    if token.channel == channel:
        return token
    return Token(token.text, token.logprob, token.data, token.id, channel, token.alternatives)


def _token(entry: Any, channel: Channel) -> Token | None:
    read = _alternative(entry)
    if read is None:
        return None
    others = entry.get("top_logprobs")
    listed = others if isinstance(others, list) else ()
    alternatives = tuple(each for each in map(_alternative, listed[:_MOST_ALTERNATIVES]) if each is not None)
    return Token(read.text, read.logprob, read.data, read.id, channel, alternatives)


def _alternative(entry: Any) -> Alternative | None:
    if not isinstance(entry, dict) or not isinstance(text := entry.get("token"), str):
        return None
    return Alternative(join_surrogates(text), _number(entry.get("logprob")), _data(entry.get("bytes")), _id(entry))


def _number(value: Any) -> float | None:
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    try:
        number = float(value)
    except OverflowError:
        return None
    return None if math.isnan(number) else number


def _data(value: Any) -> bytes | None:
    if not isinstance(value, list):
        return None
    try:
        return bytes(value)
    except (TypeError, ValueError):
        return None


def _id(entry: dict[str, Any]) -> int | None:
    value = entry.get("id", entry.get("token_id"))
    return value if isinstance(value, int) and not isinstance(value, bool) else None


def _of_completion(value: dict[str, Any]) -> Iterator[Token]:
    """Yield the tokens of the lists that completions have."""
    numbers, tops = value.get("token_logprobs"), value.get("top_logprobs")
    for place, text in enumerate(value["tokens"]):
        if not isinstance(text, str):
            continue
        number, top = _at(numbers, place), _at(tops, place)
        listed = list(top.items())[:_MOST_ALTERNATIVES] if isinstance(top, dict) else ()
        others = tuple(Alternative(join_surrogates(name), _number(each)) for name, each in listed)
        yield Token(join_surrogates(text), _number(number), None, None, "answer", others)


def _at(values: Any, place: int) -> Any:
    return values[place] if isinstance(values, list) and place < len(values) else None
