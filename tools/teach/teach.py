"""Teaches a static embedding: `python teach.py --help`, and README.md beside this file."""

import argparse
import json
import random
import struct
from collections import Counter
from pathlib import Path

import numpy as np
import scipy.sparse

import meanings
import titles
from rows import Lessons, Recipe, teach
from teachers import Teacher, unit


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--lists", type=Path, required=True, help="folder of the lists, as README.md names them")
    parser.add_argument("--multilingual", type=Path, required=True, help="folder of USE multilingual; its pieces are the table's")
    parser.add_argument("--english", type=Path, required=True, help="folder of all-MiniLM-L6-v2")
    parser.add_argument("--cache", type=Path, required=True, help="folder that keeps the teachers' vectors")
    parser.add_argument("--dimensions", type=int, default=256)
    parser.add_argument("--english-weight", type=float, default=0.4, help="of a vector's square length")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--out", type=Path, required=True, help="raw table, for the example `pack`")
    options = parser.parse_args()

    lists = meanings.read(options.lists)
    made = titles.made(lists, random.Random(7))
    print(f"{len(lists)} meanings, {len(made)} titles")
    space = Space(options, lists, made)
    lessons = lesson(space, lists, made)
    taught = lessons.taught()
    print(f"{len(lessons.weights)} texts with {taught.sum()} of {len(taught)} pieces")
    rows = teach(space.start(), lessons, Recipe(), options.seed)
    write(options.out, space, rows, taught)


class Space:
    """Vectors of two teachers, side by side, along their main directions."""

    def __init__(self, options, lists, made):
        self.multilingual = Teacher(options.multilingual, options.cache / "multilingual")
        english = Teacher(options.english, options.cache / "english")
        self.vocabulary = self.multilingual.tokenizer.to_str()
        texts = asked(lists, made)
        names = list(texts)
        wide = self.multilingual.embed(names)
        self.mean = wide.mean(0)
        wide = unit(wide - self.mean)
        is_english = np.array([texts[name] == "en" for name in names])
        narrow = english.embed([name for name in names if texts[name] == "en"])
        narrow = unit(narrow - narrow.mean(0))
        # What the one says of the other, where the other cannot read.
        known = wide[is_english]
        self.guess = np.linalg.solve(known.T @ known + 30 * np.eye(known.shape[1]), known.T @ narrow)
        other = wide @ self.guess
        other[is_english] = narrow
        self.shares = np.sqrt([1 - options.english_weight, options.english_weight]).astype(np.float32)
        both = np.concatenate([wide * self.shares[0], other * self.shares[1]], 1)
        _, directions = np.linalg.eigh(both.T @ both)
        self.directions = directions[:, ::-1][:, : options.dimensions].astype(np.float32)
        self.vectors = dict(zip(names, unit(both @ self.directions)))
        self.cache = options.cache / "pieces.npy"

    def pieces(self) -> list[tuple[str, float]]:
        """The vocabulary: pieces and logarithms of how likely they are."""
        return [(piece, score) for piece, score in json.loads(self.vocabulary)["model"]["vocab"]]

    def of_pieces(self) -> np.ndarray:
        """Vectors of pieces, each as a text by itself."""
        if not self.cache.exists():
            first, *_, last = self.multilingual.tokenizer.encode("").ids
            tokens = [[first, piece, last] for piece in range(len(self.pieces()))]
            np.save(self.cache, self.multilingual.run(tokens, 2048))
        wide = unit(np.load(self.cache) - self.mean)
        both = np.concatenate([wide * self.shares[0], wide @ self.guess * self.shares[1]], 1)
        return unit(both @ self.directions).astype(np.float32)

    def start(self) -> np.ndarray:
        """Rows before they are taught: vectors of pieces, less of frequent ones (SIF, Arora and others 2017)."""
        likely = np.array([np.exp(score) if score else 1.0 for _, score in self.pieces()])
        return self.of_pieces() * (3e-4 / (3e-4 + likely))[:, None].astype(np.float32)

    def count(self, texts: list[str]) -> scipy.sparse.csr_matrix:
        """How often each piece is in each text."""
        encoded = self.multilingual.tokenizer.encode_batch(texts, add_special_tokens=False)
        # Piece 0 stands for what no piece covers, and says nothing.
        ids = [[piece for piece in each.ids if piece] for each in encoded]
        ends = np.cumsum([0] + [len(of) for of in ids])
        flat = np.fromiter((piece for of in ids for piece in of), np.int32, ends[-1])
        ones = np.ones(len(flat), np.float32)
        counts = scipy.sparse.csr_matrix((ones, flat, ends), shape=(len(ids), len(self.pieces())))
        counts.sum_duplicates()
        return counts


