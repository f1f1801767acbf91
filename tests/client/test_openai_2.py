"""The client's tests with openai 2.x, which uses another HTTP library."""

from __future__ import annotations

import subprocess

import pytest

from tests import kernels

OLDEST = "ipykernel-6.29"


@pytest.mark.kernel
def test_the_client_works_with_openai_2() -> None:
    python = kernels.python(OLDEST)
    version = subprocess.run(
        [python, "-c", "import openai; print(openai.__version__)"], capture_output=True, text=True, check=True
    )
    assert version.stdout.startswith("2.")
    run = subprocess.run(
        [python, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-p", "tests.client.no_properties", "tests/client"],
        cwd=kernels.ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert run.returncode == 0, run.stdout[-4_000:]
