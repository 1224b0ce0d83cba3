"""The ways to learn filing from labelled products that `filing.py` compares.

An engine is made of the settings, learns by `train(products)`, answers `file(products, threads, top, way)` with the
likeliest categories of each product, and `save(folder, way)` writes, or links, all that filing needs.
"""

import argparse
import json
import re
import shlex
import subprocess
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np

from filing_data import Choices, Product

MODULES = {"svm": ["sklearn.svm"], "fasttext": ["fasttext"], "setfit": ["sklearn.linear_model", "encoders"],
           "finetuned": ["finetune"], "assort": []}
DESCRIPTION = 400  # characters of further text that n-grams are taken from
DESCRIPTION_WEIGHT = 0.5
SETFIT_LENGTH = 128  # tokens
SPEED_ROWS = 1000  # products that the speed of Assort is measured on


UNDECIDED: Choices = [("", 0.0)]  # counts as a mistake


class Engine:
    """What all engines share: the categories that were learned, and probabilities turned into choices."""

    ways: tuple[str, ...] = ("",)  # how it can file: each gives a line of its own
    one_thread = False  # whether filing uses one thread only

    def __init__(self, settings: argparse.Namespace):
        self.settings = settings
        self.categories: list[str] = []

    def prepare(self, products: Sequence[Product]) -> None:
        """What comes before training and is not part of its time."""

    def timed(self, products: Sequence[Product], way: str) -> tuple[int, Callable[[int], object]]:
        """How many products the speed is measured on, and what files them on a number of threads."""
        return len(products), lambda threads: self.file(products, threads, 1)

    def number(self, products: Sequence[Product]) -> list[int]:
        """Numbers the categories in the order of their names, and returns those of the products."""
        self.categories = sorted({product.category for product in products})
        numbers = {name: number for number, name in enumerate(self.categories)}
        return [numbers[product.category] for product in products]

    def choices(self, probabilities: np.ndarray, top: int) -> list[Choices]:
        likeliest = np.argsort(-probabilities, axis=1, kind="stable")[:, :top]
        return [[(self.categories[number], float(row[number])) for number in numbers]
                for row, numbers in zip(probabilities, likeliest)]


class Svm(Engine):
    """TF-IDF of words, pairs of words and sequences of characters, and a linear SVM, one against rest, by scikit-learn.

    An SVM has no probabilities: what is written as such is the softmax of its margins.
    """

    one_thread = True

    def train(self, products: Sequence[Product]) -> None:
        from sklearn.svm import LinearSVC
        labels = self.number(products)
        self.fields = [(lambda product: product.title.lower(), 1.0, self.vectorizers())]
        if any(product.text for product in products):
            self.fields.append((lambda product: product.text[:DESCRIPTION].lower(), DESCRIPTION_WEIGHT,
                                self.vectorizers()))
        self.model = LinearSVC(C=0.5).fit(self.features(products, fit=True), labels)

    def vectorizers(self) -> list:
        from sklearn.feature_extraction.text import TfidfVectorizer
        common = {"sublinear_tf": True, "dtype": np.float32}
        if self.settings.characters:
            return [TfidfVectorizer(analyzer="char", ngram_range=(1, 3), min_df=2, max_features=600_000, **common)]
        return [TfidfVectorizer(analyzer="char_wb", ngram_range=(2, 5), min_df=2, max_features=600_000, **common),
                TfidfVectorizer(ngram_range=(1, 2), **common)]

    def features(self, products: Sequence[Product], fit: bool = False):
        from scipy.sparse import hstack
        blocks = []
        for text_of, weight, vectorizers in self.fields:
            texts = [text_of(product) for product in products]
            blocks += [weight * (one.fit_transform(texts) if fit else one.transform(texts)) for one in vectorizers]
        return hstack(blocks).tocsr()

    def file(self, products: Sequence[Product], threads: int, top: int, way: str = "") -> list[Choices]:
        margins = self.model.decision_function(self.features(products))
        return self.choices(softmax(margins), top)

    def save(self, folder: Path, way: str = "") -> None:
        import joblib
        vectorizers = [one for _, _, some in self.fields for one in some]
        joblib.dump((self.model, vectorizers, self.categories), folder / "svm.joblib")


