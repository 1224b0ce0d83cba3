#!/usr/bin/env python3
"""Compares Assort's filing with classifiers that learn from the same labelled products.

usage: filing.py --train FILE --test FILE [--taxonomy FILE] [--text COLUMN ...] [--characters]
                 [--engine svm,fasttext,setfit,finetuned,assort] [--encoder DIR] [--assort CMD] [--vector-cache FILE]
                 [--hold-out PARTS] [--runs 1] [--threads 2] [--out results.jsonl] [--predictions DIR]
       filing.py --from results.jsonl
       filing.py --train FILE --engine NAME --soft-labels FILE [--folds 3] [--test FILE]
needs: Linux, numpy, and scikit-learn (svm, setfit), fasttext, onnx, onnxruntime and tokenizers (setfit, finetuned) and
torch (finetuned) where wanted

FILE is a CSV file, or a TSV file without quotes, with the columns id, title and category, the category's levels parted
by " > ". --characters is for scripts without spaces: n-grams are of characters there. DIR has the model.onnx and the
tokenizer.json of the encoder that setfit, finetuned and assort use. --hold-out judges on one of so many parts of the
training products instead, to choose settings without a look at the test products. Every engine runs in a process of
its own, in turn, for --runs rounds, and prints a JSON line. --predictions keeps the five likeliest categories of every
product, and tells how far Assort leads each engine, with the interval of a paired bootstrap over the rows.
--soft-labels writes the ten likeliest categories of each training product, by models that did not learn from its part.
"""

import argparse
import importlib
import json
import resource
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from filing_data import Product, Scores, difference, part_of, read_decisions, read_products, scores_of, write_choices
from filing_engines import ENGINES, MODULES, Engine
from harness import median_of, number, print_line, print_skipped, print_table, read_lines, rounds, runs_text

TOP, SOFT_TOP = 5, 10
OURS = "assort"


def main() -> None:
    parser = argparse.ArgumentParser(usage=__doc__.split("usage: ")[1].split("needs:")[0].rstrip())
    add_arguments(parser)
    arguments = parser.parse_args()
    names = [name for name in arguments.engine.split(",") if name]
    if unknown := set(names) - set(ENGINES):
        parser.error(f"unknown engine {', '.join(sorted(unknown))}")
    if bool(arguments.train) == bool(arguments.earlier):
        parser.error("give --train and --test to measure, or --from with earlier lines")
    if arguments.train and not (arguments.test or arguments.hold_out or arguments.soft_labels):
        parser.error("give --test or --hold-out")

    if arguments.soft_labels:
        if len(names) != 1:
            parser.error("give one --engine to write soft labels with")
        write_soft_labels(names[0], arguments)
    elif arguments.one:
        measure(arguments.one, arguments)
    elif arguments.earlier:
        report(read_lines(arguments.earlier))
    else:
        lines = collect(names, arguments)
        report(lines)
        if arguments.predictions:
            compare(arguments.predictions, arguments)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--train", type=Path, help="labelled products to learn from")
    parser.add_argument("--test", type=Path, help="labelled products to judge by")
    parser.add_argument("--taxonomy", type=Path, help="taxonomy file, for assort")
    parser.add_argument("--text", nargs="*", default=[], help="columns of further text, such as description")
    parser.add_argument("--characters", action="store_true", help="n-grams of characters, for Chinese")
    parser.add_argument("--engine", default=",".join(ENGINES), help="engines to run, by commas")
    parser.add_argument("--encoder", type=Path, help="folder with model.onnx and tokenizer.json")
    parser.add_argument("--assort", default="target/release/assort", metavar="CMD")
    parser.add_argument("--vector-cache", type=Path, help="assort's own cache of the encoder's vectors")
    parser.add_argument("--hold-out", type=int, metavar="PARTS", help="judge on one of so many parts of --train")
    parser.add_argument("--runs", type=int, default=1)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--fasttext-epochs", type=int, default=25)
    parser.add_argument("--setfit-c", type=float, default=30.0, help="inverse strength of the regularisation")
    parser.add_argument("--epochs", type=int, default=5, help="epochs of finetuned")
    parser.add_argument("--rate", type=float, default=2e-4, help="highest learning rate of finetuned")
    parser.add_argument("--length", type=int, default=64, help="tokens that finetuned reads of a text")
    parser.add_argument("--layers", type=int, help="use the first layers of the encoder only, in finetuned")
    parser.add_argument("--sample", type=int, help="learn from so many training products only, drawn at random")
    parser.add_argument("--out", type=Path, help="file for the raw lines; added to if it exists")
    parser.add_argument("--from", dest="earlier", help="report on the raw lines of an earlier run")
    parser.add_argument("--predictions", type=Path, help="folder for the decisions of every engine")
    parser.add_argument("--soft-labels", type=Path, help="file for probabilities of the training products")
    parser.add_argument("--folds", type=int, default=3)
    parser.add_argument("--one", help=argparse.SUPPRESS)


