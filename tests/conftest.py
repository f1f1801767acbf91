"""Fixtures and settings for all tests: the simulator, the order of tests, Hypothesis."""

from __future__ import annotations

import os
import shutil
import signal
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING

import hypothesis
import pytest

from nbstream.client import settings
from nbstream.simulator.server import Simulator

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

# No test reads or writes the keyring of the person who runs it; kernels inherit this.
os.environ["PYTHON_KEYRING_BACKEND"] = "keyring.backends.fail.Keyring"
# Terminals and scripts of the tests are English; kernels inherit this.
os.environ["LC_ALL"] = "C.UTF-8"
# The same for the ledger, which is in the user's data directory.
_ledger = Path(tempfile.mkdtemp(prefix="nbstream-ledger-"))
os.environ["NBSTREAM_LEDGER"] = str(_ledger / "ledger.sqlite")

# A shell's background job ignores Ctrl-C, and its child processes would, too.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)

# By default Hypothesis tries the same examples every time, so the result depends only on the
# commit. NBSTREAM_RANDOM=1 tries new random examples. No deadline: on a loaded machine any example
# may take long.
hypothesis.settings.register_profile("gate", derandomize=True, deadline=None)
hypothesis.settings.register_profile("random", deadline=None)
hypothesis.settings.load_profile("random" if os.environ.get("NBSTREAM_RANDOM") else "gate")


def pytest_unconfigure() -> None:
    """Delete the ledger of this run."""
    shutil.rmtree(_ledger, ignore_errors=True)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Run slow tests first and browser tests last.

    A slow test that starts first leaves the fast ones to the other workers. Playwright keeps an
    event loop running in the main thread until the end, which would disturb tests after it.
    """
    items.sort(key=lambda item: (_has(item, "browser"), not _has(item, "slow")))


def _has(item: pytest.Item, mark: str) -> bool:
    return item.get_closest_marker(mark) is not None


@pytest.fixture
def set_zone() -> Iterator[Callable[[str], None]]:
    """Return a function that sets the time zone of this process until the end of the test."""
    if os.name != "posix":
        pytest.skip("not on Windows: the time zone of a process cannot be set there")
    with pytest.MonkeyPatch.context() as patch:

        def set_it(name: str) -> None:
            patch.setenv("TZ", name)
            time.tzset()

        yield set_it
    time.tzset()


@pytest.fixture
def simulator(monkeypatch: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Simulator]:
    """Start a simulator without delays and send the requests of this process to it."""
    # Without the endpoints of the person who runs the tests.
    monkeypatch.setenv("JUPYTER_CONFIG_DIR", str(tmp_path_factory.getbasetemp() / "no-configuration"))
    with Simulator(port=0, rate=0, first_token=0) as server:
        monkeypatch.setenv("DEEPSEEK_BASE_URL", server.url)
        monkeypatch.setenv("DEEPSEEK_API_KEY", "simulated")
        settings.use(None)
        yield server
        settings.use(None)