# Languages that USE multilingual reads. What others say is taught by its English meaning alone.
READ = set("ar zh zh-Hant nl en de fr it pt es ja ko ru pl th tr".split())


def asked(lists, made) -> dict[str, str]:
    """Texts to be embedded by the teachers, and their languages."""
    texts: dict[str, str] = {}
    for meaning in lists:
        for language, words in meaning.texts.items():
            if language in READ:
                for word in words:
                    texts.setdefault(word, language)
            if parent := meaning.parents.get(language):
                texts.setdefault(f"{parent} {words[0]}", language)
        if meaning.gloss:
            texts.setdefault(meaning.gloss, "en")
    for title in made:
        texts.setdefault(title.text, title.language)
    return texts


def lesson(space: Space, lists, made) -> Lessons:
    """All texts with the vectors they shall have."""
    texts, targets, weights = [], [], []

    def put(text, target, weight):
        texts.append(text)
        targets.append(target)
        weights.append(weight)

    vector = space.vectors
    for meaning in lists:
        english = meaning.texts["en"]
        sense = unit(sum(vector[word] for word in english[:3]))
        if meaning.gloss:
            gloss = vector[meaning.gloss]
            for word in english:
                put(word, vector[word] + 0.35 * sense + 0.35 * gloss, 1.0)
            put(meaning.gloss, gloss + 0.3 * sense, 0.5)
            sense = unit(sense + 0.3 * gloss)
        else:
            for word in english:
                put(word, vector[word] + 0.5 * sense, 1.0)
        for language, words in meaning.texts.items():
            for word in words if language != "en" else []:
                own = vector.get(word)
                target = sense if own is None else 0.5 * own + 0.5 * sense
                put(word, target, 1.5 if language.startswith("zh") else 1.0)
        for language, parent in meaning.parents.items():
            text = f"{parent} {meaning.texts[language][0]}"
            put(text, vector[text], 1.0)
    for title in made:
        put(title.text, 0.5 * vector[title.text] + 0.5 * vector[title.name], 2.0)
    other_case(texts, put, targets, weights)
    counts = space.count(texts)
    # Whole words of the vocabulary are texts too: so languages that no list has keep theirs.
    words = [at for at, (piece, score) in enumerate(space.pieces()) if score and is_word(piece)]
    ones = np.ones(len(words), np.float32)
    alone = scipy.sparse.csr_matrix((ones, (range(len(words)), words)), shape=(len(words), counts.shape[1]))
    return Lessons(
        scipy.sparse.vstack([counts, alone]).tocsr(),
        unit(np.concatenate([np.array(targets), space.of_pieces()[words]])).astype(np.float32),
        np.array(weights + [1.0] * len(words), np.float32),
    )


def other_case(texts, put, targets, weights):
    """Titles are written in capitals as they please: a third of the texts are taught so as well."""
    chance = random.Random(7)
    for at in range(len(texts)):
        if texts[at].isascii() and chance.random() < 0.3:
            case = chance.choice((str.title, str.upper, str.capitalize))
            put(case(texts[at]), targets[at], weights[at] / 2)


def is_word(piece: str) -> bool:
    if piece.startswith("▁"):
        return len(piece) > 3
    # Scripts whose words stand without spaces.
    return len(piece) > 1 and piece[0] > "\u0370"


def write(out: Path, space: Space, rows: np.ndarray, taught: np.ndarray):
    """Writes the raw table that `pack` reads: 4 bits for a number, and a scale for a row."""
    pieces = space.pieces()
    likely = Counter(piece for piece, score in pieces if score)
    assert all(count == 1 for count in likely.values()), "two pieces are written alike"
    scales = np.abs(rows).max(1) / 7.49
    steps = np.clip(np.rint(rows / np.maximum(scales, 1e-12)[:, None]), -8, 7).astype(np.int8) + 8
    half = rows.shape[1] // 2
    with open(out, "wb") as file:
        file.write(struct.pack("<II", *rows.shape))
        file.write(np.array([score for _, score in pieces], "<f4").tobytes())
        for piece, _ in pieces:
            text = piece.encode()
            file.write(bytes([len(text)]) + text)
        file.write(np.where(taught, scales, 0).astype("<f4").tobytes())
        file.write((steps[:, :half] | steps[:, half:] << 4).astype(np.uint8).tobytes())
    print(f"{len(pieces)} pieces of {rows.shape[1]} dimensions, {taught.sum()} of them taught")


if __name__ == "__main__":
    main()
