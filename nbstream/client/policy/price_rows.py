"""The rows of `[[prices]]` in files named `nbstream.toml` in Jupyter's folders.

A file beside a notebook may not name prices: it may have come with the notebook.
"""

from __future__ import annotations

from nbstream.billing.user_prices import UserPrices, rows_in
from nbstream.client.policy import files
from nbstream.client.policy.reading import PRICES


def of_files() -> list[UserPrices]:
    """Return the rows of each file that has some, those of the user's own file first.

    Raises:
        RequestError: if a file cannot be read, or a row is not valid; names the file and the row.
    """
    return [
        UserPrices(str(file.path), rows_in(str(file.path), file.document[PRICES]))
        for file in files.configured()
        if PRICES in file.document
    ]
