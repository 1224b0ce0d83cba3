#!/usr/bin/env python3
"""Compares Assort's filtered search with other embedded databases over a grid of filters.

usage: filters.py DIR [DIR ...] [--only qdrant-edge,lancedb,zvec] [--assort "CMD"] [--runs 3] [--out FILE]
       filters.py --from FILE
needs: Linux, numpy, and those of qdrant-edge-py, lancedb, zvec that are wanted

DIR holds vectors (see README.md) and what filter_data.py adds to them. Every engine runs in a process of its own, in
turn, for --runs rounds. CMD gets DIR --json and prints, as the engines here do, one JSON line per cell of the grid:
{"engine","correlation","selectivity","recall","full_rows","ms"}. An empty CMD leaves Assort out. recall is that of the
10 nearest rows among those that match; full_rows is the share of queries that got 10 rows, or all that match if fewer;
ms is the median time of a query on one core. The ef is the smallest of a ladder that reaches a recall of 0.95 without
a filter, and "setting" names it. Lines without these fields go to --out only.
"""

import argparse
import os
import shlex
import sys
import tempfile
import time
from pathlib import Path
from statistics import median

import numpy as np

from filter_engines import ENGINES
from harness import collect, median_of, number, print_line, print_skipped, print_table, read_lines, runs_text
from vector_files import K, read, read_folder, recall

EFS = (10, 15, 20, 30, 40, 60, 80, 120, 160, 240, 320, 480, 640, 960)
RECALL = 0.95
TRIAL_QUERIES = 500
OURS = "assort"
CELL = ("correlation", "selectivity", "recall", "full_rows", "ms")


