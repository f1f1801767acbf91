"""A short run of every fuzz target, and every input that has failed before.

The long run, guided by coverage, is `python -m tests.fuzz`. Inputs that fail are kept as files in
`tests/data/fuzz`.
"""

from __future__ import annotations

from pathlib import Path
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.fuzz.targets import MAX_SIZES, TARGETS, finding
from tests.fuzz.words import DICTIONARY

REPLAYS = Path(__file__).parents[1] / "data" / "fuzz"
#: Number of inputs; about a second and a half for each target.
EXAMPLES = {"decode": 1_500, "chunks": 800, "messages": 800, "markdown": 250, "terminal": 250, "formula": 600}

sizes = st.lists(st.integers(0, 255), max_size=MAX_SIZES - 1).map(lambda found: bytes([len(found), *found]))
words = st.lists(st.sampled_from([word.encode() for word in DICTIONARY]) | st.binary(max_size=6), max_size=20)
# An even first byte means characters, an odd one means words.
texts = st.text(max_size=60).map(lambda text: b"\0" + text.encode("utf-8", "replace"))
# Built from a seed: Hypothesis alone prefers short, simple inputs that test little.
blobs = st.builds(lambda seed, size: b"\1" + Random(seed).randbytes(size), st.integers(0, 1 << 32), st.integers(9, 120))


@pytest.mark.parametrize("name", TARGETS)
def test_any_bytes(name: str) -> None:
    @settings(max_examples=EXAMPLES[name], deadline=None)
    @given(sizes, words.map(b"".join) | texts if name == "decode" else blobs | texts)
    def check(first: bytes, then: bytes) -> None:
        TARGETS[name](first + then)

    check()


@pytest.mark.parametrize("kept", sorted(REPLAYS.glob("*/*")), ids=lambda kept: f"{kept.parent.name}/{kept.name}")
def test_an_input_that_failed_before(kept: Path) -> None:
    assert finding(kept.parent.name, kept.read_bytes()) is None
