"""Catalogs: the embedded database."""

from __future__ import annotations

import difflib
import os
import warnings
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple

from . import _assort
from ._deciding import Method, deciding, part
from ._decisions import Category, Decisions
from ._filing import Filing
from ._progress import Told, progress
from ._tables import columns, is_missing, listed, names, rows, table
from .errors import InvalidInput, Locked, NotReady
from .pack import Pack


class _Given(NamedTuple):
    """A category as the engine takes it."""

    id: str | None
    path: str | None
    parent: str | None
    name: str | None
    descriptions: list[str]
    aliases: list[str]
    examples: list[str]


class _Distilling(NamedTuple):
    """How a student is taught, as the engine takes it."""

    sample: int | None
    min_quality: float | None
    epochs: int | None
    adopt: bool
    export: str | None
    cache: str | os.PathLike[str] | None
    offline: bool


#: A file, paths (``"Kitchen > Kettles"``), paths by id, or rows with ``path`` or ``name`` and
#: ``parent``, and with ``id``, ``descriptions``, ``aliases`` and ``examples`` if there are any.
Taxonomy = str | os.PathLike[str] | Mapping[str, str] | Iterable[str | Mapping[str, Any]]


class Catalog(Filing):
    """One directory: a taxonomy, products, their vectors, labels and decisions.

    One process has it open for writing, any number for reading. Methods may be called
    from many threads. It does not live through a fork: open it again there.
    """

    def __init__(
        self,
        native: _assort.Catalog,
        *,
        cache: str | os.PathLike[str] | None = None,
        offline: bool = False,
    ) -> None:
        if not isinstance(native, _assort.Catalog):
            raise InvalidInput("open a catalog with Catalog.open, make one with Catalog.create")
        self._open: _assort.Catalog | None = native
        self._models = (cache, offline)

    @property
    def _native(self) -> _assort.Catalog:
        if self._open is None:
            raise NotReady("the catalog is closed")
        return self._open

    def _engine(self) -> _assort.Catalog:
        return self._native

    def close(self) -> None:
        """Closes it, so that others may open it for writing. All is stored already."""
        self._open = None

    def __enter__(self) -> Catalog:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def __bool__(self) -> bool:
        # A catalog without products is one.
        return True

    @classmethod
    def create(
        cls,
        path: str | os.PathLike[str],
        taxonomy: Taxonomy,
        *,
        embedder: str = "bundled",
        cache: str | os.PathLike[str] | None = None,
        offline: bool = False,
        sure: bool = False,
    ) -> Catalog:
        """Makes a catalog in a directory that has none.

        Args:
            path: The directory to make.
            taxonomy: A file in any of the formats that ``assort init`` reads; paths; paths
                by id; or rows.
            embedder: What makes vectors, see :class:`assort.Encoder`.
            cache: Folder of models.
            offline: Never fetch a model.
            sure: Take the taxonomy of a file though it looks wrong.

        Raises:
            assort.errors.Exists: There is a catalog.
            assort.errors.InvalidInput: The taxonomy cannot be read, or looks wrong.
        """
        given = _given(taxonomy)
        made = _assort.Catalog.create(path, given, embedder, cache, offline, sure)
        return cls(made, cache=cache, offline=offline)

    @classmethod
    def of_pack(cls, path: str | os.PathLike[str], pack: Pack) -> Catalog:
        """Makes a catalog without products, with the taxonomy and the embedder of a pack.

        Raises:
            assort.errors.Exists: There is a catalog.
        """
        cache, offline = pack._opened
        return cls(_assort.Catalog.of_pack(path, pack._engine()), cache=cache, offline=offline)

    @classmethod
    def open(
        cls,
        path: str | os.PathLike[str],
        *,
        read_only: bool = False,
        cache: str | os.PathLike[str] | None = None,
        offline: bool = False,
        images: str | os.PathLike[str] | None = None,
        allow_urls: bool = False,
    ) -> Catalog:
        """Opens a catalog.

        Args:
            path: Its directory.
            read_only: Beside a process that has it open for writing.
            cache: Folder of models.
            offline: Never fetch a model.
            images: Folder or tar archive that paths of pictures are relative to, of products
                to be filed; nothing outside of it is read.
            allow_urls: Fetch such pictures whose addresses are on the web.

        Raises:
            assort.errors.NotFound: The directory holds none.
            assort.errors.Locked: Another process has it open for writing.
        """
        try:
            opened = _assort.Catalog.open(
                path, read_only, cache, offline, images, allow_urls
            )
        except Locked as error:
            raise Locked(
                f"{error}; if it is open in this process, use that catalog or close() it"
            ) from None
        return cls(opened, cache=cache, offline=offline)

    @property
    def path(self) -> str:
        """The catalog's directory."""
        return os.fspath(self._native.path)

    @property
    def categories(self) -> list[Category]:
        """All categories, parents before children."""
        return [Category(*named) for named in self._native.categories()]

    def stats(self) -> dict[str, Any]:
        """How much it holds."""
        return self._native.stats()

    def __len__(self) -> int:
        return len(self._native)

    def __contains__(self, id: object) -> bool:
        return str(id).strip() in self._native

    def add(
        self,
        data: Any,
        *,
        id: str | None = None,
        title: str = "title",
        text: str | Iterable[str] | None = None,
        category: str | None = None,
        attributes: Iterable[str] | None = None,
        image: str | None = None,
        progress: bool | Told | None = None,
    ) -> dict[str, Any]:
        """Stores products, in place of those of the same ids; what is unchanged costs no
        embedding. ``category`` is the column of known categories, which become labels: ids,
        paths or unique names. ``image`` is that of references of pictures, which
        ``assort pictures`` embeds.

        Returns:
            How many rows were ``added``, ``updated``, ``unchanged`` and ``rejected``, the
            first ``rejects`` (row and reason), and for how many products there is no such
            category (``unknown_categories``).
        """
        named = columns(id, title, text, category, attributes, image)
        with _shown(progress) as told:
            report = self._native.add(table(data, named), named, told)
            self._native.prepare(told)
        return _warned(report)

    def label(
        self,
        data: Any,
        *,
        id: str = "id",
        category: str = "category",
        progress: bool | Told | None = None,
    ) -> dict[str, Any]:
        """Sets the categories of products that are there: rows, or a dictionary from id to
        category."""
        if isinstance(data, Mapping) and not {id, category} <= set(data):
            data = {id: [str(one) for one in data], category: list(data.values())}
        # The title is not read.
        named = columns(id, id, None, category, None)
        data = _ids_as_text(data, id)
        with _shown(progress) as told:
            report = self._native.label(table(data, named), named, told)
            self._native.prepare(told)
        return _warned(report)

    def keep(self, decisions: Decisions) -> int:
        """Keeps decisions on products that are there, by their ids, beside the products:
        they are found with them, and filters see them. Gives how many were kept.

        Raises:
            assort.errors.InvalidInput: The decisions were made without ids, or by another
                taxonomy.
        """
        return self._native.keep(decisions._native)

    def remove(self, ids: str | Iterable[str]) -> int:
        """Removes products; gives how many there were."""
        given = [ids] if isinstance(ids, (str, int)) else ids
        return self._native.remove([str(id).strip() for id in given])

    def search(
        self,
        text: str | None = None,
        *,
        vector: Sequence[float] | None = None,
        k: int = 10,
        where: str | None = None,
        min_similarity: float | None = None,
        exact: bool = False,
    ) -> list[dict[str, Any]]:
        """The products nearest to a text or a vector, the best first. ``where`` is a filter:
        ``'brand = "Acme" and price < 20'``. Where it finds nothing since no product has such
        an attribute, or none that can be compared, that is warned of."""
        if (text is None) == (vector is None):
            raise InvalidInput("give a text or a vector to search by")
        numbers = None if vector is None else [float(one) for one in vector]
        top = _whole("k", k)
        found = self._native.search(top, text, None, numbers, where, min_similarity, exact)
        return self._looked(found, where)

    def similar(
        self,
        id: str,
        *,
        k: int = 10,
        where: str | None = None,
        min_similarity: float | None = None,
    ) -> list[dict[str, Any]]:
        """The products most like the one of that id."""
        top, like = _whole("k", k), str(id).strip()
        found = self._native.search(top, None, like, None, where, min_similarity, False)
        return self._looked(found, where)

    def _looked(self, found: list[dict[str, Any]], where: str | None) -> list[dict[str, Any]]:
        if not found and where is not None:
            warn_of_filter(self._native, where, stacklevel=4)
        return found

    def train(self, *, progress: bool | Told | None = None) -> dict[str, Any]:
        """Trains a head on the labels; it comes into force if it files held-out products no
        worse than what there was."""
        with _shown(progress) as told:
            return self._native.train(told)

    def distill(
        self,
        *,
        sample: int | None = None,
        min_quality: float | None = None,
        epochs: int | None = None,
        adopt: bool = True,
        export: str | os.PathLike[str] | None = None,
        progress: bool | Told | None = None,
    ) -> dict[str, Any]:
        """Teaches a student on the catalog's own texts, without labels, to point where the
        embedder points, and moves the catalog to it: products are embedded about a thousand
        times faster from then on, as by ``assort distill``. What was stopped goes on from
        there when it is called again.

        Args:
            sample: Products it learns from; 16,000.
            min_quality: Take no student whose vectors have a lower mean cosine with the
                embedder's; 0.8.
            epochs: Times it reads what it learns from; 2 to 12, the more the less there is.
            adopt: Whether the catalog moves to it.
            export: A file to write it to, too, for the embedder ``distilled:FILE``.

        Returns:
            What it is worth on texts that were held out: ``cosine`` with the embedder's
            vectors and what was lost of it by ``rounding``, the part of nearest products
            that are the same (``overlap``), how many products are filed rightly
            (``accuracy``, with labels), the part of texts that is ``left_to_teacher``,
            ``texts_per_second`` and ``bytes``; and whether the catalog is on it
            (``adopted``).

        Raises:
            assort.errors.NotReady: It is worse than ``min_quality``, or there are fewer than
                500 products to learn from. The catalog stays as it is.
        """
        asked = _Distilling(
            None if sample is None else _whole("sample", sample),
            part("min_quality", min_quality),
            None if epochs is None else _whole("epochs", epochs),
            bool(adopt),
            None if export is None else os.fspath(export),
            *self._models,
        )
        with _shown(progress) as told:
            return self._native.distill(asked, told)

    def evaluate(
        self,
        data: Any,
        *,
        category: str = "category",
        id: str | None = None,
        title: str = "title",
        text: str | Iterable[str] | None = None,
        attributes: Iterable[str] | None = None,
        image: str | None = None,
        method: Method = "auto",
        min_confidence: float = 0.0,
        progress: bool | Told | None = None,
    ) -> dict[str, Any]:
        """Files products whose category is known, and compares. Give products that the
        catalog did not learn from.

        Returns:
            Figures; where pictures have a say, how many products were filed by theirs too
            (``pictures``: ``used``, ``without`` and ``unusable``).
        """
        named = columns(id, title, text, category, attributes, image)
        asked = deciding(method, 3, min_confidence)
        with _shown(progress) as told:
            return _warned(self._native.evaluate(table(data, named), named, asked, told))

    def cross_validate(
        self,
        folds: int = 5,
        *,
        method: Method = "auto",
        seed: int = 0,
        progress: bool | Told | None = None,
    ) -> dict[str, Any]:
        """Tells by the catalog's own labels how it files new products: they are divided into
        ``folds`` parts, and each is filed by what is learned from the others alone. Products
        that say the same are in one part. Nothing of it is kept.

        Returns:
            The figures of :meth:`evaluate` over all products, those of each part
            (``folds``), how they differ between parts (``over_folds``: ``mean`` and ``std``
            by figure), how many categories have fewer different products than there are
            parts (``sparse_categories``, with ``sparse_products``), and how many products
            were not judged, since the catalog's student has learned their labels
            (``taught``).

        Raises:
            assort.errors.InvalidInput: There are fewer than two parts, or more than
                different labelled products.
            assort.errors.NotReady: No product has a label.
        """
        asked = deciding(method, 1, 0.0)
        folds, seed = _whole("folds", folds), _whole("seed", seed, least=0)
        with _shown(progress) as told:
            return self._native.cross_validate(folds, asked, seed, told)

    def pack(self, path: str | os.PathLike[str], *, progress: bool | Told | None = None) -> Pack:
        """Writes all that filing needs to one file, and opens it."""
        with _shown(progress) as told:
            self._native.pack(path, told)
        return Pack(path)

    def __repr__(self) -> str:
        stats = self.stats()
        return f"Catalog({self.path!r}, products={stats['products']}, labelled={stats['labelled']})"


