"""Which process started a kernel: a Jupyter server for a page, or papermill."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

NAME = {"JPY_SESSION_NAME": "one.ipynb"}
ASKS = "from nbstream.widgets import front_ends; print(front_ends._belongs_to_server())"
#: Starts a process that asks: another program, and itself as a virtual environment's Python does.
STARTS = f"import subprocess, sys; subprocess.run([sys.executable, '-c', {ASKS!r}])"
STARTS_ITSELF = f"""
import os, subprocess, sys
if sys.argv[1] in os.environ:
    {ASKS}
else:
    subprocess.run(sys.orig_argv, env=os.environ | {{sys.argv[1]: "1"}})
"""


@pytest.mark.parametrize(
    ("code", "environ", "belongs"),
    [(ASKS, NAME, "True"), (ASKS, {}, "False"), (STARTS, NAME, "False"), (STARTS_ITSELF, NAME, "True")],
    ids=["server", "no notebook", "papermill in a notebook", "virtual environment"],
)
def test_a_kernel_belongs_to_a_server_that_does_not_have_the_notebook_s_name(
    code: str, environ: dict[str, str], belongs: str
) -> None:
    variables = {name: value for name, value in os.environ.items() if name not in NAME} | environ
    started = subprocess.run(
        [sys.executable, "-c", code, "STARTED"], env=variables, capture_output=True, text=True, check=True
    )
    assert started.stdout.strip() == belongs
