"""Filters on attributes in other engines, on the rows and filters of `cargo bench --bench attributes`.

    ASSORT_BENCH_FOLDER=/tmp/attributes cargo bench --bench attributes
    python benches/peers/attribute_engines.py /tmp/attributes

Each engine holds the same rows with an index on every attribute where it has such, and 64 coordinates by chance a row.
A search is for the ten nearest rows that match (DuckDB, which has no such index by itself, counts what matches), every
filter is new, and one thread is asked for where that can be said. Times are medians by kind of filter, in milliseconds.
"""

import csv
import json
import statistics
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import pyarrow as pa

DIMENSIONS, K = 64, 10


def grams(weight):
    number, unit = weight.split(" ")
    return float(number) * (1000 if unit == "kg" else 1)


def read(folder):
    columns = {name: [] for name in ("brand", "colour", "price", "grams", "stock", "released", "category")}
    with open(folder / "products.csv", newline="", encoding="utf-8") as file:
        for row in csv.DictReader(file):
            for name in ("brand", "colour", "released", "category"):
                columns[name].append(row[name])
            columns["price"].append(float(row["price"]))
            columns["stock"].append(int(row["stock"]))
            columns["grams"].append(grams(row["weight"]))
    filters = [json.loads(line) for line in open(folder / "filters.jsonl", encoding="utf-8")]
    return columns, filters


def duckdb(columns, _vectors, _folder):
    import duckdb as engine

    base = engine.connect()
    base.execute("SET threads = 1")
    table = pa.table({"row": np.arange(len(columns["stock"])), **columns})
    base.execute("CREATE TABLE rows AS SELECT * FROM table")
    return lambda _, sql: base.execute(f"SELECT count(*) FROM rows WHERE {sql}").fetchone()[0]


def lancedb(columns, vectors, folder):
    import lancedb as engine
    from lancedb.index import Bitmap, BTree, HnswFlat

    flat = pa.FixedSizeListArray.from_arrays(pa.array(vectors.ravel()), DIMENSIONS)
    table = pa.table({"row": np.arange(len(vectors)), "vector": flat, **columns})
    table = engine.connect(str(folder)).create_table("rows", table)
    table.create_index("vector", config=HnswFlat(distance_type="dot", num_partitions=1))
    for name in columns:
        table.create_index(name, config=Bitmap() if name in ("colour",) else BTree())

    def search(vector, sql):
        return table.search(vector).limit(K).select(["row"]).where(sql, prefilter=True).to_arrow().num_rows

    return search


def main():
    folder = Path(sys.argv[1])
    columns, filters = read(folder)
    random = np.random.default_rng(7)
    vectors = random.standard_normal((len(columns["stock"]), DIMENSIONS), dtype=np.float32)
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    for engine in (duckdb, lancedb):
        with tempfile.TemporaryDirectory() as place:
            begun = time.perf_counter()
            ask = engine(columns, vectors, Path(place))
            print(f"{engine.__name__}: made in {time.perf_counter() - begun:.0f} s", flush=True)
            ask(vectors[0], "stock = 1000")
            times = {}
            for asked in filters:
                vector = random.standard_normal(DIMENSIONS, dtype=np.float32)
                begun = time.perf_counter()
                ask(vector / np.linalg.norm(vector), asked["sql"])
                times.setdefault(asked["kind"], []).append(1e3 * (time.perf_counter() - begun))
            times["all"] = [one for kind in times.values() for one in kind]
            for kind, kept in times.items():
                print(f"{engine.__name__:13} {kind:30} p50 {statistics.median(kept):8.2f} ms", flush=True)


if __name__ == "__main__":
    main()
