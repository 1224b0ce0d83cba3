"""Labelled products of tables, parts of them that share no title, and scores of how they were filed."""

import csv
import re
import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

SEPARATOR = " > "
RESAMPLES = 2000

Choices = list[tuple[str, float]]  # categories and their probabilities, the likeliest first


@dataclass(frozen=True)
class Product:
    """A product; `text` is what further columns say, joined by spaces."""

    id: str
    title: str
    text: str
    category: str

    @property
    def whole(self) -> str:
        return f"{self.title}. {self.text}" if self.text else self.title


def read_products(path: Path, columns: Sequence[str]) -> list[Product]:
    """The products of a CSV file, or of a TSV file without quotes, with `columns` as their further text."""
    with open(path, encoding="utf-8", newline="") as file:
        tabs = path.suffix == ".tsv"
        rows = csv.DictReader(file, delimiter="\t", quoting=csv.QUOTE_NONE) if tabs else csv.DictReader(file)
        if missing := {"id", "title", "category", *columns} - set(rows.fieldnames or ()):
            raise SystemExit(f"{path} has no column {', '.join(sorted(missing))}")
        return [Product(row["id"], row["title"], " ".join(filter(None, (row[column] for column in columns))),
                        tidy(row["category"])) for row in rows]


def tidy(category: str) -> str:
    """A path with single spaces only, as Assort writes it."""
    return SEPARATOR.join(" ".join(name.split()) for name in category.split(SEPARATOR))


def part_of(product: Product, parts: int) -> int:
    """Which of `parts` a product belongs to; titles of the same words share a part."""
    words = re.findall(r"\w+", product.title.lower())
    return zlib.crc32(" ".join(words).encode()) % parts


def ancestor(category: str, level: int) -> str:
    return SEPARATOR.join(category.split(SEPARATOR)[:level])


class Scores:
    """Truths and decisions as numbers, level by level, so that samples of the rows can be scored quickly."""

    def __init__(self, truths: Sequence[str], decisions: Sequence[str]):
        depth = max(category.count(SEPARATOR) for category in truths) + 1
        self.levels = []
        for level in range(1, depth + 1):
            pairs = [(ancestor(truth, level), ancestor(decision, level)) for truth, decision in zip(truths, decisions)]
            numbers = {name: number for number, name in enumerate(sorted({name for pair in pairs for name in pair}))}
            self.levels.append((np.array([[numbers[name] for name in pair] for pair in pairs]), len(numbers)))

    def accuracy(self, rows: np.ndarray | slice = slice(None)) -> float:
        """The share of decisions that name the right leaf."""
        truth, decision = self.levels[-1][0][rows].T
        return float(np.mean(truth == decision))

    def weighted_f1(self, rows: np.ndarray | slice = slice(None)) -> list[float]:
        """For every level, the mean F1 of its categories, each weighted by the number of products it truly has."""
        return [level_f1(*pairs[rows].T, count) for pairs, count in self.levels]


def level_f1(truth: np.ndarray, decision: np.ndarray, categories: int) -> float:
    have = np.bincount(truth, minlength=categories)
    got = np.bincount(decision, minlength=categories)
    right = np.bincount(truth[truth == decision], minlength=categories)
    return float(np.sum(have * 2 * right / np.maximum(have + got, 1)) / len(truth))


def difference(ours: Scores, theirs: Scores, seed: int = 1) -> dict[str, list[float]]:
    """How far ours leads, and the interval that holds 95% of what paired resampling of the rows gives."""
    chance = np.random.default_rng(seed)
    count = len(ours.levels[0][0])
    drawn: dict[str, list[float]] = {"accuracy": [], "mean_f1": []}
    for sample in range(RESAMPLES + 1):
        rows = chance.integers(0, count, count) if sample else np.arange(count)
        drawn["accuracy"].append(ours.accuracy(rows) - theirs.accuracy(rows))
        drawn["mean_f1"].append(float(np.mean(ours.weighted_f1(rows)) - np.mean(theirs.weighted_f1(rows))))
    return {name: [values[0], *np.percentile(values[1:], [2.5, 97.5])] for name, values in drawn.items()}


def scores_of(products: Sequence[Product], filed: Sequence[Choices]) -> dict:
    """Leaf accuracy, weighted F1 of every level and their mean, and the share of truths among the five likeliest."""
    scores = Scores([product.category for product in products], [choices[0][0] for choices in filed])
    levels = scores.weighted_f1()
    top = [product.category in [name for name, _ in choices[:5]] for product, choices in zip(products, filed)]
    return {"accuracy": round(scores.accuracy(), 4), "mean_f1": round(float(np.mean(levels)), 4),
            "levels_f1": [round(value, 4) for value in levels], "top5": round(float(np.mean(top)), 4)}


def write_choices(path: Path, products: Sequence[Product], filed: Sequence[Choices], mode: str = "w") -> None:
    """Writes a product's id and its category:probability pairs a line, parted by tabs, without a header."""
    with open(path, mode, encoding="utf-8") as file:
        for product, choices in zip(products, filed):
            print(product.id, *(f"{name}:{share:.6f}" for name, share in choices), sep="\t", file=file)


def read_decisions(path: Path) -> dict[str, str]:
    """The likeliest category of every product in a file that `write_choices` made."""
    with open(path, encoding="utf-8") as file:
        rows = (line.rstrip("\n").split("\t") for line in file)
        return {row[0]: row[1].rpartition(":")[0] for row in rows}
