"""Packs from where they are: fetched once for all processes of a machine."""

from __future__ import annotations

import contextlib
import os
import shutil
import tempfile
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any, BinaryIO

from .errors import Damaged, InvalidInput, NotFound, StorageError
from .pack import Pack

#: Packs that this process has open, by digest.
_OPEN: dict[str, Pack] = {}


def cache_directory() -> Path:
    """Where fetched packs are kept: ``ASSORT_PACKS``, or the user's cache."""
    given = os.environ.get("ASSORT_PACKS")
    usual = os.environ.get("XDG_CACHE_HOME") or os.path.join(os.path.expanduser("~"), ".cache")
    return Path(given) if given else Path(usual) / "assort" / "packs"


def open_pack(
    url: str | os.PathLike[str],
    *,
    digest: str | None = None,
    cache: str | os.PathLike[str] | None = None,
) -> Pack:
    """Opens a pack by its path or URL.

    A file on this machine is opened where it is. Others (``http://``, ``https://``, and
    with ``fsspec`` installed ``s3://``, ``gs://``, ``abfs://``, ``hdfs://`` and what else it
    knows) are copied to a folder once, under a lock, and are named there by their digest.

    Args:
        url: A path or a URL.
        digest: The digest that it must have; a copy of it is not fetched again. Without
            one a URL is fetched at each call: it may lead to another pack now.
        cache: The folder of copies; :func:`cache_directory` without.

    Raises:
        assort.errors.NotFound: There is none.
        assort.errors.Damaged: What is there is no pack, or of another digest.
        assort.errors.StorageError: It cannot be fetched, or there is no room for it.
    """
    if digest and digest in _OPEN:
        return _OPEN[digest]
    path = _local(url)
    pack = Pack(path) if path else _fetched(str(url), digest, Path(cache or cache_directory()))
    if digest and pack.digest != digest:
        raise Damaged(f"{url} is the pack {pack.digest}, not {digest}: it was replaced meanwhile")
    return _OPEN.setdefault(pack.digest, pack)


def _local(url: str | os.PathLike[str]) -> str | None:
    if isinstance(url, os.PathLike) or "://" not in url:
        return os.fspath(url)
    parts = urllib.parse.urlsplit(url)
    return urllib.request.url2pathname(parts.path) if parts.scheme == "file" else None


def _fetched(url: str, digest: str | None, cache: Path) -> Pack:
    try:
        cache.mkdir(parents=True, exist_ok=True)
        with _locked(cache):
            if digest and (named := cache / f"{digest}.pack").exists():
                # A copy that is damaged is fetched again.
                with contextlib.suppress(Damaged):
                    return Pack(named)
            return _fetch(url, cache)
    except OSError as error:
        if isinstance(error, StorageError):
            raise
        raise StorageError(f"{cache} cannot hold the pack {url}: {error}") from None


def _fetch(url: str, cache: Path) -> Pack:
    with tempfile.NamedTemporaryFile(dir=cache, suffix=".part", delete=False) as part:
        try:
            with _source(url) as source:
                shutil.copyfileobj(source, part, 1 << 20)
            part.close()
            # What is no pack is told here, and is not kept.
            named = cache / f"{Pack(part.name).digest}.pack"
            os.replace(part.name, named)
            return Pack(named)
        finally:
            with contextlib.suppress(FileNotFoundError):
                os.unlink(part.name)


@contextlib.contextmanager
def _source(url: str) -> Iterator[BinaryIO]:
    if url.startswith(("http://", "https://")):
        try:
            with urllib.request.urlopen(url, timeout=60) as response:
                yield response
        except urllib.error.HTTPError as error:
            if error.code in (404, 410):
                raise NotFound(f"{url}: {error}") from None
            raise StorageError(f"{url}: {error}") from None
        except urllib.error.URLError as error:
            raise StorageError(f"{url}: {error.reason}") from None
        return
    fsspec = _fsspec(url)
    try:
        with fsspec.open(url, "rb") as source:
            yield source
    except FileNotFoundError:
        raise NotFound(f"there is no {url}") from None
    except (ImportError, ValueError) as error:
        raise InvalidInput(f"{url}: {error}") from None


def _fsspec(url: str) -> Any:
    try:
        import fsspec
    except ImportError:
        scheme = url.split("://")[0]
        raise InvalidInput(f"{scheme}:// needs fsspec; install it, or give a path") from None
    return fsspec


@contextlib.contextmanager
def _locked(folder: Path) -> Iterator[None]:
    """Waits until no other process of this machine fetches."""
    try:
        import fcntl
    except ImportError:
        # Elsewhere two may fetch the same, which does no harm.
        yield
        return
    with open(folder / ".lock", "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def address(url: str | os.PathLike[str]) -> str:
    """A URL as it is, and a path as one."""
    text = os.fspath(url)
    return text if "://" in text else Path(text).absolute().as_uri()
