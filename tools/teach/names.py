"""Judges a raw table by names: which share of CLDR's names of territories, languages and units finds its English one.

Names that are written as in English are left out. The table was not taught these lists."""

import argparse
import struct
from pathlib import Path

import numpy as np
from tokenizers import Tokenizer

from meanings import load
from teachers import unit

LANGUAGES = """de fr es it pt nl pl ru tr ar zh zh-Hant ja ko th id vi hi sv da no fi cs sk uk hu ro bg hr ca ms el he fa""".split()


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--lists", type=Path, required=True)
    parser.add_argument("--tokenizer", type=Path, required=True, help="tokenizer.json of USE multilingual")
    parser.add_argument("table", type=Path, nargs="+")
    options = parser.parse_args()
    tokenizer = Tokenizer.from_file(str(options.tokenizer))
    english = names(options.lists, "en")
    for table in options.table:
        rows = read(table)

        def embed(texts):
            encoded = tokenizer.encode_batch(texts, add_special_tokens=False)
            return unit(np.stack([rows[each.ids].sum(0) for each in encoded]))

        print(table)
        for language in LANGUAGES:
            own = names(options.lists, language)
            both = [key for key in english if key in own and own[key].lower() != english[key].lower()]
            candidates = embed([english[key] for key in both])
            asked = embed([own[key] for key in both])
            found = (asked @ candidates.T).argmax(1) == np.arange(len(both))
            print(f"{language:8} {found.mean():.2f} of {len(both)}")


def names(lists: Path, language: str) -> dict[tuple[str, str], str]:
    found = {}
    for kind in ("territories", "languages"):
        file = lists / "cldr-localenames-full" / "main" / language / f"{kind}.json"
        entries = load(file)["main"][language]["localeDisplayNames"][kind]
        for key, name in entries.items():
            if "-alt-" not in key and not key.isdigit() and name != key:
                found[kind, key] = name
    file = lists / "cldr-units-full" / "main" / language / "units.json"
    for key, entry in load(file)["main"][language]["units"]["long"].items():
        if isinstance(entry, dict) and "displayName" in entry:
            found["unit", key] = entry["displayName"]
    return found


def read(table: Path) -> np.ndarray:
    """The rows of a raw table."""
    raw = table.read_bytes()
    count, dimensions = struct.unpack_from("<II", raw)
    at = 8 + 4 * count
    for _ in range(count):
        at += 1 + raw[at]
    scales = np.frombuffer(raw, "<f4", count, at)
    steps = np.frombuffer(raw, np.uint8, count * dimensions // 2, at + 4 * count).reshape(count, -1)
    both = np.concatenate([steps & 15, steps >> 4], 1).astype(np.float32) - 8
    return both * scales[:, None]


if __name__ == "__main__":
    main()