def collect(names: Sequence[str], arguments: argparse.Namespace) -> list[dict]:
    """Runs the engines in turn, and returns their lines; the arguments are handed on to the engines' processes."""
    commands = {name: [sys.executable, __file__, *sys.argv[1:], "--one", name] for name in names}
    about = {"folder": setting(arguments), "threads": arguments.threads}
    lines = []
    for run, line in rounds(commands, arguments.runs):
        lines.append({**about, "run": run, **line})
        if arguments.out:
            with open(arguments.out, "a") as file:
                print(json.dumps(lines[-1]), file=file)
    return lines


def setting(arguments: argparse.Namespace) -> str:
    """What a table is headed by: the training products' folder, the text that is read, and how many are learned."""
    told = f"{arguments.train.resolve().parent.name}, {' and '.join(['title', *arguments.text])}"
    told += f", 1 part of {arguments.hold_out} held out" if arguments.hold_out else ""
    return told + (f", a sample of {arguments.sample:,}" if arguments.sample else "")


def products_of(arguments: argparse.Namespace) -> tuple[list[Product], list[Product]]:
    """The products to learn from and those to judge by."""
    train = read_products(arguments.train, arguments.text)
    if arguments.hold_out:
        test = [product for product in train if part_of(product, arguments.hold_out) == 0]
        train = [product for product in train if part_of(product, arguments.hold_out) != 0]
    else:
        test = read_products(arguments.test, arguments.text) if arguments.test else []
    if arguments.sample:
        rows = np.random.default_rng(1).permutation(len(train))[:arguments.sample]
        train = [train[row] for row in rows]
    return train, test


def measure(name: str, arguments: argparse.Namespace) -> None:
    """Trains one engine, files the test products, and prints a line for each of its ways to file."""
    try:
        for module in MODULES[name]:
            importlib.import_module(module)  # so that loading a library is not part of the time of training
    except ImportError as error:
        print_line({"engine": name, "skipped": str(error)})
        return
    needed = {"setfit": "encoder", "finetuned": "encoder", "assort": "taxonomy"}.get(name)
    if needed and not getattr(arguments, needed):
        print_line({"engine": name, "skipped": f"needs --{needed}"})
        return
    train, test = products_of(arguments)
    try:
        engine = ENGINES[name](arguments)
        preparing = timed(lambda: engine.prepare(train))
        training = timed(lambda: engine.train(train))
        for way in engine.ways:
            about = {"engine": OURS + "-head" if way == "head" else name, "learned": len(train), "judged": len(test),
                     "prepare_s": round(preparing[0], 1), "prepare_cpu_s": round(preparing[1], 1),
                     "train_s": round(training[0], 1), "train_cpu_s": round(training[1], 1)}
            print_line({**about, **judge(engine, way, test, about["engine"], arguments),
                        "peak_mb": round(peak_mb())})
    except (OSError, RuntimeError, ValueError) as error:
        print_line({"engine": name, "skipped": f"{type(error).__name__}: {error}"})


def judge(engine: Engine, way: str, test: Sequence[Product], name: str, arguments: argparse.Namespace) -> dict:
    """Scores, speeds and size of one way to file."""
    filed = engine.file(test, arguments.threads, TOP, way)
    if arguments.predictions:
        arguments.predictions.mkdir(parents=True, exist_ok=True)
        write_choices(arguments.predictions / f"{name}.tsv", test, filed)
    rows, file = engine.timed(test, way)
    speeds: dict[str, float] = {}
    for threads in {1} if engine.one_thread else sorted({1, arguments.threads}):
        wall, cpu = timed(lambda: file(threads))
        speeds |= {f"filed_per_s_{threads}": round(rows / wall, 1), f"filed_per_cpu_s_{threads}": round(rows / cpu, 1)}
    return {**scores_of(test, filed), **speeds, "size_mb": round(saved_mb(engine, way), 1)}


