"""The libraries that compare.py measures, each as a function (base, settings) -> Index."""

import os
from dataclasses import dataclass
from typing import Callable

import numpy as np

from vector_files import K


@dataclass
class Index:
    search: Callable  # (queries, ef, threads) -> ids, one row per query
    save: Callable  # (path): writes the index to a file, or to a folder of that name


def hnswlib(base, settings):
    from hnswlib import Index as Graph

    graph = Graph("ip", base.shape[1])
    graph.init_index(len(base), M=settings.m, ef_construction=settings.ef_construction)
    graph.add_items(base, num_threads=settings.threads)

    def search(queries, ef, threads):
        graph.set_ef(ef)
        return graph.knn_query(queries, k=K, num_threads=threads)[0]

    return Index(search, graph.save_index)


def usearch(kind, metric):
    def build(base, settings):
        from usearch.index import Index as Graph

        graph = Graph(ndim=base.shape[1], metric=metric, dtype=kind, connectivity=settings.m,
                      expansion_add=settings.ef_construction)
        graph.add(np.arange(len(base)), base, threads=settings.threads)

        def search(queries, ef, threads):
            graph.expansion_search = ef
            return graph.search(queries, K, threads=threads).keys

        return Index(search, graph.save)

    return build


def faiss(base, settings):
    import faiss

    faiss.omp_set_num_threads(settings.threads)
    graph = faiss.IndexHNSWFlat(base.shape[1], settings.m, faiss.METRIC_INNER_PRODUCT)
    graph.hnsw.efConstruction = settings.ef_construction
    graph.add(base)

    def search(queries, ef, threads):
        faiss.omp_set_num_threads(threads)
        graph.hnsw.efSearch = ef
        return graph.search(queries, K)[1]

    return Index(search, lambda path: faiss.write_index(graph, path))


def scann(base, settings):
    """Leaves to search stand for ef, and more candidates are scored again as they grow."""
    from scann import scann_ops_pybind

    leaves = 2 * int(len(base) ** 0.5)
    searcher = (
        scann_ops_pybind.builder(base, K, "dot_product")
        .set_n_training_threads(settings.threads)
        .tree(num_leaves=leaves, num_leaves_to_search=100, training_sample_size=min(len(base), 100_000))
        .score_ah(2, anisotropic_quantization_threshold=0.2)
        .reorder(100)
        .build()
    )
    searcher.set_num_threads(settings.threads)

    def search(queries, ef, threads):
        effort = {"final_num_neighbors": K, "leaves_to_search": min(ef, leaves), "pre_reorder_num_neighbors": 60 + ef}
        if threads == 1:
            return [searcher.search(query, **effort)[0] for query in queries]
        return searcher.search_batched_parallel(queries, **effort)[0]

    def save(path):
        os.makedirs(path)
        searcher.serialize(path)

    return Index(search, save)


def symphonyqg(base, settings):
    """As many links as the graphs have on their lowest level, beside codes of one bit of the rows they lead to."""
    from rabitqlib import SymqgIndex

    graph = SymqgIndex(base.shape[1], 2 * settings.m, "l2", 0)
    graph.build(base, settings.ef_construction, settings.threads)

    def search(queries, ef, threads):
        return graph.search(queries, K, ef, threads)[0]

    return Index(search, graph.save)


MODULES = {"hnswlib": "hnswlib", "usearch": "usearch.index", "usearch-i8": "usearch.index", "faiss": "faiss",
           "scann": "scann", "symphonyqg": "rabitqlib"}
ENGINES = {"hnswlib": hnswlib, "usearch": usearch("f32", "ip"), "usearch-i8": usearch("i8", "cos"), "faiss": faiss,
           "scann": scann, "symphonyqg": symphonyqg}
HNSW = ("hnswlib", "usearch", "usearch-i8", "faiss")
