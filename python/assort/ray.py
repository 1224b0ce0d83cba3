"""Filing and storing on Ray Data."""

from __future__ import annotations

import os
import uuid
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from ._batches import BatchFiling, by_pack
from ._deciding import Method
from ._shards import Rejects, Sharding
from ._tables import columns
from .errors import InvalidInput
from .models import address

if TYPE_CHECKING:
    import pyarrow

try:
    from ray.data import Datasink
except ImportError:
    # A classifier needs no Ray, and serves Dask as well.
    Datasink = object


class Classifier:
    """Files batches of Ray Data, each with the columns that :func:`assort.spark.classify`
    adds. It may be pickled, so that Dask and Daft file by it, too.

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
        self._threads = threads
        self._bound_threads()
        named = columns(id, title, text, None, attributes)
        by = by_pack(model, named, method, min_confidence, target_precision, digest=digest)
        self._filing = BatchFiling(by, prefix)

    def __call__(self, batch: pyarrow.Table) -> pyarrow.Table:
        self._bound_threads()
        if not hasattr(batch, "column_names"):
            raise InvalidInput('batches are tables of Arrow: pass batch_format="pyarrow"')
        self._filing.check(batch.column_names)
        return self._filing.file(batch)

    def _bound_threads(self) -> None:
        """Before the first thread begins: here, and where a copy of it works."""
        os.environ.setdefault("ASSORT_THREADS", str(self._threads))


class CatalogSink(Datasink):  # pyright: ignore[reportGeneralTypeIssues]
    """Writes a dataset of Ray as a sharded catalog, see :func:`assort.spark.register`.

    >>> from assort.ray import CatalogSink
    >>> products.write_datasink(CatalogSink("s3://shops/all", model="s3://models/shop.pack"))

    Args: as the options there; with ``append`` products of the version before stay.
    """

    def __init__(
        self,
        url: str | os.PathLike[str],
        model: str | os.PathLike[str],
        *,
        append: bool = False,
        id: str | None = None,
        title: str = "title",
        text: str | Iterable[str] | None = None,
        attributes: Iterable[str] | None = None,
        category: str | None = None,
        method: Method = "auto",
        min_confidence: float = 0.0,
        target_precision: float | None = None,
        rejects: Rejects = "fail",
    ) -> None:
        named = columns(id, title, text, category, attributes)
        by = by_pack(model, named, method, min_confidence, target_precision)
        self._append = append
        self._sharding = Sharding(address(url), uuid.uuid4().hex, by, rejects)

    def write(self, blocks: Iterable[Any], ctx: Any) -> str | None:
        """Makes the shard of a task."""
        from ray.data.block import BlockAccessor

        tables = [BlockAccessor.for_block(block).to_arrow() for block in blocks]
        filled = [table for table in tables if table.num_rows]
        for table in filled:
            self._sharding.check(table.column_names)
        batches = (batch for table in filled for batch in table.to_batches())
        return self._sharding.make(batches, ctx.task_idx)

    def on_write_complete(self, write_result: Any) -> None:
        """Names the shards of all tasks in a new version."""
        self._sharding.commit(write_result.write_returns, self._append)
