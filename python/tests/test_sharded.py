"""Sharded catalogs: every product is there once, whatever fails, and is found."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import threading
import time
import uuid
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pyarrow
import pytest

import assort
from assort._batches import by_pack
from assort._shards import Sharding
from assort._tables import columns
from assort.models import address
from assort.sharded import ShardedCatalog
from assort.spark import search

#: Rounds in which workers and executors are killed; the nightly command sets more.
ROUNDS = int(os.environ.get("ASSORT_KILL_ROUNDS", "1"))


@pytest.fixture(scope="module")
def rows(products: list[dict]) -> list[dict[str, Any]]:
    return [
        {"id": f"{at}-{row['id']}", "title": row["title"], "price": row["price"]}
        for at in range(5)
        for row in products
    ]


@pytest.fixture(scope="module")
def expected(pack: assort.Pack, rows: list[dict]) -> dict[str, tuple]:
    """What one process decides, by id."""
    filed = pack.classify(rows, attributes=["price"], top=1).to_arrow().to_pylist()
    return {row["id"]: (row["category_id"], row["confidence"]) for row in filed}


def sharding(
    url: str | Path, pack: assort.Pack, method: Any = "auto", rejects: Any = "fail"
) -> Sharding:
    named = columns("id", "title", None, None, ["price"])
    by = by_pack(pack.path, named, method, 0.0, None)
    return Sharding(address(url), uuid.uuid4().hex, by, rejects)


def batches(rows: list[dict]) -> list[pyarrow.RecordBatch]:
    return pyarrow.Table.from_pylist(rows).to_batches(max_chunksize=100)


def parts(rows: list[dict], count: int) -> list[list[dict]]:
    return [rows[at::count] for at in range(count)]


def decided(catalog: assort.Catalog, rows: list[dict]) -> dict[str, str]:
    """Categories that the catalog keeps, by id."""
    found: dict[str, str] = {}
    for row in rows:
        (like, *_) = catalog.search(row["title"], where=f'id = "{row["id"]}"', k=1)
        found[like["id"]] = like["category_id"]
    return found


def exact(url: str | Path, rows: list[dict], expected: dict[str, tuple], folder: Path) -> None:
    """Fails unless every row is there once, in one version, with its decision."""
    sharded = ShardedCatalog(url)
    version = sharded.last()
    assert version.products == len(rows), "rows are lost or there twice"
    catalog = sharded.restore(folder / uuid.uuid4().hex)
    assert len(catalog) == len(rows)
    some = rows[::41]
    assert decided(catalog, some) == {row["id"]: expected[row["id"]][0] for row in some}
    catalog.close()


def test_tasks_make_one_catalog(
    pack: assort.Pack, rows: list[dict], expected: dict[str, tuple], tmp_path: Path
) -> None:
    with pytest.raises(assort.errors.NotFound, match="no version"):
        ShardedCatalog(tmp_path / "store").last()
    job = sharding(tmp_path / "store", pack)
    job.make(batches(rows[:50]), 0)  # This attempt was killed before it told of its shard.
    told = [job.make(batches(part), at) for at, part in enumerate(parts(rows, 3))]
    told.append(job.make([], 3))
    assert told[3] is None
    job.commit(told, append=False)
    job.commit(told, append=False)  # The answer was lost.
    assert ShardedCatalog(tmp_path / "store").versions() == [1]
    exact(tmp_path / "store", rows, expected, tmp_path)
    with pytest.raises(assort.errors.InvalidInput, match="two shards have part 0"):
        sharding(tmp_path / "store", pack).commit([told[0], told[0]], append=True)
    more = sharding(tmp_path / "store", pack)
    new = [{"id": "new", "title": "garden hose", "price": "4"}, {**rows[0], "title": "felt hat"}]
    more.commit([more.make(batches(new), 0)], append=True)
    sharded = ShardedCatalog(tmp_path / "store")
    assert [sharded.last().number, sharded.last().products] == [2, len(rows) + 2]
    both = sharded.restore(tmp_path / "both")
    assert len(both) == len(rows) + 1
    assert both.search("felt hat", where=f'id = "{rows[0]["id"]}"')[0]["title"] == "felt hat"
    with pytest.raises(assort.errors.InvalidInput, match="a value after `<`"):
        search(None, "felt hat", tmp_path / "store", where="price <")
    with pytest.warns(UserWarning, match="attribute `pric`; `price` is the nearest"):
        # There is no session to search by, or no pyspark.
        with pytest.raises((AttributeError, ImportError)):
            search(None, "felt hat", tmp_path / "store", where="pric < 3")
    with pytest.raises(assort.errors.NotFound):
        search(None, "felt hat", tmp_path / "store", version=9)
    # One attempt lost its way.
    assert sharded.gc(older_than=timedelta(0)).shards == 1
    with pytest.raises(assort.errors.Exists):
        sharded.restore(tmp_path / "both")
    assert len(sharded.restore(tmp_path / "first", version=1)) == len(rows)


def test_rows_that_cannot_be_taken_fail_the_job_or_are_counted(
    pack: assort.Pack, tmp_path: Path
) -> None:
    rows = [{"id": "1", "title": "red kettle", "price": "1"}, {"id": None, "title": "hat", "price": "1"}]
    with pytest.raises(assort.errors.InvalidInput, match='1 rows of part 7 .*no id.*rejects="skip"'):
        sharding(tmp_path, pack).make(batches(rows), 7)
    assert not any(tmp_path.iterdir())
    job = sharding(tmp_path, pack, rejects="skip")
    job.commit([job.make(batches(rows), 7)], append=False)
    last = ShardedCatalog(tmp_path).last()
    assert (last.products, last.rejected, last.pack) == (1, 1, pack.digest)
    with pytest.raises(assort.errors.InvalidInput, match="no row"):
        sharding(tmp_path, pack).commit([None], append=False)
    for wrong, told in [({"rejects": "drop"}, "rejects"), ({"method": 3}, "method")]:
        with pytest.raises(assort.errors.InvalidInput, match=told):
            sharding(tmp_path, pack, **wrong).check(["id", "title", "price"])
    with pytest.raises(assort.errors.InvalidInput, match="no column `price`"):
        sharding(tmp_path, pack).check(["id", "title"])


@pytest.fixture(scope="module")
def spark() -> Iterator[Any]:
    from test_distributed import cluster

    yield from cluster()


def frame_of(spark: Any, rows: list[dict]) -> Any:
    return spark.createDataFrame(rows, "id string, title string, price string")


def write(frame: Any, url: str | Path, pack: assort.Pack, kind: str = "assort") -> None:
    writer = frame.write.format(kind).mode("append").option("model", pack.path)
    writer.option("id", "id").option("attributes", "price").save(str(url))


def test_spark_writes_what_one_process_stores_and_finds_it(
    spark: Any, pack: assort.Pack, rows: list[dict], expected: dict[str, tuple], tmp_path: Path
) -> None:
    from assort.spark import register

    register(spark)
    frame = frame_of(spark, rows).repartition(5, "id")
    write(frame, tmp_path / "store", pack)
    exact(tmp_path / "store", rows, expected, tmp_path)
    queries = ["copper kettle", "sun hat", "garden hose"]
    catalog = ShardedCatalog(tmp_path / "store").restore(tmp_path / "one")
    for where in (None, "price < 20"):
        found = search(spark, queries, tmp_path / "store", k=7, where=where)
        assert found.columns[:4] == ["query", "text", "rank", "id"]
        found = sorted(found.collect(), key=lambda row: (row["query"], row["rank"]))
        assert [row["rank"] for row in found] == [1, 2, 3, 4, 5, 6, 7] * 3
        for number, text in enumerate(queries):
            own = catalog.search(text, k=7, where=where)
            theirs = [row["similarity"] for row in found if row["query"] == number]
            assert theirs == pytest.approx([one["similarity"] for one in own], abs=2e-3)
    # Products that are there already are replaced.
    write(frame_of(spark, [{**rows[0], "title": "straw hat"}]), tmp_path / "store", pack)
    best = search(spark, "straw hat", tmp_path / "store", k=1).collect()[0]
    assert (best["id"], best["title"]) == (rows[0]["id"], "straw hat")
    old = search(spark, "straw hat", tmp_path / "store", k=1, version=1).collect()[0]
    assert old["title"] != "straw hat"
    with pytest.raises(Exception, match="no option `titel`"):
        frame.write.format("assort").mode("append").option("titel", "x").save(str(tmp_path / "a"))
    with pytest.raises(Exception, match="no column `price`"):
        write(frame.withColumnRenamed("price", "name"), tmp_path / "a", pack)


def test_sail_writes_what_one_process_stores_and_finds_it(
    pack: assort.Pack, rows: list[dict], expected: dict[str, tuple], tmp_path: Path
) -> None:
    from test_distributed import on_sail

    code = f"""
