"""Lists of names: each meaning with its texts in several languages."""

import json
import re
from dataclasses import dataclass, field
from pathlib import Path

# Languages in which CLDR's lists are read.
LANGUAGES = (
    "en ar zh zh-Hant nl de fr it pt es ja ko ru pl th tr hi vi id sv da no fi cs uk hu ro el he".split()
)
# WordNet's files of nouns that name things: artifacts, bodies' parts, food, substances.
# 6, 8, 13, 27 are the numbers of lexicographers' files.
THINGS = {6, 8, 13, 27}
# Those that a shop's title may name.
GOODS = {6, 13}


@dataclass
class Meaning:
    """Texts that mean the same, by language, most usual ones first."""

    texts: dict[str, list[str]]
    gloss: str | None = None
    # What stands above it in a taxonomy, by language.
    parents: dict[str, str] = field(default_factory=dict)
    is_goods: bool = False
    source: str = ""


def read(lists: Path) -> list[Meaning]:
    """All lists in the folder `lists`, as README.md names them."""
    meanings = (
        annotations(lists / "cldr-annotations-full")
        + wordnet(lists / "wordnet", lists / "wn-data-cmn.tab")
        + shopify(lists / "shopify")
        + cldr_names(lists / "cldr-numbers-full", lists / "cldr-dates-full")
    )
    return [meaning for meaning in meanings if meaning.texts.get("en")]


def annotations(package: Path) -> list[Meaning]:
    """Names and keywords of CLDR's pictograms: shirt, kettle, dog."""
    by_language = {
        language: load(file)["annotations"]["annotations"]
        for language in LANGUAGES
        if (file := package / "annotations" / language / "annotations.json").exists()
    }
    meanings = []
    for sign in by_language["en"]:
        texts = {}
        for language, of in by_language.items():
            entry = of.get(sign, {})
            words = entry.get("tts", []) + entry.get("default", [])
            words = list(dict.fromkeys(word.strip() for word in words if word.strip()))
            if words:
                texts[language] = words[:8]
        meanings.append(Meaning(texts, source="cldr"))
    return meanings


def cldr_names(numbers: Path, dates: Path) -> list[Meaning]:
    """CLDR's currencies, cities and time zones. Its territories, languages and units are not
    read: by them a table is judged."""
    names: dict[tuple[str, str], dict[str, list[str]]] = {}
    for language in LANGUAGES:
        for key, name in currencies(numbers, language) + zones(dates, language):
            names.setdefault(key, {})[language] = [name]
    return [Meaning(texts, source="cldr") for texts in names.values()]


def currencies(package: Path, language: str):
    file = package / "main" / language / "currencies.json"
    if not file.exists():
        return []
    entries = load(file)["main"][language]["numbers"]["currencies"]
    return [
        (("currency", code), entry["displayName"])
        for code, entry in entries.items()
        if entry.get("displayName", code) != code
    ]


def zones(package: Path, language: str):
    file = package / "main" / language / "timeZoneNames.json"
    if not file.exists():
        return []
    entries = load(file)["main"][language]["dates"]["timeZoneNames"]
    found = []

    def walk(entry, path):
        for name, inner in entry.items():
            if not isinstance(inner, dict):
                continue
            if "exemplarCity" in inner:
                found.append((("city", f"{path}/{name}"), inner["exemplarCity"]))
            else:
                walk(inner, f"{path}/{name}")

    walk(entries["zone"], "")
    for name, entry in entries.get("metazone", {}).items():
        long = entry.get("long", {})
        if text := long.get("generic") or long.get("standard"):
            found.append((("zone", name), text))
    return found


def wordnet(package: Path, chinese: Path) -> list[Meaning]:
    """WordNet's names of things, with the Chinese Open Wordnet's words for them."""
    translated: dict[str, list[str]] = {}
    for line in chinese.read_text(encoding="utf-8").splitlines():
        columns = line.split("\t")
        if len(columns) >= 3 and columns[1].endswith("lemma"):
            word = columns[2].replace("_", " ").replace("+", " ").strip()
            words = translated.setdefault(columns[0].replace("-s", "-a"), [])
            if word and word not in words:
                words.append(word)
    meanings = []
    for line in (package / "data.noun").read_text(encoding="utf-8").splitlines():
        if line.startswith(" "):
            continue
        head, gloss = line.split(" | ", 1)
        place, file, _, count, *rest = head.split()
        if int(file) not in THINGS:
            continue
        words = [
            re.sub(r"\(.*\)", "", rest[2 * at]).replace("_", " ") for at in range(int(count, 16))
        ]
        texts = {"en": words[:4]}
        if found := translated.get(f"{place}-n"):
            texts["zh"] = found[:6]
        gloss = gloss.split('; "')[0].strip().strip(";")
        meanings.append(
            Meaning(texts, gloss, is_goods=int(file) in GOODS, source="wordnet")
        )
    return meanings


def shopify(folder: Path) -> list[Meaning]:
    """Shopify's categories in English and Chinese: lines `gid://… : A > B > C`."""
    paths = {
        language: dict(
            line.split(" : ", 1)
            for line in (folder / name / "categories.txt").read_text(encoding="utf-8").splitlines()
            if " : " in line and not line.startswith("#")
        )
        for language, name in (("en", "en"), ("zh", "zh-CN"))
    }
    meanings = []
    for number in paths["en"]:
        texts, parents = {}, {}
        for language, of in paths.items():
            if number in of:
                *above, name = of[number].strip().split(" > ")
                texts[language] = [name]
                if above:
                    parents[language] = above[-1]
        meanings.append(
            Meaning(texts, parents=parents, is_goods=True, source="shopify")
        )
    return meanings


def load(file: Path):
    return json.loads(file.read_text(encoding="utf-8"))
