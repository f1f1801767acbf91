"""The tests, and programs for a longer search: fuzz, hostile, kernels."""

import os

#: Nothing here writes into the ledger of the person who runs it; conftest.py names one for pytest.
os.environ["NBSTREAM_LEDGER"] = "off"
