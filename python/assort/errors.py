"""What can go wrong, sorted by who must act."""

from __future__ import annotations


class AssortError(Exception):
    """Any error of Assort."""


class InvalidInput(AssortError, ValueError):
    """What was given cannot be used: a column, a row, an option."""


class NotFound(AssortError, KeyError):
    """There is no such catalog, product or model."""

    # A KeyError shows the repr of its message.
    def __str__(self) -> str:
        return Exception.__str__(self)


class Exists(AssortError, FileExistsError):
    """There is a catalog already."""


class NotReady(AssortError, RuntimeError):
    """It is not in the state that this needs: without labels, or read-only."""


class WrongSpace(AssortError, ValueError):
    """The vectors are of another embedder."""


class WrongVersion(AssortError, RuntimeError):
    """A newer Assort wrote it."""


class Locked(AssortError, RuntimeError):
    """Another process has the catalog open for writing, or it is being worked on."""


class StorageError(AssortError, OSError):
    """The file system refused."""


class Damaged(AssortError, RuntimeError):
    """A file is damaged, or is something else."""


class EmbedderError(AssortError, RuntimeError):
    """The embedder cannot be opened, or failed."""
