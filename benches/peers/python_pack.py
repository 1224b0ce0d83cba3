"""Titles a second by a pack from Python, on what `cargo bench --bench pack` left.

python benches/peers/python_pack.py [FOLDER [ROUNDS]]
"""

from __future__ import annotations

import os
import statistics
import subprocess
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
    rounds = int(sys.argv[2]) if len(sys.argv) > 2 else ROUNDS
    pack = assort.Pack(folder / "shop.pack")
    titles = (folder / "titles.txt").read_text().split("\n")
    table = pyarrow.table({"title": titles})
    print("| method | titles a second | from a list |")
    print("|---|---|---|")
    for method in ("auto", "head"):
        rates = []
        for given in (table, titles):
            times = []
            for _ in range(rounds):
                began = time.perf_counter()
                pack.classify(given, method=method, top=1, progress=False)
                times.append(time.perf_counter() - began)
            rates.append(len(titles) / statistics.median(times))
        print(f"| {method} | {rates[0]:,.0f} | {rates[1]:,.0f} |")
    # With as many threads as cores, the cores would be shared, lock or not.
    command = [sys.executable, __file__, str(folder), "count"]
    subprocess.run(command, env={**os.environ, "ASSORT_THREADS": "1"}, check=True)


def count(folder: Path) -> None:
    """How much of its rate a thread of Python keeps while another one files."""
    pack = assort.Pack(folder / "shop.pack")
    titles = (folder / "titles.txt").read_text().split("\n")
    alone = counted(2)
    thread = threading.Thread(target=lambda: pack.classify(titles[:20_000], progress=False))
    thread.start()
    beside = counted(2)
    thread.join()
    print(f"a counting thread keeps {beside / alone:.0%} of its rate meanwhile")


if __name__ == "__main__":
    if sys.argv[2:] == ["count"]:
        count(Path(sys.argv[1]))
    else:
        main()
