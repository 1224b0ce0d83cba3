"""Filing, storing and searching on Spark, and what speaks like it: Databricks, Sail."""

from __future__ import annotations

import os
import uuid
from collections.abc import Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, Any

from ._batches import ADDED, BatchFiling, by_pack
from ._deciding import Method
from ._shards import Sharding, one_thread, opened, smallest
from ._tables import columns, names
from .catalog import warn_of_filter
from .errors import InvalidInput
from .models import address
from .sharded import ShardedCatalog

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
    named = columns(id, title, text, None, attributes)
    by = by_pack(model, named, method, min_confidence, target_precision)
    filing = BatchFiling(by, prefix)
    filing.check(df.columns)

    def file(batches: Iterator[pyarrow.RecordBatch]) -> Iterator[pyarrow.RecordBatch]:
        os.environ.setdefault("ASSORT_THREADS", "1")
        for batch in batches:
            yield from filing.file(batch).to_batches()

    from pyspark.sql.types import StructField, StructType, _parse_datatype_string

    added = [StructField(prefix + name, _parse_datatype_string(kind)) for name, kind in ADDED]
    return df.mapInArrow(file, StructType([*df.schema.fields, *added]))


#: Options of ``df.write.format("assort")``.
_OPTIONS = [
    "path", "model", "id", "title", "text", "attributes", "category", "method",
    "min_confidence", "target_precision", "rejects",
]  # fmt: skip


def register(spark: Any) -> None:
    """Lets a session write sharded catalogs: ``df.write.format("assort")``.

    >>> assort.spark.register(spark)
    >>> (df.write.format("assort").mode("overwrite")
    ...     .option("model", "s3://models/shop.pack").option("id", "sku")
    ...     .save("s3://shops/all"))

    Every task stores its rows with the decisions of the pack in a catalog of its own and
    sends it; the driver names those of one attempt each in a new version, at the end
    (:class:`assort.sharded.ShardedCatalog`). ``mode("overwrite")`` makes a version of these
    products alone, ``mode("append")`` one of those of before, too; products of ids that are
    there already replace those. Products of one id must be in one partition to be one:
    ``df.repartition(n, "id")``.

    Options: ``model``, a pack as of :func:`classify`; ``id``, ``title``, ``category``
    (labels) and, between commas, ``text`` and ``attributes``, which are columns; ``method``,
    ``min_confidence``, ``target_precision``; ``rejects``, ``fail`` or ``skip``: what becomes of
    rows without an id or a title.
    """
    from pyspark.sql.datasource import DataSource, DataSourceArrowWriter, WriterCommitMessage

    class Message(WriterCommitMessage):
        """What a task tells of its shard; nothing where it had no row."""

        def __init__(self, shard: str | None) -> None:
            self.shard = shard

    class Writer(DataSourceArrowWriter):
        def __init__(self, sharding: Sharding, append: bool) -> None:
            self.sharding, self.append = sharding, append

        def write(self, iterator: Iterator[pyarrow.RecordBatch]) -> WriterCommitMessage:
            return Message(self.sharding.make(iterator, _part()))

        def commit(self, messages: list[WriterCommitMessage | None]) -> None:
            told = [message for message in messages if isinstance(message, Message)]
            if len(told) < len(messages):
                raise InvalidInput("a task told nothing of what it wrote")
            self.sharding.commit([message.shard for message in told], self.append)

        def abort(self, messages: list[WriterCommitMessage | None]) -> None:
            """What was sent is named nowhere, and is removed by ``assort gc``."""

    class Assort(DataSource):
        @classmethod
        def name(cls) -> str:
            return "assort"

        def writer(self, schema: Any, overwrite: bool) -> DataSourceArrowWriter:
            sharding = _sharding(self.options)
            sharding.check(schema.names)
            return Writer(sharding, not overwrite)

    spark.dataSource.register(Assort)


def _part() -> int:
    """The number of the partition of this task. Where the engine does not tell it, as Sail, a
    number of its own: of each partition it tells the commit one message."""
    from pyspark import TaskContext

    task = TaskContext.get()
    return task.partitionId() if task else uuid.uuid4().int >> 80


