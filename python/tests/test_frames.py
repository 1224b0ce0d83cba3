"""Frames of every library, both ways."""

from __future__ import annotations

import duckdb
import numpy
import pandas
import polars
import pyarrow
import pytest

import assort


@pytest.fixture(scope="module")
def asked(products: list[dict]) -> list[dict]:
    """Products that the pack does not know by their ids, so that ids change nothing."""
    return [{**row, "id": f"new {row['id']}"} for row in products]


@pytest.fixture(scope="module")
def expected(pack: assort.Pack, asked: list[dict]) -> list[str]:
    return pack.classify(asked).category_ids


def test_every_frame_files_alike(pack: assort.Pack, asked: list[dict], expected: list) -> None:
    table = pyarrow.Table.from_pylist(asked)
    frame = pandas.DataFrame(asked)
    large = table.cast(pyarrow.schema([(name, pyarrow.large_string()) for name in table.column_names]))
    words = table.set_column(1, "title", table["title"].dictionary_encode())
    numbered = table.set_column(0, "id", pyarrow.array(range(len(asked))))
    for given in [
        table,
        large,
        words,
        numbered,
        pyarrow.RecordBatchReader.from_batches(table.schema, table.to_batches(max_chunksize=7)),
        table.combine_chunks().to_batches()[0],
        frame,
        frame.set_index(frame.index + 100),
        frame.astype({"title": "category"}),
        polars.DataFrame(asked),
        duckdb.sql("select * from frame"),
        frame.to_dict("list"),
    ]:
        decisions = pack.classify(given)
        assert decisions.category_ids == expected, type(given)
        assert decisions[0].id is not None
    titles = [one["title"] for one in asked]
    for given in [
        titles,
        tuple(titles),
        numpy.array(titles),
        pandas.Series(titles),
        polars.Series(titles),
        table["title"],
    ]:
        decisions = pack.classify(given)
        assert decisions.category_ids == expected, type(given)
        assert decisions[0].id is None


def test_decisions_go_to_every_frame(pack: assort.Pack, asked: list[dict], expected: list) -> None:
    decisions = pack.classify(asked, set_coverage=0.9, explain=True)
    table = decisions.to_arrow()
    assert table.schema.metadata[b"assort.pack"].decode() == pack.digest == decisions.pack
    assert table.column_names == [
        "id", "category_id", "category", "confidence", "margin", "is_calibrated", "alternatives",
        "set", "reasons",
    ]
    assert table["category_id"].to_pylist() == expected
    assert decisions.to_pandas()["id"].tolist() == [one["id"] for one in asked]
    assert decisions.to_polars()["category_id"].to_list() == expected
    assert polars.from_arrow(pyarrow.table(decisions)).height == len(asked)
    first, row = decisions[0], table.slice(0, 1).to_pylist()[0]
    assert row["confidence"] == pytest.approx(first.confidence)
    assert row["alternatives"][0]["category"] == first.alternatives[0].category.path
    assert [one["category_id"] for one in row["set"]] == [one.category.id for one in first.set]
    assert len(decisions[-3:]) == 3 and decisions[-1] == decisions[len(decisions) - 1]
    with pytest.raises(IndexError):
        decisions[len(decisions)]


def test_what_is_no_text_is_refused(pack: assort.Pack) -> None:
    for column, told in [
        ([1, 2], "holds Int64"),
        ([["a"], ["b"]], "holds List"),
        ([1.5, None], "holds Float64"),
        ([b"a"], "holds Binary"),
    ]:
        table = pyarrow.table({"title": column})
        with pytest.raises(assort.errors.InvalidInput, match=told):
            pack.classify(table)
    with pytest.raises(assort.errors.InvalidInput, match="row 1 has no title"):
        pack.classify(pyarrow.table({"title": pyarrow.nulls(2)}))
    with pytest.raises(assort.errors.InvalidInput, match="no column `name`"):
        pack.classify(pyarrow.table({"title": ["a"]}), title="name")
    twice = pyarrow.Table.from_arrays([pyarrow.array(["a"])] * 2, ["title", "title"])
    frame = pandas.DataFrame([["a", "b"]], columns=["title", "title"])
    for given in (twice, frame):
        with pytest.raises(assort.errors.InvalidInput, match="several columns `title`"):
            pack.classify(given)
    with pytest.raises(assort.errors.InvalidInput, match="collect"):
        pack.classify(polars.DataFrame({"title": ["a"]}).lazy())


def test_missing_values_of_every_library_are_missing(pack: assort.Pack) -> None:
    other = [object(), 1]
    for given in [
        pandas.DataFrame({"title": ["red kettle", None], "other": other}),
        pandas.DataFrame({"title": pandas.array(["red kettle", pandas.NA]), "other": other}),
        [{"title": "red kettle", "other": pandas.NA}, {"title": pandas.NA}],
        ["red kettle", float("nan")],
        pandas.Series(["red kettle", None]),
        polars.DataFrame({"title": ["red kettle", None], "other": [None, None]}),
        {"title": numpy.array(["red kettle", None], dtype=object)},
    ]:
        found = pack.classify(given, missing="null").category_ids
        assert found[0] is not None and found[1] is None, type(given)
        with pytest.raises(assort.errors.InvalidInput, match="row 2 has no title"):
            pack.classify(given)


def test_nothing_gives_nothing(pack: assort.Pack, shop: assort.Catalog) -> None:
    for given in [
        [], {"title": []}, pandas.DataFrame({"title": []}), polars.DataFrame({"title": []}),
        pyarrow.table({"title": pyarrow.array([], pyarrow.string())}),
    ]:
        assert len(pack.classify(given)) == 0, type(given)
        assert pack.classify(given).to_arrow().num_rows == 0
    assert shop.add({"id": [], "title": []})["rows"] == 0


def test_one_row_is_one_product(pack: assort.Pack, shop: assort.Catalog) -> None:
    assert len(pack.classify({"title": "red kettle"})) == 1
    assert len(pack.classify(numpy.array("red kettle"))) == 1
    assert shop.add({"id": "abc", "title": "red kettle"})["added"] == 1


def test_ids_are_what_they_look_like(pack: assort.Pack) -> None:
    for given in [
        pandas.DataFrame({"id": [4711, None], "title": ["a b", "c d"]}),
        pyarrow.table({"id": [4711.0, None], "title": ["a b", "c d"]}),
        [{"id": 4711, "title": "a b"}, {"title": "c d"}],
    ]:
        assert [one.id for one in pack.classify(given)] == ["4711", None]


def test_a_missing_title_may_be_passed_over(pack: assort.Pack) -> None:
    table = pyarrow.table({"id": ["1", "2", "3"], "title": ["red kettle", None, " "]})
    decisions = pack.classify(table, missing="null").to_arrow().to_pylist()
    assert [one["id"] for one in decisions] == ["1", "2", "3"]
    assert decisions[0]["category"] == "Kitchen > Kettles"
    assert decisions[1]["category"] is None and decisions[1]["confidence"] is None


def test_nothing_of_a_wrong_frame_is_stored(shop: assort.Catalog) -> None:
    wrong = pyarrow.table({"id": ["1", "2"], "title": ["red kettle", "pan"], "text": [1, 2]})
    with pytest.raises(assort.errors.InvalidInput, match="`text` holds Int64"):
        shop.add(wrong, text="text")
    with pytest.raises(assort.errors.InvalidInput, match="no column `category`"):
        shop.add(wrong, category="category")
    assert len(shop) == 0