class FastText(Engine):
    """fastText with pairs of words and, where words have spaces, sequences of characters in them."""

    one_thread = True
    LABEL = "__label__"

    def train(self, products: Sequence[Product]) -> None:
        import fasttext
        labels = self.number(products)
        form = {"wordNgrams": 3, "minn": 0, "maxn": 0} if self.settings.characters else \
               {"wordNgrams": 2, "minn": 2, "maxn": 5}
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "train.txt"
            lines = (f"{self.LABEL}{label} {self.text(product)}\n" for label, product in zip(labels, products))
            path.write_text("".join(lines), encoding="utf-8")
            self.model = fasttext.train_supervised(
                str(path), dim=100, lr=0.5, epoch=self.settings.fasttext_epochs, bucket=500_000, loss="softmax",
                thread=self.settings.threads, seed=1, verbose=0, **form)

    def text(self, product: Product) -> str:
        text = " ".join(product.whole.lower().split())
        if self.settings.characters:
            return " ".join(re.findall(r"[a-z0-9]+|\S", text))
        return " ".join(re.findall(r"\w+|[^\w\s]", text))

    def file(self, products: Sequence[Product], threads: int, top: int, way: str = "") -> list[Choices]:
        names, probabilities = self.model.predict([self.text(product) for product in products], k=top)
        return [[(self.categories[int(name.removeprefix(self.LABEL))], float(probability))
                 for name, probability in zip(*row)] for row in zip(names, probabilities)]

    def save(self, folder: Path, way: str = "") -> None:
        self.model.save_model(str(folder / "fasttext.bin"))


class SetFit(Engine):
    """Logistic regression on sentence vectors of a pretrained encoder: SetFit's head without its contrastive step."""

    def train(self, products: Sequence[Product]) -> None:
        from sklearn.linear_model import LogisticRegression
        labels = self.number(products)
        vectors = self.vectors(products, self.settings.threads)
        self.model = LogisticRegression(C=self.settings.setfit_c, max_iter=300).fit(vectors, labels)

    def vectors(self, products: Sequence[Product], threads: int) -> np.ndarray:
        from encoders import OnnxEncoder
        encoder = OnnxEncoder(self.settings.encoder, SETFIT_LENGTH, threads)
        return encoder.embed([product.whole for product in products])

    def file(self, products: Sequence[Product], threads: int, top: int, way: str = "") -> list[Choices]:
        return self.choices(self.model.predict_proba(self.vectors(products, threads)), top)

    def save(self, folder: Path, way: str = "") -> None:
        import joblib
        joblib.dump((self.model, self.categories), folder / "head.joblib")
        for name in ("model.onnx", "tokenizer.json"):
            (folder / name).symlink_to(self.settings.encoder / name)


class FineTuning(Engine):
    """The pretrained encoder itself trained on, with a linear head, by PyTorch."""

    def train(self, products: Sequence[Product]) -> None:
        import torch

        from finetune import FineTuned, Recipe
        torch.set_num_threads(self.settings.threads)
        labels = self.number(products)
        settings = self.settings
        recipe = Recipe(settings.encoder, length=settings.length, epochs=settings.epochs, rate=settings.rate,
                        layers=settings.layers)
        self.model = FineTuned(recipe, len(self.categories))
        self.model.train([product.whole for product in products], labels)

    def file(self, products: Sequence[Product], threads: int, top: int, way: str = "") -> list[Choices]:
        import torch
        torch.set_num_threads(threads)
        return self.choices(self.model.probabilities([product.whole for product in products]), top)

    def save(self, folder: Path, way: str = "") -> None:
        self.model.save(folder / "model.pt")
        (folder / "tokenizer.json").symlink_to(self.settings.encoder / "tokenizer.json")


