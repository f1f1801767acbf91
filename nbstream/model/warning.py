"""Warnings as facts: what a reader of a reply should know, although the reply did not fail.

To add a kind, add it here, and its sentence to `output.warning_words`.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Literal, TypeAlias

from nbstream.model.text import Text

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

WarningKind: TypeAlias = Literal[
    "unreadable",  # an event of the stream, or a part of it, could not be read; `said` is its text
    "cut_event",  # the stream ended within an event; `said` is its beginning
    "other_text",  # text in a field that nbstream does not show; `where` names the field
    "other_choice",  # text of another choice than the one that the reply shows
    "replaced",  # lone surrogates in the request were replaced; `where` names the place
    "thought_anyway",  # the model thought although `where`, a field of the request, switched it off
    "not_kept",  # data other than text; `where` names its field
    "repeated",  # the server repeated the text that it was to go on with; it is shown once
    "asked_anew",  # the reply was to be continued, and had no answer yet: the request was sent anew
    "left_out",  # the reply was continued without `where`, a field of its first request
    "max_steps",  # the model called tools in as many requests as it may; this one asks for an answer
    "repeated_call",  # the model made the same call again and again; this request asks for an answer
    "denials",  # several calls in a row were denied; this request asks for an answer
    "nobody_asked",  # calls were denied because nobody could be asked; `where` names the tool
    "lowered",  # a rule lowered `where`, the limit of tokens; `said` is to what, and why
    "budget_lowered",  # a budget did: `where` is the field, and its limit before, if it had one
    "budget_unpriced",  # `said`, a model, has no known price, so it does not count in `where`
    "budget_not_held",  # the ledger cannot be used, so the budgets that kernels share are not held
    "not_recorded",  # the ledger cannot be written; `where` is its file, `said` why
    "ledger_damaged",  # the ledger's file was damaged; `where` is the file, `said` where it is now
    "cache_unusable",  # a file of the cache, `where`, cannot be used, so the request was sent; `said` is why
    "cache_read_only",  # the reply cannot be kept in the folder `where`; `said` is why
    "bad_prices",  # a file with the user's prices is not valid, so no cost is known; `said` says why
    "raw_tool_call",  # the answer holds the markup of a tool call; `said` is the beginning of it
]

#: With a warning of these kinds, words of the reply may be missing: it is not complete.
DAMAGES: frozenset[WarningKind] = frozenset({"unreadable"})
#: Warnings of these kinds are about the request, so they hold for each attempt.
OF_REQUEST: frozenset[WarningKind] = frozenset(
    {
        *("replaced", "asked_anew", "left_out", "max_steps", "repeated_call", "denials"),
        *("lowered", "budget_lowered", "budget_unpriced", "budget_not_held"),
        *("cache_unusable", "cache_read_only"),
    }
)
#: What warnings of these kinds say is one growing text; of other kinds, one line each.
GROWING: frozenset[WarningKind] = frozenset({"other_text", "other_choice"})


@dataclass(frozen=True, slots=True)
class ReplyWarning:
    """One warning. Warnings of the same kind and place are joined.

    Attributes:
        kind: the kind of warning.
        said: the text that the warning is about, whole; may be empty.
        where: the field that it came in, such as `choices[1].delta.content`; may be empty.
        count: how many times it happened.
    """

    kind: WarningKind
    said: str = ""
    where: str = ""
    count: int = 1


def joined(warnings: Sequence[ReplyWarning]) -> ReplyWarning:
    """Return one warning for several of the same kind and place."""
    texts = [each.said for each in warnings if each.said]
    said = ("" if warnings[0].kind in GROWING else "\n").join(texts)
    return replace(warnings[0], said=said, count=sum(each.count for each in warnings))


@dataclass(frozen=True, slots=True)
class WarningDraft:
    """A warning while further ones of its kind and place may come."""

    kind: WarningKind
    where: str
    said: Text
    count: int

    def warning(self) -> ReplyWarning:
        """Return the warning so far."""
        return ReplyWarning(self.kind, str(self.said), self.where, self.count)


def with_warning(warnings: tuple[WarningDraft, ...], new: ReplyWarning) -> tuple[WarningDraft, ...]:
    """Return the warnings after another one, which is joined to one of its kind and place."""
    for position, draft in enumerate(warnings):
        if (draft.kind, draft.where) == (new.kind, new.where):
            between = "" if new.kind in GROWING or not draft.said.length else "\n"
            said = draft.said.append(between + new.said) if new.said else draft.said
            changed = WarningDraft(draft.kind, draft.where, said, draft.count + new.count)
            return (*warnings[:position], changed, *warnings[position + 1 :])
    return (*warnings, WarningDraft(new.kind, new.where, Text().append(new.said), new.count))


def summed(drafts: Iterable[WarningDraft]) -> tuple[ReplyWarning, ...]:
    """Return the warnings of several requests, each kind and place once."""
    found: tuple[WarningDraft, ...] = ()
    for draft in drafts:
        found = with_warning(found, draft.warning())
    return tuple(each.warning() for each in found)
