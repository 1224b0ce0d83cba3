"""scikit-learn's own checks, and what its users do."""

from __future__ import annotations

import pickle

import numpy
import pandas
import pytest
from sklearn.base import clone
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import cross_val_score
from sklearn.pipeline import make_pipeline
from sklearn.utils.estimator_checks import parametrize_with_checks

import assort
from assort.sklearn import AssortClassifier, AssortTransformer


# Estimators of texts are given no numbers: what needs some, scikit-learn leaves out itself.
@pytest.mark.filterwarnings("ignore:Can't test estimator")
@parametrize_with_checks([AssortClassifier(), AssortTransformer()])
def test_what_scikit_learn_expects(estimator, check) -> None:
    check(estimator)


@pytest.fixture(scope="module")
def shop(products: list[dict]) -> tuple[list[str], list[str]]:
    return [one["title"] for one in products], [one["category"] for one in products]


def test_a_classifier_fits_predicts_and_is_pickled(shop: tuple[list[str], list[str]]) -> None:
    titles, categories = shop
    classifier = clone(AssortClassifier()).fit(titles[::2], categories[::2])
    assert list(classifier.classes_) == sorted(set(categories))
    assert classifier.score(titles[1::2], categories[1::2]) > 0.95
    shares = classifier.predict_proba(titles[:5])
    assert shares.shape == (5, 5) and numpy.allclose(shares.sum(axis=1), 1)
    assert (classifier.classes_[shares.argmax(axis=1)] == classifier.predict(titles[:5])).all()
    best, confidence = classifier.predict_topk(titles[:5], 7)
    assert best.shape == confidence.shape == (5, 7)
    assert (best[:, 0] == classifier.predict(titles[:5])).all()
    assert (numpy.diff(confidence, axis=1) <= 0).all() and (confidence[:, 5:] == 0).all()
    again = pickle.loads(pickle.dumps(classifier))
    assert again.digest_ == classifier.digest_
    assert (again.predict_proba(titles) == classifier.predict_proba(titles)).all()


def test_titles_and_categories_come_in_every_shape(shop: tuple[list[str], list[str]]) -> None:
    titles, categories = shop
    expected = AssortClassifier().fit(titles, categories).predict(titles[:20])
    frame = pandas.DataFrame({"title": titles, "category": categories})
    for X, y in [
        (numpy.array(titles), numpy.array(categories)),
        (numpy.array(titles, dtype=object)[:, None], categories),
        (frame["title"], frame["category"]),
        (frame[["title"]], frame["category"].astype("category")),
    ]:
        found = AssortClassifier().fit(X, y).predict(X[:20])
        assert (found == expected).all()
    # Categories may be numbers, and names alike.
    numbers = numpy.unique(categories, return_inverse=True)[1]
    found = AssortClassifier().fit(titles, numbers).predict(titles)
    assert found.dtype == numbers.dtype and (found == numbers).mean() > 0.95
    for wrong in [[1, 2], [""], [None], [["a", "b"]]]:
        with pytest.raises(ValueError):
            AssortClassifier().fit(wrong, ["a"] * len(wrong))
    with pytest.raises(ValueError, match="not str"):
        AssortClassifier().fit("abc", ["a", "b", "c"])
    for labels, told in [(["a", None], "NaN"), (["a", numpy.nan], "NaN"), ([["a", "b"]] * 2, "1d")]:
        with pytest.raises(ValueError, match=told):
            AssortClassifier().fit(["red kettle", "pan"], labels)
    with pytest.raises(ValueError, match="2 titles and 1 categories"):
        AssortClassifier().fit(["a", "b"], ["x"])


@pytest.mark.filterwarnings("ignore:A column-vector y")
def test_columns_of_categories_and_categories_above_others_are_learned(products: list) -> None:
    titles = [one["title"] for one in products]
    roots = ["Kitchen" if "Kitchen" in one["category"] else one["category"] for one in products]
    labels = [one["category"] if at % 2 else root for at, (one, root) in enumerate(zip(products, roots))]
    classifier = AssortClassifier().fit(titles, numpy.array(labels)[:, None])
    assert "Kitchen" in classifier.classes_ and classifier._opened().labels == len(titles)
    assert "Kitchen" in classifier.predict(titles)


def test_labels_may_come_in_parts(shop: tuple[list[str], list[str]]) -> None:
    titles, categories = shop
    whole = AssortClassifier().fit(titles, categories)
    parts = AssortClassifier()
    parts.partial_fit(titles[:100], categories[:100], classes=sorted(set(categories)))
    parts.partial_fit(titles[100:], categories[100:])
    assert (parts.predict(titles) == whole.predict(titles)).all()


def test_they_are_part_of_pipelines(shop: tuple[list[str], list[str]]) -> None:
    titles, categories = shop
    assert cross_val_score(AssortClassifier(), titles, categories, cv=3).mean() > 0.9
    pipeline = make_pipeline(AssortTransformer(), LogisticRegression(max_iter=200))
    assert cross_val_score(pipeline, titles, categories, cv=3).mean() > 0.9
    names = pipeline.fit(titles, categories)[:-1].get_feature_names_out()
    assert len(names) == assort.Encoder().dimensions
