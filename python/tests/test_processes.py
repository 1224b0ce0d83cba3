"""Threads, forks, signals and memory."""

from __future__ import annotations

import gc
import multiprocessing
import pickle
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import pyarrow
import pytest

import assort


def _file(pack: assort.Pack, titles: list[str], queue: multiprocessing.Queue) -> None:
    queue.put(pack.classify(titles).category_ids)


@pytest.mark.parametrize("method", ["fork", "spawn"])
def test_a_pack_files_in_other_processes(method: str, pack: assort.Pack, products: list) -> None:
    titles = [one["title"] for one in products]
    expected = pack.classify(titles).category_ids
    context = multiprocessing.get_context(method)
    queue = context.Queue()
    process = context.Process(target=_file, args=(pack, titles, queue))
    process.start()
    assert queue.get(timeout=60) == expected
    process.join()


def _search(shop: assort.Catalog, queue: multiprocessing.Queue) -> None:
    try:
        queue.put(shop.search("kettle"))
    except assort.AssortError as error:
        queue.put(str(error))


def test_a_catalog_does_not_hang_in_a_fork(shop: assort.Catalog) -> None:
    context = multiprocessing.get_context("fork")
    queue = context.Queue()
    process = context.Process(target=_search, args=(shop, queue))
    process.start()
    assert "open it again" in queue.get(timeout=60)
    process.join()


def test_packs_and_encoders_are_pickled(pack: assort.Pack) -> None:
    again = pickle.loads(pickle.dumps(pack))
    assert again.digest == pack.digest
    encoder = pickle.loads(pickle.dumps(assort.Encoder()))
    assert (encoder.encode("kettle") == assort.Encoder().encode("kettle")).all()


def test_other_threads_go_on_meanwhile(pack: assort.Pack, products: list[dict]) -> None:
    titles = [one["title"] for one in products] * 100
    counted, stop = [0], threading.Event()

    def count() -> None:
        while not stop.is_set():
            counted[0] += 1
            time.sleep(0)

    thread = threading.Thread(target=count)
    thread.start()
    before = counted[0]
    pack.classify(titles)
    during = counted[0] - before
    stop.set()
    thread.join()
    # A thread that was kept out would have counted nothing.
    assert during > 100


def test_ctrl_c_stops_a_long_call(pack: assort.Pack, tmp_path: Path) -> None:
    program = f"""
import assort, pyarrow
pack = assort.Pack({pack.path!r})
table = pyarrow.table({{"title": ["red kettle of steel"] * 3_000_000}})
print("ready", flush=True)
try:
    pack.classify(table)
except KeyboardInterrupt:
    print("stopped", flush=True)
"""
    process = subprocess.Popen([sys.executable, "-c", program], stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    assert process.stdout.readline() == "ready\n"
    time.sleep(0.5)
    process.send_signal(signal.SIGINT)
    assert process.communicate(timeout=60)[0] == "stopped\n"


def test_progress_is_told_and_may_stop(pack: assort.Pack) -> None:
    told: list[tuple[str, int, int | None]] = []
    pack.classify(["red kettle"] * 3000, progress=lambda *what: told.append(what))
    assert told[-1] == ("products", 3000, None)

    def stop(*_: object) -> None:
        raise RuntimeError("enough")

    with pytest.raises(RuntimeError, match="enough"):
        pack.classify(["red kettle"] * 3000, progress=stop)


def test_tables_go_over_without_copies(pack: assort.Pack, products: list[dict]) -> None:
    titles = pyarrow.array([one["title"] for one in products] * 1000)
    table = pyarrow.table({"title": titles})
    gc.collect()
    before = pyarrow.total_allocated_bytes()
    peak = [before]

    def look(*_: object) -> None:
        peak[0] = max(peak[0], pyarrow.total_allocated_bytes())

    decisions = pack.classify(table, progress=look)
    assert peak[0] - before < 1 << 16, "the texts were not copied"
    out = decisions.to_arrow()
    # What the engine made is not pyarrow's, and is not copied to it.
    assert pyarrow.total_allocated_bytes() - before < 1 << 16
    assert out.num_rows == len(titles)
