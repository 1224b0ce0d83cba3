"""Embedders, with sentence-transformers' names."""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Literal

from . import _assort
from ._progress import Told, progress
from ._tables import listed
from .errors import InvalidInput

if TYPE_CHECKING:
    import numpy


class Encoder:
    """An embedder: ``bundled`` is inside the package and reads 100 languages;
    ``dir:PATH``, ``static:FILE`` and ``fastembed:NAME`` are others (``assort embedders``).

    Raises:
        assort.errors.NotFound: There is no such model.
        assort.errors.EmbedderError: It cannot be opened.
    """

    def __init__(
        self,
        spec: str = "bundled",
        *,
        cache: str | os.PathLike[str] | None = None,
        offline: bool = False,
    ) -> None:
        self._arguments = (spec, cache, offline)
        self._native = _assort.Encoder(spec, cache, offline)

    @property
    def spec(self) -> str:
        """What opens it again."""
        return self._native.spec

    @property
    def dimensions(self) -> int:
        """Coordinates of a vector."""
        return self._native.dimensions

    def get_sentence_embedding_dimension(self) -> int:
        """The same, by sentence-transformers' name."""
        return self.dimensions

    def encode(
        self,
        sentences: str | Sequence[str],
        batch_size: int = 4096,
        show_progress_bar: bool | Told | None = None,
        normalize_embeddings: bool = True,
        role: Literal["document", "query"] = "document",
        convert_to_numpy: bool = True,
        convert_to_tensor: bool = False,
    ) -> numpy.ndarray[Any, numpy.dtype[numpy.float32]]:
        """Vectors of texts: an array of ``len(sentences)`` by :attr:`dimensions`, or one
        vector of one text. All vectors are of unit length, so that the inner product is
        their cosine similarity.

        Raises:
            assort.errors.InvalidInput: Something is no text, or vectors that are not
                normalised were asked for.
        """
        import numpy

        if not normalize_embeddings:
            raise InvalidInput("vectors are of unit length always")
        if convert_to_tensor or not convert_to_numpy:
            raise InvalidInput("vectors are arrays of numpy; torch.from_numpy makes tensors of them")
        if not isinstance(batch_size, int) or batch_size < 1:
            raise InvalidInput(f"batch_size is a number from 1 on, not {batch_size!r}")
        alone = isinstance(sentences, str)
        texts = [sentences] if isinstance(sentences, str) else listed(sentences)
        for at, text in enumerate(texts):
            if not isinstance(text, str):
                raise InvalidInput(f"text {at + 1} is {type(text).__name__}")
        with progress(show_progress_bar) as told:
            raw = self._native.encode(texts, role, batch_size, told)
        vectors = numpy.frombuffer(raw, dtype="<f4").reshape(len(texts), self.dimensions)
        return vectors[0] if alone else vectors

    def __reduce__(self) -> tuple[Any, ...]:
        return _reopen, self._arguments

    def __repr__(self) -> str:
        return f"Encoder({self.spec!r}, dimensions={self.dimensions})"


def _reopen(spec: str, cache: str | None, offline: bool) -> Encoder:
    return Encoder(spec, cache=cache, offline=offline)
