"""Titles a second by a pack from Python, on what `cargo bench --bench pack` left.

python benches/peers/python_pack.py [FOLDER]
"""

from __future__ import annotations

import statistics
import sys
import threading
import time
from pathlib import Path

import pyarrow

import assort

ROUNDS = 3


def counted(seconds: float) -> float:
    """How often a thread of Python counts in a second, beside whatever else runs."""
    count, end = 0, time.perf_counter() + seconds
    while time.perf_counter() < end:
        count += 1
    return count / seconds


def main() -> None:
    folder = Path(sys.argv[1] if len(sys.argv) > 1 else "target/tmp/pack")
    pack = assort.Pack(folder / "shop.pack")
    titles = (folder / "titles.txt").read_text().split("\n")
    table = pyarrow.table({"title": titles})
    print("| method | titles a second | from a list |")
    print("|---|---|---|")
    for method in ("auto", "head"):
        rates = []
        for given in (table, titles):
            times = []
            for _ in range(ROUNDS):
                began = time.perf_counter()
                pack.classify(given, method=method, top=1, progress=False)
                times.append(time.perf_counter() - began)
            rates.append(len(titles) / statistics.median(times))
        print(f"| {method} | {rates[0]:,.0f} | {rates[1]:,.0f} |")
    alone = counted(2)
    part = table.slice(0, min(len(titles), 200_000))
    thread = threading.Thread(target=lambda: pack.classify(part, progress=False))
    thread.start()
    beside = counted(1)
    thread.join()
    print(f"a counting thread keeps {beside / alone:.0%} of its rate meanwhile")


if __name__ == "__main__":
    main()
