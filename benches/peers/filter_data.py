#!/usr/bin/env python3
"""Adds attributes and a grid of filters to a folder of vectors: attributes.ibin and filters.jsonl.

usage: filter_data.py DIR [--anchors 8] [--queries 100] [--seed 0]
needs: numpy

DIR holds base.fbin and query.fbin (see README.md). Every attribute is a rank, so that the range [low, high) of a
column holds exactly high - low rows. Column 0 is a random rank; column i is the rank of the row by similarity to
anchor i, a random base row, the most similar row first. A line of filters.jsonl is a cell of the grid,
{"correlation","selectivity","cases":[{"query","column","low","high"}]}, where the filter
  random          takes rows without regard to the query,
  correlated      takes the rows most similar to the query's own anchor, the one it is most similar to,
  anticorrelated  takes the rows least similar to it.
"""

import argparse
import json
from pathlib import Path

import numpy as np

from vector_files import read, write

SELECTIVITIES = (1, 0.1, 0.01, 0.001, 0.0001)
CORRELATIONS = ("random", "correlated", "anticorrelated")


def main():
    parser = argparse.ArgumentParser(usage=__doc__.split("usage: ")[1].split("needs:")[0].rstrip())
    parser.add_argument("folder", type=Path, metavar="DIR")
    parser.add_argument("--anchors", type=int, default=8)
    parser.add_argument("--queries", type=int, default=100)
    parser.add_argument("--seed", type=int, default=0)
    arguments = parser.parse_args()
    base, queries = read(arguments.folder / "base.fbin"), read(arguments.folder / "query.fbin")
    chance = np.random.default_rng(arguments.seed)

    anchors = base[chance.choice(len(base), arguments.anchors, replace=False)]
    attributes = np.empty((len(base), 1 + arguments.anchors), np.uint32)
    attributes[:, 0] = chance.permutation(len(base))
    for column, anchor in enumerate(anchors, start=1):
        attributes[np.argsort(-(base @ anchor), kind="stable"), column] = np.arange(len(base))
    write(arguments.folder / "attributes.ibin", attributes)

    chosen = np.sort(chance.choice(len(queries), min(arguments.queries, len(queries)), replace=False))
    own_columns = 1 + np.argmax(queries[chosen] @ anchors.T, axis=1)
    with open(arguments.folder / "filters.jsonl", "w") as file:
        for correlation in CORRELATIONS:
            for selectivity in SELECTIVITIES:
                cases = [case(int(query), int(own), correlation, selectivity, len(base))
                         for query, own in zip(chosen, own_columns)]
                print(json.dumps({"correlation": correlation, "selectivity": selectivity, "cases": cases}), file=file)


def case(query, own_column, correlation, selectivity, rows):
    matches = max(1, round(selectivity * rows))
    low = rows - matches if correlation == "anticorrelated" else 0
    return {"query": query, "column": 0 if correlation == "random" else own_column, "low": low, "high": low + matches}


if __name__ == "__main__":
    main()
