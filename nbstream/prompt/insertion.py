"""Puts the values and files that a user names into a prompt, and keeps secrets out of it."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from nbstream.language import _
from nbstream.model.exceptions import RequestError
from nbstream.model.request import Inserted
from nbstream.prompt import names, pictures
from nbstream.prompt.blocks import Piece, content_of, inline, label, shown_of
from nbstream.prompt.braces import BRACES, UNCLOSED
from nbstream.prompt.describe import is_own, whole
from nbstream.prompt.description import LIMIT, Description, bounded
from nbstream.prompt.files import file_name, read_file
from nbstream.prompt.secrets import is_secret_name, secret_in, secret_in_file, secret_in_text

_FIRST_NAME = re.compile(r"\A\w+")
#: A secret may stand across the limit of a text.
_BEYOND = 4_096


class Composed(NamedTuple):
    """The content of a message, and the values and files in it."""

    content: str | list[dict[str, Any]]
    inserted: tuple[Inserted, ...]


def compose(
    prompt: str,
    *,
    values: Mapping[str, Any] | None = None,
    files: str | os.PathLike[str] | Sequence[str | os.PathLike[str]] | None = None,
    fill: bool | Mapping[str, Any] | None = None,
    secrets: Sequence[str] = (),
) -> Composed:
    """Return a prompt with the values and files that the user asks for.

    Args:
        prompt: the prompt.
        values: the values to attach below it, by their names.
        files: the paths of files to attach.
        fill: whether `{{ name }}` in the prompt stands for a value: the variables, or True for
            `values`, of which only those are attached that the prompt does not name.
        secrets: texts that must not be sent.

    Raises:
        RequestError: if something is missing, cannot be read, or is secret. Nothing is sent then.
    """
    given: Any = values
    if given is not None and not (isinstance(given, Mapping) and all(isinstance(each, str) for each in given)):
        raise RequestError(_("`values=` must be a dict of values by their names, such as {'df': df}."))
    values = values or {}
    inserted: list[Inserted] = []
    attached: list[Piece] = []
    used: set[str] = set()
    if fill is not None and fill is not False:
        namespace = fill if isinstance(fill, Mapping) else values
        filling = _Filling(namespace, secrets)
        prompt = filling.fill(prompt)
        inserted += filling.inserted
        attached += filling.images
        used = filling.used if namespace is values else set()
    attached += [
        Piece(name, _described(f"`values=` {names.shown(name)}", name, value, secrets))
        for name, value in values.items()
        if name not in used
    ]
    for path in [files] if isinstance(files, str | os.PathLike) else files or ():
        attached.append(_file(path, secrets))
    inserted += [_fact(piece, "below") for piece in attached]
    return Composed(content_of(prompt, attached), tuple(inserted))


class _Filling:
    """Replaces `{{ name }}` in one pass, so that no value is read again."""

    def __init__(self, namespace: Mapping[str, Any], secrets: Sequence[str]) -> None:
        self._namespace = namespace
        self._secrets = secrets
        self._texts: dict[str, str] = {}
        self.used: set[str] = set()
        self.inserted: list[Inserted] = []
        self.images: list[Piece] = []

    def fill(self, prompt: str) -> str:
        return BRACES.sub(self._text, prompt)

    def _text(self, found: re.Match[str]) -> str:
        if found["literal"] is not None:
            return "{{" + found["literal"] + "}}"
        if found["open"]:
            raise RequestError(_("`fill=True`: {unclosed}", unclosed=_(UNCLOSED)))
        name = found["name"].strip()
        if name not in self._texts:
            self._texts[name] = self._described(name, found[0])
        return self._texts[name]

    def _described(self, name: str, written: str) -> str:
        place = f"`fill=True` {names.shown(written)}"
        if name in self._namespace:
            value = self._namespace[name]
        else:
            try:
                value = names.value_of(name, self._namespace, "`fill=True`")
            except RequestError as error:
                raise RequestError(
                    _("{error} Write {{{{{{{{ … }}}}}}}} for braces that are text.", error=error)
                ) from None
        # Of a value of which the prompt names a part, only this is wanted.
        self.used |= {name, *_FIRST_NAME.findall(name)}
        description = _described(place, name, value, self._secrets)
        piece = Piece(name, description)
        if description.image:
            self.images.append(piece)
            return f"[image {label(name)}, attached below]"
        self.inserted.append(_fact(piece, "in the prompt"))
        return inline(description)


def _described(place: str, name: str, value: Any, secrets: Sequence[str]) -> Description:
    """Return the description of a value that is not secret."""
    if secret_in_text(name, secrets):
        raise RequestError(_("`values=`: a name has an API key or another secret in it, so nothing was sent."))
    if is_secret_name(name, value):
        names.refuse(place, name)
    # A function that the user has registered decides itself what of a value is shown.
    if is_own(value) and (found := secret_in(value)):
        names.refuse_part(place, found)
    try:
        description = whole(value)
    except Exception as error:  # noqa: BLE001  (a function that the user has registered)
        said = names.shown(f"{type(error).__name__}: {error}")
        raise RequestError(
            _("{place}: its describe function failed ({said}), so nothing was sent.", place=place, said=said)
        ) from None
    _check_text(place, description, secrets)
    if description.image:
        _check_image(place, description)
    return bounded(description)


def _check_image(place: str, description: Description) -> None:
    if description.media_type not in pictures.MEDIA_TYPES:
        raise RequestError(
            _("{place}: models take images in PNG, JPEG, GIF and WebP, so nothing was sent.", place=place)
        )
    if len(description.image) > pictures.MOST_BYTES:
        raise RequestError(_("{place}: an image may have at most 32 MiB, so nothing was sent.", place=place))


def _check_text(place: str, description: Description, secrets: Sequence[str]) -> None:
    text = description.text
    near = text[-LIMIT - _BEYOND :] if description.keeps_end else text[: LIMIT + _BEYOND]
    # The end of the text that is sent, where a secret may be cut, and what was about to follow.
    sent = bounded(description).text
    if any(secret_in_text(each, secrets) for each in (near, sent, description.kind)):
        raise RequestError(
            _("{place}: its text has an API key or another secret in it, so nothing was sent.", place=place)
        )


def _file(path: Any, secrets: Sequence[str]) -> Piece:
    if not isinstance(path, str | os.PathLike) or not isinstance(os.fspath(path), str):
        raise RequestError(_("`files=` must be a list of paths."))
    name = file_name(path)
    stem = name.rpartition("/")[2].partition(".")[0]
    if is_secret_name(stem):
        names.refuse(f"`files=` {name}", name)
    description = read_file(path)
    if found := secret_in_file(description.text, name[name.rfind(".") :].lower()):
        names.refuse_part(f"`files=` {name}", found)
    _check_text(f"`files=` {name}", description, secrets)
    return Piece(name, description)


def _fact(piece: Piece, place: Any) -> Inserted:
    description = piece.description
    return Inserted(
        label(piece.name),
        description.kind,
        description.text,
        shown_of(description),
        is_cut=description.is_cut,
        media_type=description.media_type,
        place=place,
    )
