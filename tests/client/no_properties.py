"""A plugin of pytest that leaves out properties of pure functions: `-p tests.client.no_properties`.

They do not depend on the version of a library, and take half of the time.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pytest


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Keep the tests that are no properties, and the properties of requests."""
    items[:] = [
        item
        for item in items
        if "simulator" in getattr(item, "fixturenames", ())
        or not getattr(getattr(item, "obj", None), "is_hypothesis_test", False)
    ]
