"""Filing on Spark, and what speaks like it: Databricks, Sail."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Any

from ._batches import ADDED, BatchFiling
from ._deciding import Method
from ._tables import columns
from .errors import InvalidInput
from .models import open_pack

if TYPE_CHECKING:
    import pyarrow


def classify(
    df: Any,
    model: str | os.PathLike[str],
    *,
    title: str = "title",
    text: str | Iterable[str] | None = None,
    attributes: Iterable[str] | None = None,
    id: str | None = None,
    method: Method = "auto",
    min_confidence: float = 0.0,
    target_precision: float | None = None,
    prefix: str = "",
) -> Any:
    """Files the products of a Spark data frame: the same frame with the columns
    ``category_id``, ``category``, ``confidence``, ``is_calibrated`` and ``pack`` (the digest
    it was filed by).

    It is a pure map (``mapInArrow``): tasks that are tried again give the same, and no row
    depends on another. The pack is looked at here once; every worker must have the very
    same, or the job fails. Each task works in one thread, as Spark counts it.

    Args:
        df: A data frame of Spark 4 or newer.
        model: A pack: a path that all workers have, or a URL, see
            :func:`assort.models.open_pack`.
        title: Column of titles. A row without one has no category.
        text: Columns of further text.
        attributes: Columns of attributes.
        id: Column of ids: a labelled product of the pack has no vote on itself.
        method: Which evidence counts.
        min_confidence: Less sure decisions go up, or abstain.
        target_precision: The precision that decisions shall have.
        prefix: Stands before the names of the columns that are added.

    Raises:
        assort.errors.InvalidInput: A column is missing or there already.
    """
    if not hasattr(df, "mapInArrow"):
        raise InvalidInput(f"a data frame of Spark should be here, not {type(df).__name__}")
    url = str(model)
    if "://" not in url:
        url = os.path.abspath(url)
    digest = open_pack(url).digest
    filing = BatchFiling(
        url, digest, columns(id, title, text, None, attributes), method, min_confidence,
        target_precision, prefix,
    )
    filing.check(df.columns)

    def file(batches: Iterator[pyarrow.RecordBatch]) -> Iterator[pyarrow.RecordBatch]:
        os.environ.setdefault("ASSORT_THREADS", "1")
        for batch in batches:
            yield from filing.file(batch).to_batches()

    from pyspark.sql.types import StructField, StructType, _parse_datatype_string

    added = [StructField(prefix + name, _parse_datatype_string(kind)) for name, kind in ADDED]
    return df.mapInArrow(file, StructType([*df.schema.fields, *added]))
