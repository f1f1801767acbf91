"""A pytest plugin that repeats, alone, tests which failed beside others: `-p tests.repetition`.

`tests/run` uses it. Real kernels and browsers run beside each other on few cores, and some wait for
another program that has limits of its own: JupyterLab gives a kernel four seconds to answer. If few
tests failed and each has a kernel or a browser, they are run once more, by themselves, in a new
process. What passes then does not fail the run. Both results are printed: a test that is listed
often is a defect, of the test or of the product.
"""

from __future__ import annotations

import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from _pytest.terminal import TerminalReporter

#: If more tests failed, it was not by chance.
_MOST = 3
_MARKS = {"kernel", "browser"}


class Repetition:
    """Repeats the failed tests of one run.

    Args:
        config: of the process that distributes the tests.
    """

    def __init__(self, config: pytest.Config) -> None:
        self._root = config.rootpath
        self._failed: dict[str, bool] = {}
        self._said = ""

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Note a failed test, and whether it may be repeated."""
        if report.failed:
            self._failed[report.nodeid] = not _MARKS.isdisjoint(report.keywords)

    @pytest.hookimpl(tryfirst=True)
    def pytest_sessionfinish(self, session: pytest.Session, exitstatus: int) -> None:
        """Repeat what failed, and let the run pass if all of it passes."""
        if exitstatus != pytest.ExitCode.TESTS_FAILED or len(self._failed) > _MOST or not all(self._failed.values()):
            return
        command = [sys.executable, "-m", "pytest", "-m", "", "-p", "no:cacheprovider", *self._failed]
        repeated = subprocess.run(
            command, cwd=self._root, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False
        )
        verdict = "failed again" if repeated.returncode else "passed when repeated alone"
        self._said = "\n".join([repeated.stdout, *(f"{verdict}: {each}" for each in self._failed)])
        if repeated.returncode == 0:
            session.exitstatus = pytest.ExitCode.OK

    def pytest_terminal_summary(self, terminalreporter: TerminalReporter) -> None:
        """Print the second results below the first ones."""
        if self._said:
            terminalreporter.section("repeated alone")
            terminalreporter.write_line(self._said)


def pytest_configure(config: pytest.Config) -> None:
    """Watch the run, in the process that distributes the tests to the others."""
    if not hasattr(config, "workerinput"):
        config.pluginmanager.register(Repetition(config))
