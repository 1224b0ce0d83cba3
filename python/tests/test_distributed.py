"""Spark, Sail, Ray and others file row for row as one process does, whatever fails."""

from __future__ import annotations

import csv
import json
import os
import random
import re
import signal
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pyarrow
import pyarrow.parquet
import pytest

import assort

#: Rounds in which workers are killed; the nightly command sets more.
ROUNDS = int(os.environ.get("ASSORT_KILL_ROUNDS", "1"))


@pytest.fixture(scope="module")
def rows(products: list[dict]) -> list[dict[str, Any]]:
    """Products of several partitions, some without a title."""
    many = [{**row, "id": f"{at}-{row['id']}"} for at in range(10) for row in products]
    for row in many[::97]:
        row["title"] = None
    return [{name: row[name] for name in ("id", "title", "price")} for row in many]


@pytest.fixture(scope="module")
def expected(pack: assort.Pack, rows: list[dict]) -> dict[str, tuple]:
    """What one process says, by id."""
    filed = pack.classify(rows, attributes=["price"], top=1, missing="null").to_arrow()
    return decided(filed.to_pylist())


def decided(rows: list[dict[str, Any]]) -> dict[str, tuple]:
    """What rows say was decided, by id."""
    return {
        row["id"]: (row["category_id"], row["category"], row["confidence"], row["is_calibrated"])
        for row in rows
    }


def same(found: list[dict[str, Any]], expected: dict[str, tuple], pack: assort.Pack) -> None:
    """Fails unless every row is there once, and says the same to the last bit."""
    assert len(found) == len(expected)
    assert decided(found) == expected
    assert {row["pack"] for row in found} == {pack.digest}


def test_the_command_line_says_the_same(
    pack: assort.Pack, rows: list[dict], expected: dict[str, tuple], tmp_path: Path
) -> None:
    with open(tmp_path / "products.csv", "w", newline="") as file:
        writer = csv.DictWriter(file, ["id", "title", "price"])
        writer.writeheader()
        writer.writerows(row for row in rows if row["title"])
    command = [sys.executable, "-m", "assort", "classify", pack.path, "products.csv"]
    command += ["--attr", "price", "--format", "csv", "-o", "filed.csv"]
    assert subprocess.run(command, cwd=tmp_path).returncode == 0
    with open(tmp_path / "filed.csv") as file:
        found = list(csv.DictReader(file))
    filed = {id: decision for id, decision in expected.items() if decision[1] is not None}
    assert len(found) == len(filed)
    for row in found:
        category_id, _, confidence, _ = filed[row["id"]]
        assert row["category_id"] == category_id and row["pack"] == pack.digest
        assert float(row["confidence"]) == pytest.approx(confidence, abs=6e-5)


def cluster() -> Iterator[Any]:
    """A session on two executors, with speculation."""
    pyspark = pytest.importorskip("pyspark", reason="not tested with Spark: no pyspark")
    if not (Path(pyspark.__file__).parent / "jars").is_dir():
        pytest.skip("not tested with Spark: pyspark is the client alone")
    sql = pytest.importorskip("pyspark.sql")
    os.environ["PYSPARK_PYTHON"] = sys.executable
    os.environ.setdefault("SPARK_LOCAL_IP", "127.0.0.1")
    session = (
        sql.SparkSession.builder.master("local-cluster[2,1,1024]")
        .config("spark.ui.enabled", "false")
        .config("spark.task.maxFailures", "20")
        .config("spark.speculation", "true")
        .config("spark.sql.execution.arrow.maxRecordsPerBatch", "100")
        .config("spark.executorEnv.PYTHONPATH", os.pathsep.join(sys.path))
        .config("spark.executorEnv.ASSORT_PACKS", os.environ["ASSORT_PACKS"])
        .getOrCreate()
    )
    yield session
    session.stop()


@pytest.fixture(scope="module")
def spark() -> Iterator[Any]:
    yield from cluster()


