"""A bounded run of every target at each test run, and every input that has ever failed.

The long run, guided by coverage, is `python -m tests.fuzz`; what it finds is kept as a file in `tests/data/fuzz`.
"""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.fuzz.targets import MOST_SIZES, TARGETS
from tests.fuzz.words import DICTIONARY

REPLAYS = Path(__file__).parents[1] / "data" / "fuzz"
#: About a second and a half for each.
EXAMPLES = {"decode": 1_500, "chunks": 800, "markdown": 500, "terminal": 500, "formula": 800}

sizes = st.lists(st.integers(0, 255), max_size=MOST_SIZES - 1).map(lambda found: bytes([len(found), *found]))
words = st.lists(st.sampled_from([word.encode() for word in DICTIONARY]) | st.binary(max_size=6), max_size=20)
# An even first byte chooses characters, an odd one words.
texts = st.text(max_size=60).map(lambda text: b"\0" + text.encode("utf-8", "replace"))
payloads = st.binary(max_size=120) | words.map(b"".join) | texts
inputs = st.builds(lambda first, then: first + then, sizes, payloads)


@pytest.mark.parametrize("name", TARGETS)
def test_the_laws_hold_for_any_bytes(name: str) -> None:
    @settings(max_examples=EXAMPLES[name], deadline=None)
    @given(inputs)
    def check(data: bytes) -> None:
        TARGETS[name](data)

    check()


@pytest.mark.parametrize("kept", sorted(REPLAYS.glob("*/*")), ids=lambda kept: f"{kept.parent.name}/{kept.name}")
def test_what_failed_once_fails_no_more(kept: Path) -> None:
    TARGETS[kept.parent.name](kept.read_bytes())
