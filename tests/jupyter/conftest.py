"""One simulator for all kernels, and one kernel of each name, started by its first test."""

from __future__ import annotations

import os
import zlib
from typing import TYPE_CHECKING

import pytest

from nbstream.simulator.server import Simulator
from tests import kernels
from tests.jupyter.kernel import Kernel

if TYPE_CHECKING:
    from collections.abc import Iterator

#: An API key that must not appear in any message or file.
CANARY_KEY = "canary-key-5e1f0c"

#: Neither the oldest kernel nor the newest.
_MIDDLE = kernels.NAMES[1:-1]


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave each test the oldest kernel, the newest, and one of those between.

    Which one depends on the test's name. Tests marked `every_kernel` run in all, and all tests do
    if NBSTREAM_EVERY_KERNEL is set.
    """
    left = [] if os.environ.get("NBSTREAM_EVERY_KERNEL") else [each for each in items if _is_left_to_another(each)]
    if left:
        config.hook.pytest_deselected(items=left)
        items[:] = [each for each in items if each not in set(left)]


def _is_left_to_another(item: pytest.Item) -> bool:
    name = getattr(getattr(item, "callspec", None), "params", {}).get("shared_kernel")
    if name not in _MIDDLE or item.get_closest_marker("every_kernel") is not None:
        return False
    number = zlib.crc32(item.nodeid.replace(name, "").encode())
    return bool(name != _MIDDLE[number % len(_MIDDLE)])


@pytest.fixture(scope="session")
def shared_server() -> Iterator[Simulator]:
    with Simulator(port=0, rate=0, first_token=0, scenario="normal tokens=40") as server:
        yield server


@pytest.fixture
def server(shared_server: Simulator) -> Simulator:
    """The simulator that the kernels send requests to; its log holds the requests of one test."""
    shared_server.clear_log()
    return shared_server


@pytest.fixture(scope="session", params=kernels.NAMES)
def shared_kernel(
    request: pytest.FixtureRequest, shared_server: Simulator, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Kernel]:
    environ = {
        "DEEPSEEK_BASE_URL": shared_server.url,
        "DEEPSEEK_API_KEY": CANARY_KEY,
        "IPYTHONDIR": str(tmp_path_factory.mktemp("ipython")),
        "JUPYTER_CONFIG_DIR": str(tmp_path_factory.mktemp("configuration")),
        # Other kernels of this run write rows of their own.
        "NBSTREAM_LEDGER": str(tmp_path_factory.mktemp("ledger") / "ledger.sqlite"),
    }
    with Kernel(request.param, environ) as kernel:
        loaded = kernel.run("%load_ext nbstream")
        assert loaded.status == "ok"
        kernel.imported_by_loading = set(kernel.evaluate("list(__import__('sys').modules)"))
        # No tab will open late in these tests, so widgets need not be kept for one.
        kernel.run("import nbstream, nbstream.widgets.kept_views; nbstream.widgets.kept_views.GRACE_SECONDS = 0")
        yield kernel


#: Widgets that no page draws are not in ipywidgets' own list.
_CLOSE = """
import gc, ipywidgets
from nbstream.widgets.instruments.instrument import Instrument
for each in gc.get_objects():
    if issubclass(type(each), Instrument):
        each.close()
ipywidgets.Widget.close_all()
%deepseek cancel
"""


@pytest.fixture
def kernel(shared_kernel: Kernel, server: Simulator, request: pytest.FixtureRequest) -> Iterator[Kernel]:
    """A kernel that has loaded the extension and in which no earlier test is still running."""
    shared_kernel.reset()
    server.clear_log()
    failed = request.session.testsfailed
    yield shared_kernel
    if request.session.testsfailed > failed:
        # What a failed test has left would make others fail.
        shared_kernel.reset()
        shared_kernel.run(_CLOSE)


@pytest.fixture
def widgets_are_closed(kernel: Kernel) -> Iterator[None]:
    """After the test, close the widgets that it made, and stop replies that still arrive.

    They would take part in later tests of the same kernel.
    """
    yield
    kernel.reset()
    assert kernel.run(_CLOSE).status == "ok"
