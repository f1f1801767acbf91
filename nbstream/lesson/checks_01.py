"""The exercises and predictions of lesson 1, a first stream."""

from __future__ import annotations

EXERCISES = ()
PREDICTIONS = ()
