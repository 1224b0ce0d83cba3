"""Filters on attributes in other engines, on the rows and filters of `cargo bench --bench attributes`.

    ASSORT_BENCH_FOLDER=/tmp/attributes cargo bench --bench attributes
    python benches/peers/attribute_engines.py /tmp/attributes [ENGINE ...]

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

DIMENSIONS, K, BATCH = 64, 10, 1000


def grams(weight):
    number, unit = weight.split(" ")
    return float(number) * (1000 if unit == "kg" else 1)


def read(folder):
    columns = {name: [] for name in ("brand", "colour", "price", "grams", "stock", "released", "branch")}
    with open(folder / "products.csv", newline="", encoding="utf-8") as file:
        for row in csv.DictReader(file):
            for name in ("brand", "colour", "released"):
                columns[name].append(row[name])
            columns["branch"].append(row["category"].partition(" > ")[0])
            columns["price"].append(float(row["price"]))
            columns["stock"].append(int(row["stock"]))
            columns["grams"].append(grams(row["weight"]))
    filters = [json.loads(line) for line in open(folder / "filters.jsonl", encoding="utf-8")]
    return columns, filters


def duckdb(columns, _vectors, _folder):
    import duckdb as engine

    base = engine.connect()
    base.execute("SET threads = 1")
    base.register("given", pa.table({"row": np.arange(len(columns["stock"])), **columns}))
    base.execute("CREATE TABLE rows AS SELECT * FROM given")
    return lambda _, asked: base.execute(f"SELECT count(*) FROM rows WHERE {asked['sql']}").fetchone()[0]


def lancedb(columns, vectors, folder):
    import lancedb as engine
    from lancedb.index import Bitmap, BTree, HnswFlat

    flat = pa.FixedSizeListArray.from_arrays(pa.array(vectors.ravel()), DIMENSIONS)
    table = pa.table({"row": np.arange(len(vectors)), "vector": flat, **columns})
    table = engine.connect(str(folder)).create_table("rows", table)
    table.create_index("vector", config=HnswFlat(distance_type="dot", num_partitions=1))
    for name in columns:
        table.create_index(name, config=Bitmap() if name in ("colour",) else BTree())

    def search(vector, asked):
        return table.search(vector).limit(K).select(["row"]).where(asked["sql"], prefilter=True).to_arrow().num_rows

    return search


def qdrant_edge(columns, vectors, folder):
    import qdrant_edge as engine

    kinds = engine.PayloadSchemaType
    kinds = {"price": kinds.Float, "grams": kinds.Float, "stock": kinds.Integer, "released": kinds.Datetime}
    graph = engine.HnswIndexConfig(m=16, ef_construct=100, full_scan_threshold=10_000)
    shard = engine.EdgeShard.create(str(folder), engine.EdgeConfig(
        vectors=engine.EdgeVectorParams(size=DIMENSIONS, distance=engine.Distance.Dot),
        hnsw_config=graph,
        optimizers=engine.EdgeOptimizersConfig(default_segment_number=1, indexing_threshold=1, max_segment_size=1 << 30),
        max_search_threads=1,
        wal_enabled=False,
    ))
    for name in columns:
        kind = kinds.get(name, engine.PayloadSchemaType.Keyword)
        shard.update(engine.UpdateOperation.create_field_index(name, kind))
    for start in range(0, len(vectors), BATCH):
        rows = range(start, min(start + BATCH, len(vectors)))
        points = [engine.Point(row, vectors[row].tolist(), {name: values[row] for name, values in columns.items()})
                  for row in rows]
        shard.update(engine.UpdateOperation.upsert_points(points))
    shard.optimize()

    def condition(tree):
        """A filter of nested lists as one of the engine's conditions."""
        what, *parts = tree
        if what in ("and", "or"):
            return engine.Filter(**{{"and": "must", "or": "should"}[what]: [condition(part) for part in parts]})
        if what == "not":
            return engine.Filter(must_not=[condition(parts[0])])
        name = parts[0]
        if what == "in":
            return engine.FieldCondition(name, match=engine.MatchAny(parts[1]))
        if what == "since":
            return engine.FieldCondition(name, range=engine.RangeDateTime(gte=parts[1]))
        ranges = {"between": ("gte", "lte"), "below": ("lt",), "above": ("gt",)}[what]
        return engine.FieldCondition(name, range=engine.RangeFloat(**dict(zip(ranges, map(float, parts[1:])))))

    def search(vector, asked):
        wanted = engine.Filter(must=[condition(asked["tree"])])
        query = engine.Query.Nearest(vector.tolist())
        return len(shard.search(engine.SearchRequest(query=query, limit=K, filter=wanted)))

    return search


def main():
    folder = Path(sys.argv[1])
    columns, filters = read(folder)
    random = np.random.default_rng(7)
    vectors = random.standard_normal((len(columns["stock"]), DIMENSIONS), dtype=np.float32)
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    for engine in (duckdb, lancedb, qdrant_edge):
        if engine.__name__ not in (sys.argv[2:] or engine.__name__):
            continue
        with tempfile.TemporaryDirectory() as place:
            begun = time.perf_counter()
            ask = engine(columns, vectors, Path(place))
            print(f"{engine.__name__}: made in {time.perf_counter() - begun:.0f} s", flush=True)
            ask(vectors[0], {"sql": "stock = 1000", "tree": ["between", "stock", 1000, 1000]})
            times = {}
            for asked in filters:
                vector = random.standard_normal(DIMENSIONS, dtype=np.float32)
                begun = time.perf_counter()
                ask(vector / np.linalg.norm(vector), asked)
                times.setdefault(asked["kind"], []).append(1e3 * (time.perf_counter() - begun))
            times["all"] = [one for kind in times.values() for one in kind]
            for kind, kept in times.items():
                print(f"{engine.__name__:13} {kind:30} p50 {statistics.median(kept):8.2f} ms", flush=True)


if __name__ == "__main__":
    main()
