"""Packs: all that filing needs in one file."""

from __future__ import annotations

import os
from collections.abc import Iterable
from typing import Any

from . import _assort
from ._deciding import Method, Missing, deciding
from ._decisions import Category, Decisions
from ._progress import Told, progress
from ._tables import columns, table
from .errors import Damaged, InvalidInput


class Pack:
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

    def classify(
        self,
        data: Any,
        *,
        id: str | None = None,
        title: str = "title",
        text: str | Iterable[str] | None = None,
        attributes: Iterable[str] | None = None,
        method: Method = "auto",
        top: int = 3,
        min_confidence: float = 0.0,
        target_precision: float | None = None,
        set_coverage: float | None = None,
        explain: bool = False,
        missing: Missing = "raise",
        progress: bool | Told | None = None,
    ) -> Decisions:
        """Files products.

        Args:
            data: A title, titles, rows (dictionaries), columns, or a frame of pyarrow,
                polars, pandas or DuckDB.
            id: Column of ids; the column ``id``, if there is one.
            title: Column of titles.
            text: Columns of further text.
            attributes: Columns of attributes, which heads may have learned from.
            method: Which evidence counts.
            top: Alternatives of each decision.
            min_confidence: Less sure decisions go up to a category that is sure enough, or
                abstain.
            target_precision: The precision that decisions shall have, in place of
                ``min_confidence``; needs calibrated confidence.
            set_coverage: How often the set of categories shall hold the truth.
            explain: Whether decisions have reasons.
            missing: A product without a title raises, or has no decision (``"null"``).
            progress: Show progress; by itself where a person looks.

        Raises:
            assort.errors.InvalidInput: A column is missing or holds no text, or a row has
                no title.
        """
        self._look()
        named = columns(id, title, text, None, attributes)
        asked = deciding(
            method, top, min_confidence, target_precision, set_coverage, explain, missing
        )
        with _shown(progress) as told:
            rows = table(data, named)
            return Decisions(self._native.classify(rows, named, asked, told))

    def _look(self) -> None:
        """Fails where the file was written over while it is mapped: another under its name
        does no harm."""
        now = _state(self.path)
        if self._file and now and now[0] == self._file[0] and now != self._file:
            raise Damaged(f"{self.path} was written over while it was open; open it again")

    def __reduce__(self) -> tuple[Any, ...]:
        return _reopen, (self.path, *self._opened)

    def __repr__(self) -> str:
        return f"Pack({self.path!r}, digest={self.digest[:12]}…, labels={self.labels})"


# The argument of the same name hides it.
_shown = progress


def _state(path: str) -> tuple[int, ...] | None:
    try:
        file = os.stat(path)
    except OSError:
        return None
    return file.st_ino, file.st_size, file.st_mtime_ns


def _reopen(path: str, cache: str | None, offline: bool) -> Pack:
    return Pack(path, cache=cache, offline=offline)
