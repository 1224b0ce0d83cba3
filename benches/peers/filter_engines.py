"""The databases that filters.py measures, each as a function (base, attributes, folder) -> Database.

All hold the vectors as they are (f32), under an HNSW graph with M 16 and ef_construction 200, and an index on every
attribute column; `folder` is an empty one to store the data in. Searches ask for one thread where that can be said.
"""

from dataclasses import dataclass
from typing import Callable

import numpy as np

from vector_files import K

M, EF_CONSTRUCTION = 16, 200
BATCH = 1000


@dataclass
class Database:
    # (vector, ef, case or None) -> a function without arguments that runs the search and returns row numbers
    prepare: Callable
    # what was built and how it is searched, for the report
    about: str


def qdrant_edge(base, attributes, folder):
    import qdrant_edge as qdrant

    graph = qdrant.HnswIndexConfig(m=M, ef_construct=EF_CONSTRUCTION, full_scan_threshold=10_000)
    shard = qdrant.EdgeShard.create(str(folder), qdrant.EdgeConfig(
        vectors=qdrant.EdgeVectorParams(size=base.shape[1], distance=qdrant.Distance.Dot),
        hnsw_config=graph,
        # One segment, indexed at any size: the default leaves small segments without a graph.
        optimizers=qdrant.EdgeOptimizersConfig(default_segment_number=1, indexing_threshold=1,
                                               max_segment_size=1 << 30),
        max_search_threads=1,
        wal_enabled=False,
    ))
    # Before the graph, which gets further links along indexed fields.
    for column in range(attributes.shape[1]):
        integer = qdrant.PayloadSchemaType.Integer
        shard.update(qdrant.UpdateOperation.create_field_index(field(column), integer))
    for start, rows in batches(base):
        points = [qdrant.Point(start + i, vector.tolist(), fields(attributes[start + i]))
                  for i, vector in enumerate(rows)]
        shard.update(qdrant.UpdateOperation.upsert_points(points))
    shard.optimize()

    def prepare(vector, ef, case):
        request = qdrant.SearchRequest(
            query=qdrant.Query.Nearest(vector.tolist()), limit=K, params=qdrant.SearchParams(hnsw_ef=ef),
            filter=case and qdrant.Filter(must=[qdrant.FieldCondition(
                key=field(case["column"]), range=qdrant.RangeFloat(gte=case["low"], lt=case["high"]))]))
        return lambda: [point.id for point in shard.search(request)]

    return Database(prepare, "HNSW, integer payload indexes")


def lancedb(base, attributes, folder):
    import lancedb
    import pyarrow
    from lancedb.index import BTree, HnswFlat

    columns = {"id": pyarrow.array(np.arange(len(base), dtype=np.int64)),
               "vector": pyarrow.FixedSizeListArray.from_arrays(pyarrow.array(base.ravel()), base.shape[1])}
    for column in range(attributes.shape[1]):
        columns[field(column)] = pyarrow.array(attributes[:, column].astype(np.int32))
    table = lancedb.connect(str(folder)).create_table("rows", pyarrow.table(columns))
    table.create_index("vector", config=HnswFlat(distance_type="dot", num_partitions=1, m=M,
                                                 ef_construction=EF_CONSTRUCTION))
    for column in range(attributes.shape[1]):
        table.create_index(field(column), config=BTree())

    def prepare(vector, ef, case):
        search = table.search(vector).ef(ef).limit(K).select(["id", "_distance"])
        if case:
            search = search.where(range_text(case), prefilter=True)
        return lambda: search.to_arrow()["id"].to_pylist()

    return Database(prepare, "IVF_HNSW_FLAT of one partition, BTREE indexes, prefilter")


def zvec(base, attributes, folder):
    import zvec

    zvec.init(log_level=zvec.LogLevel.ERROR, query_threads=1)
    inverted = zvec.InvertIndexParam(enable_range_optimization=True)
    graph = zvec.HnswIndexParam(metric_type=zvec.MetricType.IP, m=M, ef_construction=EF_CONSTRUCTION)
    schema = zvec.CollectionSchema(
        name="rows",
        fields=[zvec.FieldSchema(field(column), zvec.DataType.INT32, index_param=inverted)
                for column in range(attributes.shape[1])],
        vectors=[zvec.VectorSchema("vector", zvec.DataType.VECTOR_FP32, dimension=base.shape[1], index_param=graph)])
    path = str(folder / "rows")
    collection = zvec.create_and_open(path=path, schema=schema)
    for start, rows in batches(base):
        statuses = collection.insert([zvec.Doc(id=str(start + i), vectors={"vector": vector},
                                               fields=fields(attributes[start + i]))
                                      for i, vector in enumerate(rows)])
        if failed := [status for status in statuses if not status.ok()]:
            raise RuntimeError(f"insert: {failed[0]}")
    collection.optimize()
    collection.close()
    # The faster of its two ways to search needs a collection opened to read only, and answers with internal numbers.
    collection = zvec.open(path, zvec.CollectionOption(read_only=True))
    if collection.resolve_internal_ids(np.arange(len(base))) != [str(row) for row in range(len(base))]:
        raise RuntimeError("internal numbers are not those of the rows")

    def prepare(vector, ef, case):
        query = zvec.Query("vector", vector=vector, param=zvec.HnswQueryParam(ef=ef))
        where = case and range_text(case)

        def search():
            found = collection.query_internal_ids(query, topk=K, filter=where)
            return found[found >= 0]

        return search

    return Database(prepare, "HNSW, inverted indexes with range optimization")


def batches(base):
    for start in range(0, len(base), BATCH):
        yield start, base[start:start + BATCH]


def field(column):
    return f"c{column}"


def fields(values):
    return {field(column): int(value) for column, value in enumerate(values)}


def range_text(case):
    return f"{field(case['column'])} >= {case['low']} AND {field(case['column'])} < {case['high']}"


ENGINES = {"qdrant-edge": qdrant_edge, "lancedb": lancedb, "zvec": zvec}
