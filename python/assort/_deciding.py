"""How to classify."""

from __future__ import annotations

from typing import Any, Literal, NamedTuple

from .errors import InvalidInput

Method = Literal["auto", "zero-shot", "neighbors", "head", "pictures"]
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


def deciding(
    method: Any,
    top: Any,
    min_confidence: Any,
    target_precision: Any = None,
    set_coverage: Any = None,
    explain: Any = False,
    missing: Any = "raise",
) -> Deciding:
    """The same, checked.

    Raises:
        assort.errors.InvalidInput: A value cannot be meant.
    """
    if not isinstance(method, str):
        raise InvalidInput(f"method is the name of one, not {method!r}")
    if not isinstance(top, int) or top < 1:
        raise InvalidInput(f"top is a number from 1 on, not {top!r}")
    if missing not in ("raise", "null"):
        raise InvalidInput(f'missing is "raise" or "null", not {missing!r}')
    return Deciding(
        method,
        top,
        part("min_confidence", min_confidence) or 0.0,
        part("target_precision", target_precision),
        part("set_coverage", set_coverage),
        bool(explain),
        missing == "null",
    )


def part(name: str, value: Any) -> float | None:
    """A part of all, or none.

    Raises:
        assort.errors.InvalidInput: It is no number between 0 and 1.
    """
    if value is None:
        return None
    try:
        part = float(value)
    except (TypeError, ValueError):
        part = -1.0
    if isinstance(value, str) or not 0 <= part <= 1:
        raise InvalidInput(f"{name} is between 0 and 1, not {value!r}")
    return part
