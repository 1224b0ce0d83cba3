"""Products that are filed by pictures of theirs."""

from __future__ import annotations

import base64
import shutil
import struct
import subprocess
import sys
from pathlib import Path

import pytest

import assort
from assort import errors

#: A model of pictures of 4 x 4 pixels that gives the mean of each channel, as ONNX has it.
MODEL = base64.b64decode(
    "CAc6jQEKJQoIcGljdHVyZXMSBnBvb2xlZCIRR2xvYmFsQXZlcmFnZVBvb2wKHwoGcG9vbGVkEgxpbWFnZV9l"
    "bWJlZHMiB0ZsYXR0ZW4SBXNtYWxsWiAKCHBpY3R1cmVzEhQKEggBEg4KAAoCCAMKAggECgIIBGIaCgxpbWFn"
    "ZV9lbWJlZHMSCgoICAESBAoACgBCAhAL"
)

PATHS = ["Kitchen > Kettles", "Kitchen > Knives"]


def bmp(red: int, green: int, blue: int) -> bytes:
    """A picture of one pixel."""
    head = struct.pack("<2sIHHI", b"BM", 58, 0, 0, 54)
    info = struct.pack("<IiiHHIIiiII", 40, 1, 1, 1, 24, 0, 4, 0, 0, 0, 0)
    return head + info + bytes([blue, green, red, 0])


def colour(at: int) -> tuple[int, int, int]:
    """Kettles are red, knives are blue."""
    return (200 + at % 50, at, 9) if at % 2 == 0 else (9, at, 200 + at % 50)


def title(at: int) -> str:
    """A title that says nothing, with a word of its own."""
    return "Article " + "".join("bcdfghjklm"[int(digit)] for digit in f"{at:03}")


@pytest.fixture(scope="session")
def embedded(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a shop that has learned from pictures, which are beside it."""
    folder = tmp_path_factory.mktemp("pictured")
    for name in ("model", "images"):
        (folder / name).mkdir()
    (folder / "model/model.onnx").write_bytes(MODEL)
    settings = '{"size": 4, "resample": 0, "do_normalize": false}'
    (folder / "model/preprocessor_config.json").write_text(settings)
    for at in range(80):
        (folder / f"images/{at}.bmp").write_bytes(bmp(*colour(at)))
    rows = [
        {"id": f"p{at}", "title": title(at), "picture": f"{at}.bmp", "category": PATHS[at % 2]}
        for at in range(60)
    ]
    with assort.Catalog.create(folder / "shop", PATHS) as shop:
        shop.add(rows, category="category", image="picture")
    command = [sys.executable, "-m", "assort", "pictures", "shop"]
    command += ["--images", "images", "--embedder", "dir:model"]
    ran = subprocess.run(command, cwd=folder, capture_output=True, text=True)
    if "ONNX Runtime" in ran.stderr and ran.returncode:
        pytest.skip("a model of pictures needs ONNX Runtime")
    assert ran.returncode == 0, ran.stderr
    return folder


@pytest.fixture
def pictured(embedded: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(embedded, tmp_path / "pictured"))


def new() -> list[dict[str, str | None]]:
    rows: list[dict[str, str | None]] = [
        {"title": title(at), "picture": f"{at}.bmp", "category": PATHS[at % 2]}
        for at in range(60, 80)
    ]
    data = base64.b64encode(bmp(250, 8, 8)).decode()
    rows.append({"title": title(90), "picture": f"data:image/bmp;base64,{data}", "category": PATHS[0]})
    rows.append({"title": title(91), "picture": "../model/model.onnx", "category": PATHS[0]})
    rows.append({"title": title(92), "picture": None, "category": PATHS[0]})
    return rows


def test_products_that_are_not_stored_are_filed_by_their_pictures(pictured: Path) -> None:
    with assort.Catalog.open(pictured / "shop", images=pictured / "images") as shop:
        decisions = shop.classify(new(), image="picture", method="pictures")
        paths = [one.category.path if one.category else None for one in decisions]
        assert paths == [PATHS[at % 2] for at in range(60, 80)] + [PATHS[0], None, None]
        problems = [one.picture_problem for one in decisions]
        assert problems[:21] == [None] * 21
        assert "leads out" in (problems[21] or "")
        assert problems[22] is None
        # No product is lost by its picture.
        decided = shop.classify(new(), image="picture")
        assert all(one.category for one in decided)
        figures = shop.evaluate(new(), image="picture", method="pictures")
        assert figures["pictures"] == {"used": 21, "without": 1, "unusable": 1}
        with pytest.raises(errors.InvalidInput, match="no column `photo`"):
            shop.classify(new(), image="photo")


def test_pictures_outside_of_what_was_named_are_not_opened(pictured: Path) -> None:
    with assort.Catalog.open(pictured / "shop") as shop:
        rows = [
            {"title": title(60), "picture": "60.bmp"},
            {"title": title(61), "picture": "http://127.0.0.1:9/a.bmp"},
        ]
        decisions = shop.classify(rows, image="picture", method="pictures")
        assert [one.category for one in decisions] == [None, None]
        path, address = (one.picture_problem or "" for one in decisions)
        assert "no folder" in path
        assert "not asked for" in address
    with assort.Catalog.open(pictured / "shop", allow_urls=True) as shop:
        (told,) = shop.classify(rows[1:], image="picture")
        assert "not fetched" in (told.picture_problem or "")
    with pytest.raises(errors.InvalidInput):
        assort.Catalog.open(pictured / "shop", images=pictured / "none")


def test_frames_have_the_problems_of_pictures_where_there_are_any(pictured: Path) -> None:
    pyarrow = pytest.importorskip("pyarrow")
    with assort.Catalog.open(pictured / "shop", images=pictured / "images") as shop:
        whole = shop.classify(new()[:2], image="picture")
        assert "picture_problem" not in pyarrow.table(whole).column_names
        broken = pyarrow.table(shop.classify(new(), image="picture"))
        told = broken.column("picture_problem").to_pylist()
        assert [one is None for one in told] == [True] * 21 + [False, True]
