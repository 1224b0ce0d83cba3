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
    ]:
        table = pyarrow.table({"title": column})
        with pytest.raises(assort.errors.InvalidInput, match=told):
            pack.classify(table)
    with pytest.raises(assort.errors.InvalidInput, match="row 1 has no title"):
        pack.classify(pyarrow.table({"title": pyarrow.nulls(2)}))
    with pytest.raises(assort.errors.InvalidInput, match="no column `name`"):
        pack.classify(pyarrow.table({"title": ["a"]}), title="name")


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
