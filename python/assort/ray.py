"""Filing on Ray Data."""

from __future__ import annotations

import os
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from ._batches import BatchFiling
from ._deciding import Method
from ._tables import columns
from .errors import InvalidInput
from .models import open_pack

if TYPE_CHECKING:
    import pyarrow


class Classifier:
    """Files batches of Ray Data, each with the columns that :func:`assort.spark.classify`
    adds.

    >>> from assort.ray import Classifier
    >>> products = ray.data.read_parquet("products/")
    >>> products.map_batches(
    ...     Classifier, batch_format="pyarrow", concurrency=4,
    ...     fn_constructor_kwargs={"model": "s3://models/shop.pack"},
    ... )

    Args: as of :func:`assort.spark.classify`; ``threads`` is how many a worker has.
    """

    def __init__(
        self,
        model: str | os.PathLike[str],
        *,
        digest: str | None = None,
        title: str = "title",
        text: str | Iterable[str] | None = None,
        attributes: Iterable[str] | None = None,
        id: str | None = None,
        method: Method = "auto",
        min_confidence: float = 0.0,
        target_precision: float | None = None,
        prefix: str = "",
        threads: int = 1,
    ) -> None:
        os.environ.setdefault("ASSORT_THREADS", str(threads))
        pack = open_pack(model, digest=digest)
        self._filing = BatchFiling(
            str(model), pack.digest, columns(id, title, text, None, attributes), method,
            min_confidence, target_precision, prefix,
        )

    def __call__(self, batch: pyarrow.Table) -> pyarrow.Table:
        if not hasattr(batch, "column_names"):
            raise InvalidInput('batches are tables of Arrow: pass batch_format="pyarrow"')
        self._filing.check(batch.column_names)
        return self._filing.file(batch)
