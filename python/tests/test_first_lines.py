"""The first lines that somebody tries."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import numpy
import pytest

import assort


def test_a_shop_is_made_filled_and_files(tmp_path: Path) -> None:
    shop = assort.Catalog.create(tmp_path / "shop", ["Kitchen > Kettles", "Garden > Hoses"])
    decision = shop.classify("Electric kettle 1.7 l")[0]
    assert decision.category.path == "Kitchen > Kettles"
    assert decision.category.name == "Kettles"
    assert not decision.is_calibrated
    report = shop.add([{"id": "1", "title": "Red kettle"}, {"id": "2", "title": "Garden hose 20 m"}])
    assert (report["added"], report["rejected"]) == (2, 0)
    assert len(shop) == 2 and "1" in shop and "3" not in shop
    found = shop.search("water kettle", k=1)
    assert found[0]["id"] == "1" and 0 < found[0]["similarity"] <= 1
    assert [one["id"] for one in shop.similar("1")] == ["2"]
    assert shop.label({"1": "Kitchen > Kettles"})["changed"] == 1
    assert shop.search("kettle", where='category under "Kitchen"')[0]["category"] == "Kitchen > Kettles"
    assert shop.remove("2") == 1 and len(shop) == 1


def test_labels_teach_and_the_report_tells(shop: assort.Catalog, products: list[dict]) -> None:
    report = shop.add(products[::2], category="category")
    assert report["labelled"] == 100
    found = shop.evaluate(products[1::2])
    assert found["accuracy"] > 0.95 and found["products"] == 100
    assert shop.train()["labels"] == 100


def test_a_row_that_is_not_taken_is_told(shop: assort.Catalog) -> None:
    rows = [{"id": "1", "title": "Kettle", "category": "Nowhere"}, {"id": None, "title": "Pan"}]
    with pytest.warns(UserWarning, match="1 rows were not taken; the first is row 2: no id"):
        report = shop.add(rows, category="category")
    assert report["added"] == 1 and report["unknown_categories"] == 1
    assert report["rejects"] == [(2, "no id")]
    with pytest.warns(UserWarning, match="not taken"):
        report = shop.label({"9": "Kitchen"})
    assert report["rejected"] == 1 and "9" in report["rejects"][0][1]


def test_filters_that_can_find_nothing_are_told(shop: assort.Catalog) -> None:
    rows = [{"id": "1", "title": "red kettle", "price": "19.99", "maker": "Acme"}]
    shop.add(rows, attributes=["price", "maker"])
    assert shop.search("kettle", where="price < 50")[0]["attributes"]["price"] == "19.99"
    with pytest.warns(UserWarning, match="no product has the attribute `prise`; `price` is"):
        assert shop.search("kettle", where="prise < 50") == []
    with pytest.warns(UserWarning, match="no value of `maker` is more"):
        assert shop.search("kettle", where="maker < 50") == []
    assert shop.search("kettle", where="price < 5") == []
    with pytest.raises(assort.errors.InvalidInput, match="from 1 on"):
        shop.search("kettle", k=0)


def test_a_catalog_is_closed_and_opened_again(shop: assort.Catalog) -> None:
    assert shop, "an empty one is a catalog"
    with pytest.raises(assort.errors.Locked, match="close\\(\\) it"):
        assort.Catalog.open(shop.path)
    path = shop.path
    with shop:
        shop.add({"id": 4711, "title": "red kettle"})
    with pytest.raises(assort.errors.NotReady, match="closed"):
        len(shop)
    again = assort.Catalog.open(path)
    assert len(again) == 1 and 4711 in again and again.remove(4711) == 1


def test_a_pack_that_is_written_over_is_not_gone_on_with(pack: assort.Pack, tmp_path: Path) -> None:
    copy = tmp_path / "a b é.pack"
    copy.write_bytes(Path(pack.path).read_bytes())
    own = assort.Pack(copy)
    assert own.digest == pack.digest
    # Another one under its name does no harm, and its own stays what it was.
    other = tmp_path / "other"
    other.write_bytes(b"no pack")
    other.rename(copy)
    assert own.classify("red kettle")[0].category == pack.classify("red kettle")[0].category
    with pytest.raises(assort.errors.Damaged):
        assort.Pack(copy)
    copy.write_bytes(Path(pack.path).read_bytes())
    own = assort.Pack(copy)
    with open(copy, "r+b") as file:
        file.seek(100)
        file.write(b"x")
    with pytest.raises(assort.errors.Damaged, match="written over"):
        own.classify("red kettle")


def test_explained_decisions_are_shown(pack: assort.Pack) -> None:
    decision = pack.classify("red kettle <b>new</b>", explain=True)[0]
    assert decision.reasons["neighbors"][0]["category"] == "Kitchen > Kettles"
    assert {one["source"] for one in decision.reasons["sources"]} >= {"prototypes", "neighbors"}
    page = decision._repr_html_()
    assert "<b>Kitchen &gt; Kettles</b>" in page and "<b>new</b>" not in page
    assert "Kitchen &gt; Kettles" in pack.classify(["red kettle"])._repr_html_()


def test_an_encoder_speaks_as_sentence_transformers_do() -> None:
    encoder = assort.Encoder()
    texts = ["red kettle", "红色电水壶", "garden hose"]
    vectors = encoder.encode(texts, batch_size=2, normalize_embeddings=True)
    assert vectors.shape == (3, encoder.get_sentence_embedding_dimension())
    assert vectors.dtype == numpy.float32
    assert numpy.allclose(numpy.linalg.norm(vectors, axis=1), 1, atol=1e-5)
    assert vectors[0] @ vectors[1] > vectors[0] @ vectors[2]
    assert (encoder.encode(texts[0]) == vectors[0]).all()
    assert encoder.encode([]).shape == (0, encoder.dimensions)


def test_what_cannot_be_used_is_told(tmp_path: Path, shop: assort.Catalog, pack: assort.Pack) -> None:
    errors = assort.errors
    for wrong, kind, told in [
        (lambda: assort.Catalog.open(tmp_path / "none"), errors.NotFound, "is not a catalog"),
        (lambda: assort.Catalog.open(shop.path), errors.Locked, "open for writing"),
        (lambda: assort.Catalog.create(shop.path, ["a"]), errors.Exists, "already holds a catalog"),
        (lambda: assort.Catalog.create(tmp_path / "x", []), errors.InvalidInput, "no categor"),
        (lambda: shop.classify("a", method="best"), errors.InvalidInput, "unknown method `best`"),
        (lambda: shop.classify("a", method="neighbors"), errors.NotReady, "no product has a label"),
        (lambda: shop.similar("none"), errors.NotFound, "no product with the id `none`"),
        (lambda: shop.search("a", where="brand ="), errors.InvalidInput, "="),
        (lambda: shop.search(), errors.InvalidInput, "a text or a vector"),
        (lambda: pack.classify({"name": ["a"]}), errors.InvalidInput, "no column `title`; there are name"),
        (lambda: pack.classify({"title": ["a", None]}), errors.InvalidInput, "row 2 has no title"),
        (lambda: pack.classify(["a", 7]), errors.InvalidInput, "row 2 of the column `title` holds int"),
        (lambda: pack.classify({"title": [b"a"]}), errors.InvalidInput, "holds bytes"),
        (lambda: pack.classify([["a"]]), errors.InvalidInput, "holds list"),
        (lambda: pack.classify("a", top=0), errors.InvalidInput, "from 1 on"),
        (lambda: pack.classify("a", target_precision=95), errors.InvalidInput, "between 0 and 1"),
        (lambda: pack.classify("a", min_confidence="0.5"), errors.InvalidInput, "between 0 and 1"),
        (lambda: pack.classify("a", missing="drop"), errors.InvalidInput, '"null"'),
        (lambda: pack.classify("a", title=["title"]), errors.InvalidInput, "named by a text"),
        (lambda: shop.add({"sku": ["1"], "title": ["a"]}), errors.InvalidInput, "with `id=`"),
        (lambda: assort.Catalog(shop.path), errors.InvalidInput, "Catalog.open"),
        (lambda: assort.Catalog.create(tmp_path / "x", {"1": {}}), errors.InvalidInput, "path should be"),
        (lambda: assort.Encoder().encode({"a": "b"}), errors.InvalidInput, "not dict"),
        (lambda: pack.classify(7), errors.InvalidInput, "not int"),
        (lambda: assort.Encoder("dir:/nowhere"), errors.NotFound, "/nowhere"),
        (lambda: assort.Encoder("best"), errors.InvalidInput, "best"),
        (lambda: assort.Encoder().encode([1]), errors.InvalidInput, "text 1 is int"),
        (lambda: assort.Pack(__file__), errors.Damaged, "does not begin as a pack's"),
        (lambda: assort.Pack(tmp_path), errors.InvalidInput, "is a directory"),
        (lambda: assort.Encoder().encode(["a"], batch_size=0), errors.InvalidInput, "from 1 on"),
        (lambda: assort.Pack("/nowhere.pack"), errors.StorageError, "/nowhere.pack"),
    ]:
        with pytest.raises(kind) as raised:
            wrong()
        assert told in str(raised.value), (told, str(raised.value))
        assert isinstance(raised.value, assort.AssortError)
    with pytest.raises(KeyError):
        shop.similar("none")
    with pytest.raises(ValueError):
        shop.classify("a", method="best")


def test_a_taxonomy_comes_in_every_shape(tmp_path: Path) -> None:
    (tmp_path / "tree.csv").write_text("id,name,parent\n1,Kitchen,\n2,Kettles,1\n3,Pans,1\n")
    rows = [
        {"id": "1", "name": "Kitchen"},
        {"id": "2", "name": "Kettles", "parent": "1", "aliases": ["Water boilers"]},
        {"id": "3", "name": "Pans", "parent": "1", "description": "To fry in."},
    ]
    import pandas
    import polars

    frame = pandas.DataFrame(rows)
    given = [frame, polars.DataFrame(rows[:1] + [{**rows[1], "aliases": None}] + rows[2:]), tmp_path / "tree.csv", {"2": "Kitchen > Kettles", "3": "Kitchen > Pans"}, rows]
    for at, taxonomy in enumerate(given):
        shop = assort.Catalog.create(tmp_path / f"shop-{at}", taxonomy)
        paths = {one.id: one.path for one in shop.categories}
        assert paths["2"] == "Kitchen > Kettles" and paths["3"] == "Kitchen > Pans"
    (tmp_path / "numbers.txt").write_text("".join(f"{at}\n" for at in range(1000, 1020)))
    with pytest.raises(assort.errors.InvalidInput, match="looks wrong.*sure=True"):
        assort.Catalog.create(tmp_path / "odd", tmp_path / "numbers.txt")
    assort.Catalog.create(tmp_path / "odd", tmp_path / "numbers.txt", sure=True)
    with pytest.raises(assort.errors.InvalidInput, match="no 'titel'"):
        assort.Catalog.create(tmp_path / "x", [{"titel": "Kettles"}])


def test_the_command_line_comes_with_it(tmp_path: Path) -> None:
    def run(*arguments: str) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-m", "assort", *arguments]
        return subprocess.run(command, cwd=tmp_path, capture_output=True, text=True)

    assert run("--version").stdout == f"assort {assort.__version__}\n"
    (tmp_path / "tree.csv").write_text("path\nKitchen > Kettles\nGarden > Hoses\n")
    assert run("init", "shop", "--taxonomy", "tree.csv").returncode == 0
    filed = run("classify", "shop", "--text", "red kettle", "--format", "csv")
    assert "Kitchen > Kettles" in filed.stdout and filed.returncode == 0
    wrong = run("classify", "nowhere", "--text", "red kettle")
    assert wrong.returncode == 1 and "is not a catalog" in wrong.stderr
    assert run("classify").returncode == 2


def test_decisions_of_a_pack_are_kept_beside_products(
    pack: assort.Pack, products: list[dict], tmp_path: Path
) -> None:
    catalog = assort.Catalog.of_pack(tmp_path / "shop", pack)
    assert [one.path for one in catalog.categories] == [one.path for one in pack.categories]
    rows = [{"id": row["id"], "title": row["title"]} for row in products[:20]]
    catalog.add(rows)
    decisions = pack.classify(rows)
    assert catalog.keep(decisions) == len(rows)
    found = {one["id"]: one["category_id"] for one in catalog.search("kettle", k=20)}
    assert found == {row["id"]: one.category.id for row, one in zip(rows, decisions, strict=True)}
    with pytest.raises(assort.errors.InvalidInput, match="without any"):
        catalog.keep(pack.classify(["red kettle"]))
    with pytest.raises(assort.errors.Exists):
        assort.Catalog.of_pack(tmp_path / "shop", pack)