# The argument of the same name hides it.
_shown = progress


def warn_of_filter(native: _assort.Catalog, where: str, *, stacklevel: int = 3) -> None:
    """Warns of attributes of a filter that no product has, or none that can be compared."""
    for field in native.filter_fields(where):
        name = field["name"]
        if field["values"] == 0:
            near = difflib.get_close_matches(name, field["others"], 1)
            told = f"; `{near[0]}` is the nearest there is" if near else ""
            warnings.warn(f"no product has the attribute `{name}`{told}", stacklevel=stacklevel)
        elif field["is_compared"] and not field["readable"]:
            told = f"no value of `{name}` is more or less than another"
            warnings.warn(told, stacklevel=stacklevel)


def _whole(name: str, value: Any, least: int = 1) -> int:
    if not isinstance(value, int) or not least <= value < 1 << 63:
        raise InvalidInput(f"{name} is a number from {least} on, not {value!r}")
    return value


def _warned(report: dict[str, Any]) -> dict[str, Any]:
    """Says that rows were not taken: a report may not be looked at."""
    if rejects := report["rejects"]:
        at, why = rejects[0]
        warnings.warn(
            f"{report['rejected']} rows were not taken; the first is row {at}: {why}", stacklevel=3
        )
    return report


def _ids_as_text(data: Any, id: str) -> Any:
    if isinstance(data, Mapping) and id in data and not isinstance(data[id], str):
        return {**data, id: [None if is_missing(one) else str(one) for one in listed(data[id])]}
    given = rows(data)
    given = list(data) if given is None and isinstance(data, (list, tuple)) else given
    if given is None or not all(isinstance(row, Mapping) and id in row for row in given):
        return data
    return [{**row, id: None if is_missing(row[id]) else str(row[id])} for row in given]


