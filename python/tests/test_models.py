"""Packs by URL: fetched once, and told apart."""

from __future__ import annotations

import functools
import http.server
import multiprocessing
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

import assort
from assort import models


@pytest.fixture
def served(pack: assort.Pack) -> Iterator[tuple[str, list[str]]]:
    """The address of a server with the pack's folder, and what was asked of it."""
    asked: list[str] = []

    class Handler(http.server.SimpleHTTPRequestHandler):
        def log_message(self, format: str, *arguments: object) -> None:
            asked.append(self.path)

    handler = functools.partial(Handler, directory=str(Path(pack.path).parent))
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}", asked
    server.shutdown()


@pytest.fixture(autouse=True)
def forgotten(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(models, "_OPEN", {})


def _open(url: str, digest: str, cache: Path, queue: multiprocessing.Queue) -> None:
    models._OPEN.clear()
    queue.put(models.open_pack(url, digest=digest, cache=cache).digest)


def test_a_pack_is_fetched_once_for_all_processes(
    pack: assort.Pack, served: tuple[str, list[str]], tmp_path: Path
) -> None:
    url, asked = served
    context = multiprocessing.get_context("fork")
    queue = context.Queue()
    arguments = (f"{url}/shop.pack", pack.digest, tmp_path, queue)
    processes = [context.Process(target=_open, args=arguments) for _ in range(4)]
    for process in processes:
        process.start()
    assert {queue.get(timeout=60) for _ in processes} == {pack.digest}
    for process in processes:
        process.join()
    assert asked == ["/shop.pack"]
    assert [one.name for one in tmp_path.glob("*.pack")] == [f"{pack.digest}.pack"]
    assert not list(tmp_path.glob("*.part"))


def test_a_pack_is_opened_by_path_and_by_file_url(pack: assort.Pack) -> None:
    for url in [pack.path, Path(pack.path), Path(pack.path).as_uri(), f"local://{pack.path}"]:
        assert models.open_pack(url).digest == pack.digest


def test_what_is_not_there_or_another_is_told(
    pack: assort.Pack, served: tuple[str, list[str]], tmp_path: Path
) -> None:
    errors = assort.errors
    (Path(pack.path).parent / "notes.txt").write_text("no pack")
    full = tmp_path / "full"
    full.write_text("no folder")
    for url, kind, told in [
        (f"{served[0]}/none.pack", errors.NotFound, "404"),
        (f"{served[0]}/notes.txt", errors.Damaged, "has only 7 bytes"),
        ("http://127.0.0.1:9/shop.pack", errors.StorageError, "refused"),
        ("local:///nowhere/shop.pack", errors.NotFound, "/nowhere/shop.pack"),
        ("strange://shop.pack", errors.InvalidInput, "strange"),
    ]:
        with pytest.raises(kind, match=told):
            models.open_pack(url, cache=tmp_path / "cache")
    assert not list((tmp_path / "cache").glob("*.pack"))
    with pytest.raises(errors.StorageError, match="cannot hold the pack"):
        models.open_pack(f"{served[0]}/shop.pack", cache=full)
    with pytest.raises(errors.Damaged, match="replaced meanwhile"):
        models.open_pack(pack.path, digest="0" * 32)
