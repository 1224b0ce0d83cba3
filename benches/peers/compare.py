#!/usr/bin/env python3
"""Compares Assort's index with other libraries: build time, memory, size, and queries per second at equal recall.

usage: compare.py DIR [DIR ...] [--assort "CMD"] [--runs 3] [--m 16] [--ef-construction 200] [--threads 2]
                  [--only hnswlib,usearch,usearch-i8,faiss,scann,symphonyqg] [--out results.jsonl] [--svg plot.svg]
       compare.py --from results.jsonl [--svg plot.svg]
needs: Linux, numpy, and those of hnswlib, usearch, faiss-cpu, scann-core, rabitqlib (and matplotlib for --svg) that are
       wanted

DIR holds base.fbin, query.fbin and truth.ibin (see README.md). Every engine runs in a process of its own, in turn,
for --runs rounds. CMD gets DIR --json --m M --ef-construction E --threads T and prints, as the engines here do, one
JSON line per point: {"engine","builder","build_s","bytes_per_vector","rss_mb","ef","recall","qps","threads"}.
An empty CMD leaves Assort out. rss_mb is what building and searching added to a process that already held the base
rows, so a copy of them counts; bytes_per_vector is the size of the saved index over the number of rows.
"""

import argparse
import importlib
import shlex
import sys
import tempfile
import time
from pathlib import Path
from statistics import median

from ann_engines import ENGINES, MODULES
from ann_report import plot, report
from harness import collect, print_line, print_skipped, read_lines
from vector_files import read_folder, recall

EFS = (10, 20, 40, 60, 80, 120, 160, 240, 320, 480)
POINT = ("ef", "recall", "qps", "threads")
PASSES, SECONDS = 3, 0.5


def main():
    parser = argparse.ArgumentParser(usage=__doc__.split("usage: ")[1].split("needs:")[0].rstrip())
    parser.add_argument("folders", nargs="*", metavar="DIR")
    parser.add_argument("--assort", default="cargo bench --quiet --bench ann --", metavar="CMD")
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--m", type=int, default=16)
    parser.add_argument("--ef-construction", type=int, default=200)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--only", default=",".join(ENGINES), help="engines to compare with, by commas")
    parser.add_argument("--out", help="file for the raw lines")
    parser.add_argument("--from", dest="earlier", help="report on the raw lines of an earlier run")
    parser.add_argument("--svg", help="file for a plot of recall and queries per second")
    parser.add_argument("--one", help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    names = [name for name in arguments.only.split(",") if name]
    if unknown := set(names) - set(ENGINES):
        parser.error(f"unknown engine {', '.join(sorted(unknown))}")
    if bool(arguments.folders) == bool(arguments.earlier):
        parser.error("give folders to measure, or --from with earlier lines")

    if arguments.one:
        measure(arguments.one, arguments.folders[0], arguments)
        return
    if arguments.earlier:
        lines = read_lines(arguments.earlier)
    else:
        lines = collect(arguments.folders, lambda folder: commands(names, folder, arguments), arguments.runs,
                        arguments.out)
    points = [line for line in lines if all(field in line for field in POINT)]
    report(points)
    print_skipped(lines)
    if arguments.svg and points:
        plot(points, arguments.svg)


def commands(names, folder, arguments):
    settings = ["--m", str(arguments.m), "--ef-construction", str(arguments.ef_construction),
                "--threads", str(arguments.threads)]
    ours = {"assort": [*shlex.split(arguments.assort), str(folder), "--json", *settings]} if arguments.assort else {}
    return ours | {name: [sys.executable, __file__, "--one", name, str(folder), *settings] for name in names}


def measure(name, folder, settings):
    """Builds one engine's index and prints its points; the lines come last, as each carries the memory at the end."""
    try:
        importlib.import_module(MODULES[name])  # so that loading the library counts neither as building nor as memory
    except ImportError as error:
        print_line({"engine": name, "skipped": str(error)})
        return
    base, queries, truth = read_folder(folder)
    before = resident_mb()
    start = time.perf_counter()
    try:
        index = ENGINES[name](base, settings)
    except Exception as error:
        print_line({"engine": name, "skipped": f"{type(error).__name__}: {error}"})
        return
    build = time.perf_counter() - start

    points = []
    for threads in sorted({1, settings.threads}):
        for ef in EFS:
            found = index.search(queries, ef, threads)
            qps = len(queries) / pass_seconds(lambda: index.search(queries, ef, threads))
            points.append({"ef": ef, "recall": round(recall(found, truth), 4), "qps": round(qps, 1),
                           "threads": threads})
    added = resident_mb() - before
    size = saved_bytes(index) / len(base)
    for point in points:
        print_line({"engine": name, "builder": name, "build_s": round(build, 2), "bytes_per_vector": round(size, 1),
                    "rss_mb": round(added, 1), **point})


def pass_seconds(search_all):
    """The median time of a pass over all queries: of 3 passes, or of as many as fill half a second."""
    passes = []
    while len(passes) < PASSES or sum(passes) < SECONDS:
        start = time.perf_counter()
        search_all()
        passes.append(time.perf_counter() - start)
    return median(passes)


def resident_mb():
    status = Path("/proc/self/status").read_text()
    return int(status.split("VmRSS:")[1].split()[0]) / 1024


def saved_bytes(index):
    with tempfile.TemporaryDirectory() as folder:
        index.save(str(Path(folder) / "index"))
        return sum(path.stat().st_size for path in Path(folder).rglob("*") if path.is_file())


if __name__ == "__main__":
    main()