def _given(taxonomy: Taxonomy) -> Any:
    if isinstance(taxonomy, (str, os.PathLike)):
        return os.fspath(taxonomy)
    if isinstance(taxonomy, Mapping):
        for id, path in taxonomy.items():
            if not isinstance(path, str):
                raise InvalidInput(f"the category {id!r} has {path!r}, where its path should be")
        return [_Given(str(id), path, None, None, [], [], []) for id, path in taxonomy.items()]
    frame = rows(taxonomy)
    return [_row(row) for row in (taxonomy if frame is None else frame)]


def _row(row: str | Mapping[str, Any]) -> _Given:
    if isinstance(row, str):
        return _Given(None, row, None, None, [], [], [])
    if not isinstance(row, Mapping):
        raise InvalidInput(f"a category is a path or a row, not {row!r}")
    known = set(_Given._fields) | {"description"}
    if strange := sorted(set(row) - known, key=str):
        raise InvalidInput(f"a category has no {strange[0]!r}; it has {', '.join(sorted(known))}")

    def text(name: str) -> str | None:
        value = row.get(name)
        return None if is_missing(value) else str(value)

    def texts(name: str) -> list[str]:
        return [] if is_missing(row.get(name)) else names(row[name])

    return _Given(
        text("id"),
        text("path"),
        text("parent"),
        text("name"),
        texts("descriptions") + texts("description"),
        texts("aliases"),
        texts("examples"),
    )
