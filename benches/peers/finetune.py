"""Fine-tunes a text encoder with a linear head on labelled texts, in PyTorch."""

import math
import random
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from encoders import load, padded, tokenizer

POOL = 64  # batches that are cut from one stretch of shuffled texts, sorted by length


@dataclass
class Recipe:
    """How to train. `length` is in tokens; rates are the highest ones, reached after the warm-up, then falling to 0."""

    encoder: Path
    length: int = 64
    epochs: int = 6
    batch: int = 32
    rate: float = 1.5e-4
    head_rate: float = 2e-3
    decay: float = 0.01
    warm_up: float = 0.06
    dropout: float = 0.1
    clip: float = 1.0
    layers: int | None = None
    seed: int = 1


class Classifier(nn.Module):
    """An encoder, dropout, and a linear head over the categories."""

    def __init__(self, encoder: nn.Module, categories: int, dropout: float):
        super().__init__()
        self.encoder = encoder
        self.head = nn.Linear(encoder.dimensions, categories)
        nn.init.zeros_(self.head.weight)
        nn.init.zeros_(self.head.bias)
        self.dropout = dropout

    def forward(self, ids: Tensor, mask: Tensor) -> Tensor:
        vectors = self.encoder(ids, mask, self.dropout)
        return self.head(functional.dropout(vectors, self.dropout, self.training))


class FineTuned:
    """A classifier of texts; `texts` in, probabilities of the categories out."""

    def __init__(self, recipe: Recipe, categories: int):
        torch.manual_seed(recipe.seed)
        self.recipe = recipe
        self.model = Classifier(load(recipe.encoder, recipe.layers), categories, recipe.dropout)
        self.tokenizer = tokenizer(recipe.encoder, recipe.length)

    def train(self, texts: list[str], labels: list[int], watch: tuple[list[str], list[int]] | None = None) -> None:
        """Trains on texts and their categories' numbers; tells the accuracy on `watch` after every epoch."""
        recipe = self.recipe
        rows = self.tokens(texts)
        chance = random.Random(recipe.seed)
        optimizers = self.optimizers()
        steps = recipe.epochs * math.ceil(len(rows) / recipe.batch)
        schedules = [torch.optim.lr_scheduler.LambdaLR(one, lambda step: slope(step, steps, recipe.warm_up))
                     for one in optimizers]
        for epoch in range(1, recipe.epochs + 1):
            start, total = time.perf_counter(), 0.0
            self.model.train()
            for picked in batches(rows, recipe.batch, chance):
                loss = self.loss([rows[row] for row in picked], [labels[row] for row in picked])
                loss.backward()
                nn.utils.clip_grad_norm_(self.dense_parameters(), recipe.clip)
                for step in (*optimizers, *schedules):
                    step.step()
                for optimizer in optimizers:
                    optimizer.zero_grad()
                total += loss.item() * len(picked)
            told = f"epoch {epoch}: loss {total / len(rows):.4f}, {time.perf_counter() - start:.0f} s"
            if watch:
                told += f", accuracy {np.mean(self.probabilities(watch[0]).argmax(1) == np.array(watch[1])):.4f}"
            print("  " + told, file=sys.stderr, flush=True)

    def loss(self, rows: list[list[int]], labels: list[int]) -> Tensor:
        with torch.autocast("cpu", dtype=torch.bfloat16):
            logits = self.model(*padded(rows))
        return functional.cross_entropy(logits.float(), torch.tensor(labels))

    def probabilities(self, texts: list[str], batch: int = 64) -> np.ndarray:
        """The probability of every category for every text."""
        rows = self.tokens(texts)
        order = sorted(range(len(rows)), key=lambda row: len(rows[row]))
        found: list[np.ndarray] = []
        self.model.eval()
        with torch.inference_mode(), torch.autocast("cpu", dtype=torch.bfloat16):
            for start in range(0, len(order), batch):
                logits = self.model(*padded([rows[row] for row in order[start:start + batch]]))
                found.extend(logits.float().softmax(1).numpy())
        placed = np.empty((len(rows), len(found[0])), np.float32)
        placed[order] = found
        return placed

    def tokens(self, texts: list[str]) -> list[list[int]]:
        return [encoding.ids for encoding in self.tokenizer.encode_batch(texts)]

    def dense_parameters(self) -> list[nn.Parameter]:
        table = self.model.encoder.words.weight
        return [one for one in self.model.parameters() if one is not table]

    def optimizers(self) -> list[torch.optim.Optimizer]:
        """AdamW for the layers and the head, and a sparse Adam for the tokens' table: few rows have gradients."""
        recipe = self.recipe
        head = set(self.model.head.parameters())
        body = [one for one in self.dense_parameters() if one not in head]
        groups = [{"params": [one for one in body if one.ndim > 1], "weight_decay": recipe.decay},
                  {"params": [one for one in body if one.ndim == 1], "weight_decay": 0.0},
                  {"params": list(head), "weight_decay": recipe.decay, "lr": recipe.head_rate}]
        return [torch.optim.AdamW(groups, lr=recipe.rate, fused=True),
                torch.optim.SparseAdam([self.model.encoder.words.weight], lr=recipe.rate)]

    def save(self, path: Path) -> None:
        torch.save(self.model.state_dict(), path)


def slope(step: int, steps: int, warm_up: float) -> float:
    """The share of the highest rate at a step: linear up to it, then linear down to 0."""
    rising = max(1, int(steps * warm_up))
    return (step + 1) / rising if step < rising else max(0.0, (steps - step) / (steps - rising))


def batches(rows: list[list[int]], size: int, chance: random.Random) -> Iterator[list[int]]:
    """Yields the numbers of the rows of each batch: drawn at random, but of like length within a batch."""
    order = list(range(len(rows)))
    chance.shuffle(order)
    for start in range(0, len(order), size * POOL):
        stretch = sorted(order[start:start + size * POOL], key=lambda row: len(rows[row]))
        cut = [stretch[first:first + size] for first in range(0, len(stretch), size)]
        chance.shuffle(cut)
        yield from cut
