"""The commands of `%deepseek`; a module of this package has those of one subject."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from nbstream.client.redaction import without_keys
from nbstream.jupyter.commands.command import Command
from nbstream.language import _, listed, marked
from nbstream.model.exceptions import RequestError

if TYPE_CHECKING:
    from nbstream.jupyter.commands.command import Context

_COMMANDS = (
    Command(
        "chat [NAME|off]",
        marked("continue the chat NAME in the following cells, or none; without a name, say which"),
        "chats.chat",
    ),
    Command(
        "panel [NAME]",
        marked("show a chat as a panel to write in: the chat NAME, the one of the following cells, or a new one"),
        "chats.panel",
    ),
    Command("chats", marked("list the chats: turns, tokens, cost and model"), "chats.list_chats"),
    Command("continue [OPTION …]", marked("go on with the last reply, which was stopped or cut off"), "again.go_on"),
    Command(
        "retry [OPTION …]",
        marked("ask the last prompt again; -m pro, --effort max and so on change options"),
        "again.retry",
    ),
    Command(
        "fix [OPTION …]",
        marked("explain the last exception and correct its cell; `code` then inserts it"),
        "errors.fix",
    ),
    Command(
        "code [N]",
        marked("put block N of the last reply's code, or its last block, into the next cell"),
        "replies.code",
    ),
    Command(
        "show [N|--recover]",
        marked("show the last reply again, the Nth last, or one that a kernel had lost"),
        "replies.show",
    ),
    Command("cancel", marked("stop every reply that is arriving, those of --background included"), "replies.cancel"),
    Command(
        "request [json|python|curl|node] [sdk]",
        marked("show what the last request sent, or a program that sends it again; node sdk uses the package openai"),
        "requests.request",
    ),
    Command(
        "models [ENDPOINT] [WORD]",
        marked("list the models, with context and prices; of many, those with WORD"),
        "servers.models",
    ),
    Command(
        "budget [AMOUNT|N tokens|off] [--day|--month|--per-cell] [--anew] [--allow-unknown]",
        marked(
            "hold the spending of this notebook to AMOUNT, or of a day, a month or each cell; alone, show the budgets"
        ),
        "budgets.budget",
        any_words=True,
    ),
    Command(
        "prices [MODEL] [OPTION …]",
        marked("show the prices of a model, or all of nbstream's table, with their sources and their age"),
        "prices.prices",
    ),
    Command(
        "estimate [OPTION …]",
        marked("calculate what calls would cost: -m pro --calls 1M --input 2200 --cached 2000 --output 300"),
        "prices.estimate",
    ),
    Command("balance [ENDPOINT]", marked("say how much money the account has"), "servers.balance"),
    Command(
        "key [ENDPOINT] [--save|--forget]",
        marked("enter a key; --save puts it into your keyring"),
        "servers.key",
        any_words=True,
    ),
    Command(
        "usage [SCOPE] [OPTION …]",
        marked(
            "what was spent: SCOPE is cell, notebook, today, month or all; --by model, notebook, chat or day; --csv "
            "FILE, --json; --forget --before DATE deletes"
        ),
        "usage.usage",
    ),
    Command(
        "cache [clear|why] [--unused]",
        marked("say what is in the cache; clear it, of what this kernel has not used alone; or why a request was sent"),
        "cache.cache",
    ),
    Command("config", marked("show every setting, its value, and where it comes from"), "configuration.config"),
    Command(
        "help [COMMAND|OPTION]",
        marked("explain a command, an option or a setting, or list all"),
        "explanations.write_help",
    ),
)
COMMANDS = {each.name: each for each in _COMMANDS}


def run(line: str, context: Context) -> Any:
    """Carry out the command on the line after `%deepseek`, and return its value if it has one.

    Raises:
        RequestError: if there is no such command, or it cannot be carried out.
    """
    name, *words = line.split()
    command = COMMANDS.get(name)
    if command is None or len(words) > command.most_words:
        said = without_keys(" ".join(line.split()), line.split())
        raise RequestError(
            _(
                "%deepseek {said} is no command: there are {values}.",
                said=said,
                values=listed(each.usage for each in COMMANDS.values()),
            )
        )
    return command.carry_out(words, context)
