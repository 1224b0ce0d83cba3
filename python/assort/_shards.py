"""What tasks of Spark and Ray do to make shards, and to search in them."""

from __future__ import annotations

import json
import os
import tempfile
import uuid
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, NamedTuple

from . import _assort
from ._batches import ByPack
from .errors import InvalidInput
from .models import cache_directory

if TYPE_CHECKING:
    import pyarrow

Rejects = Literal["fail", "skip"]

#: Rows that are stored together: every time is a commit.
ROWS = 50_000

#: Shards that this process has open, by name; the last ones.
_OPEN: dict[str, _assort.Catalog] = {}
MOST_OPEN = 4


class Sharding(NamedTuple):
    """How every task makes its shard. It is sent to workers."""

    url: str
    job: str
    by: ByPack
    rejects: Rejects

    def check(self, columns: Iterable[str]) -> None:
        """Fails before any work where a column or an option cannot be meant."""
        have = list(columns)
        self.by.check(have)
        if self.by.columns.id is None and "id" not in have:
            raise InvalidInput("products need ids, and there is no column `id`; name theirs")
        if self.rejects not in ("fail", "skip"):
            raise InvalidInput(f'rejects is "fail" or "skip", not {self.rejects!r}')

    def make(self, batches: Iterable[pyarrow.RecordBatch], part: int) -> str | None:
        """Stores a part of the products in a catalog of its own and sends it; gives what the
        commit is told. Nothing is sent where there is no row."""
        one_thread()
        asked, rejected = self.by.deciding(), 0
        # Fails where the file was written over since it was opened.
        pack = self.by.open()._engine()
        with tempfile.TemporaryDirectory(prefix="assort-shard-") as folder:
            catalog = None
            for table in _grouped(batches):
                if catalog is None:
                    catalog = _assort.Catalog.of_pack(Path(folder) / "shard", pack, True)
                report = catalog.add(table, self.by.columns)
                rejected += report["rejected"]
                if report["rejects"] and self.rejects == "fail":
                    at, why = report["rejects"][0]
                    raise InvalidInput(
                        f"{report['rejected']} rows of part {part} cannot be taken; the first is "
                        f'row {at}: {why}; leave such rows out with rejects="skip"'
                    )
                catalog.keep(pack.classify(table, self.by.columns, asked))
            if catalog is None:
                return None
            attempt = f"{self.job[:8]}-{uuid.uuid4().hex[:16]}"
            sharded = _assort.Sharded(self.url)
            return sharded.put(catalog, part, attempt, pack, rejected)

    def commit(self, told: Sequence[str | None], append: bool) -> None:
        """Names the shards of all parts in a new version."""
        shards = [shard for shard in told if shard is not None]
        if not shards:
            raise InvalidInput("there is no row to make a catalog of")
        sharded = _assort.Sharded(self.url)
        sharded.put_pack(self.by.open()._engine())
        sharded.commit(shards, self.job, append)


def one_thread() -> None:
    """A task works in one thread, as engines count cores, unless it is told otherwise."""
    threads = os.environ.setdefault("ASSORT_THREADS", "1")
    os.environ.setdefault("RAYON_NUM_THREADS", threads)


def _grouped(batches: Iterable[pyarrow.RecordBatch]) -> Iterator[pyarrow.Table]:
    import pyarrow

    group: list[Any] = []
    rows = 0
    for batch in batches:
        group.append(batch)
        rows += batch.num_rows
        if rows >= ROWS:
            yield pyarrow.Table.from_batches(group)
            group, rows = [], 0
    if rows:
        yield pyarrow.Table.from_batches(group)


def opened(url: str, shard: str) -> _assort.Catalog:
    """A shard, fetched once for all processes of a machine."""
    name: str = json.loads(shard)["name"]
    if name not in _OPEN:
        path = _assort.Sharded(url).fetch(shard, cache_directory())
        while len(_OPEN) >= MOST_OPEN:
            del _OPEN[next(iter(_OPEN))]
        _OPEN[name] = _assort.Catalog.open(path, True)
    return _OPEN[name]


def smallest(shards: Iterable[str]) -> str:
    """The shard with the fewest products."""
    return min(shards, key=lambda shard: int(json.loads(shard)["products"]))
