"""Decisions: a category, or "I don't know", with its confidence and the reasons."""

from __future__ import annotations

import html
import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, overload

from . import _assort


@dataclass(frozen=True)
class Category:
    """A category of a taxonomy."""

    id: str
    path: str

    @property
    def name(self) -> str:
        """The category's own name."""
        return self.path.rsplit(" > ", 1)[-1]

    def __str__(self) -> str:
        return self.path


@dataclass(frozen=True)
class Alternative:
    """A category with the confidence that it is right."""

    category: Category
    confidence: float


@dataclass(frozen=True)
class Decision:
    """Where a product belongs.

    ``category`` is none where nothing is sure enough; ``alternatives`` are the best all
    the same. ``confidence`` is between 0 and 1; it was measured on labels only if
    ``is_calibrated``.
    """

    category: Category | None
    confidence: float
    margin: float
    is_calibrated: bool
    alternatives: list[Alternative]
    id: str | None = None
    #: Categories that hold the truth as often as was asked; none unless asked for.
    set: list[Alternative] | None = None
    #: Texts, neighbors, words and sources that speak for it; none unless asked for.
    reasons: dict[str, list[dict[str, Any]]] | None = field(default=None, repr=False)
    #: Why the picture of the product could not be used, without which it was filed.
    picture_problem: str | None = None

    def _repr_html_(self) -> str:
        kind = "" if self.is_calibrated else " (assumed)"
        rows = "".join(
            f"<tr><td>{html.escape(one.category.path)}</td><td>{one.confidence:.0%}</td></tr>"
            for one in self.alternatives
        )
        head = self.category.path if self.category else "unknown"
        reasons = "".join(_told(self.reasons or {}))
        return (
            f"<table><caption><b>{html.escape(head)}</b>, {self.confidence:.0%} sure{kind}"
            f"</caption><tr><th>category</th><th>confidence</th></tr>{rows}</table>{reasons}"
        )


def _told(reasons: dict[str, list[dict[str, Any]]]) -> Iterator[str]:
    for text in reasons.get("texts", []):
        yield f"<div>{text['similarity']:.2f} like its {text['kind']}: {html.escape(text['text'])}</div>"
    for near in reasons.get("neighbors", []):
        # Decisions that an earlier version kept do not say it.
        image = near.get("image")
        picture = f" (picture {html.escape(image)})" if image else ""
        yield (
            f"<div>{near['similarity']:.2f} like {html.escape(near['id'])}, filed under "
            f"{html.escape(near['category'])}: {html.escape(near['title'])}{picture}</div>"
        )


class Decisions(Sequence[Decision]):
    """What was decided on some products, in their order.

    A sequence of :class:`Decision`, and a table for everybody who reads Arrow
    (``pyarrow.table(decisions)``, ``polars.from_arrow(decisions)``). They may be pickled, for
    processes of the same version, which need neither the pack nor the catalog.
    """

    def __init__(self, native: _assort.Decisions) -> None:
        self._native = native

    @property
    def pack(self) -> str | None:
        """The digest of the pack that decided; none of a catalog."""
        return self._native.pack

    @property
    def category_ids(self) -> list[str | None]:
        """The ids of the categories, none where nothing was sure enough."""
        return self._native.category_ids()

    def __len__(self) -> int:
        return len(self._native)

    @overload
    def __getitem__(self, at: int) -> Decision: ...
    @overload
    def __getitem__(self, at: slice) -> list[Decision]: ...
    def __getitem__(self, at: int | slice) -> Decision | list[Decision]:
        if isinstance(at, slice):
            return [self._at(one) for one in range(*at.indices(len(self)))]
        at = at + len(self) if at < 0 else at
        if not 0 <= at < len(self):
            raise IndexError("there are not so many decisions")
        return self._at(at)

    def _at(self, at: int) -> Decision:
        row = self._native.at(at)
        category = row["category"]
        reasons = row["reasons"]
        return Decision(
            category=Category(*category) if category else None,
            confidence=row["confidence"],
            margin=row["margin"],
            is_calibrated=row["is_calibrated"],
            alternatives=_listed(row["alternatives"]),
            id=row["id"],
            set=None if row["set"] is None else _listed(row["set"]),
            reasons=json.loads(reasons) if reasons else None,
            picture_problem=row["picture_problem"],
        )

    def __arrow_c_stream__(self, requested_schema: object = None) -> object:
        return self._native.__arrow_c_stream__(requested_schema)

    def to_arrow(self) -> Any:
        """A ``pyarrow.Table``."""
        import pyarrow

        return pyarrow.table(self)

    def to_pandas(self) -> Any:
        """A ``pandas.DataFrame``."""
        return self.to_arrow().to_pandas()

    def to_polars(self) -> Any:
        """A ``polars.DataFrame``."""
        import polars

        return polars.from_arrow(self.to_arrow())

    def __repr__(self) -> str:
        decided = sum(one is not None for one in self.category_ids)
        return f"<{len(self)} decisions, {decided} filed>"

    def _repr_html_(self) -> str:
        shown = "".join(
            f"<tr><td>{html.escape(one.id or '')}</td>"
            f"<td>{html.escape(one.category.path if one.category else 'unknown')}</td>"
            f"<td>{one.confidence:.0%}</td></tr>"
            for one in self[:20]
        )
        more = f"<div>and {len(self) - 20} more</div>" if len(self) > 20 else ""
        return f"<table><tr><th>id</th><th>category</th><th>confidence</th></tr>{shown}</table>{more}"


def _listed(choices: list[tuple[str, str, float]]) -> list[Alternative]:
    return [Alternative(Category(id, path), confidence) for id, path, confidence in choices]
