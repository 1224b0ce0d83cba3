"""Students that catalogs teach, and how well catalogs file new products by their own labels."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy
import pytest

import assort

KINDS = {
    "Kitchen > Kettles": "kettle",
    "Kitchen > Knives": "bread knife",
    "Audio > Headphones": "headphones",
    "Office > Laptops": "laptop",
}
COLOURS = ["red", "blue", "green", "black", "white", "silver", "grey", "pink", "gold", "brown"]
MAKERS = [first + last for first in ("Ar", "Be", "Ca") for last in ("do", "lo", "ro", "no", "ko")]


@pytest.fixture(scope="module")
def many() -> list[dict[str, str]]:
    """Six hundred products, which are enough for a student."""
    return [
        {"id": f"{kind}-{colour}-{maker}", "title": f"{maker} {kind} in {colour}", "category": path}
        for path, kind in KINDS.items()
        for colour in COLOURS
        for maker in MAKERS
    ]


@pytest.fixture
def stall(tmp_path: Path, many: list[dict[str, str]]) -> assort.Catalog:
    stall = assort.Catalog.create(tmp_path / "stall", list(KINDS))
    stall.add(many, category="category")
    return stall


def test_a_catalog_moves_to_a_student_that_files_and_finds(stall: assort.Catalog) -> None:
    report = stall.distill()
    assert report["adopted"] and report["learned"] > 600 and report["held_out"] == 60
    assert report["cosine"] > 0.9 and report["overlap"] > 0.5 and report["bytes"] > 0
    assert report["accuracy"]["neighbor"] > 0.9 and report["queries"] == "student"
    # Products were embedded before: only categories were asked for.
    assert 0 < report["taught"] < 20
    assert stall.stats()["embedder"].startswith("distilled:students/")
    assert stall.classify("Arko kettle in blue")[0].category.path == "Kitchen > Kettles"
    assert "kettle" in stall.search("red kettle", k=1)[0]["title"]
    path = stall.path
    pack = stall.pack(f"{path}.pack")
    assert pack.classify("Arko kettle in blue")[0].category.path == "Kitchen > Kettles"
    stall.close()
    again = assort.Catalog.open(path)
    assert "knife" in again.search("Belo bread knife", k=1)[0]["title"]


def test_a_student_is_only_written_where_it_is_not_adopted(
    stall: assort.Catalog, tmp_path: Path
) -> None:
    file = tmp_path / "out.student"
    report = stall.distill(sample=550, epochs=1, adopt=False, export=file)
    assert not report["adopted"] and report["held_out"] == 55
    assert stall.stats()["embedder"] == "bundled"
    vectors = assort.Encoder(f"distilled:{file}").encode(["red kettle", "red laptop"])
    assert vectors.shape == (2, 256)


def test_a_student_that_is_not_good_enough_is_not_taken(stall: assort.Catalog) -> None:
    with pytest.raises(assort.errors.NotReady, match="`min_quality` asks for 1; .*`sample=`"):
        stall.distill(epochs=1, min_quality=1)
    assert stall.stats()["embedder"] == "bundled"
    stall.remove([f"kettle-{colour}-{maker}" for colour in COLOURS for maker in MAKERS])
    with pytest.raises(assort.errors.NotReady, match="450 distinct products .* needs 500"):
        stall.distill()
    for wrong, told in [
        ({"sample": 0}, "sample is a number from 1 on"),
        ({"epochs": "many"}, "epochs is a number from 1 on"),
        ({"min_quality": 95}, "min_quality is between 0 and 1"),
    ]:
        with pytest.raises(assort.errors.InvalidInput, match=told):
            stall.distill(**wrong)


def test_teaching_tells_how_far_it_is_and_may_be_stopped(stall: assort.Catalog) -> None:
    told: list[tuple[str, int, int | None]] = []
    stall.distill(epochs=1, adopt=False, progress=lambda *what: told.append(what))
    assert told[-1] == ("percent learned", 100, 100)

    def stop(*_: object) -> None:
        raise RuntimeError("enough")

    with pytest.raises(RuntimeError, match="enough"):
        stall.distill(progress=stop)
    assert stall.stats()["embedder"] == "bundled"
    assert stall.distill()["adopted"]


def test_ctrl_c_stops_teaching(stall: assort.Catalog) -> None:
    path = stall.path
    stall.close()
    program = f"""
import assort
stall = assort.Catalog.open({path!r})
print("ready", flush=True)
try:
    stall.distill(epochs=1_000_000)
except KeyboardInterrupt:
    print("stopped", stall.stats()["embedder"], flush=True)
"""
    process = subprocess.Popen([sys.executable, "-c", program], stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None and process.stdout.readline() == "ready\n"
    time.sleep(0.5)
    process.send_signal(signal.SIGINT)
    assert process.communicate(timeout=60)[0] == "stopped bundled\n"


def test_labels_tell_how_new_products_are_filed(
    stall: assort.Catalog, many: list[dict[str, str]]
) -> None:
    # The labels of one maker are wrong, so that parts differ.
    paths = list(KINDS)
    wrong = {one["id"]: paths[at % 4] for at, one in enumerate(many) if "Ardo" in one["id"]}
    stall.label(wrong)
    found = stall.cross_validate(3, seed=7)
    assert found == stall.cross_validate(3, seed=7)
    assert found["products"] == 600 == sum(one["products"] for one in found["folds"])
    assert [one["labels"] + one["products"] for one in found["folds"]] == [600] * 3
    accuracy = [one["accuracy"] for one in found["folds"]]
    assert 0.8 < min(accuracy) < max(accuracy) and 0.9 < found["balanced_accuracy"] < 1
    over = found["over_folds"]["accuracy"]
    assert over["mean"] == pytest.approx(numpy.mean(accuracy))
    assert over["std"] == pytest.approx(numpy.std(accuracy, ddof=1))
    assert (found["sparse_categories"], found["taught"]) == (0, 0)
    assert stall.cross_validate(2, method="zero-shot")["accuracy"] > 0.9

    command = [sys.executable, "-m", "assort", "evaluate", stall.path, "--folds", "3", "--seed", "7"]
    stall.close()
    said = subprocess.run([*command, "--format", "json"], capture_output=True, text=True)
    parts = json.loads(said.stdout)["cross_validation"]
    for name, spread in found["over_folds"].items():
        assert spread == pytest.approx(parts["over_folds"][name], abs=1e-3), name


def test_what_cannot_be_cross_validated_is_told(tmp_path: Path, stall: assort.Catalog) -> None:
    for wrong, told in [
        ({"folds": 1}, "two parts at least"),
        ({"folds": 601}, "which are 60"),
        ({"folds": "all"}, "folds is a number from 1 on"),
        ({"seed": -1}, "seed is a number from 0 on"),
        ({"method": "best"}, "unknown method `best`"),
    ]:
        with pytest.raises(assort.errors.InvalidInput, match=told):
            stall.cross_validate(**wrong)
    empty = assort.Catalog.create(tmp_path / "empty", list(KINDS))
    with pytest.raises(assort.errors.NotReady, match="no product has a label"):
        empty.cross_validate()