def test_spark_files_as_one_process_does(
    spark: Any, pack: assort.Pack, rows: list[dict], expected: dict[str, tuple]
) -> None:
    from assort.spark import classify

    frame = spark.createDataFrame(rows, "id string, title string, price string").repartition(6)
    filed = classify(frame, pack.path, attributes=["price"])
    assert filed.columns[-5:] == ["category_id", "category", "confidence", "is_calibrated", "pack"]
    same([row.asDict() for row in filed.collect()], expected, pack)
    with pytest.raises(assort.errors.InvalidInput, match="no column `name`"):
        classify(frame, pack.path, title="name")
    with pytest.raises(assort.errors.InvalidInput, match="`pack` already"):
        classify(filed.drop("category_id", "category", "confidence", "is_calibrated"), pack.path)


def _workers() -> list[int]:
    """Processes of Spark's Python workers."""
    listed = subprocess.run(["pgrep", "-f", "pyspark.*daemon"], capture_output=True, text=True)
    return [int(one) for one in listed.stdout.split()]


def test_spark_gives_the_same_where_workers_are_killed(
    spark: Any, pack: assort.Pack, rows: list[dict], expected: dict[str, tuple]
) -> None:
    from assort.spark import classify

    for _ in range(ROUNDS):
        frame = spark.createDataFrame(rows, "id string, title string, price string")
        filed = classify(frame.repartition(12), pack.path, attributes=["price"])
        found: list[Any] = []
        job = threading.Thread(target=lambda filed=filed, found=found: found.extend(filed.collect()))
        job.start()
        killed = 0
        while job.is_alive() and killed < 3:
            time.sleep(random.uniform(0.2, 0.6))
            for worker in _workers()[:1]:
                os.kill(worker, signal.SIGKILL)
                killed += 1
        job.join()
        assert killed > 0
        same([row.asDict() for row in found], expected, pack)


