"""Benchmarks that each print or write a table; see README.md. They assert nothing."""

import os
import tempfile
from pathlib import Path

#: Not the ledger of the person who runs them; kernels inherit this.
os.environ["NBSTREAM_LEDGER"] = str(Path(tempfile.gettempdir(), "nbstream-benchmarks", "ledger.sqlite"))