from assort.spark import register, search
register(spark)
frame = spark.createDataFrame(rows, "id string, title string, price string").repartition(4)
writer = frame.write.format("assort").mode("append").option("model", {pack.path!r})
writer.option("id", "id").option("attributes", "price").save({str(tmp_path / "store")!r})
found = search(spark, ["sun hat"], {str(tmp_path / "store")!r}, k=5).collect()
"""
    found = on_sail(code, rows)
    exact(tmp_path / "store", rows, expected, tmp_path)
    assert [row["rank"] for row in found] == [1, 2, 3, 4, 5]


def _executors() -> list[int]:
    return _listed("-f", "CoarseGrainedExecutorBackend --driver-url")


def _workers() -> list[int]:
    """Python's workers of executors: the driver has some, too, of which no other is made."""
    return [worker for executor in _executors() for worker in _listed("-P", str(executor))]


def _listed(*how: str) -> list[int]:
    listed = subprocess.run(["pgrep", *how], capture_output=True, text=True)
    return [int(one) for one in listed.stdout.split()]


def killing(folder: Path, job: Callable[[], None]) -> int:
    """Does a job while Python's workers and an executor are killed as soon as one has sent or
    committed something; gives how often."""
    done, kills = threading.Event(), []

    def kill() -> None:
        seen = 0
        while not done.wait(0.02) and len(kills) < 3:
            sent = len(list(folder.glob("shards/*"))) + len(list(folder.glob("versions/*.json")))
            if sent == seen:
                continue
            for process in _executors()[:1] if len(kills) == 1 else _workers():
                with contextlib.suppress(ProcessLookupError):
                    os.kill(process, signal.SIGKILL)
            kills.append(sent)
            seen = sent

    killer = threading.Thread(target=kill)
    killer.start()
    try:
        job()
    finally:
        done.set()
        killer.join()
    return len(kills)


