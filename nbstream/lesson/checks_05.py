"""The exercises and predictions of lesson 5, a conversation is a list."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from nbstream.language import _, marked
from nbstream.lesson.evidence import number_of
from nbstream.lesson.exercises import NOT_DONE, Exercise, Hint, Prediction

if TYPE_CHECKING:
    from nbstream.chat.conversation import Chat

_CHAT = "bees"
_THANKS = "Thank you. What should I read next?"
_NAMES = re.compile(r"\b(noor|mei|ada)\b", re.IGNORECASE)
_LEAST_TURNS = 2


def _memory(answer: Any) -> object:
    return "a" if "noor" in answer.lower() else "b"


def _messages(sent: Any) -> object:
    return {1: "a", 4: "b", 6: "c"}.get(len(sent), ...)


def _edited(message: Any) -> object:
    return "a" if set(message) != {"role", "content"} else "b" if message["role"] != "assistant" else "c"


PREDICTIONS = (
    Prediction(
        "memory",
        marked("One cell says a name, the next one asks for it. What will the answer be?"),
        marked("Each of the two requests was answered by itself. The second one had one message, and no name in it."),
        {"a": marked("The name."), "b": marked("That it is not known.")},
        _memory,
    ),
    Prediction(
        "messages",
        marked("How many messages does the request of the third turn send?"),
        marked(
            "The system prompt, two questions with their answers, and the new question. The answers are sent again, as "
            "the model does not remember what it said."
        ),
        {"a": marked("One."), "b": marked("Four."), "c": marked("Six.")},
        _messages,
    ),
    Prediction(
        "edited",
        marked("How can the model see that you wrote this answer, and not the model?"),
        marked("Nothing marks it: the message has a role and a content, and both look as if the model had said it."),
        {
            "a": marked("By a field of the message."),
            "b": marked("By its role, which is `user`."),
            "c": marked("Not at all."),
        },
        _edited,
    ),
)


def _chat() -> Chat:
    # At its use: what a chat needs takes a moment to load.
    from nbstream.chat.conversation import Chat  # noqa: PLC0415

    return Chat(_CHAT)


def _check_total(value: object) -> Hint:
    total = number_of(value)
    usages = [usage for turn in _chat().turns if (usage := turn.reply.usage) is not None]
    prompts = [each.prompt_tokens or 0 for each in usages]
    if total == sum(prompts):
        return ""
    if total == sum(each.cache_hit_tokens or 0 for each in usages):
        return _("These are only the tokens from the cache, which are a part of what was sent.")
    if total == sum(each.completion_tokens or 0 for each in usages):
        return _("These are the tokens of the answers. What was sent is in `prompt_tokens`.")
    if total == sum(each.total_tokens or 0 for each in usages):
        return _("This number has the answers in it, too. What was sent is in `prompt_tokens`.")
    if total in prompts:
        return _("This is one turn. Add up all of `chat.turns`.")
    return _("Add up `turn.reply.usage.prompt_tokens` of all turns in `chat.turns`.")


def _check_next(value: Any) -> Hint:
    if not isinstance(value, list) or not all(isinstance(each, dict) for each in value):
        raise TypeError(value)
    before = _chat().messages
    if value == [*before, {"role": "user", "content": _THANKS}]:
        return ""
    if value == before:
        return _("This is what was said so far. The new question is missing: it is a message, too.")
    last = value[-1] if value else {}
    if last.get("role") != "user":
        return _("The last message is the new question, and its role is `user`.")
    if last.get("content") != _THANKS:
        return _("The content of the last message is the question itself: {question}", question=_THANKS)
    if len(value) == 1:
        return _("A model that gets this list knows nothing of the conversation. What stands before the question?")
    if not any(each.get("role") == "assistant" for each in value):
        return _("The answers are missing: the model does not know what it said, unless the list says so.")
    if before and before[0] not in value:
        return _("The system prompt is missing. It is the first message of every request of this chat.")
    return _("All of `chat.messages` stands before the question, in its order and unchanged.")


def _check_private(chat: Any) -> Hint:
    named = [each for each in chat.messages if _NAMES.search(each["content"])]
    if named and not any(turn.edited or turn.hidden for turn in chat.turns):
        return NOT_DONE
    if named:
        return _(
            "A name is still sent, first in this message ({role}): {content}",
            role=named[0]["role"],
            content=named[0]["content"],
        )
    honey = next((turn for turn in chat.turns if "honey" in turn.versions[0].prompt.lower()), None)
    if honey is None or honey.hidden or honey.edited:
        return _("The turn about the honey is to stay as it is, and to be sent. `chat.undo()` takes a change back.")
    if sum(not turn.hidden for turn in chat.turns) < _LEAST_TURNS:
        return _("Too few turns are sent: keep at least two. `edit` takes a name out of a turn, and keeps the rest.")
    return ""


EXERCISES = (
    Exercise(
        "total",
        marked("Add up the prompt tokens of all turns."),
        marked("a number"),
        _check_total,
        marked("Each turn sends all turns before it once more, so the total grows with the square of their number."),
    ),
    Exercise(
        "next",
        marked("Write the list of messages of the next request."),
        marked("a list of messages, each a dict"),
        _check_next,
        marked("That is the whole conversation: the list so far, and one message more."),
    ),
    Exercise(
        "private",
        marked("Change the chat until no message has a name."),
        marked("a chat"),
        _check_private,
        marked("What is not in the list does not reach the model. The old versions stay on your side."),
    ),
)
