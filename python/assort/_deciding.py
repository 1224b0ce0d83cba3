"""How to classify."""

from __future__ import annotations

from typing import Literal, NamedTuple

Method = Literal["auto", "zero-shot", "neighbors", "head"]
Missing = Literal["raise", "null"]


class Deciding(NamedTuple):
    """What the engine is told."""

    method: str
    top: int
    min_confidence: float
    target_precision: float | None
    set_coverage: float | None
    explain: bool
    skip: bool