def main():
    parser = argparse.ArgumentParser(usage=__doc__.split("usage: ")[1].split("needs:")[0].rstrip())
    parser.add_argument("folders", nargs="*", metavar="DIR")
    parser.add_argument("--only", default=",".join(ENGINES), help="engines to compare with, by commas")
    parser.add_argument("--assort", default="cargo bench --quiet --bench filters --", metavar="CMD")
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--out", help="file for the raw lines")
    parser.add_argument("--from", dest="earlier", help="report on the raw lines of an earlier run")
    parser.add_argument("--one", help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    names = [name for name in arguments.only.split(",") if name]
    if unknown := set(names) - set(ENGINES):
        parser.error(f"unknown engine {', '.join(sorted(unknown))}")
    if bool(arguments.folders) == bool(arguments.earlier):
        parser.error("give folders to measure, or --from with earlier lines")

    if arguments.one:
        measure(arguments.one, Path(arguments.folders[0]))
        return
    if arguments.earlier:
        lines = read_lines(arguments.earlier)
    else:
        lines = collect(arguments.folders, lambda folder: commands(names, folder, arguments), arguments.runs,
                        arguments.out, echo=True)
    report(lines)
    print_skipped(lines)


def commands(names, folder, arguments):
    if not (folder / "filters.jsonl").exists():
        raise SystemExit(f"{folder} has no filters.jsonl: run filter_data.py on it first")
    ours = {OURS: [*shlex.split(arguments.assort), str(folder), "--json"]} if arguments.assort else {}
    return ours | {name: [sys.executable, __file__, "--one", name, str(folder)] for name in names}


def measure(name, folder):
    """Loads one database, finds its ef, and prints a line per cell."""
    base, queries, truth = read_folder(folder)
    attributes = read(folder / "attributes.ibin")
    grid = read_lines(folder / "filters.jsonl")
    matching = exact(base, attributes, queries, grid)
    with tempfile.TemporaryDirectory() as storage:
        start = time.perf_counter()
        try:
            database = ENGINES[name](base, attributes, Path(storage))
        except Exception as error:
            print_line({"engine": name, "skipped": f"{type(error).__name__}: {error}"})
            return
        loading = time.perf_counter() - start
        stay_on_one_core()
        ef, reached = choose_ef(database, queries[:TRIAL_QUERIES], truth[:TRIAL_QUERIES])
        setting = f"{database.about}, ef {ef}" + ("" if reached >= RECALL else f", which does not reach {RECALL}")
        print_line({"engine": name, "setting": setting, "load_s": round(loading, 1),
                    "unfiltered_recall": round(reached, 4)})
        for cell, wanted in zip(grid, matching):
            searches = [database.prepare(queries[case["query"]], ef, case) for case in cell["cases"]]
            found = [search() for search in searches]  # untimed: brings the cell's data to memory
            times = [seconds(search) for search in searches]
            full = [len(got) >= len(want) for got, want in zip(found, wanted)]
            print_line({"engine": name, "correlation": cell["correlation"], "selectivity": cell["selectivity"],
                        "recall": round(recall(found, wanted), 4), "full_rows": round(float(np.mean(full)), 4),
                        "ms": round(median(times) * 1000, 4), "setting": setting})


def exact(base, attributes, queries, grid):
    """For every case of every cell, the K nearest rows among those that match, or all of them if fewer."""
    found = [[None] * len(cell["cases"]) for cell in grid]
    for query in sorted({case["query"] for cell in grid for case in cell["cases"]}):
        similarity = base @ queries[query]
        for cell, answers in zip(grid, found):
            for place, case in enumerate(cell["cases"]):
                if case["query"] != query:
                    continue
                values = attributes[:, case["column"]]
                rows = np.flatnonzero((values >= case["low"]) & (values < case["high"]))
                near = np.argsort(-similarity[rows], kind="stable")[:K]
                answers[place] = rows[near]
    return found


def choose_ef(database, queries, truth):
    for ef in EFS:
        reached = recall([database.prepare(query, ef, None)() for query in queries], truth)
        if reached >= RECALL:
            break
    return ef, reached


def stay_on_one_core():
    """Keeps every thread of this process, and those it will start, on one core."""
    core = {min(os.sched_getaffinity(0))}
    for thread in os.listdir("/proc/self/task"):
        try:
            os.sched_setaffinity(int(thread), core)
        except ProcessLookupError:
            pass  # it has just ended


def seconds(search):
    start = time.perf_counter()
    search()
    return time.perf_counter() - start


def report(lines):
    for folder in dict.fromkeys(line["folder"] for line in lines):
        here = [line for line in lines if line["folder"] == folder]
        cells = [line for line in here if all(field in line for field in CELL)]
        engines = sorted(dict.fromkeys(line["engine"] for line in cells), key=lambda name: not name.startswith(OURS))
        print(f"{folder}: {here[0]['rows']:,} × {here[0]['dimensions']}, {runs_text(here)}; ms per query, recall, and "
              "in brackets the share of full answers where not all were\n")
        headings = ["filter", "selectivity", *engines]
        if engines and engines[0].startswith(OURS):
            headings.append(f"best other with recall {RECALL} ÷ {engines[0]}")
        rows = []
        for correlation, selectivity in dict.fromkeys((line["correlation"], line["selectivity"]) for line in cells):
            chosen = [line for line in cells
                      if line["correlation"] == correlation and line["selectivity"] == selectivity]
            medians = {engine: {field: median_of([line for line in chosen if line["engine"] == engine], field)
                                for field in ("ms", "recall", "full_rows")} for engine in engines}
            row = [correlation, f"{selectivity:g}", *(cell_text(medians[engine]) for engine in engines)]
            if len(headings) > len(row):
                row.append(best_ratio(medians, engines[0]))
            rows.append(row)
        print_table(headings, rows)
        for engine in engines:
            settings = dict.fromkeys(line["setting"] for line in here if line["engine"] == engine and "setting" in line)
            if settings:
                print(f"{engine}: {'; '.join(settings)}")
        print()


def cell_text(its):
    if its["ms"] is None:
        return "-"
    full = "" if its["full_rows"] == 1 else f" [{its['full_rows']:.2f}]"
    return f"{number(its['ms'], 3)} ms {its['recall']:.3f}{full}"


def best_ratio(medians, ours):
    """How many times our time the fastest other engine takes, of those that reach the recall aimed at."""
    others = [its["ms"] for engine, its in medians.items()
              if not engine.startswith(OURS) and its["ms"] is not None and its["recall"] >= RECALL]
    mine = medians[ours]["ms"]
    return f"{min(others) / mine:.1f}×" if others and mine else "-"


if __name__ == "__main__":
    main()
