"""Teachers: sentence models as ONNX files, whose vectors are kept in a cache."""

import json
from pathlib import Path

import numpy as np
import onnxruntime
from tokenizers import Tokenizer

# Pieces that a teacher reads of a text.
LONGEST = 40


class Teacher:
    """A model's folder with `model.onnx` and `tokenizer.json`, as `assort` opens it."""

    def __init__(self, folder: Path, cache: Path):
        self.tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
        self.tokenizer.no_padding()
        self.tokenizer.no_truncation()
        options = onnxruntime.SessionOptions()
        options.log_severity_level = 3
        self.session = onnxruntime.InferenceSession(str(folder / "model.onnx"), options)
        self.inputs = [each.name for each in self.session.get_inputs()]
        self.cache = cache

    def embed(self, texts: list[str]) -> np.ndarray:
        """Unit vectors of texts. Those that the cache has are not asked again."""
        names, rows = self._cached()
        place = {name: at for at, name in enumerate(names)}
        new = [text for text in dict.fromkeys(texts) if text not in place]
        if new:
            tokens = [each.ids[:LONGEST] for each in self.tokenizer.encode_batch(new)]
            asked = self.run(tokens).astype(np.float16)
            rows = np.concatenate([rows, asked]) if names else asked
            place.update({text: len(names) + at for at, text in enumerate(new)})
            self._keep(names + new, rows)
        return unit(rows[[place[text] for text in texts]].astype(np.float32))

    def run(self, tokens: list[list[int]], batch: int = 256) -> np.ndarray:
        """The vectors of texts that are given as their tokens' numbers."""
        order = sorted(range(len(tokens)), key=lambda at: len(tokens[at]))
        found = None
        for start in range(0, len(order), batch):
            group = order[start : start + batch]
            longest = max(len(tokens[at]) for at in group)
            ids = np.zeros((len(group), longest), np.int64)
            mask = np.zeros_like(ids)
            for row, at in enumerate(group):
                ids[row, : len(tokens[at])] = tokens[at]
                mask[row, : len(tokens[at])] = 1
            given = {"input_ids": ids, "attention_mask": mask, "token_type_ids": np.zeros_like(ids)}
            out = self.session.run(None, {name: given[name] for name in self.inputs})[0]
            if out.ndim == 3:
                out = (out * mask[:, :, None]).sum(1) / mask.sum(1, keepdims=True)
            if found is None:
                found = np.zeros((len(tokens), out.shape[1]), np.float32)
            found[group] = out
            if start // batch % 200 == 0:
                print(f"{self.cache.name}: {start} of {len(order)} texts", flush=True)
        return found

    def _cached(self):
        if not self.cache.exists():
            return [], None
        names = json.loads((self.cache / "texts.json").read_text(encoding="utf-8"))
        return names, np.load(self.cache / "vectors.npy")

    def _keep(self, names, rows):
        self.cache.mkdir(parents=True, exist_ok=True)
        (self.cache / "texts.json").write_text(json.dumps(names, ensure_ascii=False), encoding="utf-8")
        np.save(self.cache / "vectors.npy", rows)


def unit(rows: np.ndarray) -> np.ndarray:
    """Rows of length one; a row of zeros stays."""
    return rows / np.maximum(np.linalg.norm(rows, axis=-1, keepdims=True), 1e-9)
