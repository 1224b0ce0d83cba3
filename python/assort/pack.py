"""Packs: all that filing needs in one file."""

from __future__ import annotations

import os
from typing import Any

from . import _assort
from ._decisions import Category
from ._filing import Filing
from .errors import Damaged, InvalidInput


class Pack(Filing):
    """A file that :meth:`assort.Catalog.pack` or ``assort pack`` wrote.

    It never changes, and files without its catalog. A decision depends on the product, the
    pack and the options alone: on no other row, batch or thread. It may be pickled, and
    used after a fork; processes of one machine share its memory. Replace its file by
    renaming another, as ``assort pack`` does: a mapped file must not be written over.

    Args:
        path: The file.
        cache: Folder of models, for a pack whose embedder is one.
        offline: Never fetch a model.

    Raises:
        assort.errors.Damaged: The file is no pack, or has changed.
        assort.errors.StorageError: The file cannot be read.
    """

    def __init__(
        self,
        path: str | os.PathLike[str],
        *,
        cache: str | os.PathLike[str] | None = None,
        offline: bool = False,
    ) -> None:
        self.path = os.path.abspath(os.fspath(path))
        if os.path.isdir(self.path):
            raise InvalidInput(f"{self.path} is a directory; a pack is a file")
        self._opened = (cache, offline)
        self._native = _assort.Pack(self.path, cache, offline)
        self._file = _state(self.path)

    @property
    def digest(self) -> str:
        """What the pack is known by: equal digests file alike."""
        return self._native.digest

    @property
    def size(self) -> int:
        """Bytes of the file."""
        return self._native.size

    @property
    def labels(self) -> int:
        """The labelled products that vote."""
        return self._native.labels

    @property
    def embedder(self) -> str:
        """The embedder that it names."""
        return self._native.embedder

    @property
    def categories(self) -> list[Category]:
        """All categories, parents before children."""
        return [Category(*named) for named in self._native.categories()]

    def _engine(self) -> _assort.Pack:
        """Fails where the file was written over while it is mapped: another under its name
        does no harm."""
        now = _state(self.path)
        if self._file and now and now[0] == self._file[0] and now != self._file:
            raise Damaged(f"{self.path} was written over while it was open; open it again")
        return self._native

    def __reduce__(self) -> tuple[Any, ...]:
        return _reopen, (self.path, *self._opened)

    def __repr__(self) -> str:
        return f"Pack({self.path!r}, digest={self.digest[:12]}…, labels={self.labels})"


def _state(path: str) -> tuple[int, ...] | None:
    try:
        file = os.stat(path)
    except OSError:
        return None
    return file.st_ino, file.st_size, file.st_mtime_ns


def _reopen(path: str, cache: str | None, offline: bool) -> Pack:
    return Pack(path, cache=cache, offline=offline)
