"""The tests, and programs for a longer search: fuzz, hostile, kernels."""

import os

#: Nothing here writes into the usual ledger of the person who runs it; conftest.py names one for
#: pytest, which its kernels have, too, some of which import this.
os.environ.setdefault("NBSTREAM_LEDGER", "off")