def test_spark_stores_every_row_once_where_workers_and_executors_are_killed(
    spark: Any, pack: assort.Pack, rows: list[dict], expected: dict[str, tuple], tmp_path: Path
) -> None:
    from assort.spark import register

    register(spark)
    for round in range(ROUNDS):
        store = tmp_path / f"store-{round}"
        frame = frame_of(spark, rows).repartition(6, "id")
        assert killing(store, lambda frame=frame, store=store: write(frame, store, pack)) > 0
        assert ShardedCatalog(store).versions() == [1]
        exact(store, rows, expected, tmp_path)


def test_the_same_test_finds_a_sink_that_commits_by_itself(
    spark: Any, pack: assort.Pack, rows: list[dict], expected: dict[str, tuple], tmp_path: Path
) -> None:
    """A canary: every task of this sink makes a version of its own, under a random name."""
    from pyspark.sql.datasource import DataSource, DataSourceArrowWriter, WriterCommitMessage

    given = sharding(tmp_path / "store", pack)

    class Writer(DataSourceArrowWriter):
        def write(self, iterator: Any) -> WriterCommitMessage:
            own = given._replace(job=uuid.uuid4().hex)
            own.commit([own.make(iterator, 0)], append=True)
            time.sleep(1.0)
            return WriterCommitMessage()

    class Careless(DataSource):
        @classmethod
        def name(cls) -> str:
            return "careless"

        def writer(self, schema: Any, overwrite: bool) -> DataSourceArrowWriter:
            return Writer()

    spark.dataSource.register(Careless)
    frame = frame_of(spark, rows).repartition(6, "id")
    killing(tmp_path / "store", lambda: write(frame, tmp_path / "store", pack, "careless"))
    with pytest.raises(AssertionError, match="lost or there twice"):
        exact(tmp_path / "store", rows, expected, tmp_path)


def test_ray_writes_what_one_process_stores(
    pack: assort.Pack, rows: list[dict], expected: dict[str, tuple], tmp_path: Path
) -> None:
    ray = pytest.importorskip("ray", reason="not tested with Ray: no ray")
    pytest.importorskip("ray.data", reason="not tested with Ray: no ray[data]")
    from assort.ray import CatalogSink

    ray.init(num_cpus=2, log_to_driver=False, ignore_reinit_error=True)
    products = ray.data.from_arrow(pyarrow.Table.from_pylist(rows)).repartition(4)
    sink = CatalogSink(tmp_path / "store", model=pack.path, attributes=["price"])
    products.write_datasink(sink)
    exact(tmp_path / "store", rows, expected, tmp_path)
    with pytest.raises(Exception, match="no column `name`"):
        products.write_datasink(CatalogSink(tmp_path / "a", model=pack.path, title="name"))
    assert not (tmp_path / "a" / "versions").exists()
    ray.shutdown()
