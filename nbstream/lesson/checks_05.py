"""Lesson 5, a conversation is a list: its exercises and predictions."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from nbstream.lesson.exercises import NOT_DONE, Exercise, Hint, Prediction, kind_of

if TYPE_CHECKING:
    from collections.abc import Sequence

_CHAT = "bees"
_THANKS = "Thank you. What should I read next?"
_NAMES = ("noor", "mei", "ada")
_LEAST_TURNS = 2


def _chat() -> Any:
    # At its use, as a lesson is loaded before any request.
    from nbstream.chat.conversation import Chat  # noqa: PLC0415

    return Chat(_CHAT)


def _check_total(value: Any) -> Hint:
    if isinstance(value, bool) or not isinstance(value, int):
        return f"The total is a whole number, not {kind_of(value)}."
    usages = [turn.reply.usage for turn in _chat().turns]
    prompts = [each.prompt_tokens for each in usages]
    if value == sum(prompts):
        return ""
    if value == sum(each.cache_hit_tokens for each in usages):
        return "These are only the tokens from the cache. They are a part of what was sent."
    if value == sum(each.completion_tokens for each in usages):
        return "These are the tokens of the answers. What was sent is in prompt_tokens."
    if value == sum(each.total_tokens for each in usages):
        return "The answers are in this number, too. What was sent is in prompt_tokens."
    if value in prompts:
        return "This is one turn. Add up all of chat.turns."
    return "Add up turn.reply.usage.prompt_tokens of all turns in chat.turns."


def _check_next(value: Any) -> Hint:
    if not isinstance(value, list) or not all(isinstance(each, dict) for each in value):
        return f"This is {kind_of(value)}, and the messages are a list of dicts, each with a role and a content."
    before = _chat().messages
    if value == [*before, {"role": "user", "content": _THANKS}]:
        return ""
    if value == before:
        return "This is what the chat has said so far. The new question is missing: it is a message, too."
    last = value[-1] if value else {}
    if last.get("role") != "user":
        return "The last message is the new question, and its role is user."
    if last.get("content") != _THANKS:
        return f"The content of the last message is the question itself: {_THANKS}"
    if len(value) == 1:
        return "A model that gets this list knows nothing of the conversation. What stands before the question?"
    if not any(each.get("role") == "assistant" for each in value):
        return "The answers are missing: the model does not know what it said, unless the list says so."
    if before and before[0] not in value:
        return "The system prompt is missing. It is the first message of every request of this chat."
    return "Before the question stands all of chat.messages, in its order and unchanged: [*chat.messages, …]"


def _check_private(chat: Any) -> Hint:
    turns = [turn for turn in chat.turns if not turn.hidden]
    with_name = [
        f"{message['role']}: {message['content'][:60]}"
        for message in chat.messages
        if any(name in message["content"].lower() for name in _NAMES)
    ]
    honey = next((turn for turn in chat.turns if "honey" in turn.versions[0].prompt.lower()), None)
    is_untouched = not any(turn.edited or turn.hidden for turn in chat.turns)
    if with_name and is_untouched:
        return NOT_DONE
    if with_name:
        return f"A name is still sent. The first message with one is: {with_name[0]}"
    if honey is None or honey.hidden or honey.edited:
        return "The turn about the honey must stay as it is, and be sent. chat.undo() takes a change back."
    if len(turns) < _LEAST_TURNS:
        return "Too few turns are sent. Keep at least two: edit takes a name out of a turn, and leaves the rest."
    return ""


def _letter_of_answer(answer: Any) -> str:
    return "a" if "noor" in answer.lower() else "b"


def _letter_of_messages(messages: Any) -> str:
    return {1: "a", 4: "b", 6: "c"}[len(messages)]


def _letter_of_message(message: Any) -> str:
    return "a" if set(message) != {"role", "content"} else "b" if message["role"] != "assistant" else "c"


EXERCISES: Sequence[Exercise] = (
    Exercise(
        "total",
        "Add up the prompt tokens of all turns.",
        "a whole number",
        _check_total,
        "Each turn sends all turns before it once more, so the total grows with the square of their number.",
    ),
    Exercise(
        "next",
        "Write the list of messages of the next request.",
        "a list of messages",
        _check_next,
        "That is the whole conversation: the list so far, and one message more.",
    ),
    Exercise(
        "private",
        "Change the chat until no message has a name.",
        "the chat",
        _check_private,
        "What is not in the list does not reach the model. The old versions stay on your side only.",
    ),
)

PREDICTIONS: Sequence[Prediction] = (
    Prediction(
        "memory",
        "One cell says a name, the next one asks for it. What will the answer be?",
        "Each of the two requests was answered by itself. The second had one message, and no name in it.",
        {"a": "the name", "b": "that it is not known"},
        _letter_of_answer,
    ),
    Prediction(
        "messages",
        "How many messages does the request of the third turn send?",
        "The system prompt, two questions with their answers, and the new question. The answers are sent again, as the "
        "model does not remember what it said.",
        {"a": "1", "b": "4", "c": "6"},
        _letter_of_messages,
    ),
    Prediction(
        "edited",
        "How can the model see that you wrote this answer, and not the model?",
        "It cannot. The message has a role and a content, and both look as if the model had said it.",
        {"a": "by a field of the message", "b": "by its role, which is user", "c": "not at all"},
        _letter_of_message,
    ),
)
