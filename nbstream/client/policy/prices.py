"""The rows `[[prices]]` of `nbstream.toml`, in the files of the user and of the machine."""

from __future__ import annotations

from typing import TYPE_CHECKING

from nbstream.billing import rows
from nbstream.billing.user_prices import UserPrices, rows_in
from nbstream.client.policy import files
from nbstream.client.policy.reading import PRICES

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from nbstream.client.policy.toml_file import TomlFile

#: The files as they were read last, and their rows.
_last: dict[Path, tuple[TomlFile, UserPrices]] = {}


def user_prices() -> Sequence[UserPrices]:
    """Return the rows of each file, the nearest file first.

    Raises:
        RequestError: if a file or a row is not valid; names the file.
    """
    # One beside a notebook may have come with it; with prices, it is refused as a whole.
    return [_of(file) for file, is_nearby in files.found() if not is_nearby and PRICES in file.document]


def _of(file: TomlFile) -> UserPrices:
    if file.path not in _last or _last[file.path][0] is not file:
        # Once more, as amounts of money need their exact digits.
        entries = rows.parse(file.text)[PRICES]
        _last[file.path] = file, UserPrices(str(file.path), rows_in(str(file.path), entries))
    return _last[file.path][1]