def timed(work) -> tuple[float, float]:
    """Seconds of the clock and of all processors that some work takes, in this process and in those it starts."""
    wall, cpu = time.perf_counter(), cpu_seconds()
    work()
    return time.perf_counter() - wall, cpu_seconds() - cpu


def cpu_seconds() -> float:
    usages = [resource.getrusage(whose) for whose in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(usage.ru_utime + usage.ru_stime for usage in usages)


def peak_mb() -> float:
    """The most memory that this process, or one that it started, has held at a time."""
    return max(resource.getrusage(whose).ru_maxrss for whose in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)) / 1024


def saved_mb(engine: Engine, way: str) -> float:
    with tempfile.TemporaryDirectory() as folder:
        engine.save(Path(folder), way)
        return sum(path.stat().st_size for path in Path(folder).iterdir()) / 1e6


def write_soft_labels(name: str, arguments: argparse.Namespace) -> None:
    """Writes the likeliest categories of every training product by models that did not learn from its fold.

    Products whose titles have the same words share a fold. If there are test products, each model's scores on them
    are told too.
    """
    train, test = products_of(arguments)
    arguments.soft_labels.unlink(missing_ok=True)
    for fold in range(arguments.folds):
        engine = ENGINES[name](arguments)
        learned = [product for product in train if part_of(product, arguments.folds) != fold]
        left = [product for product in train if part_of(product, arguments.folds) == fold]
        engine.prepare(learned)
        engine.train(learned)
        filed = engine.file(left, arguments.threads, SOFT_TOP, engine.ways[0])
        write_choices(arguments.soft_labels, left, filed, "a")
        told = {"engine": name, "fold": fold, "learned": len(learned), "left_out": scores_of(left, filed)}
        if test:
            told["test"] = scores_of(test, engine.file(test, arguments.threads, TOP, engine.ways[0]))
        print_line(told)


def report(lines: Sequence[dict]) -> None:
    for folder in dict.fromkeys(line["folder"] for line in lines):
        done = [line for line in lines if line["folder"] == folder and "accuracy" in line]
        if done:
            report_folder(folder, done)
    print_skipped([line for line in lines if "skipped" in line])


def report_folder(title: str, lines: Sequence[dict]) -> None:
    threads = lines[0]["threads"]
    learned, judged = (max(line[field] for line in lines) for field in ("learned", "judged"))
    print(f"{title}: {learned:,} to learn from, {judged:,} to judge by; {runs_text(lines)}, {threads} threads; F1 is "
          "weighted, their mean is that of the levels; speed is per second of the clock and of a processor\n")
    levels, speeds = len(lines[0]["levels_f1"]), sorted({1, threads})
    headings = ["engine", "leaf", "mean F1", *(f"F1 {level + 1}" for level in range(levels)), "top 5", "train s",
                "CPU s", *(f"filed/s, {count}" for count in speeds), "filed/CPU s", "MB", "peak MB"]
    rows = []
    for engine in dict.fromkeys(line["engine"] for line in lines):
        own = [line for line in lines if line["engine"] == engine]
        f1 = np.median([line["levels_f1"] for line in own], axis=0)
        rows.append([engine, *(number(median_of(own, field), 4) for field in ("accuracy", "mean_f1")),
                     *(number(value, 4) for value in f1), number(median_of(own, "top5"), 4),
                     *(number(median_of(own, field)) for field in (
                         "train_s", "train_cpu_s", *(f"filed_per_s_{count}" for count in speeds),
                         "filed_per_cpu_s_1", "size_mb", "peak_mb"))])
    print_table(headings, rows)


def compare(folder: Path, arguments: argparse.Namespace) -> None:
    """Tells how far Assort leads every engine whose decisions are in the folder."""
    test = products_of(arguments)[1]
    truths = [product.category for product in test]
    decided = {path.stem: read_decisions(path) for path in sorted(folder.glob("*.tsv"))}
    scores = {name: Scores(truths, [rows[product.id] for product in test]) for name, rows in decided.items()
              if all(product.id in rows for product in test)}
    rows = [[name, *(f"{lead:+.4f} ({low:+.4f} to {high:+.4f})"
                     for lead, low, high in difference(scores[OURS], theirs).values())]
            for name, theirs in scores.items() if name != OURS and OURS in scores]
    if rows:
        print("Assort's lead, and the interval of 95% of a paired bootstrap over the rows\n")
        print_table(["over", "leaf", "mean F1"], rows)


if __name__ == "__main__":
    main()
