"""What packs and catalogs have in common: they file products."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable
from typing import Any

from . import _assort
from ._deciding import Method, Missing, deciding
from ._decisions import Decisions
from ._progress import Told, progress
from ._tables import columns, table

# The argument of the same name hides it.
_shown = progress


class Filing(ABC):
    """Whatever files products."""

    @abstractmethod
    def _engine(self) -> _assort.Pack | _assort.Catalog:
        """What files, if it is fit to."""

    def classify(
        self,
        data: Any,
        *,
        id: str | None = None,
        title: str = "title",
        text: str | Iterable[str] | None = None,
        attributes: Iterable[str] | None = None,
        image: str | None = None,
        method: Method = "auto",
        top: int = 3,
        min_confidence: float = 0.0,
        target_precision: float | None = None,
        set_coverage: float | None = None,
        explain: bool = False,
        missing: Missing = "raise",
        progress: bool | Told | None = None,
    ) -> Decisions:
        """Files products, which need not be known.

        Args:
            data: A title, titles, rows (dictionaries), columns, or a frame of pyarrow,
                polars, pandas or DuckDB.
            id: Column of ids; the column ``id``, if there is one.
            title: Column of titles.
            text: Columns of further text.
            attributes: Columns of attributes, which heads may have learned from.
            image: Column of pictures: paths in the folder that the catalog was opened with,
                addresses, or ``data:`` references. They count where labelled pictures taught
                the catalog anything; one that cannot be used is told by its decision's
                ``picture_problem``. A pack does not look at them.
            method: Which evidence counts.
            top: Alternatives of each decision.
            min_confidence: Less sure decisions go up to a category that is sure enough, or
                abstain.
            target_precision: The precision that decisions shall have, in place of
                ``min_confidence``; needs calibrated confidence.
            set_coverage: How often the set of categories shall hold the truth.
            explain: Whether decisions have reasons.
            missing: A product without a title raises, or has no decision (``"null"``).
            progress: Show progress; by itself where a person looks.

        Raises:
            assort.errors.InvalidInput: A column is missing or holds no text, or a row has
                no title.
        """
        engine = self._engine()
        named = columns(id, title, text, None, attributes, image)
        asked = deciding(
            method, top, min_confidence, target_precision, set_coverage, explain, missing
        )
        with _shown(progress) as told:
            rows = table(data, named)
            return Decisions(engine.classify(rows, named, asked, told))
