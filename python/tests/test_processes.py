"""Threads, forks, signals and memory."""

from __future__ import annotations

import copy
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


def _same(again: assort.Decisions, decisions: assort.Decisions) -> None:
    assert list(again) == list(decisions) and again.pack == decisions.pack
    assert again.category_ids == decisions.category_ids
    assert pyarrow.table(again).equals(pyarrow.table(decisions), check_metadata=True)


@pytest.mark.parametrize(
    "options",
    [
        {},
        {"id": "id", "explain": True, "top": 5},
        {"id": "id", "set_coverage": 0.9, "min_confidence": 0.999},
        {"id": "id", "missing": "null"},
    ],
)
def test_decisions_are_pickled_and_copied(
    options: dict, pack: assort.Pack, products: list[dict]
) -> None:
    rows = [{"id": one["id"], "title": one["title"]} for one in products]
    if "missing" in options:
        rows[3]["title"] = None
    decisions = pack.classify(rows, **options)
    # Lists of numbers are equal only to the last bit.
    for again in (pickle.loads(pickle.dumps(decisions)), copy.copy(decisions), copy.deepcopy(decisions)):
        _same(again, decisions)
    _same(pickle.loads(pickle.dumps(pack.classify([]))), pack.classify([]))


def test_decisions_that_were_sent_are_kept(shop: assort.Catalog) -> None:
    shop.add([{"id": "1", "title": "red kettle"}, {"id": "2", "title": "garden hose"}])
    decisions = shop.classify([{"id": "1", "title": "red kettle"}])
    again = pickle.loads(pickle.dumps(decisions))
    assert again.pack is None and shop.keep(again) == 1
    assert shop.search("kettle", k=1)[0]["category"] == decisions[0].category.path


def test_bytes_that_are_no_decisions_are_refused(pack: assort.Pack) -> None:
    decisions = pack.classify([{"id": "1", "title": "red kettle"}], explain=True)
    kind, (written,) = decisions._native.__reduce__()
    for wrong in (b"", b"rubbish", written[:-1], written[: len(written) // 2], written + b"x" * 64):
        with pytest.raises(assort.errors.InvalidInput, match="no decisions of this version"):
            kind(wrong)
    # Whatever bit is another, what is read can be used.
    taken = 0
    for at in range(len(written)):
        try:
            read = assort.Decisions(kind(written[:at] + bytes([written[at] ^ 1]) + written[at + 1 :]))
        except assort.errors.InvalidInput:
            continue
        assert len(list(read)) == pyarrow.table(read).num_rows
        taken += 1
    assert taken < len(written)


def _filed(pack: assort.Pack, titles: list[str]) -> assort.Decisions:
    return pack.classify(titles)


def test_processes_send_decisions_back(pack: assort.Pack, products: list[dict]) -> None:
    titles = [one["title"] for one in products]
    with multiprocessing.get_context("spawn").Pool(1) as pool:
        _same(pool.apply(_filed, (pack, titles)), pack.classify(titles))


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
