"""Teaches the rows of pieces: the sum of a text's rows shall point where its teachers say."""

from dataclasses import dataclass

import numpy as np
import scipy.sparse

from teachers import unit

# What a row's running mean of squared slopes keeps from step to step.
KEPT = 0.98


@dataclass(frozen=True)
class Recipe:
    epochs: int = 4
    # Texts of a step, each told apart from all others of it.
    batch: int = 2048
    step: float = 0.02
    # Weight of telling texts apart (InfoNCE), beside that of the cosine.
    apart: float = 0.85
    temperature: float = 0.12
    # How strongly a row is drawn to where it started.
    hold: float = 0.004


@dataclass
class Lessons:
    """Texts as counts of their pieces, the unit vectors they shall have, and weights."""

    pieces: scipy.sparse.csr_matrix
    targets: np.ndarray
    weights: np.ndarray

    def taught(self) -> np.ndarray:
        """Whether each piece is in a text."""
        return np.bincount(self.pieces.indices, minlength=self.pieces.shape[1]) > 0


def teach(start: np.ndarray, lessons: Lessons, recipe: Recipe, seed: int) -> np.ndarray:
    """The rows `start`, taught by `lessons`."""
    chance = np.random.default_rng(seed)
    rows = start.copy()
    squares = np.zeros(len(rows), np.float32)
    visits = np.zeros(len(rows), np.float32)
    per_epoch = lessons.pieces.shape[0] // recipe.batch
    done = 0
    for epoch in range(recipe.epochs):
        order = chance.permutation(lessons.pieces.shape[0])
        cosines = 0.0
        for at in range(per_epoch):
            group = order[at * recipe.batch : (at + 1) * recipe.batch]
            texts = lessons.pieces[group]
            pieces, texts.indices = np.unique(texts.indices, return_inverse=True)
            texts = scipy.sparse.csr_matrix(
                (texts.data, texts.indices, texts.indptr), shape=(len(group), len(pieces))
            )
            cosine, slope = slopes(
                texts @ rows[pieces], lessons.targets[group], lessons.weights[group], recipe
            )
            slope = texts.T @ slope
            slope += 2 * recipe.hold / recipe.batch * (rows[pieces] - start[pieces])
            squares[pieces] = KEPT * squares[pieces] + (1 - KEPT) * (slope * slope).mean(1)
            visits[pieces] += 1
            scale = np.sqrt(squares[pieces] / (1 - KEPT ** visits[pieces])) + 1e-9
            pace = recipe.step * (1 - done / (recipe.epochs * per_epoch))
            rows[pieces] -= pace * slope / scale[:, None]
            cosines += cosine
            done += 1
        print(f"epoch {epoch + 1}: mean cosine {cosines / per_epoch:.4f}", flush=True)
    return rows


def slopes(sums: np.ndarray, targets: np.ndarray, weights: np.ndarray, recipe: Recipe):
    """The mean cosine, and the loss's slope at each sum of rows."""
    lengths = np.maximum(np.linalg.norm(sums, axis=1, keepdims=True), 1e-9)
    units = sums / lengths
    shares = (weights / weights.sum())[:, None]
    likeness = units @ targets.T / recipe.temperature
    # Texts that mean the same are not told apart.
    same = targets @ targets.T > 0.95
    np.fill_diagonal(same, False)
    likeness[same] = -1e4
    likeness -= likeness.max(1, keepdims=True)
    chances = np.exp(likeness, out=likeness)
    chances /= chances.sum(1, keepdims=True)
    np.einsum("ii->i", chances)[:] -= 1
    # A fifth of the entropy is as steep as the cosine.
    slope = 0.2 * recipe.apart / recipe.temperature * (chances @ targets)
    slope -= (1 - recipe.apart) * targets
    slope *= shares
    slope -= (slope * units).sum(1, keepdims=True) * units
    return float((units * targets).sum(1).mean()), slope / lengths
