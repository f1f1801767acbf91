"""What a user wrote of a prompt, and what was put above and below it."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from nbstream.prompt.blocks import label

if TYPE_CHECKING:
    from collections.abc import Iterable

    from nbstream.model.request import Inserted


class Written(NamedTuple):
    """A prompt in three parts, which make it up again.

    Attributes:
        above: what was put above it.
        text: what the user wrote, with the values that stand in it.
        below: what was put below it.
    """

    above: str
    text: str
    below: str

    def changed(self, text: str) -> str:
        """Return the prompt with another text of the user's, and everything that was attached."""
        return f"{self.above}{text}{self.below}"


def written(prompt: str, inserted: Iterable[Inserted]) -> Written:
    """Return the parts of a prompt; what cannot be told apart is the user's text."""
    above, below = "", len(prompt)
    for each in inserted:
        if each.place == "above" and prompt.startswith(f"{each.text}\n\n", len(above)):
            above += f"{each.text}\n\n"
        elif each.place == "below":
            heads = [f"\n\n{kind}: {label(each.name)}" for kind in ("Attached", "Attached image")]
            own = [f"\n\n{each.text}"] if each.text and prompt.endswith(f"\n\n{each.text}") else []
            found = [at for head in (*heads, *own) if (at := prompt.find(head, len(above))) >= 0]
            below = min([below, *found])
    return Written(above, prompt[len(above) : below], prompt[below:])
