"""Estimators of scikit-learn."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterable
from typing import Any

import numpy
from sklearn.base import BaseEstimator, ClassifierMixin, TransformerMixin
from sklearn.utils.multiclass import check_classification_targets
from sklearn.utils.validation import check_is_fitted, column_or_1d

from ._deciding import deciding
from ._tables import is_missing, listed
from .catalog import Catalog
from .encoder import Encoder
from .errors import InvalidInput
from .pack import Pack


def _titles(X: Any) -> list[str]:
    values = X if hasattr(X, "to_pylist") else X.to_numpy() if hasattr(X, "to_numpy") else X
    if getattr(values, "ndim", 1) == 2 and values.shape[1] == 1:
        values = values[:, 0]
    titles = listed(values)
    for at, title in enumerate(titles):
        if not isinstance(title, str) or not title.strip():
            raise InvalidInput(f"row {at + 1} is {title!r}, where a title should be")
    return titles


def _labels(y: Any, count: int) -> Any:
    values = y.to_pylist() if hasattr(y, "to_pylist") else y
    if hasattr(values, "to_numpy"):
        values = values.to_numpy()
    elif not isinstance(values, numpy.ndarray):
        # Otherwise a missing value among texts would become a text.
        values = numpy.asarray(values, dtype=object)
    labels = column_or_1d(values, warn=True)
    if any(is_missing(label) for label in labels.tolist()):
        raise InvalidInput("y contains NaN or None: every title needs a category")
    # What texts come as depends on the library.
    labels = numpy.asarray(labels.tolist())
    check_classification_targets(labels)
    if len(labels) != count:
        raise InvalidInput(f"there are {count} titles and {len(labels)} categories")
    if not count:
        raise InvalidInput("there is no title to learn from")
    return labels


class _OfTitles(BaseEstimator):
    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.input_tags.string = True
        tags.input_tags.two_d_array = False
        tags.input_tags.one_d_array = True
        return tags


class AssortClassifier(ClassifierMixin, _OfTitles):
    """A classifier of titles: ``X`` are texts, ``y`` their categories.

    What the categories are called is evidence, so that it files well with few labels, and
    categories that are paths (``"Kitchen > Kettles"``) are a tree. It is pickled with all
    that it learned.

    Args:
        embedder: What makes vectors, see :class:`assort.Encoder`.
        method: Which evidence counts.
        separator: What stands between the levels of categories; none for names that are no
            paths.
        train: Train a head on request, which takes longer and files a little better where
            labels are many; small ones are learned always.
        cache: Folder of models.
        offline: Never fetch a model.

    Attributes:
        classes_: The categories, sorted.
        digest_: The digest of the pack it files by.
    """

    def __init__(
        self,
        *,
        embedder: str = "bundled",
        method: str = "auto",
        separator: str | None = " > ",
        train: bool = False,
        cache: str | os.PathLike[str] | None = None,
        offline: bool = False,
    ) -> None:
        self.embedder = embedder
        self.method = method
        self.separator = separator
        self.train = train
        self.cache = cache
        self.offline = offline

    #: The pack, once it is open.
    _pack: Pack | None = None

    def fit(self, X: Any, y: Any) -> AssortClassifier:
        """Learns from titles and their categories."""
        titles = _titles(X)
        labels = _labels(y, len(titles))
        self._seen = (titles, labels)
        self._learn(numpy.unique(labels))
        return self

    def partial_fit(self, X: Any, y: Any, classes: Any = None) -> AssortClassifier:
        """Learns from further titles beside those before, which it keeps. ``classes`` are
        all that may come; others join when they do."""
        titles = _titles(X)
        labels = _labels(y, len(titles))
        if (seen := getattr(self, "_seen", None)) is not None:
            titles, labels = seen[0] + titles, numpy.concatenate([seen[1], labels])
        known = [labels, *([numpy.asarray(classes)] if classes is not None else [])]
        known += [self.classes_] if hasattr(self, "classes_") else []
        self._seen = (titles, labels)
        self._learn(numpy.unique(numpy.concatenate(known)))
        return self

    def _learn(self, classes: Any) -> None:
        deciding(self.method, 1, 0.0)
        titles, labels = self._seen
        self.classes_ = classes
        # Their places are their ids: names may be alike.
        named = [str(name) for name in classes]
        above = {" > ".join(path[:at]) for path in map(self._path, named) for at in range(len(path))}
        tree = [self._category(at, name, above) for at, name in enumerate(named)]
        places = numpy.searchsorted(classes, labels)
        rows = {
            "id": [str(at) for at in range(len(titles))],
            "title": titles,
            "category": [str(at) for at in places],
        }
        with tempfile.TemporaryDirectory(prefix="assort-") as folder:
            shop = Catalog.create(
                os.path.join(folder, "shop"),
                tree,
                embedder=self.embedder,
                cache=self.cache,
                offline=self.offline,
            )
            shop.add(rows, category="category", progress=False)
            if self.train:
                shop.train(progress=False)
            pack = shop.pack(os.path.join(folder, "shop.pack"), progress=False)
            with open(pack.path, "rb") as file:
                self._bytes = file.read()
            self.digest_ = pack.digest

    def _path(self, name: str) -> list[str]:
        if self.separator is None or self.separator not in name:
            return [name]
        return [level.strip().replace(">", "/") for level in name.split(self.separator)]

    def _category(self, at: int, name: str, above: set[str]) -> dict[str, str]:
        path = self._path(name)
        if " > ".join(path) in above:
            # One that others are below is a leaf beside them.
            path.append(path[-1])
        if len(path) == 1:
            return {"id": str(at), "name": name}
        return {"id": str(at), "path": " > ".join(path)}

    def _opened(self) -> Pack:
        check_is_fitted(self, "digest_")
        if self._pack is None or self._pack.digest != self.digest_:
            with tempfile.NamedTemporaryFile(suffix=".pack") as file:
                file.write(self._bytes)
                file.flush()
                # It stays mapped when its name goes.
                self._pack = Pack(file.name, cache=self.cache, offline=self.offline)
        return self._pack

    def _decided(self, X: Any, top: int) -> Any:
        # Ids of their own: a title that was learned from is a product like any other.
        titles = _titles(X)
        method: Any = self.method
        return self._opened().classify(titles, method=method, top=top, progress=False)

    def predict(self, X: Any) -> Any:
        """The category of each title."""
        return self.predict_topk(X, 1)[0][:, 0]

    def predict_topk(self, X: Any, k: int = 5) -> tuple[Any, Any]:
        """The ``k`` best categories of each title and their confidence, best first: two
        arrays of ``len(X)`` by ``k``. Where there are fewer, the last is repeated with a
        confidence of 0."""
        decisions = self._decided(X, k)
        places = numpy.zeros((len(decisions), k), dtype=numpy.intp)
        confidence = numpy.zeros((len(decisions), k), dtype=numpy.float32)
        for at, decision in enumerate(decisions):
            own = [int(one.category.id) for one in decision.alternatives[:k]] or [0]
            places[at] = own + own[-1:] * (k - len(own))
            for place, one in enumerate(decision.alternatives[:k]):
                confidence[at, place] = one.confidence
        return self.classes_[places], confidence

    def predict_proba(self, X: Any) -> Any:
        """Confidence in every category, one for each title in sum: ``len(X)`` by
        ``len(classes_)``. For many of both, :meth:`predict_topk` takes less room."""
        decisions = self._decided(X, len(self._opened().categories))
        shares = numpy.full((len(decisions), len(self.classes_)), 1e-9)
        for at, decision in enumerate(decisions):
            for one in decision.alternatives:
                shares[at, int(one.category.id)] = max(one.confidence, 1e-9)
        return shares / shares.sum(axis=1, keepdims=True)

    def __getstate__(self) -> dict[str, Any]:
        state: Any = super().__getstate__()
        # It is opened again from its bytes.
        return {**state, "_pack": None}


class AssortTransformer(TransformerMixin, _OfTitles):
    """Vectors of texts, for any estimator.

    Args:
        embedder: What makes vectors, see :class:`assort.Encoder`.
        cache: Folder of models.
        offline: Never fetch a model.
    """

    def __init__(
        self,
        *,
        embedder: str = "bundled",
        cache: str | os.PathLike[str] | None = None,
        offline: bool = False,
    ) -> None:
        self.embedder = embedder
        self.cache = cache
        self.offline = offline

    def fit(self, X: Any, y: Any = None) -> AssortTransformer:
        """Opens the embedder; learns nothing."""
        self._encoder = Encoder(self.embedder, cache=self.cache, offline=self.offline)
        self.n_features_out_ = self._encoder.dimensions
        return self

    def transform(self, X: Any) -> Any:
        """Vectors of unit length, a row for each text."""
        check_is_fitted(self, "n_features_out_")
        return self._encoder.encode(_titles(X), show_progress_bar=False)

    def get_feature_names_out(self, input_features: Iterable[str] | None = None) -> Any:
        """Names of the coordinates."""
        check_is_fitted(self, "n_features_out_")
        return numpy.array([f"assort{at}" for at in range(self.n_features_out_)], dtype=object)
