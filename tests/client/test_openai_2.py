"""The client's tests with openai 2.x, which uses another HTTP library."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from tests import kernels

OLDEST = "ipykernel-6.29"
FILES = sorted(str(path) for path in Path(__file__).parent.rglob("test_*.py"))


# In two parts, so that two processes share them; marked as slow to be begun first.
@pytest.mark.kernel
@pytest.mark.slow
@pytest.mark.timeout(300)
@pytest.mark.parametrize("part", [0, 1])
def test_the_client_works_with_openai_2(part: int) -> None:
    python = kernels.python(OLDEST)
    version = subprocess.run(
        [python, "-c", "import openai; print(openai.__version__)"], capture_output=True, text=True, check=True
    )
    assert version.stdout.startswith("2.")
    options = ["-q", "-p", "no:cacheprovider", "-p", "tests.client.no_properties"]
    run = subprocess.run(
        [python, "-m", "pytest", *options, *FILES[part::2]],
        cwd=kernels.ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert run.returncode == 0, run.stdout[-4_000:]