def on_sail(code: str, rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """What lines of code find in a session on Sail; they are given `spark` and `rows`."""
    pytest.importorskip("pysail", reason="not tested with Sail: no pysail")
    pyspark = pytest.importorskip("pyspark", reason="not tested with Sail: no pyspark")
    if not pyspark.__version__.startswith("4.1"):
        pytest.skip(f"not tested with Sail: it does not know pyspark {pyspark.__version__}")
    begin = """
import json, sys
from pysail.spark import SparkConnectServer
from pyspark.sql import SparkSession
server = SparkConnectServer(ip="127.0.0.1", port=0)
server.start(background=True)
spark = SparkSession.builder.remote("sc://127.0.0.1:%d" % server.listening_address[1]).getOrCreate()
rows = json.load(sys.stdin)
"""
    end = "\nprint(json.dumps([row.asDict() for row in found]))"
    ran = subprocess.run(
        [sys.executable, "-c", begin + code + end], input=json.dumps(rows), capture_output=True,
        text=True, timeout=300,
    )
    assert ran.returncode == 0, ran.stderr[-2000:]
    found: list[dict[str, Any]] = json.loads(ran.stdout.splitlines()[-1])
    return found


def test_sail_files_as_one_process_does(
    pack: assort.Pack, rows: list[dict], expected: dict[str, tuple]
) -> None:
    code = f"""
from assort.spark import classify
frame = spark.createDataFrame(rows, "id string, title string, price string").repartition(4)
found = classify(frame, {pack.path!r}, attributes=["price"]).collect()
"""
    same(on_sail(code, rows), expected, pack)


@pytest.fixture(scope="module")
def ray() -> Iterator[Any]:
    ray = pytest.importorskip("ray", reason="not tested with Ray: no ray")
    pytest.importorskip("ray.data", reason="not tested with Ray: no ray[data]")
    from ray.cluster_utils import Cluster

    cluster = Cluster(initialize_head=True, head_node_args={"num_cpus": 1})
    cluster.add_node(num_cpus=1)
    ray.init(address=cluster.address, log_to_driver=False)
    yield ray
    ray.shutdown()
    cluster.shutdown()


def test_ray_files_as_one_process_does(
    ray: Any, pack: assort.Pack, rows: list[dict], expected: dict[str, tuple]
) -> None:
    from assort.ray import Classifier

    assert len(ray.nodes()) == 2
    products = ray.data.from_arrow(pyarrow.Table.from_pylist(rows)).repartition(6)
    filed = products.map_batches(
        Classifier,
        batch_format="pyarrow",
        concurrency=1,
        fn_constructor_kwargs={"model": pack.path, "attributes": ["price"]},
    )
    same(filed.take_all(), expected, pack)


def test_what_is_no_frame_of_theirs_is_told(pack: assort.Pack) -> None:
    pandas = pytest.importorskip("pandas")
    from assort.ray import Classifier
    from assort.spark import classify

    frame = pandas.DataFrame({"title": ["red kettle"]})
    with pytest.raises(assort.errors.InvalidInput, match="batch_format"):
        Classifier(pack.path)(frame)
    with pytest.raises(assort.errors.InvalidInput, match="of Spark should be here, not DataFrame"):
        classify(frame, pack.path)
    with pytest.raises(assort.errors.InvalidInput, match="between 0 and 1"):
        Classifier(pack.path, min_confidence=95)(pyarrow.table({"title": ["a"]}))


def documented(engine: str, model: str, **names: Any) -> dict[str, Any]:
    """What there is after the lines of docs/distributed.md on an engine."""
    page = Path(__file__).parents[2] / "docs" / "distributed.md"
    block = page.read_text().split("```python\n")[1].split("```")[0]
    [lines] = [part for part in re.split("^# ", block, flags=re.M) if part.startswith(engine)]
    lines = re.sub('"[^"]*/shop.pack"', repr(model), lines.partition("\n")[2])
    exec(lines, names)
    return names


@pytest.fixture(scope="module")
def by_title(pack: assort.Pack, rows: list[dict]) -> dict[str, tuple]:
    """What one process says by titles alone, by id."""
    return decided(pack.classify(rows, missing="null").to_arrow().to_pylist())


def test_dask_files_as_one_process_does(
    pack: assort.Pack, rows: list[dict], by_title: dict[str, tuple]
) -> None:
    reason = "not tested with Dask: no dask[dataframe]"
    dask = pytest.importorskip("dask.dataframe", reason=reason)
    import pandas

    frame = dask.from_pandas(pandas.DataFrame(rows), npartitions=6)
    filed = documented("Dask", pack.path, frame=frame, pyarrow=pyarrow)["filed"]
    for scheduler in ("threads", "processes"):
        found = filed.compute(scheduler=scheduler, num_workers=2)
        same(pyarrow.Table.from_pandas(found).to_pylist(), by_title, pack)


def test_daft_files_as_one_process_does(
    pack: assort.Pack, rows: list[dict], by_title: dict[str, tuple], monkeypatch: pytest.MonkeyPatch
) -> None:
    # It tells its makers of its use unless that is forbidden.
    monkeypatch.setenv("DO_NOT_TRACK", "1")
    daft = pytest.importorskip("daft", reason="not tested with Daft: no daft")
    frame = daft.from_arrow(pyarrow.Table.from_pylist(rows)).into_batches(300)
    names = documented("Daft", pack.path, frame=frame, daft=daft, pyarrow=pyarrow)
    same(names["filed"].to_pylist(), by_title, pack)


def test_polars_files_by_a_line(
    pack: assort.Pack, rows: list[dict], by_title: dict[str, tuple]
) -> None:
    polars = pytest.importorskip("polars", reason="not tested with Polars: no polars")
    frame = polars.DataFrame([row for row in rows if row["title"]])
    filed = documented("Polars", pack.path, frame=frame, assort=assort)["filed"]
    found = decided(filed.to_dicts())
    assert found == {row["id"]: by_title[row["id"]] for row in rows if row["title"]}


def test_duckdb_files_by_a_line(
    pack: assort.Pack, rows: list[dict], by_title: dict[str, tuple]
) -> None:
    duckdb = pytest.importorskip("duckdb", reason="not tested with DuckDB: no duckdb")
    products = pyarrow.Table.from_pylist([row for row in rows if row["title"]])
    names = documented("DuckDB", pack.path, products=products, pack=pack, duckdb=duckdb)
    titled = [by_title[row["id"]] for row in rows if row["title"]]
    assert dict(names["counts"].fetchall()) == Counter(category for _, category, *_ in titled)
    assert list(decided(names["decisions"].to_arrow().to_pylist()).values()) == titled
