"""A small shop that all tests file for."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

import assort

LEAVES = {
    "kettles": ("Kitchen > Kettles", ["kettle", "water boiler", "tea kettle", "whistling kettle"]),
    "pans": ("Kitchen > Frying Pans", ["frying pan", "skillet", "wok pan", "grill pan"]),
    "shoes": ("Clothing > Shoes", ["running shoes", "sneakers", "leather shoes", "trail shoes"]),
    "hats": ("Clothing > Hats", ["felt hat", "baseball cap", "sun hat", "wool beanie"]),
    "hoses": ("Garden > Hoses", ["garden hose", "water hose", "hose nozzle", "soaker hose"]),
}
SOUNDS = ["ka", "lo", "mi", "nu", "pe", "ra", "so", "tu"]
COLOURS = ["red", "blue", "green", "black", "white", "steel", "large", "small", "new", "classic"]


@pytest.fixture(scope="session", autouse=True)
def packs(tmp_path_factory: pytest.TempPathFactory) -> None:
    """Nothing that tests fetch stays in the user's cache."""
    os.environ["ASSORT_PACKS"] = str(tmp_path_factory.mktemp("fetched"))


@pytest.fixture(scope="session")
def products() -> list[dict[str, str]]:
    """Two hundred products with their categories."""
    rows = []
    for leaf, (path, kinds) in LEAVES.items():
        for at in range(40):
            # Without the last word many would say the same.
            maker = f"{SOUNDS[at // 8]}{SOUNDS[at % 8]}{leaf[:2]}"
            title = f"{COLOURS[at % 10]} {kinds[at % 4]} {maker}"
            rows.append({"id": f"{leaf}-{at}", "title": title, "category": path, "price": str(at)})
    return rows


@pytest.fixture
def shop(tmp_path: Path) -> assort.Catalog:
    return assort.Catalog.create(tmp_path / "shop", [path for path, _ in LEAVES.values()])


@pytest.fixture(scope="session")
def pack(tmp_path_factory: pytest.TempPathFactory, products: list[dict[str, str]]) -> assort.Pack:
    folder = tmp_path_factory.mktemp("packed")
    shop = assort.Catalog.create(folder / "shop", [path for path, _ in LEAVES.values()])
    # Some labels are wrong: where none is, there is nothing to calibrate confidence on.
    paths = [path for path, _ in LEAVES.values()]
    rows = [
        {**row, "category": paths[at % len(paths)]} if at % 9 == 0 else row
        for at, row in enumerate(products)
    ]
    shop.add(rows, category="category", attributes=["price"])
    return shop.pack(folder / "shop.pack")
