"""Catalogs in object stores that jobs on many machines make, each task a shard."""

from __future__ import annotations

import os
import tempfile
from datetime import timedelta
from pathlib import Path
from typing import NamedTuple

from . import _assort
from .catalog import Catalog
from .errors import NotFound
from .models import address


class Version(NamedTuple):
    """One state of a sharded catalog. It never changes."""

    #: Its number, from 1.
    number: int
    #: The job that made it.
    job: str
    #: Products of all shards.
    products: int
    #: Rows that were left out, since they could not be taken.
    rejected: int
    #: The digest of the pack that filed the products.
    pack: str | None
    #: The shards, as whoever made them told of them.
    shards: list[str]


class Removed(NamedTuple):
    """What :meth:`ShardedCatalog.gc` removed."""

    versions: int
    shards: int
    objects: int
    bytes: int


class ShardedCatalog:
    """A catalog in an object store: shards, each made by one task of a job, and versions,
    which name them. What is there is read by :func:`assort.spark.search`, by
    ``assort serve URL``, and as one catalog of a machine by :meth:`restore`.

    >>> from assort.sharded import ShardedCatalog
    >>> ShardedCatalog("s3://shops/all").last().products
    40000000

    Args:
        url: ``s3://BUCKET/PREFIX``, ``gs://BUCKET/PREFIX``, ``az://CONTAINER/PREFIX``,
            ``file:///FOLDER`` or the path of a folder. Keys come from the environment, as
            of ``assort backup``.
    """

    def __init__(self, url: str | os.PathLike[str]) -> None:
        self.url = address(url)
        self._native = _assort.Sharded(self.url)

    def versions(self) -> list[int]:
        """The numbers of all versions that are there, in ascending order."""
        return self._native.versions()

    def version(self, number: int) -> Version:
        """The version of that number.

        Raises:
            assort.errors.NotFound: There is none.
        """
        return Version(**self._native.version(number))

    def last(self) -> Version:
        """The last version.

        Raises:
            assort.errors.NotFound: No job has committed yet.
        """
        numbers = self.versions()
        if not numbers:
            raise NotFound(f"{self.url} has no version of a sharded catalog yet")
        return self.version(numbers[-1])

    def restore(self, path: str | os.PathLike[str], *, version: int | None = None) -> Catalog:
        """Makes one catalog of a version, the last one without a number, in a directory that
        is not there. No vector and no graph is made anew.

        Raises:
            assort.errors.Exists: The directory is there.
            assort.errors.NotFound: There is no such version.
        """
        number = self.last().number if version is None else version
        target = Path(path).absolute()
        with tempfile.TemporaryDirectory(prefix=f".{target.name}-", dir=target.parent) as cache:
            self._native.assemble(number, cache, target)
        return Catalog.open(target)

    def gc(self, *, keep: int = 2, older_than: timedelta = timedelta(days=1)) -> Removed:
        """Removes all versions but the last ``keep``, and what no version names that is
        older than a time: jobs that have not committed have named none of theirs, and must
        not take longer."""
        return Removed(*self._native.gc(keep, older_than.total_seconds()))

    def __repr__(self) -> str:
        return f"ShardedCatalog({self.url!r})"
