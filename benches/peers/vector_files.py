"""The folder a comparison reads: base.fbin, query.fbin, truth.ibin, and how answers are judged against it.

A matrix file holds u32 rows, u32 columns, then the values row by row, little endian: f32 in .fbin, u32 in .ibin.
"""

from pathlib import Path

import numpy as np

K = 10
FLOATS, INTEGERS = "<f4", "<u4"


def shape(path):
    rows, columns = np.fromfile(path, INTEGERS, count=2)
    return int(rows), int(columns)


def read(path):
    kind = FLOATS if Path(path).suffix == ".fbin" else INTEGERS
    values = np.fromfile(path, kind, offset=8)
    return values.reshape(shape(path))


def write(path, matrix):
    kind = FLOATS if Path(path).suffix == ".fbin" else INTEGERS
    with open(path, "wb") as file:
        np.array(matrix.shape, INTEGERS).tofile(file)
        np.ascontiguousarray(matrix, kind).tofile(file)


def read_folder(folder):
    """Base rows, queries, and for each query its K nearest rows by inner product."""
    folder = Path(folder)
    truth = read(folder / "truth.ibin")
    if truth.shape[1] < K:
        raise SystemExit(f"{folder / 'truth.ibin'} has {truth.shape[1]} columns, needs {K}")
    return read(folder / "base.fbin"), read(folder / "query.fbin"), truth[:, :K]


def recall(found, truth):
    """Mean share of each query's true rows that were found; a query without true rows counts as answered."""
    shares = [len(set(map(int, got)) & set(map(int, want))) / max(1, len(want)) if len(want) else 1.0
              for got, want in zip(found, truth)]
    return float(np.mean(shares))