class Assort(Engine):
    """Assort's own program. It files by all evidence ("auto"), and by the head of n-grams alone ("head").

    The time of training is that of `assort train`; `prepare` imports. With `--vector-cache` both take an encoder's
    vectors from a file that an earlier run has left, but the speed of filing is measured without it.
    """

    ways = ("auto", "head")

    def prepare(self, products: Sequence[Product]) -> None:
        self.home = tempfile.TemporaryDirectory()
        self.folder = Path(self.home.name) / "catalog"
        embedder = ["--embedder", f"dir:{self.settings.encoder}"] if self.settings.encoder else []
        self.run("init", str(self.folder), "--taxonomy", str(self.settings.taxonomy), "--no-prepare", *embedder)
        self.run("import", str(self.folder), str(self.write(products)), *self.columns("--text"), cached=True)

    def train(self, products: Sequence[Product]) -> None:
        self.run("train", str(self.folder), cached=True)

    def file(self, products: Sequence[Product], threads: int, top: int, way: str = "") -> list[Choices]:
        return self.read(self.classify(self.write(products), threads, top, way, cached=True), products)

    def timed(self, products: Sequence[Product], way: str) -> tuple[int, Callable[[int], object]]:
        some = products[:SPEED_ROWS]
        path = self.write(some)
        return len(some), lambda threads: self.classify(path, threads, 1, way, cached=False)

    def classify(self, path: Path, threads: int, top: int, way: str, cached: bool) -> Path:
        output = Path(self.home.name) / "filed.jsonl"
        self.run("classify", str(self.folder), str(path), *self.columns("--text-columns"), "--category", "-",
                 "--method", way, "--top", str(top), "--format", "jsonl", "-o", str(output), threads=threads,
                 cached=cached)
        return output

    def read(self, path: Path, products: Sequence[Product]) -> list[Choices]:
        with open(path, encoding="utf-8") as file:
            lines = {line["id"]: line for line in map(json.loads, file)}
        return [[(one["path"], one["confidence"]) for one in lines[product.id]["alternatives"]] or UNDECIDED
                for product in products]

    def write(self, products: Sequence[Product]) -> Path:
        """The products as a file of JSON lines."""
        path = Path(self.home.name) / "products.jsonl"
        with open(path, "w", encoding="utf-8") as file:
            for product in products:
                print(json.dumps({"id": product.id, "title": product.title, "text": product.text,
                                  "category": product.category}, ensure_ascii=False), file=file)
        return path

    def columns(self, option: str) -> list[str]:
        return [option, "text" if self.settings.text else "-", "--attr", "-"]

    def run(self, *arguments: str, threads: int | None = None, cached: bool = False) -> None:
        common = ["--quiet", "--threads", str(threads or self.settings.threads)]
        if cached and self.settings.vector_cache:
            common += ["--vector-cache", str(self.settings.vector_cache)]
        done = subprocess.run([*shlex.split(self.settings.assort), *common, *arguments], capture_output=True, text=True)
        if done.returncode:
            raise RuntimeError(f"assort {arguments[0]}: {done.stderr.strip()}")

    def save(self, folder: Path, way: str = "") -> None:
        """Links the learned models; all evidence needs the products' vectors and the encoder too."""
        link(self.folder / "models", folder)
        if way == "auto":
            segments = self.folder / "segments"  # a small catalog keeps its vectors in its store
            link(segments if segments.exists() else self.folder / "catalog.redb", folder)
            if self.settings.encoder:
                link(self.settings.encoder, folder)


ENGINES: dict[str, type[Engine]] = {"svm": Svm, "fasttext": FastText, "setfit": SetFit, "finetuned": FineTuning,
                                    "assort": Assort}


def link(source: Path, folder: Path) -> None:
    """Links a file, or the files of a folder, in another folder."""
    for path in source.iterdir() if source.is_dir() else [source]:
        (folder / path.name).symlink_to(path)


def softmax(margins: np.ndarray) -> np.ndarray:
    powers = np.exp(margins - margins.max(axis=1, keepdims=True))
    return powers / powers.sum(axis=1, keepdims=True)