def _sharding(options: Mapping[str, str]) -> Sharding:
    """What options of a writer say."""
    given = {name.lower(): value for name, value in options.items()}
    if strange := sorted(set(given) - set(_OPTIONS)):
        raise InvalidInput(f"there is no option `{strange[0]}`; there are {', '.join(_OPTIONS)}")
    for name in ("path", "model"):
        if not given.get(name):
            how = '.save(URL)' if name == "path" else '.option("model", PACK)'
            raise InvalidInput(f"it is not said what `{name}` is; say it with {how}")
    precision = given.get("target_precision")
    named = columns(
        given.get("id"), given.get("title", "title"), _list(given.get("text")),
        given.get("category"), _list(given.get("attributes")),
    )  # fmt: skip
    by = by_pack(
        given["model"],
        named,
        given.get("method", "auto"),  # type: ignore[arg-type]
        _number("min_confidence", given.get("min_confidence", "0")),
        None if precision is None else _number("target_precision", precision),
    )
    rejects = given.get("rejects", "fail")
    return Sharding(address(given["path"]), uuid.uuid4().hex, by, rejects)  # type: ignore[arg-type]


def _list(text: str | None) -> list[str]:
    return [name.strip() for name in (text or "").split(",") if name.strip()]


def _number(name: str, text: str) -> float:
    try:
        return float(text)
    except ValueError:
        raise InvalidInput(f"{name} is a number, not {text!r}") from None


#: Columns of what :func:`search` gives.
_FOUND = (
    "query int, text string, shard int, id string, title string, similarity float, "
    "category_id string, category string"
)


def search(
    spark: Any,
    queries: str | Iterable[str],
    catalog: str | os.PathLike[str],
    k: int = 10,
    *,
    where: str | None = None,
    version: int | None = None,
) -> Any:
    """The products of a sharded catalog that are nearest to texts: a data frame with the
    columns ``query`` (its number), ``text``, ``rank`` (from 1), ``id``, ``title``,
    ``similarity``, ``category_id`` and ``category``.

    One task searches a shard, which is fetched once a machine; the engine merges what they
    find. Of products of one id in several shards that of the last one counts.

    Args:
        spark: The session.
        queries: Texts. They are sent to every task.
        catalog: URL of a sharded catalog, see :class:`assort.sharded.ShardedCatalog`.
        k: How many of each query.
        where: A filter: ``'brand = "Acme" and price < 20'``. It is tried here on the smallest
            shard, and what cannot be found by it is warned of.
        version: The number of a version; the last one without.

    Raises:
        assort.errors.NotFound: There is no such version.
        assort.errors.InvalidInput: A query is no text, or k no number from 1 on.
    """
    texts = names(queries)
    if not isinstance(k, int) or k < 1:
        raise InvalidInput(f"k is a number from 1 on, not {k!r}")
    sharded = ShardedCatalog(catalog)
    one = sharded.last() if version is None else sharded.version(version)
    url, shards = sharded.url, one.shards
    if where is not None:
        # What cannot be meant is told here, by one shard, and not by a job that finds nothing.
        warn_of_filter(opened(url, smallest(shards)), where)

    def find(batches: Iterator[pyarrow.RecordBatch]) -> Iterator[pyarrow.RecordBatch]:
        import pyarrow

        one_thread()
        kinds = pyarrow.schema([
            ("query", pyarrow.int32()), ("text", pyarrow.string()), ("shard", pyarrow.int32()),
            ("id", pyarrow.string()), ("title", pyarrow.string()),
            ("similarity", pyarrow.float32()), ("category_id", pyarrow.string()),
            ("category", pyarrow.string()),
        ])  # fmt: skip
        for number in (number for batch in batches for number in batch["id"].to_pylist()):
            shard = opened(url, shards[number])
            rows = [
                {**found, "query": query, "text": text, "shard": number}
                for query, text in enumerate(texts)
                for found in shard.search(k, text, None, None, where)
            ]
            columns = {name: [row[name] for row in rows] for name in kinds.names}
            yield pyarrow.RecordBatch.from_pydict(columns, schema=kinds)

    from pyspark.sql import Window
    from pyspark.sql import functions as F

    found = spark.range(0, len(shards), 1, len(shards)).mapInArrow(find, _FOUND)
    newest = Window.partitionBy("query", "id").orderBy(F.desc("shard"))
    best = Window.partitionBy("query").orderBy(F.desc("similarity"), "id")
    found = found.withColumn("age", F.row_number().over(newest)).filter("age = 1")
    found = found.withColumn("rank", F.row_number().over(best)).filter(F.col("rank") <= k)
    return found.select(
        "query", "text", "rank", "id", "title", "similarity", "category_id", "category"
    )
