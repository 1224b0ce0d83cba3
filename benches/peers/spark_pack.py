"""What Spark costs beside filing: titles a second of one core, in this process and by one
and two workers of Spark, on what `cargo bench --bench pack` left.

ASSORT_THREADS=1 python benches/peers/spark_pack.py [FOLDER [TITLES]]
"""

from __future__ import annotations

import os
import sys
import time
from pathlib import Path

import pyarrow
import pyarrow.parquet
from pyspark.sql import SparkSession

import assort
from assort.spark import classify


def spark_rate(cores: int, folder: Path, products: Path, count: int, method: str) -> float:
    session = (
        SparkSession.builder.master(f"local[{cores}]")
        .config("spark.ui.enabled", "false")
        .config("spark.sql.files.maxPartitionBytes", "1m")
        .getOrCreate()
    )
    frame = session.read.parquet(str(products)).repartition(4 * cores)
    warm = classify(frame.limit(2 * cores), folder / "shop.pack", method=method)
    warm.write.format("noop").mode("overwrite").save()
    began = time.perf_counter()
    filed = classify(frame, folder / "shop.pack", method=method)
    filed.write.format("noop").mode("overwrite").save()
    spent = time.perf_counter() - began
    session.stop()
    return count / spent


def main() -> None:
    os.environ.setdefault("PYSPARK_PYTHON", sys.executable)
    folder = Path(sys.argv[1] if len(sys.argv) > 1 else "target/tmp/pack").absolute()
    count = int(sys.argv[2]) if len(sys.argv) > 2 else 100_000
    titles = (folder / "titles.txt").read_text().split("\n")[:count]
    table = pyarrow.table({"title": titles})
    products = folder / "titles.parquet"
    pyarrow.parquet.write_table(table, products)
    pack = assort.Pack(folder / "shop.pack")
    print("| method | one process, a core | Spark, 1 worker | Spark, 2 workers |")
    print("|---|---|---|---|")
    for method in ("auto", "head"):
        began = time.perf_counter()
        pack.classify(table, method=method, top=1, progress=False)
        own = len(titles) / (time.perf_counter() - began)
        one, two = (spark_rate(cores, folder, products, len(titles), method) for cores in (1, 2))
        print(f"| {method} | {own:,.0f} | {one:,.0f} | {two:,.0f} |")


if __name__ == "__main__":
    main()
